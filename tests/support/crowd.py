"""A database after a busy year: 100,000 queries that wait, 20,000 that have ended, of 1,000 users."""

from uuid import UUID

import psycopg
from psycopg.conninfo import make_conninfo

WAITING, ENDED, USERS = 100_000, 20_000, 1_000
MINUTES = 60 * 24 * 365  # over which they are spread, evenly and in no order

# Straight into the tables: the triggers would number and count for minutes what is counted here.
_FILL = """
    set session_replication_role = replica;
    set synchronous_commit = off;

    insert into public.dreamcut_queries (id, user_id, user_prompt, intent, status, stage, progress, payload,
           error_message, processing_time_ms, cost_estimate, models_used, worker_id, attempts, created_at,
           updated_at,
           completed_at, last_message_seq)
    select md5('query ' || n)::uuid,
           md5('user ' || n % {users})::uuid::text,
           'A trailer about number ' || n,
           'video',
           s.status,
           case s.status when 'processing' then 'init' else 'done' end,
           case s.status when 'processing' then 0 else 100 end,
           case s.status when 'completed' then '{{"brief": true}}'::jsonb end,
           case s.status when 'failed' then 'out of memory' end,
           case s.status when 'processing' then null else n % 90000 end,
           case s.status when 'processing' then null else 0.01 end,
           array['whisper-tiny.en'],
           case s.status when 'processing' then null else 'host:' || n % 50 end,
           case s.status when 'processing' then 0 else 1 end,
           t.at,
           t.at,
           case s.status when 'processing' then null else t.at + interval '1 minute' end,
           1 + (s.status <> 'processing')::int
      from generate_series(1, {waiting} + {ended}) n,
           lateral (select case when n <= {waiting} then 'processing' when n % 20 = 0 then 'failed'
                                else 'completed' end as status) s,
           lateral (select now() - (n::bigint * 7919 % {minutes} + n / 1e6) * interval '1 minute' as at) t;

    insert into public.dreamcut_assets (id, query_id, position, url, filename, type, status, progress,
           error_message, worker_id, model_used, processing_time_ms, cost_estimate, attempts, created_at,
           updated_at,
           analyzed_at)
    select md5('asset ' || q.id || p)::uuid,
           q.id,
           p,
           'https://cdn.test/' || p || '.mp4',
           p || '.mp4',
           'video',
           case q.status when 'processing' then 'pending' else q.status end,
           case q.status when 'processing' then 0 else 100 end,
           q.error_message,
           q.worker_id,
           'whisper-tiny.en',
           q.processing_time_ms,
           q.cost_estimate,
           q.attempts,
           q.created_at,
           q.updated_at,
           q.completed_at
      from public.dreamcut_queries q, generate_series(0, (q.status <> 'processing')::int) p;

    insert into public.dreamcut_messages (query_id, type, content, seq)
    select q.id, 'status', 'Got your request.', n
      from public.dreamcut_queries q, generate_series(1, q.last_message_seq) n;

    insert into public.dreamcut_leases (id, query_id, free_at)
    select q.id, q.id, q.created_at from public.dreamcut_queries q where q.status = 'processing';
    insert into public.dreamcut_leases (id, query_id, asset_id, free_at)
    select a.id, a.query_id, a.id, a.created_at from public.dreamcut_assets a where a.status = 'pending';

    insert into public.dreamcut_documents (query_id, asset_id, document)
    select a.query_id, a.id, '{{"whole": true}}' from public.dreamcut_assets a where a.status = 'completed';

    reset session_replication_role;
    analyze public.dreamcut_queries, public.dreamcut_assets, public.dreamcut_messages, public.dreamcut_leases,
            public.dreamcut_documents;
"""


def fill(conninfo: str) -> None:
    """Fill a migrated, empty database; takes some ten seconds."""
    statement = _FILL.format(users=USERS, waiting=WAITING, ended=ENDED, minutes=MINUTES)
    with psycopg.connect(make_conninfo(conninfo, user="postgres"), autocommit=True) as admin:
        admin.execute(statement.encode())


def user_of(connection: psycopg.Connection, query_id: UUID) -> str:
    """Return the owner of a query."""
    row = connection.execute(
        "select user_id from public.dreamcut_queries where id = %s", [query_id]
    ).fetchone()
    assert row is not None
    return str(row[0])
