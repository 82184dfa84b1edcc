"""Connections to a migrated database, in the roles that a Supabase project has."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from postgres import GRANT_PROFILES
from psycopg import sql

Connect = Callable[..., psycopg.Connection[Any]]


@pytest.fixture(scope="module", params=GRANT_PROFILES)
def grant_profile(request: pytest.FixtureRequest) -> str:
    """The default privileges of the project: every test of the database runs on both."""
    return str(request.param)


@pytest.fixture
def connect(database_url: str) -> Iterator[Connect]:
    """Open sessions in a role, as a user where claims are needed; one transaction each until committed."""
    with ExitStack() as opened:

        def open_session(
            role: str = "service_role", *, user: str | None = None, autocommit: bool = True
        ) -> Any:
            connection = psycopg.connect(database_url, autocommit=True)
            opened.callback(connection.close)
            if user is not None:
                connection.execute(
                    "select set_config('request.jwt.claims', %s, false)", [f'{{"sub": "{user}"}}']
                )
            if role != "owner":
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            connection.autocommit = autocommit
            return connection

        yield open_session


@pytest.fixture
def service(connect: Connect) -> psycopg.Connection[Any]:
    """A worker's session, each statement its own transaction."""
    return connect()
