-- For a database in which the predecessor has made tables named like ours: they move, rows and all, into the
-- schema dreamcut_before, and its functions of the same names with them. `briefs` and `jobs` stay.
--   psql "$DATABASE_URL" --single-transaction --set ON_ERROR_STOP=1 --file supabase/before/set_earlier_dreamcut_aside.sql

create schema dreamcut_before;
alter table if exists public.dreamcut_queries set schema dreamcut_before;
alter table if exists public.dreamcut_assets set schema dreamcut_before;
alter table if exists public.dreamcut_messages set schema dreamcut_before;

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid
          from pg_proc p
         where p.pronamespace = 'public'::regnamespace
           and p.proname in (
                   'initialize_dreamcut_query', 'update_asset_progress', 'complete_dreamcut_query',
                   'check_query_completion'
               )
    loop
        execute format('alter function %s set schema dreamcut_before', v_function);
    end loop;
end;
$$;
