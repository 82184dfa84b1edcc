-- Copy the rows of DreamCut aside, into the schema dreamcut_kept, before remove_dreamcut.sql. Stop the workers
-- first. return_dreamcut_rows.sql brings the rows back under an earlier or later version.

create schema dreamcut_kept;

do $$
declare
    v_table text;
begin
    foreach v_table in array array[
        'dreamcut_queries', 'dreamcut_assets', 'dreamcut_messages', 'dreamcut_documents', 'dreamcut_leases'
    ]
    loop
        if to_regclass('public.' || v_table) is not null then
            execute format('create table dreamcut_kept.%1$I as table public.%1$I', v_table);
        end if;
    end loop;
end;
$$;
