"""Findings in, creative brief out."""

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
