"""The write-ahead log of a database, decoded by a slot that lives as long as its session.

A temporary slot goes with the session that holds it, also when this process is killed: nothing keeps
write-ahead log back or blocks `drop database`.
"""

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from secrets import token_hex
from typing import TypeVar

import psycopg
from psycopg import errors, generators
from psycopg.abc import PQGen
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.waiting import wait_async

from gateway.pgoutput import Decoder, Transaction
from gateway.project import Connection, Project

T = TypeVar("T")

PUBLICATION = "supabase_realtime"

# The text of values must not depend on who configured the server.
_SESSION = "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=postgres -c extra_float_digits=1"
_GONE_SECONDS = 5.0
_WAKE_SECONDS = 60.0  # psycopg looks up from a silent socket so often; its default is without a pause
_POSTGRES_EPOCH_SECONDS = 946_684_800


@dataclass(frozen=True)
class Snapshot:
    """Which transactions a reader sees: those committed when it was taken."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """Read the text of a `pg_snapshot`: `xmin:xmax:xid,xid`."""
        xmin, xmax, running = text.split(":")
        return cls(_short(xmin), _short(xmax), frozenset(map(_short, filter(None, running.split(",")))))

    def sees(self, xid: int) -> bool:
        """Tell whether a committed transaction is seen. Numbers of 32 bits, not wrapped around meanwhile."""
        return xid < self.xmin or (xid < self.xmax and xid not in self.running)


@dataclass
class SlotStream:
    """Committed transactions as they are decoded, from the creation of the slot on."""

    slot: str
    _connection: Connection = field(repr=False)
    _decoder: Decoder = field(default_factory=Decoder, repr=False)
    _received: int = 0  # LSN up to which everything was handed over
    _is_asked: bool = False  # the server wants to know how far we are

    async def batches(self) -> AsyncIterator[list[Transaction]]:
        """Yield what has been committed, oldest first; one batch is all that waits to be read.

        Raises:
            psycopg.OperationalError: the session ended.
        """
        pgconn = self._connection.pgconn
        while True:
            data = await _wait(pgconn, generators.copy_from(pgconn))
            if not isinstance(data, memoryview):
                raise psycopg.OperationalError("the server ended the replication")
            ready = self._take(bytes(data))
            while (more := pgconn.get_copy_data(1))[0] > 0:
                ready += self._take(bytes(more[1]))
            if ready:
                yield ready
            if ready or self._is_asked:
                await self._confirm()

    def _take(self, message: bytes) -> list[Transaction]:
        if message[:1] == b"k":
            wal_end, _, wants_reply = struct.unpack_from("!QqB", message, 1)
            self._received = max(self._received, wal_end)
            self._is_asked = self._is_asked or bool(wants_reply)
            return []
        transaction = self._decoder.feed(message[25:])  # after the kind, two positions and a time
        if transaction is None:
            return []
        self._received = max(self._received, transaction.end_lsn)
        return [transaction]

    async def _confirm(self) -> None:
        now = int((time.time() - _POSTGRES_EPOCH_SECONDS) * 1_000_000)
        lsn = self._received
        status = struct.pack("!cQQQqB", b"r", lsn, lsn, lsn, now, 0)
        pgconn = self._connection.pgconn
        await _wait(pgconn, generators.copy_to(pgconn, status))
        self._is_asked = False


@asynccontextmanager
async def open_stream(project: Project, catalog: Connection) -> AsyncIterator[SlotStream]:
    """Create a slot and stream from it; at the end the slot is gone.

    As everywhere in PostgreSQL, the slot waits for transactions that are open at that moment.

    Args:
        catalog: a connection to the same database, to see that the slot has gone.

    Raises:
        psycopg.Error: the database is away, or the user lacks REPLICATION.
    """
    connection = await project.connect(replication="database", options=_SESSION)
    slot = f"gateway_{token_hex(8)}"
    try:
        await _start(connection, slot)
        yield SlotStream(slot, connection)
    finally:
        await connection.close()
        await _wait_until_gone(slot, catalog)


async def take_snapshot(connection: Connection) -> Snapshot:
    """Return which transactions are seen now."""
    row = await (await connection.execute("select pg_current_snapshot()::text")).fetchone()
    assert row is not None
    return Snapshot.parse(row[0])


async def _start(connection: Connection, slot: str) -> None:
    try:
        await _command(
            connection, f"CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput (SNAPSHOT 'nothing')"
        )
        await _command(
            connection,
            f"START_REPLICATION SLOT {slot} LOGICAL 0/0"
            f" (proto_version '1', publication_names '{PUBLICATION}')",
        )
    except asyncio.CancelledError:
        # A server process that waits for somebody's open transaction does not see that its client has gone.
        with suppress(psycopg.Error):
            await connection.cancel_safe(timeout=_GONE_SECONDS)
        raise


async def _command(connection: Connection, command: str) -> None:
    pgconn = connection.pgconn
    pgconn.send_query(command.encode())
    for result in await _wait(pgconn, generators.execute(pgconn)):
        if result.status == ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result)


async def _wait(pgconn: PGconn, work: PQGen[T]) -> T:
    return await wait_async(work, pgconn.socket, interval=_WAKE_SECONDS)


async def _wait_until_gone(slot: str, catalog: Connection) -> None:
    """Wait for the end of the session's server process, which frees the slot a moment after the socket."""
    give_up = time.monotonic() + _GONE_SECONDS
    try:
        while time.monotonic() < give_up:
            found = await catalog.execute("select 1 from pg_replication_slots where slot_name = %s", [slot])
            if await found.fetchone() is None:
                return
    except psycopg.OperationalError:
        pass  # the server is away, and temporary slots with it


def _short(xid: str) -> int:
    return int(xid) & 0xFFFFFFFF
