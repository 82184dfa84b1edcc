-- The ways to change a query. Each locks the query's row, then the asset's; each may be repeated.
-- Errors: P0002 no such query or asset, 55000 the state refuses it, 22023 an argument is unusable,
-- 22003 a number is out of its range, 42501 not yours.

-- Create a query with its assets and the first message. Users may do so for themselves, the service role
-- for everybody. The same idempotency key of a user gives the same query.
create function public.initialize_dreamcut_query(
    p_user_id text,
    p_user_prompt text,
    p_intent text,
    p_options jsonb default '{}',
    p_assets jsonb default '[]',
    p_idempotency_key text default null
)
returns uuid
language plpgsql
security definer
set search_path = ''
as $$
declare
    -- current_user is the owner in here; the role setting still names the caller.
    v_caller text := case when current_setting('role') = 'none' then session_user else current_setting('role') end;
    v_assets jsonb := coalesce(nullif(p_assets, 'null'), '[]');
    v_query_id uuid;
    v_prompt text;
    v_bad record;
begin
    if not pg_catalog.pg_has_role(v_caller, 'service_role', 'usage')
       and p_user_id is distinct from (select auth.uid())::text then
        raise exception 'you may start a query for yourself only'
            using errcode = 'insufficient_privilege';
    end if;
    if jsonb_typeof(v_assets) <> 'array' or jsonb_array_length(v_assets) > 20 then
        raise exception 'p_assets must be an array of at most 20 assets'
            using errcode = 'invalid_parameter_value';
    end if;
    select a.ordinality as number,
           case when coalesce(a.value ->> 'url', '') = '' then 'url' else 'type' end as field
      into v_bad
      from jsonb_array_elements(v_assets) with ordinality a
     where coalesce(a.value ->> 'url', '') = ''
        or coalesce(a.value ->> 'type', '') not in ('image', 'video', 'audio')
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
        coalesce(nullif(p_options, 'null'), '{}'),
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

-- Append a message; false when the query already has one of that key.
create function public.add_dreamcut_message(
    p_query_id uuid,
    p_type text,
    p_content text,
    p_emoji text default null,
    p_asset_id uuid default null,
    p_data jsonb default '{}',
    p_key text default null
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
    perform 1
       from public.dreamcut_queries q
      where q.id = p_query_id
        for no key update;
    if not found then
        raise exception 'there is no query %', p_query_id
            using errcode = 'no_data_found';
    end if;
    insert into public.dreamcut_messages (query_id, type, content, emoji, asset_id, data, key)
    values (p_query_id, p_type, p_content, p_emoji, p_asset_id, p_data, p_key);
    return found;
end;
$$;

-- Advance an asset and say so. False when the report came late and changed nothing: the query or the asset
-- has ended, or the asset is further already. A report that equals the stored state may still bring a newer
-- partial analysis or a message of a new key.
create function public.advance_dreamcut_asset(
    p_asset_id uuid,
    p_progress integer,
    p_status text default null,
    p_analysis jsonb default null,
    p_model_used text default null,
    p_message text default null,
    p_message_type text default 'asset_progress',
    p_emoji text default null,
    p_error_message text default null,
    p_quality_score numeric default null,
    p_confidence_score numeric default null,
    p_processing_time_ms integer default null,
    p_worker_id text default null,
    p_message_key text default null,
    p_message_data jsonb default '{}'
)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_query_id uuid;
    v_query_status text;
    v_asset public.dreamcut_assets%rowtype;
    v_status text;
    v_progress integer;
    v_moves boolean;
    v_learns boolean;
    v_says boolean := false;
begin
    if p_progress is null or p_progress not between 0 and 100 then
        raise exception 'progress must be 0 to 100, not %', coalesce(p_progress::text, 'null')
            using errcode = 'numeric_value_out_of_range';
    end if;
    if p_status not in ('pending', 'analyzing', 'completed', 'failed') then
        raise exception 'an asset cannot be "%"', p_status
            using errcode = 'invalid_parameter_value';
    end if;
    if p_quality_score not between 0 and 1 or p_confidence_score not between 0 and 1 then
        raise exception 'scores must be 0 to 1, not quality % and confidence %',
            coalesce(p_quality_score::text, 'null'), coalesce(p_confidence_score::text, 'null')
            using errcode = 'numeric_value_out_of_range';
    end if;

    select a.query_id into v_query_id
      from public.dreamcut_assets a
     where a.id = p_asset_id;
    select q.status into v_query_status
      from public.dreamcut_queries q
     where q.id = v_query_id
       for no key update;
    select * into v_asset
      from public.dreamcut_assets a
     where a.id = p_asset_id
       for no key update;
    if not found then
        raise exception 'there is no asset %', p_asset_id
            using errcode = 'no_data_found';
    end if;
    if v_query_status <> 'processing' or v_asset.status in ('completed', 'failed') then
        return false;
    end if;

    v_status = coalesce(
        p_status,
        case when v_asset.status = 'pending' and p_progress > 0 then 'analyzing' else v_asset.status end
    );
    v_progress = case v_status
        when 'completed' then 100
        when 'failed' then greatest(p_progress, v_asset.progress)
        else p_progress
    end;
    if public.dreamcut_step(v_status) < public.dreamcut_step(v_asset.status) or v_progress < v_asset.progress then
        return false;
    end if;
    v_moves = v_status <> v_asset.status or v_progress > v_asset.progress;
    v_learns = p_analysis <> v_asset.analysis;

    -- Before the asset: the trigger's messages about the query follow those about its last asset.
    if p_message is not null and (v_moves or p_message_key is not null) then
        v_says = public.add_dreamcut_message(
            v_query_id, p_message_type, p_message, p_emoji, p_asset_id, p_message_data, p_message_key
        );
    end if;
    if v_moves or v_learns then
        update public.dreamcut_assets a
           set status = v_status,
               progress = v_progress,
               analysis = coalesce(p_analysis, a.analysis),
               model_used = coalesce(p_model_used, a.model_used),
               error_message = coalesce(p_error_message, a.error_message),
               quality_score = coalesce(p_quality_score, a.quality_score),
               confidence_score = coalesce(p_confidence_score, a.confidence_score),
               processing_time_ms = coalesce(p_processing_time_ms, a.processing_time_ms),
               worker_id = coalesce(p_worker_id, a.worker_id)
         where a.id = p_asset_id;
    end if;
    return v_moves or coalesce(v_learns, false) or v_says;
end;
$$;

-- The contract's form of advance_dreamcut_asset.
create function public.update_asset_progress(
    p_asset_id uuid,
    p_progress integer,
    p_status text default null,
    p_analysis jsonb default null,
    p_model_used text default null,
    p_message text default null,
    p_message_type text default 'asset_progress',
    p_emoji text default null,
    p_error_message text default null,
    p_quality_score numeric default null,
    p_confidence_score numeric default null,
    p_processing_time_ms integer default null,
    p_worker_id text default null,
    p_message_key text default null,
    p_message_data jsonb default '{}'
)
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform public.advance_dreamcut_asset(
        p_asset_id, p_progress, p_status, p_analysis, p_model_used, p_message, p_message_type, p_emoji,
        p_error_message, p_quality_score, p_confidence_score, p_processing_time_ms, p_worker_id,
        p_message_key, p_message_data
    );
end;
$$;

-- Move a query forward and say so; false when it was there already, is further, or has ended.
create function public.advance_dreamcut_query(
    p_query_id uuid,
    p_stage text,
    p_progress integer,
    p_message text default null,
    p_message_type text default 'status',
    p_emoji text default null,
    p_message_key text default null,
    p_message_data jsonb default '{}'
)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_query public.dreamcut_queries%rowtype;
    v_unfinished integer;
    v_moves boolean;
    v_says boolean := false;
begin
    if p_stage is null or p_stage not in ('init', 'analyzing', 'merging') then
        raise exception 'a query cannot be advanced to "%"; complete or fail it instead', coalesce(p_stage, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    if p_progress is null or p_progress not between 0 and 99 then
        raise exception 'progress must be 0 to 99 before the end, not %', coalesce(p_progress::text, 'null')
            using errcode = 'numeric_value_out_of_range';
    end if;

    select * into v_query
      from public.dreamcut_queries q
     where q.id = p_query_id
       for no key update;
    if not found then
        raise exception 'there is no query %', p_query_id
            using errcode = 'no_data_found';
    end if;
    if v_query.status <> 'processing' or public.dreamcut_step(p_stage) < public.dreamcut_step(v_query.stage) then
        return false;
    end if;
    if p_stage = 'merging' then
        select count(*) into v_unfinished
          from public.dreamcut_assets a
         where a.query_id = p_query_id
           and a.status in ('pending', 'analyzing');
        if v_unfinished > 0 then
            raise exception 'query % still has % unfinished asset(s)', p_query_id, v_unfinished
                using errcode = 'object_not_in_prerequisite_state';
        end if;
    end if;

    v_moves = p_stage <> v_query.stage or p_progress > v_query.progress;
    if v_moves then
        update public.dreamcut_queries q
           set stage = p_stage,
               progress = greatest(q.progress, p_progress)
         where q.id = p_query_id;
    end if;
    if p_message is not null and (v_moves or p_message_key is not null) then
        v_says = public.add_dreamcut_message(
            p_query_id, p_message_type, p_message, p_emoji, null, p_message_data, p_message_key
        );
    end if;
    return v_moves or v_says;
end;
$$;

-- Complete a query once; false when it is completed already, an error when it has failed or is not ready.
create function public.finish_dreamcut_query(
    p_query_id uuid,
    p_payload jsonb,
    p_processing_time_ms integer default null,
    p_models_used text[] default null,
    p_cost_estimate numeric default null
)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_status text;
    v_unfinished integer;
begin
    select q.status into v_status
      from public.dreamcut_queries q
     where q.id = p_query_id
       for no key update;
    if not found then
        raise exception 'there is no query %', p_query_id
            using errcode = 'no_data_found';
    end if;
    if v_status = 'completed' then
        return false;
    end if;
    if v_status = 'failed' then
        raise exception 'query % has already failed', p_query_id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if p_payload is null or jsonb_typeof(p_payload) <> 'object' then
        raise exception 'p_payload must be a JSON object'
            using errcode = 'invalid_parameter_value';
    end if;
    select count(*) into v_unfinished
      from public.dreamcut_assets a
     where a.query_id = p_query_id
       and a.status in ('pending', 'analyzing');
    if v_unfinished > 0 then
        raise exception 'query % still has % unfinished asset(s)', p_query_id, v_unfinished
            using errcode = 'object_not_in_prerequisite_state';
    end if;

    update public.dreamcut_queries q
       set status = 'completed',
           payload = p_payload,
           processing_time_ms = p_processing_time_ms,
           models_used = coalesce(p_models_used, q.models_used),
           cost_estimate = p_cost_estimate
     where q.id = p_query_id;
    perform public.add_dreamcut_message(
        p_query_id, 'final', 'Creative brief ready 🎬', '🎬', p_key => 'query:ready'
    );
    perform public.add_dreamcut_message(
        p_query_id, 'final', 'Ready for production!', '🚀', p_key => 'query:production'
    );
    return true;
end;
$$;

-- The contract's form of finish_dreamcut_query.
create function public.complete_dreamcut_query(
    p_query_id uuid,
    p_payload jsonb,
    p_processing_time_ms integer default null,
    p_models_used text[] default null,
    p_cost_estimate numeric default null
)
returns void
language plpgsql
set search_path = ''
as $$
begin
    perform public.finish_dreamcut_query(
        p_query_id, p_payload, p_processing_time_ms, p_models_used, p_cost_estimate
    );
end;
$$;

-- End a query as failed, with whatever of its assets is unfinished; false when it has already ended.
create function public.fail_dreamcut_query(p_query_id uuid, p_error_message text)
returns boolean
language plpgsql
set search_path = ''
as $$
declare
    v_status text;
    v_reason text := coalesce(nullif(btrim(p_error_message), ''), 'The query ended without a stated reason.');
begin
    select q.status into v_status
      from public.dreamcut_queries q
     where q.id = p_query_id
       for no key update;
    if not found then
        raise exception 'there is no query %', p_query_id
            using errcode = 'no_data_found';
    end if;
    if v_status <> 'processing' then
        return false;
    end if;

    update public.dreamcut_queries q
       set status = 'failed',
           error_message = v_reason
     where q.id = p_query_id;
    update public.dreamcut_assets a
       set status = 'failed',
           error_message = 'Not analysed to the end: ' || v_reason
     where a.query_id = p_query_id
       and a.status in ('pending', 'analyzing');
    perform public.add_dreamcut_message(p_query_id, 'error', v_reason, '❌', p_key => 'query:failed');
    return true;
end;
$$;

-- Supabase projects may grant every new function to everybody; a user needs one of them.
do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.initialize_dreamcut_query(text, text, text, jsonb, jsonb, text)',
        'public.add_dreamcut_message(uuid, text, text, text, uuid, jsonb, text)',
        'public.advance_dreamcut_asset(uuid, integer, text, jsonb, text, text, text, text, text, numeric, numeric, '
            'integer, text, text, jsonb)',
        'public.update_asset_progress(uuid, integer, text, jsonb, text, text, text, text, text, numeric, numeric, '
            'integer, text, text, jsonb)',
        'public.advance_dreamcut_query(uuid, text, integer, text, text, text, text, jsonb)',
        'public.finish_dreamcut_query(uuid, jsonb, integer, text[], numeric)',
        'public.complete_dreamcut_query(uuid, jsonb, integer, text[], numeric)',
        'public.fail_dreamcut_query(uuid, text)'
    ]::regprocedure[]
    loop
        execute format('revoke execute on function %s from public, anon, authenticated', v_function);
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;

grant execute
   on function public.initialize_dreamcut_query(text, text, text, jsonb, jsonb, text)
   to authenticated;
