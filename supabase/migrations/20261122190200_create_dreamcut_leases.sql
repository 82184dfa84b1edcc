-- Who works on what. Each unfinished query and asset has a row here, which a worker holds for a time with a
-- fencing token: whoever holds a newer token has it, and writes with an older one are refused. The table is
-- not published, so that renewing a lease is no event.
-- Lock order: the lease first, then the query's row, then the asset's. Whoever holds the query's row and
-- comes to its leases last skips those that are locked; what is then left of ended work says nothing, and a
-- claimer clears it away.

alter table public.dreamcut_queries
    add column worker_id text,
    add column attempts integer not null default 0 check (attempts >= 0);
alter table public.dreamcut_assets
    add column attempts integer not null default 0 check (attempts >= 0),
    add column cost_estimate numeric(10, 4) check (cost_estimate >= 0);

comment on column public.dreamcut_queries.worker_id is 'Who claimed it last.';
comment on column public.dreamcut_queries.attempts is 'How often a worker has claimed it.';
comment on column public.dreamcut_assets.attempts is 'How often a worker has begun to analyse it.';
comment on column public.dreamcut_assets.cost_estimate is 'Cost of the models used, in US dollars.';

create sequence public.dreamcut_lease_tokens as bigint;

create table public.dreamcut_leases (
    id uuid primary key,
    query_id uuid not null references public.dreamcut_queries (id) on delete cascade,
    asset_id uuid,

    free_at timestamptz not null default now(),
    token bigint unique,
    worker_id text check (char_length(worker_id) between 1 and 200),
    attempts integer not null default 0 check (attempts >= 0),

    constraint dreamcut_leases_id_is_the_subjects
        check (id = coalesce(asset_id, query_id)),
    constraint dreamcut_leases_asset_id_fkey
        foreign key (asset_id, query_id) references public.dreamcut_assets (id, query_id) on delete cascade
);

comment on table public.dreamcut_leases is
    'Unfinished queries and assets and who holds them; workers only. A row goes when its work has ended.';
comment on column public.dreamcut_leases.id is
    'Of the asset, or of the query where the lease is of the whole query.';
comment on column public.dreamcut_leases.free_at is
    'From when on anybody may claim it: its creation, or the end of the lease.';
comment on column public.dreamcut_leases.token is
    'Proof of holding it, higher with each claim; null once given back.';

create index idx_dreamcut_leases_free_queries
    on public.dreamcut_leases (free_at)
    where asset_id is null;
create index idx_dreamcut_leases_free_assets
    on public.dreamcut_leases (free_at)
    where asset_id is not null;
create index idx_dreamcut_leases_query_id
    on public.dreamcut_leases (query_id);
create index idx_dreamcut_leases_asset_id
    on public.dreamcut_leases (asset_id, query_id);
create index idx_dreamcut_leases_worker_id
    on public.dreamcut_leases (worker_id)
    where token is not null;

alter table public.dreamcut_leases enable row level security;
revoke all on public.dreamcut_leases from public, anon, authenticated;
revoke all on sequence public.dreamcut_lease_tokens from public, anon, authenticated;
grant all on public.dreamcut_leases to service_role;
grant usage on sequence public.dreamcut_lease_tokens to service_role;

create policy "Service role can manage all leases"
    on public.dreamcut_leases
   for all to service_role
 using (true)
  with check (true);

-- Offer a new query or asset to the workers, and withdraw what has ended.
create function public.offer_dreamcut_work()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'UPDATE' then
        delete from public.dreamcut_leases l
         using (
             select m.id
               from public.dreamcut_leases m
              where case tg_table_name
                        when 'dreamcut_queries' then m.query_id = new.id
                        else m.id = new.id
                    end
                for update skip locked
         ) ended
         where l.id = ended.id;
    elsif tg_table_name = 'dreamcut_queries' then
        insert into public.dreamcut_leases (id, query_id) values (new.id, new.id);
    else
        insert into public.dreamcut_leases (id, query_id, asset_id) values (new.id, new.query_id, new.id);
    end if;
    return null;
end;
$$;

create trigger offer_dreamcut_query
    after insert on public.dreamcut_queries
    for each row when (new.status = 'processing') execute function public.offer_dreamcut_work();

create trigger withdraw_dreamcut_query
    after update on public.dreamcut_queries
    for each row when (old.status = 'processing' and new.status <> 'processing')
    execute function public.offer_dreamcut_work();

create trigger offer_dreamcut_asset
    after insert on public.dreamcut_assets
    for each row when (new.status in ('pending', 'analyzing')) execute function public.offer_dreamcut_work();

create trigger withdraw_dreamcut_asset
    after update on public.dreamcut_assets
    for each row when (old.status in ('pending', 'analyzing') and new.status in ('completed', 'failed'))
    execute function public.offer_dreamcut_work();

insert into public.dreamcut_leases (id, query_id)
select q.id, q.id
  from public.dreamcut_queries q
 where q.status = 'processing';
insert into public.dreamcut_leases (id, query_id, asset_id)
select a.id, a.query_id, a.id
  from public.dreamcut_assets a
  join public.dreamcut_queries q on q.id = a.query_id
 where q.status = 'processing'
   and a.status in ('pending', 'analyzing');

-- Take one lease: of the given work, or of what has waited longest. No row when there is none to be had. A
-- query is not given away while somebody holds one of its assets, nor an asset while somebody holds its query.
create function public.take_dreamcut_lease(
    p_of_assets boolean,
    p_id uuid,
    p_worker_id text,
    p_lease_seconds integer
)
returns setof public.dreamcut_leases
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_lease public.dreamcut_leases%rowtype;
    v_passed uuid[] := '{}';
    v_has_ended boolean;
begin
    if coalesce(p_worker_id, '') = '' then
        raise exception 'a worker names itself to claim work'
            using errcode = 'invalid_parameter_value';
    end if;
    if p_lease_seconds is null or p_lease_seconds not between 1 and 3600 then
        raise exception 'a lease lasts 1 to 3600 seconds, not %', coalesce(p_lease_seconds::text, 'null')
            using errcode = 'numeric_value_out_of_range';
    end if;
    loop
        -- Each try in a block of its own, so that a failed one gives its locks back: a claimer that held two
        -- queries at once could wait for another one in a circle.
        begin
            if p_id is not null then
                select * into v_lease
                  from public.dreamcut_leases l
                 where l.id = p_id
                   and (l.asset_id is not null) = p_of_assets
                   and l.free_at <= now()
                   and l.id <> all (v_passed)
                   for update;
            elsif p_of_assets then
                select * into v_lease
                  from public.dreamcut_leases l
                 where l.asset_id is not null
                   and l.free_at <= now()
                   and l.id <> all (v_passed)
                   and not exists (
                           select 1
                             from public.dreamcut_leases o
                            where o.query_id = l.query_id
                              and o.asset_id is null
                              and o.free_at > now()
                       )
                 order by l.free_at
                 limit 1
                   for update skip locked;
            else
                select * into v_lease
                  from public.dreamcut_leases l
                 where l.asset_id is null
                   and l.free_at <= now()
                   and l.id <> all (v_passed)
                   and not exists (
                           select 1
                             from public.dreamcut_leases o
                             join public.dreamcut_assets a on a.id = o.asset_id
                            where o.query_id = l.query_id
                              and o.free_at > now()
                              and a.status in ('pending', 'analyzing')
                       )
                 order by l.free_at
                 limit 1
                   for update skip locked;
            end if;
            if not found then
                return;
            end if;

            perform 1
               from public.dreamcut_queries q
              where q.id = v_lease.query_id
                and q.status = 'processing'
                for no key update;
            v_has_ended = not found or (p_of_assets and not exists (
                select 1
                  from public.dreamcut_assets a
                 where a.id = v_lease.asset_id
                   and a.status in ('pending', 'analyzing')
            ));
            -- Asked again under the lock of the query: another claimer may have been first.
            if not v_has_ended and not exists (
                select 1
                  from public.dreamcut_leases o
                  left join public.dreamcut_assets a on a.id = o.asset_id
                 where o.query_id = v_lease.query_id
                   and (o.asset_id is null) = p_of_assets
                   and o.free_at > now()
                   and (o.asset_id is null or a.status in ('pending', 'analyzing'))
            ) then
                exit;
            end if;
            raise sqlstate 'DC000';
        exception when sqlstate 'DC000' then
            if v_has_ended then
                delete from public.dreamcut_leases l where l.id = v_lease.id;
            else
                v_passed = v_passed || v_lease.id;
            end if;
        end;
    end loop;

    if not p_of_assets then
        update public.dreamcut_queries q
           set worker_id = p_worker_id,
               attempts = q.attempts + 1
         where q.id = v_lease.query_id;
    end if;
    return query
    update public.dreamcut_leases l
       set token = nextval('public.dreamcut_lease_tokens'),
           worker_id = p_worker_id,
           attempts = l.attempts + 1,
           free_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
     where l.id = v_lease.id
    returning l.*;
end;
$$;

-- Claim a query: this one, or the one that has waited longest. Returns its lease, or no row.
create function public.claim_dreamcut_query(
    p_worker_id text,
    p_lease_seconds integer default 30,
    p_query_id uuid default null
)
returns setof public.dreamcut_leases
language sql
set search_path = pg_catalog, pg_temp
as $$
    select * from public.take_dreamcut_lease(false, p_query_id, p_worker_id, p_lease_seconds);
$$;

-- Claim an asset: this one, or the one that has waited longest. Returns its lease, or no row.
create function public.claim_dreamcut_asset(
    p_worker_id text,
    p_lease_seconds integer default 30,
    p_asset_id uuid default null
)
returns setof public.dreamcut_leases
language sql
set search_path = pg_catalog, pg_temp
as $$
    select * from public.take_dreamcut_lease(true, p_asset_id, p_worker_id, p_lease_seconds);
$$;

-- Hold a lease for longer, and return until when. As long as nobody else has claimed the work, this also
-- brings back a lease that has run out.
create function public.renew_dreamcut_lease(p_lease_token bigint, p_lease_seconds integer default 30)
returns timestamptz
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_free_at timestamptz;
begin
    if p_lease_seconds is null or p_lease_seconds not between 1 and 3600 then
        raise exception 'a lease lasts 1 to 3600 seconds, not %', coalesce(p_lease_seconds::text, 'null')
            using errcode = 'numeric_value_out_of_range';
    end if;
    update public.dreamcut_leases l
       set free_at = clock_timestamp() + make_interval(secs => p_lease_seconds)
     where l.token = p_lease_token
    returning l.free_at into v_free_at;
    if not found then
        raise exception 'the lease is lost: another worker has the work, or it has ended'
            using errcode = 'object_in_use';
    end if;
    return v_free_at;
end;
$$;

-- Give a lease back; false when it was lost already.
create function public.release_dreamcut_lease(p_lease_token bigint)
returns boolean
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    update public.dreamcut_leases l
       set free_at = clock_timestamp(),
           token = null
     where l.token = p_lease_token;
    return found;
end;
$$;

-- Take back all that a worker holds, for whoever knows that it is dead; returns how many leases these were.
create function public.release_dreamcut_worker(p_worker_id text)
returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    v_released integer;
begin
    -- Locked in order, so that two of these do not wait for each other.
    perform 1
       from public.dreamcut_leases l
      where l.worker_id = p_worker_id
        and l.token is not null
      order by l.id
        for update;
    update public.dreamcut_leases l
       set free_at = clock_timestamp(),
           token = null
     where l.worker_id = p_worker_id
       and l.token is not null;
    get diagnostics v_released = row_count;
    return v_released;
end;
$$;

-- Refuse a write whose token is not the one that holds the query, or this asset of it. To be asked under the
-- lock of the query's row. A write without a token is not of a worker: nobody is fenced off.
create function public.check_dreamcut_lease(p_lease_token bigint, p_query_id uuid, p_asset_id uuid)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
    if p_lease_token is not null and not exists (
        select 1
          from public.dreamcut_leases l
         where l.token = p_lease_token
           and l.query_id = p_query_id
           and (l.asset_id is null or l.asset_id = p_asset_id)
    ) then
        raise exception 'the lease of query % is lost: another worker has it', p_query_id
            using errcode = 'object_in_use';
    end if;
end;
$$;

do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.offer_dreamcut_work()',
        'public.take_dreamcut_lease(boolean, uuid, text, integer)',
        'public.claim_dreamcut_query(text, integer, uuid)',
        'public.claim_dreamcut_asset(text, integer, uuid)',
        'public.renew_dreamcut_lease(bigint, integer)',
        'public.release_dreamcut_lease(bigint)',
        'public.release_dreamcut_worker(text)',
        'public.check_dreamcut_lease(bigint, uuid, uuid)'
    ]::regprocedure[]
    loop
        execute format('revoke execute on function %s from public, anon, authenticated', v_function);
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end;
$$;
