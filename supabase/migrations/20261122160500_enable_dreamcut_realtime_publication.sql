-- The channels dreamcut_queries:{id}, dreamcut_assets:{id} and dreamcut_messages:{id} read from here.
do $$
declare
    v_table text;
begin
    if not exists (select 1 from pg_publication where pubname = 'supabase_realtime') then
        create publication supabase_realtime;
    end if;
    foreach v_table in array array['dreamcut_queries', 'dreamcut_assets', 'dreamcut_messages']
    loop
        -- The view also counts a publication of all tables.
        if not exists (
            select 1
              from pg_publication_tables
             where pubname = 'supabase_realtime'
               and schemaname = 'public'
               and tablename = v_table
        ) then
            execute format('alter publication supabase_realtime add table public.%I', v_table);
        end if;
    end loop;
end;
$$;
