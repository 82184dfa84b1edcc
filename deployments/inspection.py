"""Measure one file and show its findings: no Prefect, no database."""

from pathlib import Path

from rich.console import Console
from rich.status import Status

import analyzers
from analyzers.steps import Step
from deployments import findings_view
from deployments.requests import kind_of
from dreamcut.errors import UnreadableMedia, printable


def inspect(path: Path, *, as_json: bool) -> None:
    """Print the findings of one file.

    Raises:
        InvalidRequest: neither its content nor its name says image, video or sound.
        MediaError: it cannot be analysed.
    """
    if not path.exists():
        raise UnreadableMedia(path, "no such file")
    kind = kind_of(path)
    notes = Console(stderr=True, highlight=False)
    with notes.status(f"{printable(path.name)}: {kind.value}") as status:
        findings = analyzers.analyze(path, kind, on_step=lambda step: _show(step, status=status))
    if as_json:
        print(findings.model_dump_json(indent=2))
    else:
        findings_view.print_findings(findings, name=path.name, console=Console(highlight=False))


def _show(step: Step, *, status: Status) -> None:
    status.update(f"{step.progress:3d} %  {step.name}")
