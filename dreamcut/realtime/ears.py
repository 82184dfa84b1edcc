"""Hearing the changes of one query: its three channels, joined, and left again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from websockets.exceptions import WebSocketException

from dreamcut.errors import StoreRefused, StoreUnavailable
from dreamcut.realtime.line import Line
from dreamcut.realtime.merge import Change, Table

if TYPE_CHECKING:
    from realtime import AsyncRealtimeChannel, AsyncRealtimeClient

Lost = asyncio.Future[Any]  # done when nothing more will be heard; says why

_LISTENING_SECONDS = 20.0  # hosted projects take up to five to start reading the log
_LEAVE_SECONDS = 2.0
_TOKEN_WORDS = ("InvalidJWTToken", "MalformedJWT", "JwtSignatureError", "Token has expired")
_EVENT_AND_COLUMN = {
    Table.QUERIES: ("*", "id"),
    Table.ASSETS: ("*", "query_id"),
    Table.MESSAGES: ("INSERT", "query_id"),
}


@asynccontextmanager
async def listening(
    line: Line, query_id: UUID, hear: Callable[[Change], None], *, note_listening: Callable[[], None]
) -> AsyncIterator[Lost]:
    """Join the channels of a query; the block begins when the server really listens to the database.

    A channel that is joined hears nothing yet: that the server has begun to read the log it says later, in a
    `system` message. `note_listening` is called then, and again each time the server says so: it does when a
    channel's token was changed or the database was away, and what happened in between it has not told.

    Raises:
        StoreUnavailable: the server does not answer, or does not listen in time.
        StoreRefused: it does not accept the key, or there is no token.
    """
    client = await line.client()
    ears = _Ears(client, query_id, hear, note_listening)
    try:
        try:
            # Not wait_for: before Python 3.12 it loses a cancellation that comes as the work is done.
            async with asyncio.timeout(_LISTENING_SECONDS):
                await ears.join()
        except TimeoutError as error:
            await line.drop(client)  # others on this line join again, on one that answers
            raise StoreUnavailable("the realtime server does not begin to listen") from error
        yield ears.lost
    finally:
        if not await ears.leave():
            await line.drop(client)


class _Ears:
    def __init__(
        self,
        client: "AsyncRealtimeClient",
        query_id: UUID,
        hear: Callable[[Change], None],
        note_listening: Callable[[], None],
    ) -> None:
        self.lost: Lost = asyncio.get_running_loop().create_future()
        self._client = client
        self._hear = hear
        self._note_listening = note_listening
        self._deaf = set(Table)
        self._all_hear = asyncio.Event()
        self._open = set(Table)
        self._all_closed = asyncio.Event()
        self._channels = {table: self._channel(table, query_id) for table in Table}

    async def join(self) -> None:
        """Return when the server listens on all three channels.

        Raises:
            StoreUnavailable: one of them cannot be joined.
            StoreRefused: because of the token.
        """
        heard: asyncio.Future[Any] = asyncio.ensure_future(self._all_hear.wait())
        joins = [
            asyncio.ensure_future(channel.subscribe(self._note_state(table)))
            for table, channel in self._channels.items()
        ]
        for join in joins:
            join.add_done_callback(self._note_join)
        try:
            await asyncio.wait({heard, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (heard, *joins):
                task.cancel()
            await asyncio.gather(heard, *joins, return_exceptions=True)
        if self.lost.done():
            why = str(self.lost.result())
            kind = StoreRefused if any(word in why for word in _TOKEN_WORDS) else StoreUnavailable
            raise kind(f"the realtime server does not listen ({why})")

    async def leave(self) -> bool:
        """Leave the channels, so that no task of theirs remains; returns whether the server answers."""
        answers = True
        try:
            if self._client.is_connected:
                async with asyncio.timeout(_LEAVE_SECONDS):
                    await self._say_goodbye()
        except (OSError, WebSocketException):  # a TimeoutError is an OSError
            answers = False
        for channel in self._channels.values():
            channel.rejoin_timer.reset()
            channel.join_push.destroy()
            for push in channel.messages_waiting_for_ack.values():
                push.destroy()
            if self._client.channels.get(channel.topic) is channel:
                del self._client.channels[channel.topic]
        return answers

    async def _say_goodbye(self) -> None:
        for table, channel in self._channels.items():
            if channel.is_closed:  # never joined, or closed by the server
                self._note_closed(table)
            else:
                await channel.unsubscribe()
        await self._all_closed.wait()

    def _channel(self, table: Table, query_id: UUID) -> "AsyncRealtimeChannel":
        from realtime.types import RealtimePostgresChangesListenEvent as Event

        def take(payload: Any) -> None:  # a typed dict of the library
            data = payload["data"]
            row, old = data.get("record") or {}, data.get("old_record") or {}
            self._hear(Change(table, row, old, unabridged=not data.get("errors")))

        def note(payload: Any) -> None:
            if payload.extension == "postgres_changes":
                self._deaf.discard(table)
                if not self._deaf:
                    self._all_hear.set()
                    self._note_listening()

        event, column = _EVENT_AND_COLUMN[table]
        channel = self._client.channel(f"{table}:{query_id}")
        channel.on_postgres_changes(
            Event(event), take, table=table.value, schema="public", filter=f"{column}=eq.{query_id}"
        )
        return channel.on_system(note)

    def _note_state(self, table: Table) -> Callable[[Any, Exception | None], None]:
        def note(state: Any, error: Exception | None) -> None:
            if state == "CLOSED":
                self._note_closed(table)
            if state != "SUBSCRIBED" and not self.lost.done():
                why = f"channel {table}: {state.value}" + (f", {error}" if error else "")
                self.lost.set_result(why)

        return note

    def _note_join(self, join: asyncio.Future[Any]) -> None:
        if not join.cancelled() and (error := join.exception()) is not None and not self.lost.done():
            self.lost.set_result(f"a channel could not be joined: {type(error).__name__}")

    def _note_closed(self, table: Table) -> None:
        self._open.discard(table)
        if not self._open:
            self._all_closed.set()
