"""The request as understood: what is to be made, how long, what shape, of which material."""

from dreamcut.prompt.model import (
    AssetRole,
    Bound,
    Mention,
    PromptReading,
    Quantity,
    Ratio,
    Size,
    Source,
    Span,
    Term,
)
from dreamcut.prompt.reader import read_prompt

__all__ = [
    "AssetRole",
    "Bound",
    "Mention",
    "PromptReading",
    "Quantity",
    "Ratio",
    "Size",
    "Source",
    "Span",
    "Term",
    "read_prompt",
]
