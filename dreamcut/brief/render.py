"""The brief as a document that a creative director reads: Markdown, with numbered evidence."""

from collections.abc import Iterable
from uuid import UUID

from dreamcut.brief import words
from dreamcut.brief.evidence import Basis, Evidence, Statement
from dreamcut.brief.model import AssetSummary, Beat, Brief, Clip, Conflict, Direction, Generate, Still
from dreamcut.prompt import AssetRole

MOST_MARKS = 4  # evidence marks after one sentence; the rest is in brief.json


class Notes:
    """Numbers evidence in the order of its first use, each piece once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.listed: list[Evidence] = []

    def marks(self, evidence: Iterable[Evidence]) -> str:
        """Return the marks of some evidence, "[e1][e4]"."""
        marks = []
        for one in list(evidence)[:MOST_MARKS]:
            key = one.model_dump_json(exclude={"time_range", "confidence"})
            if key not in self._numbers:
                self.listed.append(one)
                self._numbers[key] = len(self.listed)
            marks.append(f"[e{self._numbers[key]}]")
        return "".join(dict.fromkeys(marks))

    def said(self, statement: Statement) -> str:
        """Return a sentence with its marks."""
        return f"{escape(statement.text)} {self.marks(statement.evidence)}"


def render_markdown(brief: Brief) -> str:
    """Return the brief as Markdown, ending with a newline."""
    notes = Notes()
    names = {asset.asset_id: asset.name for asset in brief.assets}
    blocks = [
        f"# {escape(brief.title)}",
        f"> {notes.said(brief.idea)}",
        f"*You asked:* “{escape(brief.request.prompt)}”",
        notes.said(brief.readiness),
        _glance(brief, notes),
    ]
    if brief.assets:
        blocks += ["## Material", *(_asset(asset, notes) for asset in brief.assets)]
    if brief.conflicts:
        blocks += ["## Conflicts, and what is done about them", _conflicts(brief.conflicts, notes)]
    shared = _shared(brief.directions)
    blocks.append("## Directions")
    if shared:
        blocks.append(
            "What they share:\n\n" + "\n".join(f"- {notes.said(statement)}" for statement in shared)
        )
    look = brief.directions[0].look
    if look.colours:
        swatches = [f"`{c.hex}` {escape(c.name)} {words.percent(c.share)}" for c in look.colours]
        blocks.append(f"*Target palette:* {', '.join(swatches)}")
    for number, direction in enumerate(brief.directions, start=1):
        blocks += _direction(number, direction, names=names, notes=notes, shared=shared)
    if brief.next_steps:
        blocks += [
            "## Next steps",
            "\n".join(
                f"{i}. **{'You' if s.by == 'you' else 'DreamCut'}:** {notes.said(s)}"
                for i, s in enumerate(brief.next_steps, 1)
            ),
        ]
    blocks += _unknown(brief, notes)
    blocks += ["## Made by", _ledger(brief), "## Evidence", _evidence(notes)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def escape(text: str) -> str:
    """Return text that cannot end a table cell, open a tag or break a line."""
    flat = " ".join(text.split())
    return (
        flat.replace("\\", "\\\\")
        .replace("|", "\\|")
        .replace("<", "&lt;")
        .replace("*", "\\*")
        .replace("`", "\\`")
    )


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    titles = list(head)
    lines = [f"| {' | '.join(titles)} |", f"|{'|'.join('---' for _ in titles)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _glance(brief: Brief, notes: Notes) -> str:
    rows = [["Target", "<br>".join(notes.said(statement) for statement in brief.target)]]
    if brief.assets:
        rows.append(
            ["Material", escape(", ".join(f"{a.name} ({a.role or 'unreadable'})" for a in brief.assets))]
        )
    waiting = sum(1 for conflict in brief.conflicts if not conflict.resolution.auto)
    if brief.conflicts:
        rows.append(["Conflicts", f"{len(brief.conflicts)}, {waiting or 'none'} of them waiting for you"])
    rows.append(["Directions", escape("; ".join(direction.name for direction in brief.directions))])
    return table(("At a glance", ""), rows)


def _asset(asset: AssetSummary, notes: Notes) -> str:
    head = f"### {escape(asset.name)}: {asset.role.label if asset.role else 'not used'}"
    lines = [f"- {notes.said(asset.role_because)}", *(f"- {notes.said(fact)}" for fact in asset.facts)]
    if asset.failure and asset.role is None:
        lines.append(f"- {escape(asset.failure)}")
    return "\n".join([head, "", *lines])


def _conflicts(conflicts: tuple[Conflict, ...], notes: Notes) -> str:
    rows = []
    for conflict in conflicts:
        done = escape(conflict.resolution.text)
        if conflict.alternatives:
            done += f"<br>*Or:* {escape(words.listing(list(conflict.alternatives), 'or'))}."
        who = "done for you" if conflict.resolution.auto else "**yours to decide**"
        said = f"{escape(conflict.statement)} {notes.marks(conflict.evidence)}"
        rows.append([conflict.severity.value, said, done, who])
    return table(("Weight", "What disagrees", "What is done", ""), rows)


def _direction(
    number: int, direction: Direction, *, names: dict[UUID, str], notes: Notes, shared: list[Statement]
) -> list[str]:
    blocks = [
        f"### {number}. {escape(direction.name)}",
        f"**{escape(direction.logline.text)}** {notes.marks(direction.logline.evidence)}",
    ]
    facts = [statement for statement in _facts(direction) if statement not in shared]
    if direction.timeline:
        facts.append(direction.pacing.statement)
    if facts:
        blocks.append("\n".join(f"- {notes.said(statement)}" for statement in facts))
    if direction.beats:
        rows = [_beat_row(beat, direction, names, notes) for beat in direction.beats]
        blocks.append(table(("", "Time", "Picture", "Words", "Why this"), rows))
    elif direction.picture:
        blocks.append(f"*Base:* {_picture(direction.picture, names)}")
    beds = [cue for cue in direction.sound if cue.role is AssetRole.MUSIC or cue.text is None]
    if beds:
        blocks.append("\n".join(f"- *Sound:* {notes.said(cue.statement)}" for cue in beds))
    if direction.titles:
        cards = [
            f"“{escape(c.text)}”"
            + (f" at {words.timecode(c.at_seconds)}" if c.at_seconds is not None else "")
            for c in direction.titles
        ]
        marks = notes.marks(one for card in direction.titles for one in card.because.evidence)
        blocks.append(f"*Title cards:* {', '.join(cards)} {marks}")
    if direction.scoring:
        blocks.append(
            f"*Shots were chosen by:* {escape('; '.join(direction.scoring))}. Ranks compare the usable "
            "stretches only."
        )
    return blocks


def _facts(direction: Direction) -> list[Statement]:
    """Return what is said of a direction, each sentence once."""
    return list(dict.fromkeys((*direction.rationale, *direction.look.statements)))


def _shared(directions: tuple[Direction, ...]) -> list[Statement]:
    """Return the sentences that every direction says."""
    first, *others = directions
    return [s for s in _facts(first) if others and all(s in _facts(other) for other in others)]


def _beat_row(beat: Beat, direction: Direction, names: dict[UUID, str], notes: Notes) -> list[str]:
    time = f"{words.timecode(beat.start_seconds)}–{words.timecode(beat.end_seconds)}"
    why = " ".join(notes.said(statement) for statement in beat.why)
    starts = [
        cue
        for cue in direction.sound
        if cue.text and beat.start_seconds - 1e-6 <= cue.at_seconds < beat.end_seconds - 1e-6
    ]
    heard = " ".join(f"“{escape(cue.text or '')}” {notes.marks(cue.statement.evidence)}" for cue in starts)
    return [str(beat.index + 1), time, _picture(beat.source, names), heard, why]


def _picture(picture: Clip | Still | Generate, names: dict[UUID, str]) -> str:
    if isinstance(picture, Clip):
        span = f"{words.timecode(picture.in_seconds)}–{words.timecode(picture.out_seconds)}"
        return f"{escape(names[picture.asset_id])} {span}"
    if isinstance(picture, Still):
        return f"{escape(names[picture.asset_id])}, held"
    return f"*to be made:* {escape(picture.prompt)}"


def _unknown(brief: Brief, notes: Notes) -> list[str]:
    lines = [f"- {notes.said(statement)}" for statement in brief.not_verified]
    for gap in brief.gaps:
        remedy = f" Remedy: {escape(gap.remedy)}." if gap.remedy else ""
        lines.append(f"- {escape(words.capital(gap.what))}: {escape(gap.reason)}.{remedy}")
    return ["## Not verified, not known", "\n".join(lines)] if lines else []


def _ledger(brief: Brief) -> str:
    models = ", ".join(brief.models_used) or "no learned model"
    line = f"{escape(models)}; {words.seconds(brief.processing_seconds)} in all; ${brief.cost_usd}."
    if not brief.ledger:
        return line
    rows = [
        [escape(e.step), escape(e.tool), words.seconds(e.seconds), f"${e.cost_usd}"] for e in brief.ledger
    ]
    return f"{line}\n\n{table(('Step', 'Tool', 'Time', 'Cost'), rows)}"


def _evidence(notes: Notes) -> str:
    rows = [[f"e{i}", one.basis.value, *_evidence_cells(one)] for i, one in enumerate(notes.listed, 1)]
    return table(("", "Basis", "Source", "Metric", "Value", "Tool"), rows)


def _evidence_cells(one: Evidence) -> list[str]:
    if one.basis is Basis.STATED and one.metric is None:
        source = f"option {one.option}" if one.option else "your prompt"
        if one.span:
            source += f", characters {one.span.start}–{one.span.end}"
        return [source, "", f"“{escape(one.quote)}”" if one.quote else "", ""]
    value = f"{one.value:.4g}" if isinstance(one.value, float) else escape(str(one.value)[:160])
    if one.confidence is not None:
        value += f" (confidence {one.confidence:.2f})"
    metric = escape(one.metric or "") + (f": {escape(one.method)}" if one.method else "")
    return [escape(one.asset or ""), metric, f"{value} {one.unit}".strip(), escape(one.tool or "")]
