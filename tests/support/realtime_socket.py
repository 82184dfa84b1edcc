"""A websocket to Realtime that hides nothing: what is sent and received are the protocol's own messages."""

import json
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import connect

_PATIENCE_SECONDS = 20.0  # only a server that is broken is waited for


class RealtimeSocket:
    """One connection in protocol 1.0.0 (objects) or 2.0.0 (arrays)."""

    def __init__(self, url: str, key: str, *, version: str = "2.0.0") -> None:
        self._version = version
        self._connection = connect(
            f"{url.replace('http', 'ws', 1)}/realtime/v1/websocket?apikey={key}&vsn={version}",
            max_size=None,
            close_timeout=1,
        )
        self._refs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, topic: str, event: str, payload: Any = None, *, join_ref: str | None = None) -> str:
        """Send a message and return its ref."""
        self._refs += 1
        ref = str(self._refs)
        if event == "phx_join":
            join_ref = ref
        message = {"join_ref": join_ref, "ref": ref, "topic": topic, "event": event, "payload": payload or {}}
        self.send_raw(json.dumps(list(message.values()) if self._version == "2.0.0" else message))
        return ref

    def send_raw(self, frame: str | bytes) -> None:
        """Send what may be no message at all."""
        self._connection.send(frame)

    def receive(self) -> dict[str, Any]:
        """Return the next message with its join_ref, ref, topic, event and payload."""
        message = json.loads(self._connection.recv(timeout=_PATIENCE_SECONDS))
        if self._version == "2.0.0":
            assert len(message) == 5
            return dict(zip(("join_ref", "ref", "topic", "event", "payload"), message, strict=True))
        assert message.keys() == {"topic", "event", "payload", "ref"}
        return dict(message)

    def expect(self, event: str) -> dict[str, Any]:
        """Return the next message, which must be of this event."""
        message = self.receive()
        assert message["event"] == event, message
        return message

    def join(self, name: str, *bindings: dict[str, Any], token: str | None = None) -> list[int]:
        """Join a channel and return the numbers of its bindings; it does not listen yet."""
        payload: dict[str, Any] = {"config": {"postgres_changes": list(bindings)}}
        if token is not None:
            payload["access_token"] = token
        ref = self.send(f"realtime:{name}", "phx_join", payload)
        reply = self.expect("phx_reply")
        assert (reply["ref"], reply["payload"]["status"]) == (ref, "ok"), reply
        return [binding["id"] for binding in reply["payload"]["response"]["postgres_changes"]]

    def listen(self, name: str, *bindings: dict[str, Any], token: str | None = None) -> list[int]:
        """Join a channel and wait until the server listens."""
        ids = self.join(name, *bindings, token=token)
        system = self.expect("system")["payload"]
        assert system["status"] == "ok", system
        return ids

    def change(self) -> dict[str, Any]:
        """Return the data of the next message, which must be a change."""
        return dict(self.expect("postgres_changes")["payload"]["data"])
