"""Users, their passwords and their sessions, in the database of the project.

Users are rows of auth.users, as elsewhere; what else GoTrue would keep lies in tables of the gateway's own,
which are made when the first user signs up.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from gateway.project import Connection, DatabaseAway, Project

_TABLES = """
select pg_advisory_xact_lock(hashtext('gateway'));
create table if not exists auth.gateway_accounts (
    user_id uuid primary key references auth.users (id) on delete cascade,
    salt bytea not null,
    password bytea not null,
    data jsonb not null
);
create table if not exists auth.gateway_sessions (
    id uuid primary key,
    user_id uuid not null references auth.gateway_accounts (user_id) on delete cascade
);
create table if not exists auth.gateway_refresh_tokens (
    token text primary key,
    session_id uuid not null references auth.gateway_sessions (id) on delete cascade,
    is_used boolean not null default false
);
"""


@dataclass(frozen=True)
class User:
    """One who signed up."""

    id: UUID
    email: str
    created_at: datetime
    data: dict[str, Any]  # what the front end keeps with them


@dataclass(frozen=True)
class Session:
    """A sign-in of a user."""

    id: UUID
    refresh_token: str


class TokenUsed(Exception):
    """A refresh token was used before; its session has ended."""


@asynccontextmanager
async def accounts(project: Project) -> AsyncIterator["Accounts"]:
    """Open a transaction on the accounts of a project, as the owner of its database.

    Raises:
        DatabaseAway: the server does not answer.
    """
    try:
        connection = await project.connect()
    except psycopg.OperationalError as error:
        raise DatabaseAway("Database connection error.") from error
    try:
        async with connection.transaction():
            await connection.execute(_TABLES)
            yield Accounts(connection)
    finally:
        await connection.close()


class Accounts:
    """The accounts, inside a transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, email: str, password: str, data: dict[str, Any]) -> User | None:
        """Add a user; None when there is one with that address."""
        if await self._find("u.email = %s", email) is not None:
            return None
        user_id, salt = uuid4(), secrets.token_bytes(16)
        await self._connection.execute("insert into auth.users (id, email) values (%s, %s)", [user_id, email])
        await self._connection.execute(
            "insert into auth.gateway_accounts (user_id, salt, password, data) values (%s, %s, %s, %s)",
            [user_id, salt, _digest(password, salt), Jsonb(data)],
        )
        return await self.user(user_id)

    async def user(self, user_id: UUID) -> User | None:
        """Return a user; None when they are gone."""
        return await self._find("u.id = %s", user_id)

    async def user_with_password(self, email: str, password: str) -> User | None:
        """Return the user of an address and a password; None when one of them is wrong."""
        user = await self._find("u.email = %s", email)
        if user is None:
            return None
        cursor = await self._connection.execute(
            "select salt, password from auth.gateway_accounts where user_id = %s", [user.id]
        )
        salt, stored = await cursor.fetchone() or (b"", b"")
        return user if secrets.compare_digest(_digest(password, salt), stored) else None

    async def start_session(self, user: User) -> Session:
        """Sign a user in."""
        session_id = uuid4()
        await self._connection.execute(
            "insert into auth.gateway_sessions (id, user_id) values (%s, %s)", [session_id, user.id]
        )
        return await self._new_token(session_id)

    async def renew_session(self, refresh_token: str) -> tuple[User, Session] | None:
        """Change a refresh token for the next one; None when it is not known.

        Raises:
            TokenUsed: it was changed before.
        """
        cursor = await self._connection.execute(
            "select t.session_id, s.user_id, t.is_used from auth.gateway_refresh_tokens t"
            " join auth.gateway_sessions s on s.id = t.session_id where t.token = %s for update of t",
            [refresh_token],
        )
        row = await cursor.fetchone()
        if row is None or (user := await self.user(row[1])) is None:
            return None
        if row[2]:
            raise TokenUsed
        await self._connection.execute(
            "update auth.gateway_refresh_tokens set is_used = true where token = %s", [refresh_token]
        )
        return user, await self._new_token(row[0])

    async def has_session(self, session_id: str) -> bool:
        """Tell whether a session has not been ended."""
        cursor = await self._connection.execute(
            "select 1 from auth.gateway_sessions where id = %s", [session_id]
        )
        return await cursor.fetchone() is not None

    async def end_sessions(self, user: User, *, session_id: str | None, scope: str) -> None:
        """End sessions of a user: "global" all, "local" this one, "others" all but this one."""
        which = {"global": "", "local": "and id = %(session)s", "others": "and id <> %(session)s"}[scope]
        await self._connection.execute(
            f"delete from auth.gateway_sessions where user_id = %(user)s {which}",
            {"user": user.id, "session": session_id},
        )

    async def _new_token(self, session_id: UUID) -> Session:
        token = secrets.token_urlsafe(16)
        await self._connection.execute(
            "insert into auth.gateway_refresh_tokens (token, session_id) values (%s, %s)", [token, session_id]
        )
        return Session(session_id, token)

    async def _find(self, condition: str, value: object) -> User | None:
        async with self._connection.cursor(row_factory=class_row(User)) as cursor:
            await cursor.execute(
                "select u.id, u.email, u.created_at, a.data from auth.users u"
                f" join auth.gateway_accounts a on a.user_id = u.id where {condition}",
                [value],
            )
            return await cursor.fetchone()


def _digest(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**10, r=8, p=1)
