"""How an analyzer tells what it has done so far."""

from collections.abc import Callable
from dataclasses import dataclass

from dreamcut.findings import Findings


@dataclass(frozen=True)
class Step:
    """One finished step of one analysis."""

    name: str  # a noun from the craft: "palette", "shots", "transcript"
    progress: int  # 1 to 99, of this asset; grows from step to step
    findings: Findings | None  # all that is known so far, marked partial; None before the file was opened


OnStep = Callable[[Step], None]


def ignore_step(step: Step) -> None:
    """Do nothing: for callers who want only the result."""
    del step
