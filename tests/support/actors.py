"""Who asks: the roles of a Supabase project, as a gateway takes them on for one request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

ANNA, BERT = str(UUID(int=1)), str(UUID(int=2))


@dataclass(frozen=True)
class Actor:
    """A role and the claims of its token."""

    name: str
    role: str
    claims: str  # JSON, as the gateway hands it over

    def __str__(self) -> str:
        return self.name


ANON = Actor("anon", "anon", '{"role": "anon"}')
OWNER = Actor("owner", "authenticated", f'{{"role": "authenticated", "sub": "{ANNA}"}}')
STRANGER = Actor("stranger", "authenticated", f'{{"role": "authenticated", "sub": "{BERT}"}}')
SERVICE = Actor("service", "service_role", '{"role": "service_role"}')
ACTORS = (ANON, OWNER, STRANGER, SERVICE)


@contextmanager
def request_of(connection: psycopg.Connection[Any], actor: Actor) -> Iterator[psycopg.Connection[Any]]:
    """One request as a gateway makes it: a transaction in the role, with the claims; then undone."""
    with connection.transaction(force_rollback=True):
        connection.execute("select set_config('request.jwt.claims', %s, true)", [actor.claims])
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(actor.role)))
        yield connection


def ask(
    connection: psycopg.Connection[Any], actor: Actor, statement: str, parameters: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Run one statement as somebody, undo it, and return its rows."""
    with request_of(connection, actor):
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []
