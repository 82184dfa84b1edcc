"""What a store sends, as plain values under the names of our SQL functions."""

import os
import socket
from typing import Any

from dreamcut.models import NewAsset, NewMessage
from dreamcut.store.protocol import AssetOutcome
from dreamcut.store.storable import storable, storable_value, unchanged


def worker_name() -> str:
    """Return what names this process in the rows that it writes."""
    return f"{socket.gethostname()}:{os.getpid()}"


def asset_row(asset: NewAsset) -> dict[str, Any]:
    """Return one element of `p_assets`."""
    return {
        "url": unchanged(asset.url, "the address of an asset"),
        "type": asset.kind.value,
        "filename": asset.filename,
        "description": asset.description,
        "file_size_bytes": asset.file_size_bytes,
        "metadata": asset.metadata,
    }


def outcome_parameters(outcome: AssetOutcome | None) -> dict[str, Any]:
    """Return how work on an asset ended."""
    known = (outcome or AssetOutcome()).model_dump()
    return {
        f"p_{name}": storable(value) if isinstance(value, str) else value for name, value in known.items()
    }


def message_parameters(message: NewMessage | None, *, prefix: str, content: str) -> dict[str, Any]:
    """Return a message.

    Args:
        prefix: of the parameters for its type, key and data.
        content: name of the parameter for its text.
    """
    if message is None:
        return {content: None}
    return {
        f"{prefix}type": message.type.value,
        content: storable(message.content),
        "p_emoji": _storable_or_none(message.emoji),
        f"{prefix}key": _storable_or_none(message.key),
        f"{prefix}data": storable_value(message.data),
    }


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else storable(text)
