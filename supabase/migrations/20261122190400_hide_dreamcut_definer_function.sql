-- A function with its owner's rights does not stand in the schema that the API exposes: there it is one that
-- calls it, with the caller's rights. What a user sends is bounded, as it is part of every change event.
-- An empty search_path would not do: names of types are then looked for among the session's temporary objects
-- first, and a domain named "text" with a check of its own would run that check with the owner's rights. The
-- triggers run within this function, too.

alter function public.dreamcut_step(text) set search_path = pg_catalog, pg_temp;
alter function public.update_updated_at_column() set search_path = pg_catalog, pg_temp;
alter function public.keep_dreamcut_query_state() set search_path = pg_catalog, pg_temp;
alter function public.place_dreamcut_asset() set search_path = pg_catalog, pg_temp;
alter function public.keep_dreamcut_asset_state() set search_path = pg_catalog, pg_temp;
alter function public.number_dreamcut_message() set search_path = pg_catalog, pg_temp;
alter function public.notify_dreamcut_change() set search_path = pg_catalog, pg_temp;

create schema dreamcut_private;
revoke all on schema dreamcut_private from public;
grant usage on schema dreamcut_private to authenticated, service_role;

-- Users may start queries for themselves, the service role for everybody.
create function dreamcut_private.initialize_query(
    p_user_id text,
    p_user_prompt text,
    p_intent text,
    p_options jsonb,
    p_assets jsonb,
    p_idempotency_key text
)
returns uuid
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    -- current_user is the owner in here; the role setting still names the caller.
    v_caller text := case when current_setting('role') = 'none' then session_user else current_setting('role') end;
    v_assets jsonb := coalesce(nullif(p_assets, 'null'), '[]');
    v_options jsonb := coalesce(nullif(p_options, 'null'), '{}');
    v_query_id uuid;
    v_prompt text;
    v_bad record;
begin
    if not pg_catalog.pg_has_role(v_caller, 'service_role', 'usage')
       and (p_user_id = (select auth.uid())::text) is not true then
        raise exception 'you may start a query for yourself only'
            using errcode = 'insufficient_privilege';
    end if;
    if jsonb_typeof(v_assets) <> 'array' or jsonb_array_length(v_assets) > 20 then
        raise exception 'p_assets must be an array of at most 20 assets'
            using errcode = 'invalid_parameter_value';
    end if;
    if octet_length(v_options::text) > 16384 then
        raise exception 'p_options must be at most 16 kB'
            using errcode = 'invalid_parameter_value';
    end if;
    select a.ordinality as number,
           case
               when coalesce(a.value ->> 'url', '') = '' or octet_length(a.value ->> 'url') > 8192 then 'url'
               when coalesce(a.value ->> 'type', '') not in ('image', 'video', 'audio') then 'type'
               else 'size'
           end as field
      into v_bad
      from jsonb_array_elements(v_assets) with ordinality a
     where coalesce(a.value ->> 'url', '') = ''
        or octet_length(a.value ->> 'url') > 8192
        or coalesce(a.value ->> 'type', '') not in ('image', 'video', 'audio')
        or octet_length(a.value::text) > 32768
     order by a.ordinality
     limit 1;
    if found then
        raise exception 'asset % has no usable "%"', v_bad.number, v_bad.field
            using errcode = 'invalid_parameter_value';
    end if;

    insert into public.dreamcut_queries (user_id, user_prompt, intent, options, stage, progress, idempotency_key)
    values (
        p_user_id,
        p_user_prompt,
        p_intent,
        v_options,
        case when v_assets = '[]' then 'merging' else 'init' end,
        case when v_assets = '[]' then 80 else 0 end,
        p_idempotency_key
    )
    on conflict on constraint dreamcut_queries_idempotency_key_is_unique do nothing
    returning id into v_query_id;

    if v_query_id is null then
        select q.id, q.user_prompt
          into v_query_id, v_prompt
          from public.dreamcut_queries q
         where q.user_id = p_user_id
           and q.idempotency_key = p_idempotency_key;
        if v_prompt is distinct from p_user_prompt then
            raise exception 'the idempotency key belongs to another prompt'
                using errcode = 'object_not_in_prerequisite_state';
        end if;
        return v_query_id;
    end if;

    insert into public.dreamcut_assets
        (query_id, position, url, filename, type, user_description, file_size_bytes, metadata)
    select v_query_id,
           a.ordinality - 1,
           a.value ->> 'url',
           a.value ->> 'filename',
           a.value ->> 'type',
           coalesce(a.value ->> 'description', a.value ->> 'user_description'),
           (a.value ->> 'file_size_bytes')::bigint,
           a.value -> 'metadata'
      from jsonb_array_elements(v_assets) with ordinality a
     order by a.ordinality;

    insert into public.dreamcut_messages (query_id, type, content, emoji, key)
    values (v_query_id, 'status', 'Got your request. Let''s break it down...', '🎬', 'query:received');

    return v_query_id;
end;
$$;

revoke execute on function dreamcut_private.initialize_query(text, text, text, jsonb, jsonb, text) from public;
grant execute
   on function dreamcut_private.initialize_query(text, text, text, jsonb, jsonb, text)
   to authenticated, service_role;

-- Create a query with its assets and the first message. Users may do so for themselves, the service role
-- for everybody. The same idempotency key of a user gives the same query.
create or replace function public.initialize_dreamcut_query(
    p_user_id text,
    p_user_prompt text,
    p_intent text,
    p_options jsonb default '{}',
    p_assets jsonb default '[]',
    p_idempotency_key text default null
)
returns uuid
language sql
security invoker
set search_path = pg_catalog, pg_temp
as $$
    select dreamcut_private.initialize_query(
        p_user_id, p_user_prompt, p_intent, p_options, p_assets, p_idempotency_key
    );
$$;
