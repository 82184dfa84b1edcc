-- What was imported from the predecessor says nothing of our work: it does not count.

-- One row each, worst first within its concern:
--   stuck    an unfinished query that has not moved for p_stuck_after and that nobody holds; since when
--   failing  a query or an asset that failed in the last p_since; when, and why
--   slow     the assets of the last p_since that took longest; how long
--   cost     what each model did in the last p_since: assets, seconds and dollars; all without a model is
--            under 'no model'
create or replace function public.dreamcut_health(
    p_since interval default '1 day',
    p_stuck_after interval default '5 minutes',
    p_limit integer default 20
)
returns table (
    concern text,
    subject text,
    query_id uuid,
    asset_id uuid,
    worker_id text,
    attempts integer,
    at timestamptz,
    seconds numeric,
    cost_usd numeric,
    detail text
)
language sql
stable
set search_path = ''
as $$
    (select 'stuck',
            q.stage || ' ' || q.progress || ' %',
            q.id,
            null::uuid,
            q.worker_id,
            q.attempts,
            q.updated_at,
            round(extract(epoch from now() - q.updated_at), 3),
            q.cost_estimate,
            (select string_agg(a.filename || ' ' || a.status || ' ' || a.progress || ' %', ', ' order by a.position)
               from public.dreamcut_assets a
              where a.query_id = q.id
                and a.status in ('pending', 'analyzing'))
       from public.dreamcut_queries q
      where q.status = 'processing'
        and q.updated_at < now() - p_stuck_after
        and not exists (
                select 1
                  from public.dreamcut_leases l
                 where l.query_id = q.id
                   and l.free_at > now()
            )
      order by q.updated_at
      limit p_limit)
    union all
    (select 'failing',
            'query',
            q.id,
            null,
            q.worker_id,
            q.attempts,
            q.completed_at,
            round(q.processing_time_ms / 1000.0, 3),
            q.cost_estimate,
            q.error_message
       from public.dreamcut_queries q
      where q.completed_at > now() - p_since
        and q.status = 'failed'
        and q.worker_id is distinct from 'legacy'
      order by q.completed_at desc
      limit p_limit)
    union all
    (select 'failing',
            a.filename,
            a.query_id,
            a.id,
            a.worker_id,
            a.attempts,
            a.analyzed_at,
            round(a.processing_time_ms / 1000.0, 3),
            a.cost_estimate,
            a.error_message
       from public.dreamcut_assets a
      where a.analyzed_at > now() - p_since
        and a.status = 'failed'
        and a.worker_id is distinct from 'legacy'
      order by a.analyzed_at desc
      limit p_limit)
    union all
    (select 'slow',
            a.filename,
            a.query_id,
            a.id,
            a.worker_id,
            a.attempts,
            a.analyzed_at,
            round(a.processing_time_ms / 1000.0, 3),
            a.cost_estimate,
            a.type || ', ' || coalesce(a.model_used, 'no model')
       from public.dreamcut_assets a
      where a.analyzed_at > now() - p_since
        and a.processing_time_ms is not null
        and a.worker_id is distinct from 'legacy'
      order by a.processing_time_ms desc, a.id
      limit p_limit)
    union all
    (select 'cost',
            coalesce(a.model_used, 'no model'),
            null,
            null,
            null,
            sum(a.attempts)::integer,
            max(a.analyzed_at),
            round(sum(a.processing_time_ms) / 1000.0, 3),
            sum(a.cost_estimate),
            count(*) || ' asset(s), ' || count(*) filter (where a.status = 'failed') || ' failed'
       from public.dreamcut_assets a
      where a.analyzed_at > now() - p_since
        and a.worker_id is distinct from 'legacy'
      group by coalesce(a.model_used, 'no model')
      order by sum(a.cost_estimate) desc nulls last, sum(a.processing_time_ms) desc nulls last
      limit p_limit);
$$;
