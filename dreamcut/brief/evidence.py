"""Evidence: where a statement comes from, so that a reader can check it.

A metric is a dotted path inside the findings of its asset, `look.palette.colours[0].hex`. Two roots lie
beside the findings: `asset.` (the row: `asset.kind`) and `failure`. `shots.count` is the number of shots.
A value computed from several measurements has a metric that starts with `brief.`, states its method, and
lists the paths it was computed from.
"""

import re
from enum import StrEnum
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from dreamcut.brief.request import AssetReport
from dreamcut.findings import TimeRange, VideoFindings
from dreamcut.models import Record
from dreamcut.prompt.model import Reading, Span

Value = bool | int | float | str
COMPUTED = "brief."
_STEP = re.compile(r"(?P<name>[a-z_0-9]+)(?P<index>\[\d+\])?$")
_LONGEST_QUOTE_CHARS = 160


class Basis(StrEnum):
    """How something is known."""

    MEASURED = "measured"
    INFERRED = "inferred"  # a learned model says so
    STATED = "stated"  # the user says so


def _is_none(value: object) -> bool:
    return value is None


def _is_empty(value: str | tuple[str, ...]) -> bool:
    return not value


# Evidence is most of a brief: what a piece of it has no use for is left out instead of written as null.
_IF_KNOWN: Any = Field(default=None, exclude_if=_is_none)


class Evidence(Record):
    """One reason to believe a statement."""

    basis: Basis
    asset_id: UUID | None = _IF_KNOWN
    asset: str | None = _IF_KNOWN  # its file name
    metric: str | None = _IF_KNOWN
    value: Value | None = _IF_KNOWN
    unit: str = Field(default="", exclude_if=_is_empty)
    time_range: TimeRange | None = _IF_KNOWN
    tool: str | None = _IF_KNOWN
    confidence: float | None = Field(default=None, ge=0, le=1, exclude_if=_is_none)
    method: str | None = _IF_KNOWN  # how a computed value follows
    # Paths that a computed value follows from.
    inputs: tuple[str, ...] = Field(default=(), exclude_if=_is_empty)
    quote: str | None = _IF_KNOWN  # the user's words
    span: Span | None = _IF_KNOWN  # where they stand in the prompt
    option: str | None = _IF_KNOWN  # or the option that says it

    @model_validator(mode="after")
    def _can_be_checked(self) -> "Evidence":
        if self.basis is Basis.STATED:
            if not (self.quote or self.option):
                raise ValueError("stated evidence quotes the words or names the option")
        elif self.asset_id is None or self.metric is None or self.value is None or self.tool is None:
            raise ValueError("evidence names its asset, metric, value and tool")
        elif self.metric.startswith(COMPUTED) and not (self.method and self.inputs):
            raise ValueError("a computed value states its method and inputs")
        return self


class Statement(Record):
    """A sentence and what it rests on."""

    text: str = Field(min_length=1)
    evidence: tuple[Evidence, ...] = Field(min_length=1)


def resolve(report: AssetReport, metric: str) -> Value | None:
    """Return the value at a path, None where it was not measured.

    Raises:
        LookupError: the path leads nowhere in findings of this kind.
    """
    if metric == "failure":
        return report.failure
    here: object = report.findings
    path = metric
    if metric.startswith("asset."):
        here, path = report.asset, metric.removeprefix("asset.")
    for part in path.split("."):
        if here is None:
            return None
        step = _STEP.match(part)
        if step is None:
            raise LookupError(metric)
        if isinstance(here, tuple) and part == "count":
            return len(here)
        if not isinstance(here, BaseModel) or step["name"] not in type(here).model_fields:
            raise LookupError(metric)
        here = getattr(here, step["name"])
        if step["index"]:
            index = int(step["index"][1:-1])
            if not isinstance(here, tuple) or index >= len(here):
                raise LookupError(metric)
            here = here[index]
    if here is None:
        return None
    if isinstance(here, StrEnum):
        return here.value
    if isinstance(here, bool | int | float | str):
        return here
    raise LookupError(f"{metric} is no single value")


def measured(
    report: AssetReport,
    metric: str,
    *,
    unit: str | None = None,
    time_range: TimeRange | None = None,
    confidence: float | None = None,
) -> Evidence:
    """Return evidence for one value of the findings, read from where it stands.

    Raises:
        LookupError: nothing was measured there.
    """
    value = resolve(report, metric)
    if value is None:
        raise LookupError(f"{metric} of {report.asset.filename} was not measured")
    if metric.startswith("asset."):
        return Evidence(
            basis=Basis.STATED,
            asset_id=report.asset.id,
            asset=report.asset.filename,
            metric=metric,
            value=value,
            quote=str(value)[:_LONGEST_QUOTE_CHARS],
        )
    return Evidence(
        basis=Basis.INFERRED if is_inferred(metric) else Basis.MEASURED,
        asset_id=report.asset.id,
        asset=report.asset.filename,
        metric=metric,
        value=value,
        unit=unit_of(metric) if unit is None else unit,
        time_range=time_range,
        tool=tool_of(report, metric),
        confidence=confidence,
    )


def computed(
    report: AssetReport,
    name: str,
    value: Value,
    *,
    unit: str,
    method: str,
    inputs: tuple[str, ...],
    time_range: TimeRange | None = None,
) -> Evidence:
    """Return evidence for a value that follows from several measurements by a stated method."""
    return Evidence(
        basis=Basis.INFERRED if any(is_inferred(path) for path in inputs) else Basis.MEASURED,
        asset_id=report.asset.id,
        asset=report.asset.filename,
        metric=COMPUTED + name,
        value=value,
        unit=unit,
        time_range=time_range,
        tool="dreamcut brief",
        method=method,
        inputs=inputs,
    )


def stated(reading: Reading) -> Evidence:
    """Return evidence that quotes the words or the option behind a reading."""
    return Evidence(
        basis=Basis.STATED,
        quote=reading.span.text if reading.span else None,
        span=reading.span,
        option=reading.option,
        method=reading.rule,
    )


def whole_prompt(prompt: str) -> Evidence:
    """Return evidence that quotes the request itself, for what follows from all of it or its silence."""
    quote = prompt if len(prompt) <= _LONGEST_QUOTE_CHARS else prompt[: _LONGEST_QUOTE_CHARS - 1] + "…"
    span = Span(start=0, end=len(prompt), text=prompt) if prompt else None
    return Evidence(basis=Basis.STATED, quote=quote or "(empty prompt)", span=span)


def presence(report: AssetReport) -> Evidence:
    """Return evidence that an asset was given, as the kind that the user says."""
    return measured(report, "asset.kind")


_INFERRED = re.compile(r"(?:^|\.)(?:transcript|segments|speech_seconds|music_seconds)(?:\b|\[)")
_UNITS = (
    ("_seconds", "s"),
    ("_lufs", "LUFS"),
    ("_dbtp", "dBTP"),
    ("_lu", "LU"),
    ("_db", "dB"),
    ("_px", "px"),
    ("_hz", "Hz"),
    ("bpm", "BPM"),
    ("_wpm", "words/min"),
    ("frame_rate", "fps"),
    ("cuts_per_minute", "cuts/min"),
    ("motion", "widths/s"),
    ("shake", "% of width"),
    ("_degrees", "°"),
    ("_semitones", "semitones"),
    ("_bytes", "B"),
)
_LIBAV = re.compile(r"ebur128|libav|ffmpeg|pyav|^av$", re.IGNORECASE)
# Findings list their tools without saying which made which metric, so names decide, the analyzer last.
_TOOLS = (
    (re.compile(r"(?:^|\.)transcript\b"), re.compile(r"whisper", re.IGNORECASE)),
    (re.compile(r"(?:^|\.)(?:segments|speech_seconds)\b"), re.compile(r"silero|vad", re.IGNORECASE)),
    (re.compile(r"(?:^|\.)(?:loudness|clipped_share)\b"), _LIBAV),
    (re.compile(r"(?:^|\.)(?:tempo|voice)\b"), re.compile(r"librosa", re.IGNORECASE)),
    (re.compile(r"(?:^|\.)(?:container|timing|geometry|streams)\b"), _LIBAV),
    (re.compile(r"^file\b"), re.compile(r"pillow", re.IGNORECASE)),
)


def is_inferred(metric: str) -> bool:
    """Whether a learned model says what stands at a path."""
    return bool(_INFERRED.search(metric))


def unit_of(metric: str) -> str:
    """Return the unit that the name at the end of a path carries."""
    name = re.sub(r"\[\d+\]", "", metric).rsplit(".", 1)[-1]
    return next((unit for ending, unit in _UNITS if name.endswith(ending)), "")


def tool_of(report: AssetReport, metric: str) -> str:
    """Return the tool behind a metric: the listed one that makes such values, else the analyzer itself."""
    findings = report.findings
    if findings is None:
        return "dreamcut"
    listed = list(findings.tools)
    if isinstance(findings, VideoFindings) and findings.sound and metric.startswith("sound."):
        listed = [*findings.sound.tools, *listed]
    for path, name in _TOOLS:
        if path.search(metric):
            for tool in listed:
                if name.search(tool.name):
                    return f"{tool.name} {tool.version}"
    return f"dreamcut {findings.kind} analyzer {findings.analyzer_version}"
