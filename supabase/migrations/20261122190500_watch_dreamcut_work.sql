-- What is stuck, failing, slow, and what it costs; and which schema this is. For operators and workers.

create index idx_dreamcut_assets_analyzed_at
    on public.dreamcut_assets (analyzed_at)
    where analyzed_at is not null;
create index idx_dreamcut_queries_completed_at
    on public.dreamcut_queries (completed_at)
    where completed_at is not null;
create index idx_dreamcut_queries_restarted
    on public.dreamcut_queries (attempts)
    where status = 'processing' and attempts > 2;
create index idx_dreamcut_assets_restarted
    on public.dreamcut_assets (attempts)
    where status in ('pending', 'analyzing') and attempts > 2;

-- One row each, worst first within its concern:
--   stuck      an unfinished query that has not moved for p_stuck_after and that nobody holds; since when
--   silent     one that has not moved for as long although a worker holds it; since when
--   restarted  an unfinished query or asset that has been begun more than twice: it may be what ends its workers
--   failing    a query or an asset that failed in the last p_since; when, and why
--   slow       the queries and the assets of the last p_since that took longest; how long
--   cost       all queries of the last p_since, and what each model did in its assets; all without a model is
--              under 'no model'
-- What was imported from the predecessor, whose worker is 'legacy', says nothing of our work.
create function public.dreamcut_health(
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
set search_path = pg_catalog, pg_temp
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
                   and l.token is not null
            )
      order by q.updated_at
      limit p_limit)
    union all
    (select 'silent',
            coalesce(a.filename, q.stage || ' ' || q.progress || ' %'),
            l.query_id,
            l.asset_id,
            l.worker_id,
            l.attempts,
            q.updated_at,
            round(extract(epoch from now() - q.updated_at), 3),
            q.cost_estimate,
            'held until ' || to_char(l.free_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
       from public.dreamcut_leases l
       join public.dreamcut_queries q on q.id = l.query_id
       left join public.dreamcut_assets a on a.id = l.asset_id
      where l.token is not null
        and l.free_at > now()
        and q.status = 'processing'
        and (a.id is null or a.status in ('pending', 'analyzing'))
        and q.updated_at < now() - p_stuck_after
      order by q.updated_at, l.id
      limit p_limit)
    union all
    (select 'restarted',
            q.stage || ' ' || q.progress || ' %',
            q.id,
            null,
            q.worker_id,
            q.attempts,
            q.updated_at,
            null,
            q.cost_estimate,
            null
       from public.dreamcut_queries q
      where q.status = 'processing'
        and q.attempts > 2
      order by q.attempts desc, q.id
      limit p_limit)
    union all
    (select 'restarted',
            a.filename,
            a.query_id,
            a.id,
            a.worker_id,
            a.attempts,
            a.updated_at,
            null,
            a.cost_estimate,
            a.status || ' ' || a.progress || ' %'
       from public.dreamcut_assets a
      where a.status in ('pending', 'analyzing')
        and a.attempts > 2
      order by a.attempts desc, a.id
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
        and q.worker_id is distinct from 'legacy'
        and q.status = 'failed'
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
        and a.worker_id is distinct from 'legacy'
        and a.status = 'failed'
      order by a.analyzed_at desc
      limit p_limit)
    union all
    (select 'slow',
            'query',
            q.id,
            null,
            q.worker_id,
            q.attempts,
            q.completed_at,
            round(q.processing_time_ms / 1000.0, 3),
            q.cost_estimate,
            array_to_string(q.models_used, ', ')
       from public.dreamcut_queries q
      where q.completed_at > now() - p_since
        and q.worker_id is distinct from 'legacy'
        and q.processing_time_ms is not null
      order by q.processing_time_ms desc, q.id
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
        and a.worker_id is distinct from 'legacy'
        and a.processing_time_ms is not null
      order by a.processing_time_ms desc, a.id
      limit p_limit)
    union all
    (select 'cost',
            'all queries',
            null,
            null,
            null,
            sum(q.attempts)::integer,
            max(q.completed_at),
            round(sum(q.processing_time_ms) / 1000.0, 3),
            sum(q.cost_estimate),
            count(*) || ' ended, ' || count(*) filter (where q.status = 'failed') || ' failed'
       from public.dreamcut_queries q
      where q.completed_at > now() - p_since
        and q.worker_id is distinct from 'legacy')
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

-- The newest migration of ours that this database has, as the Supabase CLI or DreamCut itself recorded it;
-- null where nobody did. The record belongs to whoever applies migrations, hence the owner's rights.
create function public.dreamcut_schema_version()
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select max(m.version)
          from supabase_migrations.schema_migrations m
         where m.name like '%dreamcut%'
    );
exception
    when undefined_table or undefined_column or invalid_schema_name then
        return null;
end;
$$;

revoke execute on function
    public.dreamcut_health(interval, interval, integer),
    public.dreamcut_schema_version()
  from public, anon, authenticated;
grant execute on function
    public.dreamcut_health(interval, interval, integer),
    public.dreamcut_schema_version()
  to service_role;
