-- The gradual way from the predecessor: its ended briefs become queries of ours. Its tables are read, never
-- written or locked, and need not exist. A query has the id of its brief: that is what keeps a second run, or
-- two at once, from importing a brief twice. Nothing of it was measured by us, and nothing is made to look so:
-- no findings, scores, models, time or cost. Its worker is 'legacy'.

comment on column public.dreamcut_queries.worker_id is
    'Who claimed it last; ''legacy'' where it was imported from the predecessor.';
comment on column public.dreamcut_assets.worker_id is
    'Who reported last; ''legacy'' where it was imported from the predecessor.';

-- The first text or number that a brief has under one of these paths. The predecessor wrote its documents in
-- several shapes; what the user sent comes before what the analysis repeats of it.
create function public.dreamcut_legacy_text(p_brief jsonb, variadic p_paths text[])
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    select btrim(f.found #>> '{}', e' \t\r\n')
      from unnest(array[
               p_brief -> 'request',
               p_brief #> '{analysis,brief}',
               p_brief #> '{analysis,comprehensive}',
               p_brief -> 'analysis',
               p_brief -> 'metadata'
           ]) with ordinality s (part, place),
           unnest(p_paths) with ordinality p (path, place),
           lateral (select s.part #> string_to_array(p.path, '.') as found) f
     where jsonb_typeof(f.found) in ('string', 'number')
       and f.found #>> '{}' ~ '\S'
     order by s.place, p.place
     limit 1;
$$;

-- The files of a brief in the order of the request, each once, with what request and analysis say of it.
-- problem: why it cannot be an asset of ours; null where it can.
create function public.dreamcut_legacy_assets(p_brief jsonb)
returns table (place bigint, url text, type text, filename text, description text, metadata jsonb, problem text)
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
    with said as (
        select row_number() over (order by l.place, e.place) as place,
               case jsonb_typeof(e.value) when 'string' then e.value #>> '{}' else e.value ->> 'url' end as url,
               e.value
          from unnest(array[
                   p_brief #> '{request,assets}',
                   p_brief #> '{analysis,brief,assets}',
                   p_brief #> '{analysis,comprehensive,assets}',
                   p_brief #> '{analysis,assets}'
               ]) with ordinality l (list, place),
               jsonb_array_elements(
                   case jsonb_typeof(l.list) when 'array' then l.list else '[]' end
               ) with ordinality e (value, place)
    ), read as (
        select s.place,
               nullif(btrim(s.url), '') as url,
               s.value,
               lower(split_part(
                   coalesce(s.value ->> 'mediaType', s.value ->> 'type', s.value ->> 'detectedMime'), '/', 1
               )) as type,
               case
                   when p_brief #> '{analysis,vision}' ?| array[s.url, s.value ->> 'id'] then 'image'
                   when p_brief #> '{analysis,video}' ?| array[s.url, s.value ->> 'id'] then 'video'
                   when p_brief #> '{analysis,audio}' ?| array[s.url, s.value ->> 'id'] then 'audio'
               end as analysed_as,
               s.value -> 'metadata' as metadata
          from said s
    ), merged as (
        select min(r.place) as place,
               min(r.url) as url,
               coalesce(
                   (array_agg(r.type order by r.place) filter (where r.type in ('image', 'video', 'audio')))[1],
                   min(r.analysed_as)
               ) as type,
               (array_agg(r.value ->> 'filename' order by r.place)
                   filter (where r.value ->> 'filename' <> ''))[1] as filename,
               (array_agg(d.text order by r.place) filter (where d.text <> ''))[1] as description,
               (array_agg(r.metadata order by r.place)
                   filter (where jsonb_typeof(r.metadata) = 'object'
                             and octet_length(r.metadata::text) <= 16384))[1] as metadata
          from read r,
               lateral (select coalesce(
                   r.value ->> 'userDescription', r.value ->> 'description', r.metadata ->> 'description'
               ) as text) d
         group by coalesce(r.url, r.place::text)
    )
    select m.place,
           m.url,
           m.type,
           left(m.filename, 512),
           left(m.description, 2000),
           m.metadata,
           case
               when m.url is null then 'no address'
               when octet_length(m.url) > 8192 then 'its address is longer than 8 kB'
               when m.type is null then 'neither image, video nor audio'
               when row_number() over (
                   partition by m.url is null or octet_length(m.url) > 8192 or m.type is null
                   order by m.place
               ) > 20 then 'a query has at most 20 assets'
           end
      from merged m;
$$;

-- Make one ended brief, a row of `briefs` as JSON, a query that has ended. Returns what was left out, '' for
-- nothing; null when it was imported before. Raises 22023 when it cannot be a query.
create function public.import_legacy_dreamcut_brief(p_brief jsonb, p_owner text, p_failure text)
returns text
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_id uuid := p_brief ->> 'id';
    v_failed boolean := p_brief ->> 'status' = 'failed';
    v_created_at timestamptz := coalesce(p_brief ->> 'created_at', p_brief ->> 'updated_at', now()::text);
    v_ended_at timestamptz := greatest(v_created_at, (p_brief ->> 'updated_at')::timestamptz);
    v_prompt text := coalesce(
        public.dreamcut_legacy_text(
            p_brief, 'query', 'prompt', 'userPrompt', 'user_prompt', 'original_prompt',
            'query_summary.original_prompt'
        ),
        substring(p_brief ->> 'description' from '\S.*'),
        substring(p_brief ->> 'title' from '\S.*')
    );
    v_intent text := lower(public.dreamcut_legacy_text(
        p_brief, 'intent', 'intent.primary_output_type', 'query_summary.intent.primary_output_type',
        'global_understanding.unified_intent.primary_output_type', 'mediaType'
    ));
    v_seconds text := public.dreamcut_legacy_text(p_brief, 'outputVideoSeconds', 'options.durationSeconds');
    v_aspect_ratio text := public.dreamcut_legacy_text(
        p_brief, 'preferences.aspect_ratio', 'options.aspectRatio', 'options.aspect_ratio'
    );
    v_reason text := left(
        coalesce(
            substring(p_failure from '\S.*'),
            public.dreamcut_legacy_text(p_brief, 'error', 'error.message'),
            'It failed in the earlier DreamCut, which did not say why.'
        ),
        1900
    );
    v_by_type jsonb;
    v_assets integer;
    v_only_kind text;
    v_skipped jsonb;
    v_left_out text := '';
begin
    if v_prompt is null then
        raise exception 'it has no prompt'
            using errcode = 'invalid_parameter_value';
    end if;
    if v_created_at not between '1970-01-01' and '9999-01-01'
       or v_ended_at not between '1970-01-01' and '9999-01-01' then
        raise exception 'its dates are out of any range'
            using errcode = 'invalid_parameter_value';
    end if;
    if char_length(v_prompt) > 5000 then
        v_prompt = left(v_prompt, 4999) || '…';
        v_left_out = 'The prompt was shortened to 5000 characters. ';
    end if;

    -- Created as processing, as an ended query takes no assets; nobody sees it before it has ended.
    insert into public.dreamcut_queries (id, user_id, user_prompt, intent, options, worker_id, created_at)
    values (
        v_id,
        coalesce(p_brief ->> 'user_id', p_owner),
        v_prompt,
        'mixed',
        jsonb_strip_nulls(jsonb_build_object(
            'duration_seconds', case when v_seconds ~ '^(?!0*\.?0*$)\d{1,4}(\.\d{1,6})?$' then v_seconds::numeric end,
            'aspect_ratio', substring(v_aspect_ratio from '^\d{1,4}(?:\.\d+)?:\d{1,4}(?:\.\d+)?$')
        )),
        'legacy',
        v_created_at
    )
    on conflict (id) do nothing;
    if not found then
        return null;
    end if;
    with files as (
        select *
          from public.dreamcut_legacy_assets(p_brief)
    ), kept as (
        insert into public.dreamcut_assets (
            query_id, position, url, filename, type, user_description, metadata, status, error_message, worker_id,
            created_at, analyzed_at
        )
        select v_id,
               row_number() over (order by f.place) - 1,
               f.url,
               f.filename,
               f.type,
               f.description,
               f.metadata,
               case when v_failed then 'failed' else 'completed' end,
               case when v_failed then 'Not analysed to the end: ' || v_reason end,
               'legacy',
               v_created_at,
               v_ended_at
          from files f
         where f.problem is null
         order by f.place
        returning type
    )
    select (select coalesce(jsonb_object_agg(k.type, k.assets), '{}')
              from (select type, count(*) as assets from kept group by type) k),
           (select coalesce(jsonb_agg(
                       jsonb_build_object('url', left(f.url, 200), 'because', f.problem) order by f.place
                   ), '[]')
              from files f
             where f.problem is not null)
      into v_by_type, v_skipped;
    select coalesce(sum(n.value::integer), 0), case count(*) when 1 then min(n.key) else 'mixed' end
      into v_assets, v_only_kind
      from jsonb_each_text(v_by_type) n;
    if v_skipped <> '[]' then
        v_left_out = v_left_out || jsonb_array_length(v_skipped) || ' asset(s) left out: '
            || (select string_agg(distinct s ->> 'because', '; ') from jsonb_array_elements(v_skipped) s) || '. ';
    end if;
    insert into public.dreamcut_messages (query_id, type, content, emoji, key, data)
    values (
        v_id,
        'status',
        btrim('Imported from the earlier DreamCut; nothing was measured anew. ' || v_left_out),
        '🎬',
        'legacy:imported',
        jsonb_build_object('skipped', jsonb_array_length(v_skipped))
    );
    v_intent = case
        when v_intent = 'mix' then 'mixed'
        when v_intent in ('image', 'video', 'audio', 'mixed') then v_intent
        else v_only_kind
    end;
    update public.dreamcut_queries q
       set status = case when v_failed then 'failed' else 'completed' end,
           intent = v_intent,
           error_message = case when v_failed then v_reason end,
           completed_at = v_ended_at,
           payload = jsonb_build_object(
               'source', 'legacy',
               'query_summary', jsonb_build_object(
                   'original_prompt', v_prompt,
                   'intent', v_intent,
                   'assets_count', v_assets
               ),
               'assets_analysis', jsonb_build_object(
                   'total_assets', v_assets,
                   'by_type', v_by_type,
                   'skipped', v_skipped
               ),
               'creative_brief', jsonb_build_object(
                   'ready_for_production', false,
                   'estimated_completion', null,
                   'next_steps', jsonb_build_array('Analyse the request again for a brief that rests on measurements.')
               ),
               'legacy', p_brief
           )
     where q.id = v_id;
    return v_left_out;
end;
$$;

-- Look at the next briefs that are no queries yet, in the order of their ids, and import those that have ended.
-- One row each; no row: there are no more. Call again with the last id as p_after. A call ends after two seconds,
-- as Supabase gives a statement eight.
--   imported  it is a query now; note: what was left out
--   known     another run has imported it in this moment
--   waiting   the predecessor works on it
--   refused   it cannot be a query; note: why
create function public.import_legacy_dreamcut_briefs(
    p_limit integer default 100,
    p_after uuid default null,
    p_owner_if_none text default 'legacy_user'
)
returns table (brief_id uuid, outcome text, note text)
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_brief jsonb;
    v_failure text;
    v_failure_of text := 'null';
begin
    if p_limit is null or p_limit not between 1 and 1000 then
        raise exception 'p_limit must be 1 to 1000, not %', coalesce(p_limit::text, 'null')
            using errcode = 'numeric_value_out_of_range';
    end if;
    if coalesce(p_owner_if_none, '') = '' then
        raise exception 'p_owner_if_none must name somebody'
            using errcode = 'invalid_parameter_value';
    end if;
    -- Somebody else's table of that name is none of the predecessor's.
    if (select count(*)
          from pg_catalog.pg_attribute a
         where a.attrelid = to_regclass('public.briefs')
           and (a.attname, a.atttypid::regtype::text)
               in (('id', 'uuid'), ('request', 'jsonb'), ('analysis', 'jsonb'), ('status', 'text'))) < 4 then
        return;
    end if;
    if (select count(*)
          from pg_catalog.pg_attribute a
         where a.attrelid = to_regclass('public.jobs')
           and a.attname in ('brief_id', 'status', 'error', 'created_at')) = 4 then
        v_failure_of = '(select j.error from public.jobs j where j.brief_id = b.id and j.status = ''failed'' '
            'order by j.created_at desc limit 1)';
    end if;

    for brief_id, v_brief, v_failure in execute
        'select b.id, to_jsonb(b), case when b.status = ''failed'' then ' || v_failure_of || ' end '
        'from public.briefs b '
        'where ($1 is null or b.id > $1) '
        'and not exists (select 1 from public.dreamcut_queries q where q.id = b.id) '
        'order by b.id limit $2'
        using p_after, p_limit
    loop
        note = '';
        if v_brief ->> 'status' in ('analyzed', 'done', 'failed') then
            begin
                note = public.import_legacy_dreamcut_brief(v_brief, p_owner_if_none, v_failure);
                outcome = case when note is null then 'known' else 'imported' end;
            exception
                when data_exception or integrity_constraint_violation or program_limit_exceeded then
                    outcome = 'refused';
                    note = sqlerrm;
            end;
        elsif v_brief ->> 'status' in ('queued', 'processing') then
            outcome = 'waiting';
        else
            outcome = 'refused';
            note = 'its status is none that we know';
        end if;
        note = btrim(coalesce(note, ''));
        return next;
        exit when clock_timestamp() > statement_timestamp() + interval '2 seconds';
    end loop;
end;
$$;

comment on function public.import_legacy_dreamcut_briefs is
    'Make the predecessor''s ended briefs queries of ours; one row for each that was looked at, none at the end.';
comment on function public.import_legacy_dreamcut_brief is
    'Make one ended brief a query; what was left out, or null when it was imported before.';
comment on function public.dreamcut_legacy_assets is
    'The files of a brief of the predecessor, each once, and why one cannot be an asset of ours.';
comment on function public.dreamcut_legacy_text is
    'The first text or number that a brief of the predecessor has under one of these paths.';

revoke execute on function
    public.dreamcut_legacy_text(jsonb, text[]),
    public.dreamcut_legacy_assets(jsonb),
    public.import_legacy_dreamcut_brief(jsonb, text, text),
    public.import_legacy_dreamcut_briefs(integer, uuid, text)
  from public, anon, authenticated;
grant execute on function
    public.dreamcut_legacy_text(jsonb, text[]),
    public.dreamcut_legacy_assets(jsonb),
    public.import_legacy_dreamcut_brief(jsonb, text, text),
    public.import_legacy_dreamcut_briefs(integer, uuid, text)
  to service_role;
