-- Remove DreamCut from a database: its tables with all their rows, its functions, its record of migrations.
-- Objects go by their full names, as the predecessor's are named alike; nothing of others is dropped along.
--   psql "$DATABASE_URL" --single-transaction --set ON_ERROR_STOP=1 --file supabase/down/remove_dreamcut.sql

-- They return rows of a table.
drop function if exists
    public.claim_dreamcut_query,
    public.claim_dreamcut_asset,
    public.take_dreamcut_lease;
drop table if exists
    public.dreamcut_leases,
    public.dreamcut_documents,
    public.dreamcut_messages,
    public.dreamcut_assets,
    public.dreamcut_queries;
drop sequence if exists public.dreamcut_lease_tokens;
drop function if exists dreamcut_private.initialize_query;
drop schema if exists dreamcut_private;

do $$
declare
    v_function regprocedure;
begin
    for v_function in
        select p.oid
          from pg_proc p
         where p.pronamespace = 'public'::regnamespace
           and p.proname = any (array[
                   'add_dreamcut_message',
                   'advance_dreamcut_asset',
                   'advance_dreamcut_query',
                   'check_dreamcut_lease',
                   'check_query_completion',
                   'complete_dreamcut_query',
                   'count_dreamcut_revision',
                   'dreamcut_analysis',
                   'dreamcut_brief',
                   'dreamcut_document_bytes',
                   'dreamcut_health',
                   'dreamcut_legacy_assets',
                   'dreamcut_legacy_text',
                   'dreamcut_outline',
                   'dreamcut_row_document',
                   'dreamcut_schema_version',
                   'dreamcut_step',
                   'fail_dreamcut_query',
                   'finish_dreamcut_query',
                   'import_legacy_dreamcut_brief',
                   'import_legacy_dreamcut_briefs',
                   'initialize_dreamcut_query',
                   'keep_dreamcut_asset_state',
                   'keep_dreamcut_document',
                   'keep_dreamcut_query_state',
                   'keep_dreamcut_row_small',
                   'notify_dreamcut_change',
                   'number_dreamcut_message',
                   'offer_dreamcut_work',
                   'place_dreamcut_asset',
                   'release_dreamcut_lease',
                   'release_dreamcut_worker',
                   'renew_dreamcut_lease',
                   'update_asset_progress'
               ])
    loop
        execute format('drop function %s', v_function);
    end loop;
    -- Shared with whoever else has tables with updated_at: gone only when nobody uses it.
    if not exists (select 1 from pg_trigger where tgfoid = to_regprocedure('public.update_updated_at_column()')) then
        drop function if exists public.update_updated_at_column();
    end if;
    if to_regclass('supabase_migrations.schema_migrations') is not null then
        delete from supabase_migrations.schema_migrations
         where version >= '20261122160000'
           and name like '%dreamcut%';
    end if;
end;
$$;
