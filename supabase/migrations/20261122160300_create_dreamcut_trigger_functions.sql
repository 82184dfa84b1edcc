-- What holds for every write, by function or by hand.
-- Lock order everywhere: the query's row first, then an asset's.

-- Other tables of the schema share this trigger function: replaced, never dropped.
create or replace function public.update_updated_at_column()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at = now();
    return new;
end;
$$;

-- How far a stage or an asset's status is; a state may only be followed by one that is further.
create function public.dreamcut_step(p_state text)
returns integer
language sql
immutable
set search_path = ''
as $$
    select case p_state
        when 'init' then 0
        when 'pending' then 0
        when 'analyzing' then 1
        when 'merging' then 2
        when 'done' then 3
        when 'completed' then 3
        when 'failed' then 3
    end;
$$;

-- Refuse to move a query backwards, and fill in what an ended query must have.
create function public.keep_dreamcut_query_state()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_op = 'UPDATE' and old.status <> 'processing' then
        if (new.status, new.stage, new.progress, new.payload)
           is distinct from (old.status, old.stage, old.progress, old.payload) then
            raise exception 'query % has already %', old.id, old.status
                using errcode = 'object_not_in_prerequisite_state';
        end if;
    elsif new.status in ('completed', 'failed') then
        new.stage = 'done';
        new.progress = 100;
        new.completed_at = coalesce(new.completed_at, now());
        if new.status = 'failed' then
            new.error_message = coalesce(nullif(new.error_message, ''), 'The query ended without a stated reason.');
        end if;
    elsif tg_op = 'UPDATE' and (
        public.dreamcut_step(new.stage) < public.dreamcut_step(old.stage) or new.progress < old.progress
    ) then
        raise exception 'query % cannot go back from % (% %%) to % (% %%)',
            old.id, old.stage, old.progress, new.stage, new.progress
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if tg_op = 'UPDATE' and new.last_message_seq < old.last_message_seq then
        raise exception 'the message numbers of query % cannot go back', old.id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    return new;
end;
$$;

-- Give a new asset its place; it cannot join a query that has ended.
create function public.place_dreamcut_asset()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
    v_status text;
begin
    select q.status into v_status
      from public.dreamcut_queries q
     where q.id = new.query_id
       for no key update;
    if v_status <> 'processing' then
        raise exception 'query % has already %', new.query_id, v_status
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if new.position is null then
        select coalesce(max(a.position) + 1, 0) into new.position
          from public.dreamcut_assets a
         where a.query_id = new.query_id;
    end if;
    new.metadata = coalesce(nullif(new.metadata, 'null'), '{}');
    new.filename = coalesce(
        nullif(new.filename, ''),
        nullif(regexp_replace(regexp_replace(new.url, '[?#].*$', ''), '^.*[/\\]', ''), ''),
        new.type || ' ' || (new.position + 1)
    );
    return new;
end;
$$;

-- Refuse to move an asset backwards, and fill in what an ended asset must have.
create function public.keep_dreamcut_asset_state()
returns trigger
language plpgsql
set search_path = ''
as $$
declare
    v_was text := 'pending';
    v_had integer := 0;
begin
    if tg_op = 'UPDATE' then
        if new.query_id <> old.query_id then
            raise exception 'asset % cannot move to another query', old.id
                using errcode = 'object_not_in_prerequisite_state';
        end if;
        if old.status in ('completed', 'failed') then
            if (new.status, new.progress, new.analysis, new.error_message)
               is distinct from (old.status, old.progress, old.analysis, old.error_message) then
                raise exception 'asset % has already %', old.id, old.status
                    using errcode = 'object_not_in_prerequisite_state';
            end if;
            return new;
        end if;
        v_was = old.status;
        v_had = old.progress;
    end if;
    if new.status = 'completed' then
        new.progress = 100;
    elsif new.status = 'failed' then
        new.progress = greatest(new.progress, v_had);
        new.error_message = coalesce(nullif(new.error_message, ''), 'The analysis failed without a stated reason.');
    end if;
    if new.status in ('completed', 'failed') then
        new.analyzed_at = coalesce(new.analyzed_at, now());
    end if;
    if public.dreamcut_step(new.status) < public.dreamcut_step(v_was) or new.progress < v_had then
        raise exception 'asset % cannot go back from % (% %%) to % (% %%)',
            old.id, v_was, v_had, new.status, new.progress
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    return new;
end;
$$;

-- Number a message. The query's row serialises writers, so numbers follow the order of commit;
-- a rolled back writer gives its number back. A message whose key is known is not written again.
create function public.number_dreamcut_message()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    perform 1
       from public.dreamcut_queries q
      where q.id = new.query_id
        for no key update;
    if exists (
        select 1
          from public.dreamcut_messages m
         where m.query_id = new.query_id
           and m.key = new.key
    ) then
        return null;
    end if;
    update public.dreamcut_queries q
       set last_message_seq = q.last_message_seq + 1
     where q.id = new.query_id
    returning q.last_message_seq into new.seq;
    if not found then
        raise exception 'there is no query %', new.query_id
            using errcode = 'foreign_key_violation';
    end if;
    new.data = coalesce(nullif(new.data, 'null'), '{}');
    return new;
end;
$$;

-- Move the query along with its assets. The lock comes before the count: of two assets that end in
-- overlapping transactions the second one waits here, then sees both.
create function public.check_query_completion()
returns trigger
language plpgsql
set search_path = ''
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
           string_agg(
               case
                   when starts_with(a.error_message, a.filename) then a.error_message
                   else a.filename || ': ' || a.error_message
               end,
               '; ' order by a.position
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

-- Wake who waits for the query (`listen dreamcut`); the payload is its id, the tables are the truth.
create function public.notify_dreamcut_change()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
    if tg_table_name = 'dreamcut_queries' then
        perform pg_notify('dreamcut', new.id::text);
    else
        perform pg_notify('dreamcut', new.query_id::text);
    end if;
    return null;
end;
$$;

revoke execute on function
    public.dreamcut_step(text),
    public.keep_dreamcut_query_state(),
    public.place_dreamcut_asset(),
    public.keep_dreamcut_asset_state(),
    public.number_dreamcut_message(),
    public.check_query_completion(),
    public.notify_dreamcut_change()
  from public, anon, authenticated;
grant execute on function public.dreamcut_step(text) to service_role;

create trigger keep_dreamcut_query_state
    before insert or update on public.dreamcut_queries
    for each row execute function public.keep_dreamcut_query_state();

create trigger update_dreamcut_queries_updated_at
    before update on public.dreamcut_queries
    for each row execute function public.update_updated_at_column();

create trigger notify_dreamcut_query_change
    after insert or update on public.dreamcut_queries
    for each row execute function public.notify_dreamcut_change();

create trigger place_dreamcut_asset
    before insert on public.dreamcut_assets
    for each row execute function public.place_dreamcut_asset();

create trigger keep_dreamcut_asset_state
    before insert or update on public.dreamcut_assets
    for each row execute function public.keep_dreamcut_asset_state();

create trigger update_dreamcut_assets_updated_at
    before update on public.dreamcut_assets
    for each row execute function public.update_updated_at_column();

create trigger trigger_check_query_completion
    after update on public.dreamcut_assets
    for each row execute function public.check_query_completion();

create trigger notify_dreamcut_asset_change
    after insert or update on public.dreamcut_assets
    for each row execute function public.notify_dreamcut_change();

create trigger number_dreamcut_message
    before insert on public.dreamcut_messages
    for each row execute function public.number_dreamcut_message();

create trigger notify_dreamcut_message
    after insert on public.dreamcut_messages
    for each row execute function public.notify_dreamcut_change();
