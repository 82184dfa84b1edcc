-- Users read their own queries and write nothing: every change goes through functions.
-- Privileges are stated in full, as a Supabase project may grant everything or nothing by default.

alter table public.dreamcut_queries enable row level security;
alter table public.dreamcut_assets enable row level security;
alter table public.dreamcut_messages enable row level security;

revoke all
    on public.dreamcut_queries, public.dreamcut_assets, public.dreamcut_messages
  from public, anon, authenticated;
grant select
   on public.dreamcut_queries, public.dreamcut_assets, public.dreamcut_messages
   to anon, authenticated;
grant all
   on public.dreamcut_queries, public.dreamcut_assets, public.dreamcut_messages
   to service_role;

-- Ours have no sequence; other tables of the schema that a worker writes to may.
grant usage on all sequences in schema public to service_role;

-- The subquery makes the planner ask for the user once a statement instead of once a row.
create policy "Users can view own queries"
    on public.dreamcut_queries
   for select to authenticated
 using ((select auth.uid())::text = user_id);

create policy "Users can view assets of own queries"
    on public.dreamcut_assets
   for select to authenticated
 using (exists (
        select 1
          from public.dreamcut_queries q
         where q.id = query_id
           and q.user_id = (select auth.uid())::text
       ));

create policy "Users can view messages of own queries"
    on public.dreamcut_messages
   for select to authenticated
 using (exists (
        select 1
          from public.dreamcut_queries q
         where q.id = query_id
           and q.user_id = (select auth.uid())::text
       ));

create policy "Service role can manage all queries"
    on public.dreamcut_queries
   for all to service_role
 using (true)
  with check (true);

create policy "Service role can manage all assets"
    on public.dreamcut_assets
   for all to service_role
 using (true)
  with check (true);

create policy "Service role can manage all messages"
    on public.dreamcut_messages
   for all to service_role
 using (true)
  with check (true);
