"""Phoenix channel frames as text, in the two versions that Supabase's clients speak.

1.0.0 (realtime-py) are objects, 2.0.0 (realtime-js) arrays. The server's payloads are JSON text already, so
that one event for many subscribers is written once.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

Version = Literal["1.0.0", "2.0.0"]

_FIELDS = ("join_ref", "ref", "topic", "event", "payload")  # in the order of 2.0.0


class BadFrame(Exception):
    """What a client sent is no frame of its protocol."""


@dataclass(frozen=True)
class Frame:
    """A message of a client."""

    join_ref: str | None
    ref: str | None
    topic: str
    event: str
    payload: dict[str, Any]


def read_frame(text: str, version: Version) -> Frame:
    """Read a client's message.

    Raises:
        BadFrame: it is none of this version.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise BadFrame("not JSON") from error
    if version == "2.0.0":
        if not isinstance(raw, list) or len(raw) != len(_FIELDS):
            raise BadFrame("not [join_ref, ref, topic, event, payload]")
        raw = dict(zip(_FIELDS, raw, strict=True))
    elif not isinstance(raw, dict) or not {"topic", "event", "payload", "ref"} <= raw.keys() <= set(_FIELDS):
        raise BadFrame("not {topic, event, payload, ref, join_ref}")
    fields: dict[str, Any] = {name: raw.get(name) for name in _FIELDS}
    if not (isinstance(fields["topic"], str) and isinstance(fields["event"], str)):
        raise BadFrame("topic and event are no text")
    if not isinstance(fields["payload"], dict):
        raise BadFrame("the payload is no object")
    for name in ("ref", "join_ref"):
        if fields[name] is not None and not isinstance(fields[name], str):
            raise BadFrame(f"{name} is no text")
    return Frame(**fields)


def reply(version: Version, to: Frame, *, status: Literal["ok", "error"], response: dict[str, Any]) -> str:
    """Write the answer to a client's message."""
    payload = json.dumps({"status": status, "response": response})
    return _write(version, (to.join_ref, to.ref, to.topic, "phx_reply"), payload)


def closed(version: Version, topic: str, *, join_ref: str | None) -> str:
    """Write that a channel has ended, for a reason told before or because it was asked to."""
    return _write(version, (join_ref, join_ref, topic, "phx_close"), "{}")


def push(version: Version, topic: str, event: str, payload: str, *, join_ref: str | None = None) -> str:
    """Write a message of the server's own accord."""
    return _write(version, (join_ref, None, topic, event), payload)


def _write(version: Version, head: tuple[str | None, str | None, str, str], payload: str) -> str:
    if version == "2.0.0":
        return f"{json.dumps(head)[:-1]}, {payload}]"
    _, ref, topic, event = head
    return f'{json.dumps({"topic": topic, "event": event, "ref": ref})[:-1]}, "payload": {payload}}}'
