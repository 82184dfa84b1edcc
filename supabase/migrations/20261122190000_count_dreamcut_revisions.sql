-- Each row of a query or an asset counts its changes, so that a reader of events knows which is newer:
-- updated_at is the start of a transaction, and two of them may end the other way round.

alter table public.dreamcut_queries
    add column revision integer not null default 1 check (revision > 0);
alter table public.dreamcut_assets
    add column revision integer not null default 1 check (revision > 0);

comment on column public.dreamcut_queries.revision is
    'Number of this state of the row, from 1; of two events the one with the higher number is the newer.';
comment on column public.dreamcut_assets.revision is
    'Number of this state of the row, from 1; of two events the one with the higher number is the newer.';

create function public.count_dreamcut_revision()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.revision = old.revision + 1;
    return new;
end;
$$;

revoke execute on function public.count_dreamcut_revision() from public, anon, authenticated;

create trigger count_dreamcut_query_revision
    before update on public.dreamcut_queries
    for each row execute function public.count_dreamcut_revision();

create trigger count_dreamcut_asset_revision
    before update on public.dreamcut_assets
    for each row execute function public.count_dreamcut_revision();
