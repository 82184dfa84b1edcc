"""The `Prefer` header, always handled strictly: a preference that is not known is refused."""

import re
from dataclasses import dataclass

from gateway.answers import Refused

_KNOWN = {
    "return": {"minimal", "representation", "headers-only"},
    "resolution": {"merge-duplicates", "ignore-duplicates"},
    "count": {"exact"},
    "missing": {"default", "null"},
    "handling": {"strict"},
}


@dataclass(frozen=True)
class Preferences:
    """What a request prefers."""

    wants_rows: bool = False
    resolution: str | None = None
    counts: bool = False
    fills_defaults: bool = False
    max_affected: int | None = None
    applied: str = ""  # as the answer repeats them


def preferences(headers: list[str]) -> Preferences:
    """Read the values of all `Prefer` headers; of two that contradict each other the first holds.

    Raises:
        Refused: PGRST122, one is not known.
    """
    given = [part.strip() for header in headers for part in header.split(",") if part.strip()]
    chosen: dict[str, str] = {}
    unknown = []
    for preference in given:
        name, _, value = preference.partition("=")
        if value in _KNOWN.get(name, ()) or (name == "max-affected" and re.fullmatch(r"\d+", value)):
            chosen.setdefault(name, value)
        else:
            unknown.append(preference)
    if unknown:
        raise Refused(
            400,
            "PGRST122",
            "Invalid preferences given with handling=strict",
            details=f"Invalid preferences: {', '.join(unknown)}",
        )
    return Preferences(
        wants_rows=chosen.get("return") == "representation",
        resolution=chosen.get("resolution"),
        counts="count" in chosen,
        fills_defaults=chosen.get("missing") == "default",
        max_affected=int(chosen["max-affected"]) if "max-affected" in chosen else None,
        applied=", ".join(f"{name}={value}" for name, value in chosen.items()),
    )
