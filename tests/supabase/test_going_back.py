"""DreamCut leaves a database, or goes back to an earlier schema, and takes nothing of others along."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import legacy
import psycopg
import pytest
from psycopg.types.json import Jsonb
from queries import report, start_query, state, value

from dreamcut.store.migrations import bootstrap, ensure_schema, known_migrations

Connection = psycopg.Connection[Any]

DOWN = Path(__file__).parents[2] / "supabase" / "down"
FIRST_STEP = 6  # the contract's migrations are one step
STEPS = range(FIRST_STEP, len(known_migrations()))
LARGE = {"scenes": [{"n": n, "text": "x" * 200} for n in range(1000)]}

# Named like ours, and the predecessor's.
NEIGHBOURS = """
    create table public.dreamcut_jobs (id uuid primary key default gen_random_uuid(), updated_at timestamptz);
    create function public.update_dreamcut_jobs_updated_at() returns trigger language plpgsql as
        $$ begin new.updated_at = now(); return new; end; $$;
    create trigger update_dreamcut_jobs_updated_at before update on public.dreamcut_jobs
        for each row execute function public.update_dreamcut_jobs_updated_at();
    insert into public.dreamcut_jobs default values;
"""


def run(connection: Connection, name: str) -> None:
    """Run a script as `psql --single-transaction` does."""
    with connection.transaction():
        connection.execute((DOWN / name).read_bytes())


def migrate_to(connection: Connection, step: int) -> None:
    for migration in known_migrations()[:step]:
        connection.execute(migration.statements.encode())


def everything(connection: Connection) -> set[tuple[str, str]]:
    """Return kind and name of all that is in the database, ours or not."""
    rows = connection.execute(
        """
        select 'schema', nspname from pg_namespace
         where nspname !~ '^pg_' and nspname <> 'supabase_migrations'
        union all select 'relation', c.oid::regclass::text from pg_class c
         where c.relnamespace = 'public'::regnamespace
        union all select 'function', p.oid::regprocedure::text from pg_proc p
         where p.pronamespace = 'public'::regnamespace
        union all select 'type', t.oid::regtype::text from pg_type t
         where t.typnamespace = 'public'::regnamespace
        union all select 'trigger', tgname from pg_trigger where not tgisinternal
        union all select 'policy', policyname from pg_policies
        union all select 'published', tablename from pg_publication_tables
        """
    ).fetchall()
    return set(rows)


@pytest.fixture
def empty(new_database: Callable[..., str]) -> str:
    """An empty database with the parts of a Supabase one."""
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        bootstrap(connection)
    return url


def test_removal_leaves_the_predecessor_as_it_was(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        legacy.install(connection, supabase=True)
        legacy.fill(connection, briefs=6, ended=4)
        connection.execute(NEIGHBOURS.encode())
        rows, objects, before = (
            legacy.checksums(connection),
            everything(connection),
            legacy.definitions(connection),
        )
        ensure_schema(empty)
        connection.execute("select * from public.import_legacy_dreamcut_briefs()")
        start_query(connection)
        assert everything(connection) > objects  # there is something to remove
        run(connection, "remove_dreamcut.sql")
        assert everything(connection) == objects
        assert legacy.checksums(connection) == rows
        after = legacy.definitions(connection)
        shared = [name for name in after["functions"] if name.startswith("update_updated_at_column()")]
        for kind, known in before.items():
            assert {n: d for n, d in after[kind].items() if n not in shared}.items() <= known.items(), kind

        [(job,)] = connection.execute("select id from public.pending_jobs_queue limit 1").fetchall()
        connection.execute("update public.jobs set updated_at = 'epoch'")
        assert value(connection, "select public.claim_job(%s)", job) is True
        assert (
            value(connection, "select updated_at > 'yesterday' from public.jobs where id = %s", job) is True
        )
        ensure_schema(empty)  # and it may come back
        assert value(connection, "select count(*) from public.import_legacy_dreamcut_briefs()") == 6


def test_removal_from_a_database_of_our_own_leaves_nothing(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        before = everything(connection)
        ensure_schema(empty)
        run(connection, "remove_dreamcut.sql")
        assert everything(connection) == before
        assert value(connection, "select count(*) from supabase_migrations.schema_migrations") == 0
        run(connection, "remove_dreamcut.sql")  # nothing is there: nothing to do


def test_removal_stops_where_somebody_elses_object_needs_ours(empty: str) -> None:
    with psycopg.connect(empty, autocommit=True) as connection:
        ensure_schema(empty)
        connection.execute("create view public.report as select id from public.dreamcut_queries")
        before = everything(connection)
        with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="dreamcut_queries"):
            run(connection, "remove_dreamcut.sql")
        assert everything(connection) == before


@pytest.mark.parametrize("step", STEPS)
def test_rows_go_back_to_each_earlier_schema(empty: str, step: int) -> None:
    """`step` is how many migrations the earlier version has."""
    with psycopg.connect(empty, autocommit=True) as connection:
        ensure_schema(empty)
        ended, running = rows_of_ours(connection)
        whole = value(connection, "select public.dreamcut_brief(%s)", ended)
        columns = "id, user_prompt, status, stage, progress, created_at, completed_at, last_message_seq"
        look = f"""
            select (select jsonb_agg(q order by q.id) from (select {columns} from public.dreamcut_queries) q),
                   (select jsonb_agg(m order by m.id) from public.dreamcut_messages m),
                   (select jsonb_agg(a order by a.id)
                      from (select id, query_id, position, url, status, progress, analyzed_at
                              from public.dreamcut_assets) a)
        """.encode()
        before = connection.execute(look).fetchone()
        for script in ("keep_dreamcut_rows.sql", "remove_dreamcut.sql"):
            run(connection, script)
        migrate_to(connection, step)
        run(connection, "return_dreamcut_rows.sql")
        assert connection.execute(look).fetchone() == before
        has_documents = value(connection, "select to_regclass('public.dreamcut_documents') is not null")
        brief = "public.dreamcut_brief(id)" if has_documents else "payload"
        assert value(connection, f"select {brief} from public.dreamcut_queries where id = %s", ended) == whole
        [asset] = [
            row[0]
            for row in connection.execute(
                "select id from public.dreamcut_assets where query_id = %s", [running]
            ).fetchall()
        ]
        if value(connection, "select to_regclass('public.dreamcut_leases') is not null"):
            claim = "select query_id from public.claim_dreamcut_query('w', 60, %s)"
            assert value(connection, claim, running) == running
        assert report(connection, asset, "completed", 100)  # and the work goes on
        assert state(connection, running) == ("processing", "merging", 80)


def rows_of_ours(connection: Connection) -> tuple[UUID, UUID]:
    """Write a query that has ended with a large brief and one that is being worked on; returns their ids."""
    ended, running = start_query(connection, assets=0), start_query(connection, assets=1)
    connection.execute("select public.complete_dreamcut_query(%s, %s)", [ended.id, Jsonb(LARGE)])
    connection.execute("select * from public.claim_dreamcut_query('gone', 3600, %s)", [running.id])
    report(connection, running.assets[0], "analyzing", 40)
    assert value(connection, "select count(*) from public.dreamcut_documents") == 1
    return ended.id, running.id


def test_every_step_says_what_leaving_it_costs() -> None:
    text = (DOWN.parents[1] / "docs" / "data-model.md").read_text(encoding="utf-8")
    costs = text[text.index("| leaving | costs |") :]
    assert [
        name for name in (m.name for m in known_migrations()[FIRST_STEP:]) if f"`{name}`" not in costs
    ] == []
