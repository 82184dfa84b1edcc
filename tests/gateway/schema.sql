-- What the tests of the gateway read, write and call.

-- Back to Postgres' own default, whatever the copied database grants.
alter default privileges grant execute on functions to public;

create type public.mood as enum ('glad', 'sad');

create table public.notes (
    id uuid primary key default gen_random_uuid(),
    owner uuid not null default auth.uid(),
    title text not null check (title <> 'forbidden'),
    rank integer,
    done boolean default false,
    tags text[] not null default '{}',
    data jsonb,
    mood public.mood,
    unique (owner, title)
);

create table public.comments (
    id integer generated always as identity primary key,
    note_id uuid not null references public.notes (id) on delete cascade,
    author uuid not null default auth.uid(),
    body text not null
);

create table public.details (
    note_id uuid primary key references public.notes (id) on delete cascade,
    text text not null
);

create table public.links (
    id integer generated always as identity primary key,
    source_id uuid not null references public.notes (id) on delete cascade,
    target_id uuid not null references public.notes (id) on delete cascade
);

create table public.untouchable (id integer primary key);

alter table public.notes enable row level security;
alter table public.comments enable row level security;
create policy owners on public.notes to authenticated using (owner = auth.uid()) with check (owner = auth.uid());
create policy authors on public.comments to authenticated using (author = auth.uid()) with check (author = auth.uid());
create policy nothing on public.notes for select to anon using (false);

grant select, insert, update, delete on public.notes, public.comments, public.details, public.links
    to authenticated, service_role;
grant select on public.notes to anon;

create function public.add_up(a integer, b integer default 10) returns integer language sql immutable
as $$ select a + b $$;
create function public.echo_json(value jsonb) returns jsonb language sql immutable as $$ select value $$;
create function public.echo_texts(words text[]) returns text[] language sql immutable as $$ select words $$;
create function public.echo_mood(mood public.mood) returns public.mood language sql immutable as $$ select mood $$;
create function public.whole_body(jsonb) returns jsonb language sql immutable as $$ select $1 $$;
create function public.nothing_at_all() returns void language sql as $$ $$;
create function public.null_number() returns integer language sql as $$ select null::integer $$;
create function public.numbers(count integer) returns setof integer language sql stable
as $$ select generate_series(1, count) $$;
create function public.pair(a integer, out low integer, out high integer) language sql stable
as $$ select a, a + 1 $$;
create function public.pairs(count integer) returns table (number integer, square integer) language sql stable
as $$ select n, n * n from generate_series(1, count) n $$;
create function public.my_notes() returns setof public.notes language sql stable as $$ select * from public.notes $$;
create function public.note_named(p_title text) returns public.notes language sql stable
as $$ select * from public.notes where title = p_title $$;
create function public.add_note(p_title text) returns uuid language sql
as $$ insert into public.notes (title) values (p_title) returning id $$;
create function public.stable_but_writes(p_title text) returns uuid language plpgsql stable
as $$ begin return public.add_note(p_title); end $$;
create function public.overloaded(a integer) returns text language sql as $$ select 'one' $$;
create function public.overloaded(a integer, b integer) returns text language sql as $$ select 'two' $$;
create function public.ambiguous(a integer) returns text language sql as $$ select 'integer' $$;
create function public.ambiguous(a text) returns text language sql as $$ select 'text' $$;
create function public.who() returns jsonb language sql stable as $$
    select jsonb_build_object('role', current_user, 'uid', auth.uid(), 'claims', auth.jwt()) $$;
create function public.fail_with(state text, message text) returns void language plpgsql as $$
begin
    raise exception using errcode = state, message = message, detail = 'the detail', hint = 'the hint';
end $$;
create function public.end_connection() returns boolean language sql security definer
as $$ select pg_terminate_backend(pg_backend_pid()) $$;
create function public.owners_only() returns integer language sql as $$ select 1 $$;
revoke execute on function public.owners_only() from public;

create schema hidden;
create table hidden.secrets (id integer);
