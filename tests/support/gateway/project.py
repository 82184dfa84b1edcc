"""One Supabase project: a database, its keys, and transactions in the role of whoever asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from gateway.claims import Caller, Keys

if TYPE_CHECKING:
    from gateway.catalog import Catalog

Connection = psycopg.AsyncConnection[TupleRow]

_POOL_SIZE = 10  # of the 80 that the test server takes; each test has a gateway of its own


class DatabaseAway(Exception):
    """No connection to the database can be had now."""


@dataclass
class Project:
    """What every part of the gateway shares. Used by one event loop."""

    conninfo: str = field(repr=False)  # of a user that may `set role` to anon, authenticated and service_role
    keys: Keys
    storage_folder: Path = Path("storage")  # holds a folder for each bucket
    token_seconds: int = 3600  # life of an access token that /auth/v1 gives out
    _catalog: "Catalog | None" = field(default=None, repr=False)
    _idle: list[Connection] = field(default_factory=list, repr=False)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_POOL_SIZE), repr=False)

    @asynccontextmanager
    async def session(self, caller: Caller, *, read_only: bool = False) -> AsyncIterator[Connection]:
        """Open a transaction as the caller: role and claims hold until its end, and for nobody else.

        It is committed at the end of the block and rolled back when the block raises.

        Raises:
            DatabaseAway: the server does not answer.
        """
        async with self._places:
            connection = await self._begin(_opening(caller.role, caller.claims_json, read_only=read_only))
            try:
                yield connection
                await connection.execute("commit")
            except BaseException:
                await self._roll_back(connection)
                raise
            self._idle.append(connection)

    async def catalog(self) -> "Catalog":
        """Return what the exposed schema holds, as last read.

        Raises:
            DatabaseAway: the server does not answer.
        """
        if self._catalog is None:
            from gateway.catalog import read_catalog

            try:
                connection = await self.connect()
                try:
                    self._catalog = await read_catalog(connection)
                finally:
                    await connection.close()
            except psycopg.OperationalError as error:
                raise DatabaseAway("Database connection error.") from error
        return self._catalog

    def forget_catalog(self) -> None:
        """Have the schema read anew: it does not hold what a request names, so it may have changed."""
        self._catalog = None

    async def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            await self._idle.pop().close()

    async def _begin(self, opening: bytes) -> Connection:
        # A server that was restarted leaves broken connections behind: they are found out here, by use.
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.execute(opening)
            except psycopg.OperationalError:
                await connection.close()
            else:
                return connection
        try:
            connection = await self.connect()
            await connection.execute(opening)
        except psycopg.OperationalError as error:
            raise DatabaseAway("Database connection error.") from error
        return connection

    async def connect(self, **parameters: Any) -> Connection:
        """Open a connection in no role, outside the pool; whoever asks closes it."""
        return await psycopg.AsyncConnection.connect(self.conninfo, autocommit=True, **parameters)

    async def _roll_back(self, connection: Connection) -> None:
        # The statement of a cancelled request may still run: such a connection is of no more use.
        if connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            with suppress(psycopg.OperationalError):
                await connection.execute("rollback")
                self._idle.append(connection)
                return
        await connection.close()


@lru_cache(maxsize=256)
def _opening(role: str, claims: str, *, read_only: bool) -> bytes:
    """Return the start of a transaction as one text, which is one round trip."""
    begin = sql.SQL(
        "begin {}; select set_config('search_path', 'public, extensions', true),"
        " set_config('role', {}, true), set_config('request.jwt.claims', {}, true)"
    )
    mode = sql.SQL("read only" if read_only else "read write")
    return begin.format(mode, sql.Literal(role), sql.Literal(claims)).as_bytes(None)
