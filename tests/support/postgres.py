"""One real PostgreSQL server a test session, one fresh database a test.

A database with the migrations applied is the template; a test's own database is a copy of it (some 20 ms).
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import ensure_schema
from dreamcut.store.pools import close_pools
from dreamcut.store.postgres import PostgresStore

_TEMPLATE = "dreamcut_template"


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
def pg_template(pg_server: str) -> str:
    """Name of a database with all migrations applied, to be copied."""
    with psycopg.connect(pg_server, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(_TEMPLATE)))
    ensure_schema(make_conninfo(pg_server, dbname=_TEMPLATE))
    return _TEMPLATE


@pytest.fixture
def new_database(pg_server: str) -> Iterator[Callable[..., str]]:
    """Make databases that go with the test: `new_database()` is empty, with `template=` a copy."""
    made = []

    def make(*, template: str = "template0") -> str:
        name = f"test_{uuid4().hex}"
        with psycopg.connect(pg_server, autocommit=True) as connection:
            connection.execute(
                sql.SQL("create database {} template {} strategy file_copy").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        made.append(name)
        return make_conninfo(pg_server, dbname=name)

    yield make
    with psycopg.connect(pg_server, autocommit=True) as connection:
        for name in made:
            close_pools(make_conninfo(pg_server, dbname=name))
            # Not "with (force)": that asks for the right to end an autovacuum worker, too.
            connection.execute(
                "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
                " where datname = %s and usename = current_user",
                [name],
            )
            connection.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))


@pytest.fixture
def database_url(new_database: Callable[..., str], pg_template: str) -> str:
    """A migrated database of the test's own."""
    return new_database(template=pg_template)


@pytest.fixture
def store(database_url: str) -> Iterator[PostgresStore]:
    """A store on a migrated database of the test's own."""
    with PostgresStore(database_url) as opened:
        yield opened
