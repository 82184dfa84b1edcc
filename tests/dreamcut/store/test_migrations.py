"""A database gets each migration once, whoever asks, and says so where it cannot."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo

from dreamcut.errors import SchemaMismatch, StoreError, StoreUnavailable
from dreamcut.store.migrations import bootstrap, check_schema, ensure_schema, known_migrations

NAMES = [
    "create_dreamcut_realtime_schema",
    "create_dreamcut_indexes",
    "enable_dreamcut_rls_policies",
    "create_dreamcut_trigger_functions",
    "create_dreamcut_helper_functions",
    "enable_dreamcut_realtime_publication",
]


def recorded(url: str) -> list[tuple[str, str, list[str]]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version"
        ).fetchall()


def test_the_contracts_six_come_first_and_all_carry_the_products_name() -> None:
    assert [migration.name for migration in known_migrations()][:6] == NAMES
    # the name is how a database that is newer than the code is told from one shared with other migrations
    assert all("dreamcut" in migration.name for migration in known_migrations())


def test_migrations_are_recorded_as_the_supabase_cli_does(new_database: Callable[..., str]) -> None:
    url = new_database()
    ensure_schema(url)
    assert recorded(url) == [(m.version, m.name, [m.statements]) for m in known_migrations()]
    check_schema(url)


def test_second_run_changes_nothing(new_database: Callable[..., str]) -> None:
    url = new_database()
    ensure_schema(url)
    with psycopg.connect(url) as connection:
        before = connection.execute(
            "select xmin::text, * from supabase_migrations.schema_migrations"
        ).fetchall()
        connection.commit()
        ensure_schema(url)
        after = connection.execute(
            "select xmin::text, * from supabase_migrations.schema_migrations"
        ).fetchall()
    assert after == before


def test_runners_at_once_apply_each_migration_once(new_database: Callable[..., str]) -> None:
    url = new_database()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure_schema, [url] * 4))
    assert [name for _, name, _ in recorded(url)] == [migration.name for migration in known_migrations()]


def test_interrupted_run_goes_on_where_it_stopped(new_database: Callable[..., str]) -> None:
    url = new_database()
    first, *others = known_migrations()
    with psycopg.connect(url, autocommit=True) as connection:
        bootstrap(connection)
        connection.execute("create schema supabase_migrations")
        connection.execute("create table supabase_migrations.schema_migrations (version text primary key)")
        connection.execute(first.statements.encode())
        connection.execute("insert into supabase_migrations.schema_migrations values (%s)", [first.version])
    with pytest.raises(SchemaMismatch, match="lacks"):
        check_schema(url)
    ensure_schema(url)
    assert [version for version, _, _ in recorded(url)] == [m.version for m in [first, *others]]


def test_newer_database_is_refused(new_database: Callable[..., str], pg_template: str) -> None:
    url = new_database(template=pg_template)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name) "
            "values ('20990101000000', 'add_dreamcut_x')"
        )
    for look in (ensure_schema, check_schema):
        with pytest.raises(SchemaMismatch, match=r"20990101000000_add_dreamcut_x.*install a newer DreamCut"):
            look(url)


def test_other_peoples_migrations_are_no_matter(new_database: Callable[..., str], pg_template: str) -> None:
    url = new_database(template=pg_template)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into supabase_migrations.schema_migrations (version, name) "
            "values ('20240101000000', 'create_briefs'), ('20990101000000', null)"
        )
    ensure_schema(url)
    check_schema(url)


def test_migrations_run_as_no_superuser_and_need_no_extension(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            """
            select not rolsuper, (select array_agg(extname::text) from pg_extension),
                   (select bool_and(pg_get_userbyid(relowner) = current_user)
                      from pg_class where relname like 'dreamcut%')
              from pg_roles where rolname = current_user
            """
        ).fetchone()
    assert row == (True, ["plpgsql"], True)


def test_bootstrap_may_be_repeated(new_database: Callable[..., str]) -> None:
    with psycopg.connect(new_database(), autocommit=True) as connection:
        script = (Path(__file__).parents[3] / "dreamcut/store/bootstrap.sql").read_bytes()
        for _ in range(2):
            connection.execute(script)
        user = "00000000-0000-0000-0000-000000000001"
        for setting in ("request.jwt.claim.sub", "request.jwt.claims"):
            claim = user if setting.endswith("sub") else f'{{"sub": "{user}"}}'
            with connection.transaction():
                connection.execute("select set_config(%s, %s, true)", [setting, claim])
                row = connection.execute("select auth.uid()::text").fetchone()
            assert row == (user,)
        assert connection.execute("select auth.uid()").fetchone() == (None,)


def test_bootstrap_refuses_a_supabase_database(new_database: Callable[..., str]) -> None:
    # Supabase's own roles are what tells: they belong to the server, so they stay inside this transaction.
    script = (Path(__file__).parents[3] / "dreamcut/store/bootstrap.sql").read_bytes()
    with psycopg.connect(new_database()) as connection:
        connection.execute("create role supabase_admin")
        with pytest.raises(errors.ObjectNotInPrerequisiteState, match="Supabase"):
            connection.execute(script)
        connection.rollback()


def test_user_without_rights_is_told(new_database: Callable[..., str], pg_server: str) -> None:
    url = new_database()
    with psycopg.connect(pg_server, autocommit=True) as owner:
        owner.execute("drop role if exists visitor")
        owner.execute("create role visitor login password 'visitor'")
    try:
        with pytest.raises(StoreError, match="may not"):
            ensure_schema(make_conninfo(url, user="visitor", password="visitor"))
    finally:
        with psycopg.connect(pg_server, autocommit=True) as owner:
            owner.execute(sql.SQL("drop role visitor"))


def test_database_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        ensure_schema("host=/nonexistent dbname=none")
