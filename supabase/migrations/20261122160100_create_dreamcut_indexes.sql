-- The unique constraints serve already: queries (user_id, idempotency_key), assets (query_id, position),
-- messages (query_id, seq) and (query_id, key).

-- A user's queries, newest first; also what row-level security looks up.
create index idx_dreamcut_queries_user_id
    on public.dreamcut_queries (user_id, created_at desc);

-- Everybody's queries, newest first.
create index idx_dreamcut_queries_created_at
    on public.dreamcut_queries (created_at desc);

-- Queries that have not moved for long: few rows, as a query leaves the index when it ends.
create index idx_dreamcut_queries_processing
    on public.dreamcut_queries (updated_at)
    where status = 'processing';

-- Assets nobody has finished.
create index idx_dreamcut_assets_unfinished
    on public.dreamcut_assets (updated_at)
    where status in ('pending', 'analyzing');

-- The foreign key of messages to assets, when an asset is deleted.
create index idx_dreamcut_messages_asset_id
    on public.dreamcut_messages (asset_id, query_id);
