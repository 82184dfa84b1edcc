"""Text and JSON as Postgres can hold them.

File names and tags of media come from strangers: they may hold the NUL character, which Postgres has no
room for, and halves of surrogate pairs, which no encoding has. Both become U+FFFD, so that they do not
keep a finding from being written.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dreamcut.errors import InvalidRequest

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNSTORABLE_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000|[\ud800-\udfff]")
_HALF_PAIR = re.compile("[\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text without what Postgres cannot hold."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


@dataclass(frozen=True)
class Json:
    """JSON that Postgres can hold, for whoever sends text and for whoever makes the text itself."""

    text: str
    value: Any  # Any: JSON


def storable_json(value: Mapping[str, Any] | Sequence[Any]) -> Json:
    """Return JSON ready to be a parameter.

    Raises:
        InvalidRequest: it holds something that is no JSON, such as NaN.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise InvalidRequest(f"this cannot be stored as JSON: {error}") from error
    # The whole pattern takes longer over a text than making it did; nearly all texts have nothing of it.
    if "\\u0000" not in text and (text.isascii() or not _HALF_PAIR.search(text)):
        return Json(text, value)
    clean = _UNSTORABLE_IN_JSON.sub(lambda match: (match[1] or "") + "\N{REPLACEMENT CHARACTER}", text)
    return Json(clean, value if clean == text else json.loads(clean))


def unchanged(text: str, noun: str) -> str:
    """Return the text itself: what names something must not be changed to fit.

    Raises:
        InvalidRequest: Postgres cannot hold it.
    """
    if storable(text) != text:
        raise InvalidRequest(f"{noun} holds a character that cannot be stored: {storable(text)}")
    return text
