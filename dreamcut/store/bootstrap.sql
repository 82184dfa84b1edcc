-- What the migrations find on Supabase, for any other Postgres: the roles, the auth schema, the publication.
-- May be repeated. Needs CREATEROLE, and CREATE on the database; a superuser is not needed.

do $$
begin
    if exists (select 1 from pg_roles where rolname in ('supabase_admin', 'supabase_auth_admin')) then
        raise exception 'this is a Supabase database: it has roles and an auth schema of its own'
            using errcode = 'object_not_in_prerequisite_state';
    end if;
end;
$$;

-- Roles belong to the whole server: another database of it may have made them, at this very moment.
do $$
declare
    v_role text;
begin
    foreach v_role in array array['anon', 'authenticated', 'service_role']
    loop
        begin
            execute format('create role %I nologin noinherit', v_role);
        exception when duplicate_object or unique_violation then
            null;
        end;
        begin
            execute format('grant %I to %I', v_role, current_user);
        exception when insufficient_privilege or invalid_grant_operation then
            null;  -- somebody else's roles: then they have granted them, or `set role` will say so
        end;
    end loop;
end;
$$;

-- As on Supabase, where the policies of the migrations would do without it.
do $$
begin
    if not (select rolbypassrls from pg_roles where rolname = 'service_role') then
        alter role service_role bypassrls;
    end if;
exception when insufficient_privilege then
    null;
end;
$$;

create schema if not exists auth;
grant usage on schema public, auth to anon, authenticated, service_role;

create table if not exists auth.users (
    id uuid primary key,
    email text,
    created_at timestamptz not null default now()
);
alter table auth.users enable row level security;

-- Who asks, from the claims that the gateway sets for the transaction.
do $$
begin
    if to_regprocedure('auth.jwt()') is null then
        create function auth.jwt() returns jsonb language sql stable set search_path = pg_catalog, pg_temp as $f$
            select coalesce(
                nullif(current_setting('request.jwt.claim', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')
            )::jsonb;
        $f$;
    end if;
    if to_regprocedure('auth.uid()') is null then
        create function auth.uid() returns uuid language sql stable set search_path = pg_catalog, pg_temp as $f$
            select coalesce(
                nullif(current_setting('request.jwt.claim.sub', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
            )::uuid;
        $f$;
    end if;
    if to_regprocedure('auth.role()') is null then
        create function auth.role() returns text language sql stable set search_path = pg_catalog, pg_temp as $f$
            select coalesce(
                nullif(current_setting('request.jwt.claim.role', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
            );
        $f$;
    end if;
    if not exists (select 1 from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
end;
$$;

grant execute on function auth.jwt(), auth.uid(), auth.role() to anon, authenticated, service_role;
