"""A brief in the terminal, and as files. The document has the evidence; the terminal has what to do."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dreamcut.brief import Brief, Conflict, Direction, render_markdown
from dreamcut.brief.model import AssetSummary, Beat, Clip, Severity, Still
from dreamcut.errors import InvalidRequest, printable

MAX_COLUMNS = 100  # longer lines are hard to read
STRIP_COLUMNS = 64
_WEIGHT = {Severity.BLOCKING: "bold red", Severity.IMPORTANT: "yellow", Severity.MINOR: "cyan"}
_SHADES = ("grey35", "grey62")


def write_brief(payload: dict[str, Any], *, folder: Path) -> list[Path]:
    """Write `brief.json` and `brief.md` and return their paths.

    Raises:
        InvalidRequest: the folder cannot be written to.
    """
    brief = load_brief(payload)
    document = json.dumps(brief.to_payload(), ensure_ascii=False, indent=2) + "\n"
    texts = {folder / "brief.md": render_markdown(brief), folder / "brief.json": document}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InvalidRequest(f"{folder}: {error.strerror}; name another folder with --out") from error
    return list(texts)


def load_brief(payload: dict[str, Any]) -> Brief:
    """Return a stored brief.

    Raises:
        InvalidRequest: another version of DreamCut wrote it.
    """
    try:
        return Brief.model_validate(payload)
    except ValidationError as error:
        raise InvalidRequest("another version of DreamCut wrote this brief: print it with --json") from error


def print_brief(payload: dict[str, Any], *, console: Console) -> None:
    """Print the brief for people."""
    brief = load_brief(payload)
    wide = min(console.width, MAX_COLUMNS)
    blocks: list[RenderableType] = [
        "",
        Rule(Text(printable(brief.title), style="bold magenta"), style="magenta"),
        "",
        _text(brief.idea.text, style="bold"),
        _text(brief.readiness.text, style="green" if brief.creative_brief.ready_for_production else "yellow"),
    ]
    blocks += _section("Material", (_asset(asset) for asset in brief.assets))
    blocks += _section("Conflicts, and what is done", (_conflict(conflict) for conflict in brief.conflicts))
    blocks += _section(
        "Directions", (_direction(number, direction) for number, direction in enumerate(brief.directions, 1))
    )
    yours = [_item(step.text) for step in brief.next_steps if step.by == "you"]
    blocks += _section("Yours to do", yours)
    blocks += _section("Not known", (_item(said.text, style="dim") for said in brief.not_verified))
    console.print(Group(*blocks), width=wide)


def print_files(files: list[Path], *, console: Console) -> None:
    """Say where the brief is."""
    console.print()
    for path in files:
        console.print(Text("  📄 ") + Text(printable(str(path)), style="bold"), soft_wrap=True)


def _section(title: str, parts: Iterable[RenderableType]) -> list[RenderableType]:
    shown = list(parts)
    return ["", Text(title, style="bold magenta"), *shown] if shown else []


def _asset(asset: AssetSummary) -> RenderableType:
    head = Text(printable(asset.name), style="bold")
    head.append(f"  {asset.role.value if asset.role else 'not used'}", style="cyan")
    if asset.failure and asset.role is None:
        return Padding(Group(head, _text(asset.failure, style="red")), (0, 0, 0, 2))
    facts = [_item(fact.text) for fact in asset.facts[:3]]
    return Padding(Group(head, *facts), (0, 0, 0, 2))


def _conflict(conflict: Conflict) -> RenderableType:
    grid = _indented("●", _text(conflict.statement), style=_WEIGHT[conflict.severity])
    who = "" if conflict.resolution.auto else " (yours to decide)"
    grid.add_row("", _text(f"→ {conflict.resolution.text}{who}", style="dim" if not who else "yellow"))
    return grid


def _direction(number: int, direction: Direction) -> RenderableType:
    head = Text(printable(direction.name), style="bold")
    if direction.timeline is not None:
        shots = direction.pacing.shots
        head.append(f"  {direction.timeline.duration_seconds:g} s, {shots} shots", style="cyan")
    parts: list[RenderableType] = [head, _text(direction.logline.text)]
    if direction.beats:
        parts.append(_strip(direction.beats))
    if direction.look.colours:
        parts.append(_colours(direction))
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3)
    grid.add_column()
    grid.add_row(Text(f" {number}", style="magenta"), Group(*parts))
    return grid


def _strip(beats: tuple[Beat, ...]) -> Text:
    """Draw the cut: one block a beat, as long as it lasts; stills and what must be generated stand out."""
    whole = beats[-1].end_seconds
    strip = Text()
    for beat in beats:
        begin = round(beat.start_seconds / whole * STRIP_COLUMNS)
        end = round(beat.end_seconds / whole * STRIP_COLUMNS)
        style = _SHADES[beat.index % 2]
        if isinstance(beat.source, Still):
            style = "cyan"
        elif not isinstance(beat.source, Clip):
            style = "yellow"
        strip.append("▀" * (end - begin), style=style)
    return strip


def _colours(direction: Direction) -> Text:
    bar = Text()
    for colour in direction.look.colours:
        bar.append("▄▄▄", style=colour.hex)
        bar.append(f" {colour.name}  ", style="dim")
    return bar


def _item(text: str, *, style: str = "") -> RenderableType:
    return _indented("·", _text(text, style=style), style="dim")


def _indented(mark: str, text: Text, *, style: str) -> Table:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=3, justify="right")
    grid.add_column()
    grid.add_row(Text(mark, style=style), text)
    return grid


def _text(text: str, *, style: str = "") -> Text:
    return Text(" ".join(printable(line) for line in text.splitlines()), style=style)
