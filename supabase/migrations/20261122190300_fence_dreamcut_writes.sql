-- The writers with a lease's token, with documents kept beside their rows, and with cost and attempts.
-- A parameter cannot be added to a function, and two of one name would leave callers by name with a choice:
-- each is dropped and made again. Their rules are as before, but for what the parameters say.

drop function
    public.add_dreamcut_message(uuid, text, text, text, uuid, jsonb, text),
    public.advance_dreamcut_asset(uuid, integer, text, jsonb, text, text, text, text, text, numeric,
        numeric, integer, text, text, jsonb),
    public.update_asset_progress(uuid, integer, text, jsonb, text, text, text, text, text, numeric,
        numeric, integer, text, text, jsonb),
    public.advance_dreamcut_query(uuid, text, integer, text, text, text, text, jsonb),
    public.finish_dreamcut_query(uuid, jsonb, integer, text[], numeric),
    public.complete_dreamcut_query(uuid, jsonb, integer, text[], numeric),
    public.fail_dreamcut_query(uuid, text);

-- Append a message; false when the query already has one of that key, or when a worker is late with it.
create function public.add_dreamcut_message(
    p_query_id uuid,
    p_type text,
    p_content text,
    p_emoji text default null,
    p_asset_id uuid default null,
    p_data jsonb default '{}',
    p_key text default null,
    p_lease_token bigint default null
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text;
begin
    select q.status into v_status
      from public.dreamcut_queries q
     where q.id = p_query_id
       for no key update;
    if not found then
        raise exception 'there is no query %', p_query_id
            using errcode = 'no_data_found';
    end if;
    if p_lease_token is not null then
        if v_status <> 'processing' then
            return false;
        end if;
        perform public.check_dreamcut_lease(p_lease_token, p_query_id, p_asset_id);
    end if;
    insert into public.dreamcut_messages (query_id, type, content, emoji, asset_id, data, key)
    values (p_query_id, p_type, p_content, p_emoji, p_asset_id, p_data, p_key);
    return found;
end;
$$;

-- Advance an asset and say so. False when the report came late and changed nothing: the query or the asset
-- has ended, or the asset is further already. A report that equals the stored state may still bring a newer
-- partial analysis, a message of a new key, or the beginning of another attempt.
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
    p_message_data jsonb default '{}',
    p_lease_token bigint default null,
    p_cost_estimate numeric default null,
    p_begins boolean default false
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_query_id uuid;
    v_query_status text;
    v_asset public.dreamcut_assets%rowtype;
    v_status text;
    v_progress integer;
    v_moves boolean;
    v_learns boolean := false;
    v_begins boolean := coalesce(p_begins, false);
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
    if jsonb_typeof(p_analysis) <> 'object' then
        raise exception 'p_analysis must be a JSON object'
            using errcode = 'invalid_parameter_value';
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
    perform public.check_dreamcut_lease(p_lease_token, v_query_id, p_asset_id);

    v_status = coalesce(
        p_status,
        case when v_asset.status = 'pending' and p_progress > 0 then 'analyzing' else v_asset.status end
    );
    v_progress = case
        when v_status = 'completed' then 100
        -- What failed, or begins again, does so from where the last attempt had come to.
        when v_status = 'failed' or v_begins then greatest(p_progress, v_asset.progress)
        else p_progress
    end;
    if public.dreamcut_step(v_status) < public.dreamcut_step(v_asset.status) or v_progress < v_asset.progress then
        return false;
    end if;
    v_moves = v_status <> v_asset.status or v_progress > v_asset.progress;
    if p_analysis is not null then
        v_learns = p_analysis is distinct from coalesce(public.dreamcut_analysis(p_asset_id), '{}');
    end if;

    -- Before the asset: the trigger's messages about the query follow those about its last asset.
    if p_message is not null and (v_moves or p_message_key is not null) then
        v_says = public.add_dreamcut_message(
            v_query_id, p_message_type, p_message, p_emoji, p_asset_id, p_message_data, p_message_key
        );
    end if;
    if v_moves or v_learns or v_begins then
        update public.dreamcut_assets a
           set status = v_status,
               progress = v_progress,
               analysis = case when v_learns then p_analysis else a.analysis end,
               model_used = coalesce(p_model_used, a.model_used),
               error_message = coalesce(left(p_error_message, 2000), a.error_message),
               quality_score = coalesce(p_quality_score, a.quality_score),
               confidence_score = coalesce(p_confidence_score, a.confidence_score),
               processing_time_ms = coalesce(p_processing_time_ms, a.processing_time_ms),
               worker_id = coalesce(p_worker_id, a.worker_id),
               cost_estimate = coalesce(p_cost_estimate, a.cost_estimate),
               attempts = a.attempts + v_begins::integer
         where a.id = p_asset_id;
    end if;
    return v_moves or v_learns or v_begins or v_says;
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
    p_message_data jsonb default '{}',
    p_lease_token bigint default null,
    p_cost_estimate numeric default null,
    p_begins boolean default false
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform public.advance_dreamcut_asset(
        p_asset_id, p_progress, p_status, p_analysis, p_model_used, p_message, p_message_type, p_emoji,
        p_error_message, p_quality_score, p_confidence_score, p_processing_time_ms, p_worker_id,
        p_message_key, p_message_data, p_lease_token, p_cost_estimate, p_begins
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
    p_message_data jsonb default '{}',
    p_lease_token bigint default null
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
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
    if v_query.status <> 'processing' then
        return false;
    end if;
    perform public.check_dreamcut_lease(p_lease_token, p_query_id, null);
    if public.dreamcut_step(p_stage) < public.dreamcut_step(v_query.stage) then
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
    p_cost_estimate numeric default null,
    p_lease_token bigint default null
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
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
    perform public.check_dreamcut_lease(p_lease_token, p_query_id, null);
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
    p_cost_estimate numeric default null,
    p_lease_token bigint default null
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    perform public.finish_dreamcut_query(
        p_query_id, p_payload, p_processing_time_ms, p_models_used, p_cost_estimate, p_lease_token
    );
end;
$$;

-- End a query as failed, with whatever of its assets is unfinished; false when it has already ended.
create function public.fail_dreamcut_query(
    p_query_id uuid,
    p_error_message text,
    p_lease_token bigint default null
)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_status text;
    v_reason text := coalesce(
        nullif(left(btrim(p_error_message), 4000), ''),
        'The query ended without a stated reason.'
    );
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
    perform public.check_dreamcut_lease(p_lease_token, p_query_id, null);

    update public.dreamcut_queries q
       set status = 'failed',
           error_message = v_reason
     where q.id = p_query_id;
    update public.dreamcut_assets a
       set status = 'failed',
           error_message = left('Not analysed to the end: ' || v_reason, 2000)
     where a.query_id = p_query_id
       and a.status in ('pending', 'analyzing');
    perform public.add_dreamcut_message(p_query_id, 'error', v_reason, '❌', p_key => 'query:failed');
    return true;
end;
$$;

-- Move the query along with its assets. The lock comes before the count: of two assets that end in
-- overlapping transactions the second one waits here, then sees both.
create or replace function public.check_query_completion()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_query public.dreamcut_queries%rowtype;
    v_total integer;
    v_completed integer;
    v_failed integer;
    v_mean_progress numeric;
    v_reasons text;
begin
    select * into v_query
      from public.dreamcut_queries q
     where q.id = new.query_id
       for no key update;
    if not found or v_query.status <> 'processing' then
        return null;
    end if;

    select count(*),
           count(*) filter (where a.status = 'completed'),
           count(*) filter (where a.status = 'failed'),
           avg(case when a.status = 'failed' then 100 else a.progress end),
           left(
               string_agg(
                   case
                       when starts_with(a.error_message, a.filename) then a.error_message
                       else a.filename || ': ' || a.error_message
                   end,
                   '; ' order by a.position
               ),
               4000
           )
      into v_total, v_completed, v_failed, v_mean_progress, v_reasons
      from public.dreamcut_assets a
     where a.query_id = new.query_id;

    if v_failed = v_total then
        update public.dreamcut_queries q
           set status = 'failed',
               error_message = v_reasons
         where q.id = new.query_id;
        insert into public.dreamcut_messages (query_id, type, content, emoji, key)
        values (new.query_id, 'error', v_reasons, '❌', 'query:failed');
    elsif v_completed + v_failed = v_total then
        update public.dreamcut_queries q
           set stage = 'merging',
               progress = greatest(q.progress, 80)
         where q.id = new.query_id
           and (q.stage <> 'merging' or q.progress < 80);
    elsif new.status <> 'pending' then
        update public.dreamcut_queries q
           set stage = case when q.stage = 'init' then 'analyzing' else q.stage end,
               progress = greatest(q.progress, 5 + floor(0.7 * v_mean_progress)::integer)
         where q.id = new.query_id
           and (q.stage = 'init' or q.progress < 5 + floor(0.7 * v_mean_progress)::integer);
    end if;
    return null;
end;
$$;

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.add_dreamcut_message(uuid, text, text, text, uuid, jsonb, text, bigint)',
        'public.advance_dreamcut_asset(uuid, integer, text, jsonb, text, text, text, text, text, '
            'numeric, numeric, integer, text, text, jsonb, bigint, numeric, boolean)',
        'public.update_asset_progress(uuid, integer, text, jsonb, text, text, text, text, text, '
            'numeric, numeric, integer, text, text, jsonb, bigint, numeric, boolean)',
        'public.advance_dreamcut_query(uuid, text, integer, text, text, text, text, jsonb, bigint)',
        'public.finish_dreamcut_query(uuid, jsonb, integer, text[], numeric, bigint)',
        'public.complete_dreamcut_query(uuid, jsonb, integer, text[], numeric, bigint)',
        'public.fail_dreamcut_query(uuid, text, bigint)'
    ]::regprocedure[]
    loop
        execute format('revoke execute on function %s from public, anon, authenticated', v_function);
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;
