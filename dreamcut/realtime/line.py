"""Sockets to the realtime server, each shared by the watchers of several queries.

A socket is used until something is wrong with it and then thrown away: `realtime` is told not to reconnect.
Its own reconnecting gives up for good after five tries, in a task that nobody looks at, and rejoins with
what was known at the time of the first join.
"""

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from websockets.exceptions import InvalidStatus, WebSocketException

from dreamcut.errors import DreamCutError, StoreRefused, StoreUnavailable
from dreamcut.realtime.project import Project

if TYPE_CHECKING:
    from realtime import AsyncRealtimeClient

# Hosted projects allow 100 channels a connection; a query takes three.
_QUERIES_PER_SOCKET = 30
_CONNECT_SECONDS = 10
_CLOSE_SECONDS = 2.0
_RENEW_AGAIN_SECONDS = 1.0
_REFUSALS = {401, 403}


class Line:
    """One socket at a time."""

    def __init__(self, project: Project) -> None:
        self.queries: set[UUID] = set()  # that are watched over it
        self._project = project
        self._client: AsyncRealtimeClient | None = None
        self._connecting = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def client(self) -> "AsyncRealtimeClient":
        """Return a client that is connected.

        Raises:
            StoreUnavailable: the realtime server does not answer.
            StoreRefused: it does not accept the key.
        """
        async with self._connecting:
            if self._client is not None and self._client.is_connected:
                await _give_token(self._client, self._project)
                return self._client
            await self._drop_current()
            self._client = await self._connected()
            if not self._project.is_lasting:
                self._renewing = asyncio.create_task(self._renew_token(self._client))
            return self._client

    async def drop(self, client: "AsyncRealtimeClient") -> None:
        """Throw a client away that does not work, unless another watcher has done so."""
        async with self._connecting:
            if client is self._client:
                await self._drop_current()

    async def close(self) -> None:
        """Hang up."""
        async with self._connecting:
            await self._drop_current()

    async def _connected(self) -> "AsyncRealtimeClient":
        from realtime import AsyncRealtimeClient

        client = AsyncRealtimeClient(
            f"{self._project.url}/realtime/v1",
            token=self._project.key,
            auto_reconnect=False,
            timeout=_CONNECT_SECONDS,
        )
        await _give_token(client, self._project)
        try:
            await client.connect()
        except InvalidStatus as error:
            status = error.response.status_code
            if status in _REFUSALS:
                raise StoreRefused(f"the realtime server refuses the key ({status})") from error
            raise StoreUnavailable(f"the realtime server answered {status}") from error
        except (OSError, WebSocketException) as error:  # TimeoutError is an OSError
            raise StoreUnavailable(f"no answer from the realtime server ({type(error).__name__})") from error
        return client

    async def _drop_current(self) -> None:
        client, self._client = self._client, None
        renewing, self._renewing = self._renewing, None
        if renewing is not None:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
        if client is None:
            return
        for channel in client.get_channels():
            channel.rejoin_timer.reset()
            channel.join_push.destroy()
        with suppress(TimeoutError, OSError, WebSocketException):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await client.close()
        await client.close()  # ends its tasks also where the server did not say goodbye in time

    async def _renew_token(self, client: "AsyncRealtimeClient") -> None:
        """Give the channels each next token before the old one ends."""
        while (seconds := self._project.token.renew_in_seconds) is not None:
            await asyncio.sleep(max(seconds, _RENEW_AGAIN_SECONDS))
            with suppress(DreamCutError):  # without a token the channels end, and whoever joins hears why
                await _give_token(client, self._project)


async def _give_token(client: "AsyncRealtimeClient", project: Project) -> None:
    """Let a client and its channels go on with the token that holds now."""
    if (token := await project.token.on_loop()) != client.access_token:
        await client.set_auth(token)


class Lines:
    """All sockets of a manager."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lines: list[Line] = []

    def take(self, query_id: UUID) -> Line:
        """Return a line with room for a query; on one socket, a channel can be joined once only."""
        for line in self._lines:
            if query_id not in line.queries and len(line.queries) < _QUERIES_PER_SOCKET:
                break
        else:
            line = Line(self._project)
            self._lines.append(line)
        line.queries.add(query_id)
        return line

    async def leave(self, line: Line, query_id: UUID) -> None:
        """Give the place back; the last one hangs up."""
        line.queries.discard(query_id)
        if not line.queries:
            self._lines.remove(line)
            await line.close()
