"""Findings in, creative brief out.

The names below are imported when first used: the director needs the model before the assets are analysed,
composing can be imported while they are.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamcut.brief.composition import compose
    from dreamcut.brief.model import BRIEF_VERSION, Brief, Conflict, Direction
    from dreamcut.brief.render import render_markdown
    from dreamcut.brief.request import AssetReport, BriefRequest, LedgerEntry

__all__ = [
    "BRIEF_VERSION",
    "AssetReport",
    "Brief",
    "BriefRequest",
    "Conflict",
    "Direction",
    "LedgerEntry",
    "compose",
    "render_markdown",
]

_HOMES = {
    "compose": "composition",
    "render_markdown": "render",
    "BRIEF_VERSION": "model",
    "Brief": "model",
    "Conflict": "model",
    "Direction": "model",
    "AssetReport": "request",
    "BriefRequest": "request",
    "LedgerEntry": "request",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"dreamcut.brief.{_HOMES[name]}"), name)
