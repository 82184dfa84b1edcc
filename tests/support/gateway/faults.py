"""A network that misbehaves between a client and the gateway, on purpose and by a seed.

It stands in front of a gateway and passes everything on byte for byte, except that `postgres_changes` frames
are dropped, doubled, put after later ones or held back, and that websockets end without a word. HTTP and all
other frames (replies, `system`, heartbeats) go through unharmed and in order.

From Python, sync or async, in the same process (the proxy has a thread of its own):

    with FaultProxy(project.url, seed=7) as proxy:
        client = create_client(proxy.url, key)
        ...write, meanwhile let the client follow...
        proxy.calm()                             # no more faults; what was held back comes now
        proxy.disconnect()                       # end all websockets once more, as the last fault
        assert proxy.counts().faults > 0         # Counts(changes=..., dropped=..., ...)

From anywhere else, as a command, with `tests/support` on PYTHONPATH:

    python -m gateway.faults --target http://127.0.0.1:54321 --seed 7 [--until-stdin-closes]

prints one line of JSON, {url, control_url}, once it listens; `GET control_url` returns the counts as JSON,
`POST control_url/calm` and `POST control_url/disconnect` do what the methods do and return the counts.

What happens to a frame depends on the seed, on how many websockets came before its own and on how many
changes that one has carried, not on time; but a frame that is held back comes after `IDLE_SECONDS` without
another change at the latest. The last change before a silence may be dropped, and then nothing tells the
client: let a test end with `calm()` and `disconnect()`, after which a good client has read what it missed.
"""

import argparse
import asyncio
import json
import struct
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from random import Random
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

IDLE_SECONDS: Final = 0.05
_HEAD_BYTES: Final = 64 * 1024
_CHUNK_BYTES: Final = 64 * 1024
_TEXT: Final = 1  # opcode of RFC 6455

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Plan:
    """How likely each fault is for a change, 0 to 1; together at most 1."""

    drop: float = 0.1
    duplicate: float = 0.1
    reorder: float = 0.1  # put after the next change
    delay: float = 0.1  # put after 2 to `longest_delay` later changes
    disconnect: float = 0.02
    longest_delay: int = 6
    most_disconnects: int = 3  # of this kind, over all websockets


@dataclass(frozen=True)
class Counts:
    """What has happened to changes so far."""

    websockets: int = 0  # that were opened
    changes: int = 0  # that the gateway sent
    dropped: int = 0  # also those that were held back when their websocket ended
    duplicated: int = 0
    reordered: int = 0
    delayed: int = 0
    disconnected: int = 0  # websockets that were ended

    @property
    def faults(self) -> int:
        """All of them."""
        return sum(getattr(self, each.name) for each in fields(self)[2:])


class FaultProxy:
    """A faulty network in front of one gateway, while the context is open."""

    def __init__(self, target: str, *, seed: int, plan: Plan | None = None) -> None:
        self.url = ""  # of the gateway as seen through the proxy
        self.control_url = ""
        self._network = _Network(target, seed, plan or Plan())
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self._is_ready = threading.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._network.is_over.set)
        self._thread.join()

    def counts(self) -> Counts:
        """Return what has happened so far."""
        return self._network.counts

    def calm(self) -> None:
        """Make no faults any more and send what was held back."""
        self._do(self._network.calm)

    def disconnect(self) -> None:
        """End all websockets without a word."""
        self._do(self._network.disconnect)

    def _do(self, action: Callable[[], None]) -> None:
        done = threading.Event()

        def act() -> None:
            action()
            done.set()

        self._loop.call_soon_threadsafe(act)
        done.wait()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with self._network.listening() as (self.url, self.control_url):
            self._is_ready.set()
            await self._network.is_over.wait()


@dataclass
class _Network:
    """What all connections share. Used by one event loop."""

    target: str
    seed: int
    plan: Plan
    counts: Counts = Counts()
    is_calm: bool = False
    own_disconnects: int = 0  # not those that were asked for
    is_over: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: set["_Line"] = field(default_factory=set)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def count(self, **more: int) -> None:
        """Add to the counts."""
        self.counts = replace(
            self.counts, **{name: getattr(self.counts, name) + number for name, number in more.items()}
        )

    def calm(self) -> None:
        """Make no faults any more and send what was held back."""
        self.is_calm = True
        for line in self._lines:
            line.release()

    def disconnect(self) -> None:
        """End all websockets without a word."""
        for line in list(self._lines):
            line.end()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[tuple[str, str]]:
        """Listen, and give the addresses of the proxy and of its control."""
        servers = [
            await asyncio.start_server(self._tracked(serve), "127.0.0.1", 0, limit=_HEAD_BYTES)
            for serve in (self._pass_on, self._control)
        ]
        try:
            ports = [server.sockets[0].getsockname()[1] for server in servers]
            yield f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}"
        finally:
            for server in servers:
                server.close()
            for task in list(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    def _tracked(self, serve: Serve) -> Serve:
        async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._open.add(task)
            try:
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await serve(reader, writer)
            finally:
                self._open.discard(task)
                writer.close()

        return run

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, path, _ = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)
        match method, path:
            case b"GET", b"/":
                pass
            case b"POST", b"/calm":
                self.calm()
            case b"POST", b"/disconnect":
                self.disconnect()
            case _:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
        body = json.dumps(asdict(self.counts)).encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        await writer.drain()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        is_websocket = any(line.lower().replace(b" ", b"") == b"upgrade:websocket" for line in lines)
        target = urlsplit(self.target)
        answers, onward = await asyncio.open_connection(target.hostname, target.port, limit=_HEAD_BYTES)
        try:
            if is_websocket:
                # Compressed frames could not be told apart.
                kept = [line for line in lines if not line.lower().startswith(b"sec-websocket-extensions:")]
                onward.write(b"\r\n".join(kept))
                back = self._frames(answers, _Line(self, writer, onward))
            else:
                onward.write(head)
                back = _pump(answers, writer)
            await _until_one_ends(_pump(reader, onward), back)
        finally:
            onward.close()

    async def _frames(self, answers: asyncio.StreamReader, line: "_Line") -> None:
        head = await answers.readuntil(b"\r\n\r\n")
        line.client.write(head)
        if not head.startswith(b"HTTP/1.1 101"):
            await _pump(answers, line.client)
            return
        self.count(websockets=1)
        line.random = Random(f"{self.seed}:{self.counts.websockets}")
        self._lines.add(line)
        try:
            while True:
                frame, payload = await _read_frame(answers)
                if payload is not None and _is_change(payload):
                    line.carry(frame)
                else:
                    line.client.write(frame)
                await line.client.drain()
        finally:
            line.lose()
            self._lines.discard(line)


@dataclass(eq=False)
class _Line:
    """One websocket, from the gateway to the client."""

    network: _Network
    client: asyncio.StreamWriter
    gateway: asyncio.StreamWriter
    random: Random = field(default_factory=Random)
    _held: list[tuple[int, bytes]] = field(default_factory=list)  # how many changes go first, and the frame
    _idle: asyncio.TimerHandle | None = None

    def carry(self, frame: bytes) -> None:
        """Send a change, or do to it what its turn is."""
        network, plan = self.network, self.network.plan
        network.count(changes=1)
        # Always as many draws, so that one kind of fault does not shift the others.
        chance, distance, is_sent = self.random.random(), self.random.randint(2, plan.longest_delay), False
        self._held = [(left - 1, held) for left, held in self._held]
        for kind in ("drop", "duplicate", "reorder", "delay", "disconnect"):
            chance -= getattr(plan, kind)
            if chance < 0 and not network.is_calm:
                is_sent = self._harm(kind, frame, distance)
                break
        if not is_sent:
            self.client.write(frame)
        self._send_due()

    def _harm(self, kind: str, frame: bytes, distance: int) -> bool:
        """Do a fault; returns whether the frame has had its turn."""
        match kind:
            case "drop":
                self.network.count(dropped=1)
            case "duplicate":
                self.network.count(duplicated=1)
                self._held.append((distance, frame))
                return False
            case "reorder":
                self.network.count(reordered=1)
                self._held.append((1, frame))
            case "delay":
                self.network.count(delayed=1)
                self._held.append((distance, frame))
            case "disconnect":
                if self.network.own_disconnects >= self.network.plan.most_disconnects:
                    return False
                self.network.own_disconnects += 1
                self.end()
        return True

    def _send_due(self) -> None:
        if self.client.transport.is_closing():
            return
        for left, frame in self._held:
            if left <= 0:
                self.client.write(frame)
        self._held = [held for held in self._held if held[0] > 0]
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.release)

    def release(self) -> None:
        """Send all that is held back."""
        for _, frame in self._held:
            self.client.write(frame)
        self._held = []

    def lose(self) -> None:
        """Drop all that is held back."""
        if self._idle is not None:
            self._idle.cancel()
        self.network.count(dropped=len(self._held))
        self._held = []

    def end(self) -> None:
        """End the websocket on both sides at once, without the closing handshake."""
        if not self.client.transport.is_closing():
            self.network.count(disconnected=1)
            self.client.transport.abort()
            self.gateway.transport.abort()


def _is_change(payload: bytes) -> bool:
    try:
        message = json.loads(payload)
    except ValueError:
        return False
    event = message[3] if isinstance(message, list) else message.get("event")
    return bool(event == "postgres_changes")


async def _read_frame(reader: asyncio.StreamReader) -> tuple[bytes, bytes | None]:
    """Return a frame as it came, and its payload when it is a whole text message."""
    frame = await reader.readexactly(2)
    length = frame[1] & 0x7F  # a server does not mask
    if length > 125:
        size = await reader.readexactly(2 if length == 126 else 8)
        (length,) = struct.unpack("!H" if len(size) == 2 else "!Q", size)
        frame += size
    payload = await reader.readexactly(length)
    return frame + payload, payload if frame[0] == 0x80 | _TEXT else None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK_BYTES):
        writer.write(data)
        await writer.drain()


async def _until_one_ends(*ways: Coroutine[Any, Any, None]) -> None:
    tasks = [asyncio.create_task(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Serve until a signal comes, or until standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m gateway.faults")
    parser.add_argument("--target", required=True, help="address of the gateway")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with whoever started it")
    for each in fields(Plan):
        name = f"--{each.name.replace('_', '-')}"
        parser.add_argument(name, type=type(each.default), default=each.default)
    arguments = parser.parse_args()
    plan = Plan(**{each.name: getattr(arguments, each.name) for each in fields(Plan)})
    with FaultProxy(arguments.target, seed=arguments.seed, plan=plan) as proxy:
        print(json.dumps({"url": proxy.url, "control_url": proxy.control_url}), flush=True)
        with suppress(KeyboardInterrupt):
            if arguments.until_stdin_closes:
                sys.stdin.buffer.read()
            else:
                threading.Event().wait()


if __name__ == "__main__":
    main()
