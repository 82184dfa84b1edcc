"""One real PostgreSQL server a test session, one fresh database a test.

A database with the migrations applied is the template; a test's own database is a copy of it (some 20 ms).
There is a template for each of the two sets of default privileges that Supabase projects have.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import bootstrap, migrate
from dreamcut.store.pools import close_pools
from dreamcut.store.postgres import PostgresStore

# What a Supabase project grants by itself on each new object of the schema public: everything where it was
# made before 2026-05-30 and its owner has not changed that; nothing where it is newer.
GRANT_PROFILES = {
    "strict": b"alter default privileges revoke execute on functions from public;",
    "legacy": b"""
        alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
        alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
        alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
    """,
}


@contextmanager
def _server_home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))
    home.chmod(0o755)
    try:
        yield home
    finally:
        EmbeddedPostgres(home).stop()
        shutil.rmtree(home)


@pytest.fixture
def pg_home() -> Iterator[Path]:
    """A folder for a server of the test's own: short, as a socket's path is, and open to its account."""
    with _server_home() as home:
        yield home


@pytest.fixture(scope="session")
def pg_session_home() -> Iterator[Path]:
    """The folder of the session's server, which runs and must be left running."""
    with _server_home() as home:
        url = EmbeddedPostgres(home).start()
        # Nobody cuts the power here: without waiting for the disk a database is made in a tenth of the time.
        with psycopg.connect(
            make_conninfo(url, user="postgres", dbname="postgres"), autocommit=True
        ) as admin:
            admin.execute("alter system set fsync = off")
            admin.execute("select pg_reload_conf()")
        yield home


@pytest.fixture(scope="session")
def pg_server(pg_session_home: Path) -> str:
    """Connection string of an empty database on the session's server; its user may create databases."""
    return EmbeddedPostgres(pg_session_home).conninfo


@pytest.fixture(scope="session")
def pg_templates(pg_server: str) -> Callable[[str], str]:
    """Name the database of a grant profile that has all migrations applied, to be copied."""

    @cache
    def template(profile: str) -> str:
        name = f"dreamcut_template_{profile}"
        with psycopg.connect(pg_server, autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        with psycopg.connect(make_conninfo(pg_server, dbname=name), autocommit=True) as owner:
            bootstrap(owner)
            owner.execute(GRANT_PROFILES[profile])
            migrate(owner)
            # What tests make themselves is as on any Postgres.
            owner.execute("alter default privileges grant execute on functions to public")
        return name

    return template


@pytest.fixture(scope="session")
def pg_template(pg_templates: Callable[[str], str]) -> str:
    """Name of a database with all migrations applied, to be copied."""
    return pg_templates("strict")


@pytest.fixture
def grant_profile() -> str:
    """Which privileges the test's database grants by default; tests of the database itself run on both."""
    return "strict"


@contextmanager
def _databases(server: str) -> Iterator[Callable[..., str]]:
    made = []

    def make(*, template: str = "template0") -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        made.append(name)
        return make_conninfo(server, dbname=name)

    yield make
    with psycopg.connect(server, autocommit=True) as connection:
        for name in made:
            close_pools(make_conninfo(server, dbname=name))
            # Not "with (force)": that asks for the right to end an autovacuum worker, too.
            connection.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                " where datname = %s and usename = current_user",
                [name],
            )
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


@pytest.fixture
def new_database(pg_server: str) -> Iterator[Callable[..., str]]:
    """Make databases that go with the test: `new_database()` is empty, with `template=` a copy."""
    with _databases(pg_server) as make:
        yield make


@pytest.fixture(scope="module")
def module_database(pg_server: str) -> Iterator[Callable[..., str]]:
    """Make databases that go with the module, for tests that change nothing in them."""
    with _databases(pg_server) as make:
        yield make


@pytest.fixture
def database_url(
    new_database: Callable[..., str], pg_templates: Callable[[str], str], grant_profile: str
) -> str:
    """A migrated database of the test's own."""
    return new_database(template=pg_templates(grant_profile))


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """A store on a migrated database of the test's own."""
    with PostgresStore(database_url) as opened:
        yield opened
