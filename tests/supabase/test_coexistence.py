"""The predecessor in the same database: nothing of it changes, and both systems work side by side."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import legacy
import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from queries import value

from dreamcut.errors import StoreError
from dreamcut.models import (
    AssetKind,
    AssetStatus,
    Intent,
    MessageType,
    NewAsset,
    NewMessage,
    NewQuery,
    QueryStage,
    QueryStatus,
)
from dreamcut.store.migrations import bootstrap, ensure_schema
from dreamcut.store.pools import close_pools
from dreamcut.store.postgres import PostgresStore

Connection = psycopg.Connection[Any]

PROFILES = {
    "plain": {"titled": False},
    "titled": {"titled": True},
    "supabase": {"titled": True, "supabase": True},
}
SUPABASE = Path(__file__).parents[2] / "supabase"
SHARED = "update_updated_at_column()"
# Names of the contract that do not say whose they are.
OURS = {
    "check_query_completion()",
    "trigger_check_query_completion",
}


@pytest.fixture
def old_url(new_database: Callable[..., str], request: pytest.FixtureRequest) -> str:
    """A database of the predecessor with rows in all states, before our migrations."""
    return fill(new_database(), **PROFILES[getattr(request, "param", "supabase")])


@pytest.fixture
def url(old_url: str) -> str:
    """The same with our migrations."""
    ensure_schema(old_url)
    return old_url


@pytest.fixture
def old(url: str) -> Iterator[Connection]:
    """A session of the predecessor's operator in that database, each statement its own transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(url: str) -> Iterator[PostgresStore]:
    """Our store in that database."""
    with PostgresStore(url) as opened:
        yield opened


every_profile = pytest.mark.parametrize("old_url", PROFILES, indirect=True)


def fill(url: str, *, titled: bool, supabase: bool = False) -> str:
    with psycopg.connect(url, autocommit=True) as connection:
        bootstrap(connection)
        legacy.install(connection, titled=titled, supabase=supabase)
        for example in legacy.READABLE:
            legacy.add_brief(connection, example.name, **example.row)
        for name, (row, _why) in legacy.UNREADABLE.items():
            legacy.add_brief(connection, name, **row)
        legacy.fill(connection, briefs=12, ended=8)
    return url


@contextmanager
def impatient(url: str) -> Iterator[PostgresStore]:
    """A store whose statements fail instead of waiting for a lock."""
    patience = make_conninfo(url, options="-c lock_timeout=1ms")
    with PostgresStore(patience) as opened:
        yield opened
    close_pools(patience)


def full_run(store: PostgresStore) -> UUID:
    """Take a query from its request to its brief; returns its id."""
    assets = (NewAsset(url="https://cdn.test/a.png", kind=AssetKind.IMAGE),)
    request = NewQuery(user_id=str(legacy.ALICE), prompt="A poster", assets=assets)
    query_id = store.initialize_query(request, intent=Intent.IMAGE)
    lease = store.claim_query(worker_id="w", lease_seconds=60, query_id=query_id)
    assert lease is not None
    holder = store.holding(lease)
    [asset] = holder.assets(query_id)
    message = NewMessage(type=MessageType.ASSET_COMPLETE, content="→ ✅ a picture", emoji="✅", key="a:done")
    assert holder.start_asset(asset.id, progress=10)
    assert holder.update_asset(asset.id, status=AssetStatus.COMPLETED, progress=100, message=message)
    holder.advance_query(query_id, stage=QueryStage.MERGING, progress=90)
    assert holder.complete_query(
        query_id, {"made": True}, processing_time_ms=1, models_used=[], cost_estimate=Decimal(0)
    )
    return query_id


def import_all(store: PostgresStore) -> list[str]:
    return [row.outcome.value for row in store.import_legacy_briefs(limit=1000, owner_if_none="nobody")]


@every_profile
def test_migrations_and_full_runs_leave_every_legacy_row_and_definition(old_url: str) -> None:
    with psycopg.connect(old_url, autocommit=True) as watcher:
        rows, before = legacy.checksums(watcher), legacy.definitions(watcher)
        assert rows["public.briefs"].startswith("23 ")  # 5 + 6 + 12: there is something to leave alone
        ensure_schema(old_url)
        with PostgresStore(old_url) as store:
            query_id = full_run(store)
            assert store.query(query_id).status is QueryStatus.COMPLETED
            assert import_all(store).count("imported") == len(legacy.READABLE) + 8
        assert legacy.checksums(watcher) == rows
        after = legacy.definitions(watcher)
    for kind, objects in before.items():
        changed = {name for name in objects if after[kind].get(name) != objects[name]}
        assert {name for name in changed if not name.startswith(SHARED)} == set(), kind


@every_profile
def test_the_shared_trigger_function_only_gains_a_search_path(old_url: str) -> None:
    look = """
        select lower(regexp_replace(prosrc, '\\s+', ' ', 'g')), proacl, proowner, prosecdef, provolatile,
               proconfig
          from pg_proc where oid = 'public.update_updated_at_column()'::regprocedure
    """
    with psycopg.connect(old_url, autocommit=True) as connection:
        *before, search_path = connection.execute(look).fetchone() or ()
        assert search_path is None
        ensure_schema(old_url)
        *after, search_path = connection.execute(look).fetchone() or ()
    assert (after, search_path) == (before, ["search_path=pg_catalog, pg_temp"])


def test_our_names_are_our_own(old_url: str) -> None:
    with psycopg.connect(old_url, autocommit=True) as connection:
        before = legacy.definitions(connection)
        ensure_schema(old_url)
        after = legacy.definitions(connection)
    for kind in ("tables", "functions", "triggers", "policies"):
        new = set(after[kind]) - set(before[kind])
        assert new, kind
        unclear = {
            name for name in new if not any(mark in name for mark in ("dreamcut", "update_asset_progress"))
        }
        assert all(name.split()[0] in OURS for name in unclear), unclear
        assert set(before[kind]) - set(after[kind]) <= {n for n in before[kind] if n.startswith(SHARED)}


def test_published_legacy_tables_stay_published(old: Connection) -> None:
    rows = old.execute("select tablename from pg_publication_tables where pubname = 'supabase_realtime'")
    assert {"briefs", "jobs", "dreamcut_queries"} <= {name for (name,) in rows.fetchall()}


def test_a_publication_of_all_tables_is_left_alone(new_database: Callable[..., str]) -> None:
    url = fill(new_database(), titled=True)
    with psycopg.connect(make_conninfo(url, user="postgres"), autocommit=True) as superuser:
        superuser.execute("drop publication supabase_realtime")
        superuser.execute("create publication supabase_realtime for all tables")
        ensure_schema(url)
        [(of_all, of_some)] = superuser.execute(
            "select puballtables, (select count(*) from pg_publication_rel) from pg_publication"
        ).fetchall()
    assert (of_all, of_some) == (True, 0)


@every_profile
def test_the_legacy_job_queue_works_on(old: Connection) -> None:
    [(job, brief)] = old.execute(
        "select id, brief_id from public.pending_jobs_queue order by id limit 1"
    ).fetchall()
    moments = """
        select b.updated_at, j.updated_at
          from public.briefs b join public.jobs j on j.brief_id = b.id
         where j.id = %s
    """
    [(briefs_before, jobs_before)] = old.execute(moments, [job]).fetchall()
    assert value(old, "select public.claim_job(%s, 'worker-1')", job) is True
    assert value(old, "select public.claim_job(%s, 'worker-2')", job) is False
    assert (
        value(old, "select metadata ->> 'worker_id' from public.active_jobs where id = %s", job) == "worker-1"
    )
    assert value(old, "select public.fail_job(%s, 'first try')", job) is True
    assert value(old, "select public.claim_job(%s)", job) is True
    assert value(old, "select public.complete_job(%s, '{\"ok\": true}')", job) is True
    old.execute("update public.briefs set status = 'done' where id = %s", [brief])
    [(briefs_after, jobs_after)] = old.execute(moments, [job]).fetchall()
    assert (briefs_after > briefs_before, jobs_after > jobs_before) == (True, True)
    assert value(old, "select count(*) from public.job_stats where status = 'completed'") == 1


@every_profile
def test_legacy_row_level_security_holds(old: Connection) -> None:
    theirs = value(old, "select count(*) from public.briefs where user_id = %s", legacy.BOB)
    assert theirs == 1  # there is a row that Alice must not see

    def as_user(statement: str, user: UUID) -> Any:
        with old.transaction():
            old.execute("select set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{user}"}}'])
            old.execute("set local role authenticated")
            return value(old, statement)

    assert as_user("select count(*) from public.briefs", legacy.BOB) == theirs
    mine = value(old, "select count(*) from public.briefs where user_id = %s", legacy.ALICE)
    assert as_user("select count(*) from public.briefs", legacy.ALICE) == mine
    tamper = f"update public.briefs set metadata = '{{}}' where user_id = '{legacy.BOB}' returning 1"
    counted = f"with changed as ({tamper}) select count(*) from changed"
    assert (as_user(counted, legacy.ALICE), as_user(counted, legacy.BOB)) == (0, theirs)
    with pytest.raises(errors.InsufficientPrivilege):
        as_user(
            "insert into public.briefs (brief_id, request, analysis, plan, user_id)"
            f" values ('forged', '{{}}', '{{}}', '{{}}', '{legacy.BOB}') returning 1",
            legacy.ALICE,
        )


@pytest.mark.parametrize("ours_first", [True, False])
def test_either_system_may_be_installed_first_and_again(
    new_database: Callable[..., str], ours_first: bool
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        bootstrap(connection)
        steps: list[Callable[[], object]] = [lambda: ensure_schema(url), lambda: legacy.install(connection)]
        for step in steps if ours_first else reversed(steps):
            step()
        ensure_schema(url)
        connection.execute(legacy.SHARED_FUNCTION.encode())  # the predecessor's script, run once more
        brief = legacy.add_brief(connection, "x", request={}, analysis={})
        for table, row_id in (("briefs", brief), ("dreamcut_queries", None)):
            with PostgresStore(url) as store:
                row_id = row_id or full_run(store)  # noqa: PLW2901 - the query's id is known once it ran
            key = sql.Identifier(table)
            connection.execute(
                sql.SQL("update public.{} set updated_at = 'epoch' where id = %s").format(key), [row_id]
            )
            moved = connection.execute(
                sql.SQL("select updated_at > now() - interval '1 hour' from public.{} where id = %s").format(
                    key
                ),
                [row_id],
            ).fetchone()
            assert moved == (True,), table


def test_our_queries_never_wait_for_the_legacy_tables(url: str, old: Connection) -> None:
    with old.transaction():
        old.execute("lock table public.briefs, public.jobs in access exclusive mode")
        with impatient(url) as store:
            assert store.query(full_run(store)).status is QueryStatus.COMPLETED
            with pytest.raises(Exception, match="lock timeout"):
                import_all(store)  # the import reads them: the lock does keep out who comes near


def test_the_import_waits_for_no_legacy_writer_and_holds_none_up(url: str, old: Connection) -> None:
    statement = "select outcome from public.import_legacy_dreamcut_briefs(1000)"
    jobs = old.execute("select id from public.pending_jobs_queue").fetchall()
    with (
        psycopg.connect(url, options="-c lock_timeout=1ms") as ours,
        psycopg.connect(url, options="-c lock_timeout=1ms") as theirs,
    ):
        with theirs.transaction(force_rollback=True):
            theirs.execute("update public.briefs set metadata = '{}'")
            theirs.execute("update public.jobs set priority = 1")
            imported = ours.execute(statement).fetchall()  # not committed yet
            assert ("imported",) in imported
        for (job,) in jobs:  # while the import still holds whatever it holds
            assert value(theirs, "select public.claim_job(%s)", job) is True
            assert value(theirs, "select public.complete_job(%s)", job) is True
        held = theirs.execute(
            "select distinct mode from pg_locks where pid = %s and relation in "
            "('public.briefs'::regclass, 'public.jobs'::regclass)",
            [ours.info.backend_pid],
        ).fetchall()
        assert held == [("AccessShareLock",)]


def test_both_systems_work_at_once_without_a_deadlock(
    url: str, old: Connection, store: PostgresStore
) -> None:
    before = value(old, "select deadlocks from pg_stat_database where datname = current_database()")
    jobs = [job for (job,) in old.execute("select id from public.pending_jobs_queue order by id").fetchall()]
    started = threading.Barrier(4)

    def work_off_jobs(worker: str) -> int:
        with psycopg.connect(url, autocommit=True) as connection:
            started.wait()
            mine = [job for job in jobs if value(connection, "select public.claim_job(%s, %s)", job, worker)]
            for job in mine:
                assert value(connection, "select public.complete_job(%s, '{}')", job)
                connection.execute(
                    "update public.briefs b set status = 'done' from public.jobs j"
                    " where b.id = j.brief_id and j.id = %s",
                    [job],
                )
            return len(mine)

    def run_queries() -> list[QueryStatus]:
        started.wait()
        return [store.query(full_run(store)).status for _ in range(5)]

    def run_imports() -> int:
        started.wait()
        return sum(import_all(store).count("imported") for _ in range(5))

    with ThreadPoolExecutor(4) as pool:
        claimed = [pool.submit(work_off_jobs, worker) for worker in ("w1", "w2")]
        ran, imported = pool.submit(run_queries), pool.submit(run_imports)
        assert sum(future.result() for future in claimed) == len(jobs) > 0
        assert ran.result() == [QueryStatus.COMPLETED] * 5
        assert imported.result() >= len(legacy.READABLE) + 8
    assert value(old, "select count(*) from public.jobs where status = 'completed'") == len(jobs)
    old.execute("select pg_stat_clear_snapshot()")
    assert value(old, "select deadlocks from pg_stat_database where datname = current_database()") == before


def test_the_predecessors_own_tables_of_our_names_stop_the_migrations_and_can_be_set_aside(
    new_database: Callable[..., str],
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        bootstrap(connection)
        legacy.install(connection, supabase=True)
        connection.execute(legacy.EARLIER_DREAMCUT.encode())
        before = legacy.checksums(connection)
        with pytest.raises(StoreError, match='relation "dreamcut_queries" already exists'):
            ensure_schema(url)
        assert value(connection, "select user_id from public.dreamcut_queries") == "user123"
        connection.execute((SUPABASE / "before" / "set_earlier_dreamcut_aside.sql").read_bytes())
        ensure_schema(url)
        with PostgresStore(url) as store:
            assert store.query(full_run(store)).status is QueryStatus.COMPLETED
        assert value(connection, "select user_id from dreamcut_before.dreamcut_queries") == "user123"
        connection.execute(
            "update dreamcut_before.dreamcut_queries set user_id = 'user124', updated_at = 'epoch'"
        )
        assert value(connection, "select updated_at > 'yesterday' from dreamcut_before.dreamcut_queries")
        assert legacy.checksums(connection) == before


@pytest.mark.parametrize(
    "touch",
    [
        "update public.briefs set status = status where brief_id = 'brief_1'",
        "select 1 from public.jobs for share",
        "select 1 from public.briefs for key share",
        "insert into public.jobs (type) values ('render')",
    ],
)
def test_the_checksum_sees_every_touch(old: Connection, touch: str) -> None:
    before = legacy.checksums(old)
    assert legacy.checksums(old) == before
    old.execute(touch.encode())
    assert legacy.checksums(old) != before
