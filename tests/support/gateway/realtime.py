"""Supabase Realtime's `postgres_changes` over a websocket, protocols 1.0.0 and 2.0.0.

Messages and their order are those of supabase/realtime. The changes come from the publication
`supabase_realtime` by logical decoding; row security is checked for each subscriber on the live row.
Broadcast, presence and private channels are refused.

A client's join is answered first (`phx_reply`, which clients call SUBSCRIBED); only the later message
`system` "Subscribed to PostgreSQL" says that the server listens. It comes again when the rights of a channel
changed and when the database was away; in the latter case changes were lost.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast, get_args

import jwt
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway import phoenix
from gateway.bindings import Binding, BindingRefused, binding_id, read_binding
from gateway.claims import Caller, Keys, TokenRefused
from gateway.feed import Feed
from gateway.phoenix import BadFrame, Frame, Version
from gateway.project import Project

PATH = "/realtime/v1/websocket"

_UNSUPPORTED_DATA = 1003  # status of RFC 6455
_QUIET_CONFIG: dict[str, Any] = {"ack": False, "self": False, "key": "", "enabled": False}


class JoinRefused(Exception):
    """The channel cannot be joined; the text is for the client."""


def realtime_routes(project: Project) -> list[BaseRoute]:
    """Return the websocket of a project."""
    feed = Feed(project)

    async def serve(websocket: WebSocket) -> None:
        version = websocket.query_params.get("vsn", "1.0.0")
        key = websocket.query_params.get("apikey")
        if key is None or not project.keys.is_api_key(key):
            await _deny(websocket, 401, "API key is missing" if key is None else "Invalid API key")
        elif version not in get_args(Version):
            await _deny(websocket, 403, f"vsn {version} is none of {', '.join(get_args(Version))}")
        else:
            await websocket.accept()
            await _Socket(websocket, cast(Version, version), key, project.keys, feed).serve()

    return [WebSocketRoute(PATH, serve)]


async def _deny(websocket: WebSocket, status: int, error: str) -> None:
    await websocket.send_denial_response(JSONResponse({"error": error}, status_code=status))


@dataclass(eq=False)
class _Channel:
    """A topic that a client has joined."""

    socket: "_Socket"
    topic: str
    join_ref: str | None
    token: str
    caller: Caller
    parameters: list[Any]
    bindings: Sequence[tuple[int, Binding]] = ()
    _is_open: bool = True
    _expiry: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        """The topic as the user calls it."""
        return self.topic.removeprefix("realtime:")

    def listen(self) -> None:
        """Begin, or begin again with the rights that the channel has now."""
        self._watch_expiry()
        if not self.parameters:
            return
        try:
            self.bindings = [(binding_id(each), read_binding(each)) for each in self.parameters]
        except BindingRefused as error:
            self.tell_refused(str(error))
            return
        self.socket.spawn(self._subscribe())

    async def _subscribe(self) -> None:
        if self._is_open:  # the client may have left before this got its turn
            await self.socket.feed.subscribe(self)

    def change_token(self, token: str) -> None:
        """Go on with another token; one that cannot be used ends the channel."""
        try:
            self.caller = _authorised(self.socket.keys, token)
        except JoinRefused as error:
            self.end(str(error).partition(": ")[2])
            return
        self.token = token
        self.listen()

    def tell_listening(self) -> None:
        """Say that every commit from now on will be told."""
        self._system("postgres_changes", "ok", "Subscribed to PostgreSQL")

    def tell_refused(self, reason: str) -> None:
        """Say why changes are not told."""
        self._system("postgres_changes", "error", reason)

    def tell_change(self, ids: Sequence[int], data: str) -> None:
        """Tell a change."""
        self._push("postgres_changes", f'{{"ids":{json.dumps(ids)},"data":{data}}}', join_ref=None)

    def end(self, reason: str) -> None:
        """Close the channel from this side."""
        self._system("system", "error", reason)
        self.close()

    def close(self) -> None:
        """Close the channel and say so."""
        if self._is_open:
            self.socket.send(phoenix.closed(self.socket.version, self.topic, join_ref=self.join_ref))
            self.socket.spawn(self.leave())

    async def leave(self) -> None:
        """Stop, without a word; returns when nothing is left of it."""
        self._is_open = False
        if self._expiry is not None:
            self._expiry.cancel()
        if self.socket.channels.get(self.topic) is self:
            del self.socket.channels[self.topic]
        await self.socket.feed.unsubscribe(self)

    def _watch_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
        if (expires_at := self.caller.claims.get("exp")) is not None:
            left = expires_at - time.time()
            self._expiry = asyncio.get_running_loop().call_later(left, self._expire)

    def _expire(self) -> None:
        self.end(f"Token has expired {int(time.time()) - int(self.caller.claims['exp'])} seconds ago")

    def _system(self, extension: str, status: str, message: str) -> None:
        payload = {"extension": extension, "status": status, "message": message, "channel": self.name}
        self._push("system", json.dumps(payload), join_ref=self.join_ref)

    def _push(self, event: str, payload: str, *, join_ref: str | None) -> None:
        if self._is_open:
            self.socket.send(phoenix.push(self.socket.version, self.topic, event, payload, join_ref=join_ref))


@dataclass
class _Socket:
    """A client's connection."""

    websocket: WebSocket
    version: Version
    key: str  # of the project; the token of channels that bring none of their own
    keys: Keys
    feed: Feed
    channels: dict[str, _Channel] = field(default_factory=dict)
    # A client that reads slowly must not hold up the others.
    _outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self) -> None:
        """Serve the connection until its end."""
        writer = asyncio.create_task(self._write())
        try:
            while True:
                message = await self.websocket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                # Binary frames are broadcasts, which are not known here.
                await self._take(phoenix.read_frame(message.get("text") or "", self.version))
        except BadFrame as error:
            with suppress(WebSocketDisconnect):
                await self.websocket.close(_UNSUPPORTED_DATA, reason=str(error))
        finally:
            writer.cancel()
            for channel in list(self.channels.values()):
                await channel.leave()
            for task in self._tasks:
                task.cancel()

    def send(self, text: str) -> None:
        """Send a frame after those before it."""
        self._outbox.put_nowait(text)

    def spawn(self, work: Any) -> None:
        """Do a channel's work beside the reading of the next message."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def reply(self, to: Frame, reason: str | None = None, response: dict[str, Any] | None = None) -> None:
        """Answer a message: refuse it for a reason, or do not."""
        refusal = None if reason is None else {"reason": reason}
        self.send(
            phoenix.reply(
                self.version, to, status="error" if refusal else "ok", response=refusal or response or {}
            )
        )

    async def _write(self) -> None:
        with suppress(WebSocketDisconnect, RuntimeError):  # the reader sees the end, too
            while True:
                await self.websocket.send_text(await self._outbox.get())

    async def _take(self, frame: Frame) -> None:
        channel = self.channels.get(frame.topic)
        if frame.event == "phx_join":
            await self._join(frame, channel)
        elif (frame.topic, frame.event) == ("phoenix", "heartbeat"):
            self.reply(frame)
        elif channel is None:
            self.reply(frame, None if frame.event == "phx_leave" else "unmatched topic")
        elif frame.event == "phx_leave":
            # One that is of a former join of the topic crossed the close that this side had sent.
            if frame.join_ref in (None, channel.join_ref):
                await channel.leave()
                self.reply(frame)
                self.send(phoenix.closed(self.version, frame.topic, join_ref=channel.join_ref))
        elif frame.event == "access_token":
            self._change_token(channel, frame)
        else:
            self.reply(frame, f"{frame.event} is not known to the test gateway")

    async def _join(self, frame: Frame, before: _Channel | None) -> None:
        if before is not None:
            await before.leave()
        try:
            parameters = _read_join(frame)
            token = frame.payload.get("access_token") or self.key
            caller = _authorised(self.keys, token)
        except JoinRefused as error:
            self.reply(frame, str(error))
        else:
            channel = _Channel(self, frame.topic, frame.join_ref, token, caller, parameters)
            self.channels[frame.topic] = channel
            echo = [each | {"id": binding_id(each)} for each in parameters if isinstance(each, dict)]
            self.reply(frame, response={"postgres_changes": echo})
            channel.listen()
        if before is not None:
            # Phoenix tells the former channel's end after it has answered the join.
            self.send(phoenix.closed(self.version, frame.topic, join_ref=before.join_ref))

    def _change_token(self, channel: _Channel, frame: Frame) -> None:
        token = frame.payload.get("access_token")
        if token in (None, channel.token, self.keys.publishable, self.keys.secret_key):
            return
        if isinstance(token, str):
            channel.change_token(token)
        else:
            self.reply(frame, "access_token is no text")


def _read_join(frame: Frame) -> list[Any]:
    """Return the entries of `postgres_changes`.

    Raises:
        JoinRefused: the join asks for what is not known here.
    """
    if not frame.topic.startswith("realtime:"):
        raise JoinRefused("unmatched topic")
    if frame.topic == "realtime:":
        raise JoinRefused("TopicNameRequired: You must provide a topic name")
    config = frame.payload.get("config", {})
    if not isinstance(config, dict) or (unknown := frame.payload.keys() - {"config", "access_token"}):
        raise JoinRefused(
            f"not known to the test gateway: {unknown if isinstance(config, dict) else 'config'}"
        )
    for name, value in config.items():
        match name, value:
            case "postgres_changes", list():
                pass
            case (("broadcast" | "presence" | "private"), (None | False)):
                pass
            case (("broadcast" | "presence"), dict()) if value.items() <= _QUIET_CONFIG.items():
                pass
            case _:
                raise JoinRefused(f"not known to the test gateway: {name}: {json.dumps(value)}")
    return list(config.get("postgres_changes", []))


def _authorised(keys: Keys, token: Any) -> Caller:
    """Return whose token it is.

    Raises:
        JoinRefused: it is nobody's, or not any longer.
    """
    if not isinstance(token, str):
        raise JoinRefused("MalformedJWT: The token provided is not a valid JWT")
    try:
        caller = keys.caller(token)
    except TokenRefused as error:
        if error.code != "PGRST303":
            raise JoinRefused("JwtSignatureError: Failed to validate JWT signature") from error
        expired = jwt.decode(token, options={"verify_signature": False})["exp"]
        seconds = int(time.time()) - int(expired)
        raise JoinRefused(f"InvalidJWTToken: Token has expired {seconds} seconds ago") from error
    if token not in (keys.publishable, keys.secret_key) and not {"role", "exp"} <= caller.claims.keys():
        raise JoinRefused("InvalidJWTToken: Fields `role` and `exp` are required in JWT")
    return caller
