"""The creative brief: one versioned document, every sentence of which rests on evidence."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from dreamcut.brief.evidence import Basis, Evidence, Statement, Value
from dreamcut.brief.request import LedgerEntry
from dreamcut.findings.base import Gap
from dreamcut.models import AssetKind, Intent, Record
from dreamcut.prompt import AssetRole, PromptReading, Span

BRIEF_VERSION = 1  # grows when a reader must change
SECONDS_TOLERANCE = 1e-6


class Severity(StrEnum):
    """How much a conflict matters, most first."""

    BLOCKING = "blocking"  # the piece cannot be made as asked before this is settled
    IMPORTANT = "important"  # the audience would notice
    MINOR = "minor"  # worth knowing


class ConflictKind(StrEnum):
    """What disagrees."""

    REQUEST = "request"  # the request with itself
    DURATION = "duration"
    ASPECT_RATIO = "aspect_ratio"
    RESOLUTION = "resolution"
    FRAME_RATE = "frame_rate"
    LOUDNESS = "loudness"
    PALETTE = "palette"
    MISSING_MATERIAL = "missing_material"
    QUALITY = "quality"
    SOUND = "sound"


class ConstraintSource(StrEnum):
    """Who sets a constraint."""

    OPTION = "option"
    PROMPT = "prompt"
    PLATFORM = "platform"
    MATERIAL = "material"  # another asset
    PRACTICE = "practice"  # common practice, named in `rule`


class Constraint(Record):
    """What is wanted."""

    source: ConstraintSource
    value: Value
    unit: str = ""
    span: Span | None = None
    option: str | None = None
    rule: str | None = None


class Measured(Record):
    """What is there."""

    asset_id: UUID
    metric: str
    value: Value
    unit: str = ""
    tool: str


class SourceRange(Record):
    """A stretch of an asset."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)

    asset_id: UUID
    in_seconds: float = Field(ge=0, alias="in")
    out_seconds: float = Field(gt=0, alias="out")
    why: tuple[Statement, ...] = ()

    @model_validator(mode="after")
    def _runs_forward(self) -> "SourceRange":
        if self.out_seconds <= self.in_seconds:
            raise ValueError("a range ends after it starts")
        return self


class Action(StrEnum):
    """What is done about a conflict."""

    TRIM = "trim"
    FILL = "fill"
    SPREAD = "spread"
    CROP = "crop"
    SCALE = "scale"
    CONFORM = "conform"
    GAIN = "gain"
    GRADE = "grade"
    DUCK = "duck"
    MUTE = "mute"
    AVOID = "avoid"
    REPAIR = "repair"
    PROVIDE = "provide"
    DECIDE = "decide"


class Resolution(Record):
    """What will be done."""

    action: Action
    text: str = Field(min_length=1)
    ranges: tuple[SourceRange, ...] = ()
    auto: bool  # done without asking; otherwise the user decides


class Conflict(Record):
    """Where the request and the material disagree."""

    id: str
    kind: ConflictKind
    severity: Severity
    statement: str = Field(min_length=1)
    constraint: Constraint
    measured: Measured | None  # None: nothing is there to be measured
    resolution: Resolution
    basis: Basis
    confidence: float = Field(ge=0, le=1)
    alternatives: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = Field(min_length=1)


class AssetSummary(Record):
    """One asset: what it is, what it is for, what it needs."""

    asset_id: UUID
    name: str
    kind: AssetKind
    role: AssetRole | None  # None: it could not be read
    role_because: Statement
    facts: tuple[Statement, ...] = ()  # most telling first
    needs: tuple[Statement, ...] = ()
    failure: str | None = None


class Clip(SourceRange):
    """A stretch of footage, or of sound in a piece of sound."""

    kind: Literal["clip"] = "clip"


class Still(Record):
    """A picture held."""

    kind: Literal["still"] = "still"
    asset_id: UUID


class Generate(Record):
    """A gap in the material, as a neutral generation job."""

    kind: Literal["generate"] = "generate"
    prompt: str = Field(min_length=1)  # the user's own words and measured colours
    negative: tuple[str, ...] = ()
    style_refs: tuple[UUID, ...] = ()
    ratio: str | None = None
    duration_seconds: float | None = Field(default=None, gt=0)


Picture = Annotated[Clip | Still | Generate, Field(discriminator="kind")]


class Beat(Record):
    """One stretch of the piece. Frames are of the timeline's rate, end exclusive."""

    index: int = Field(ge=0)
    start_frame: int = Field(ge=0)
    end_frame: int = Field(gt=0)
    start_seconds: float = Field(ge=0)
    end_seconds: float = Field(gt=0)
    source: Picture
    why: tuple[Statement, ...] = Field(min_length=1)
    heard: str | None = None  # the words that start in it


class Timeline(Record):
    """The frame of a direction. `duration_seconds` is `frames / frame_rate`."""

    frame_rate: float = Field(gt=0)
    frames: int = Field(gt=0)
    duration_seconds: float = Field(gt=0)


class SoundCue(SourceRange):
    """A stretch of sound laid under or over the picture."""

    role: AssetRole
    at_seconds: float = Field(ge=0)  # on the timeline
    gain_db: float | None = None  # None: the level could not be measured
    duck_db: float | None = Field(default=None, le=0)  # further change while the voice speaks
    text: str | None = None  # the words in it
    statement: Statement


class TitleCard(Record):
    """Words to be shown: quoted by the user or heard in the voice."""

    text: str = Field(min_length=1)
    at_seconds: float | None = Field(default=None, ge=0)
    because: Statement


class TargetColour(Record):
    """A colour to aim at."""

    hex: str = Field(pattern=r"^#[0-9a-f]{6}$")
    name: str
    share: float = Field(ge=0, le=1)


class TargetLook(Record):
    """The look to aim at."""

    colours: tuple[TargetColour, ...] = ()
    words: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = Field(min_length=1)


class Pacing(Record):
    """How fast it is cut."""

    shots: int = Field(ge=0)
    average_shot_seconds: float | None = Field(default=None, gt=0)
    statement: Statement


class Direction(Record):
    """One way to make the piece, exact enough to be compiled to a timeline."""

    id: str
    name: str = Field(min_length=1)
    logline: Statement
    rationale: tuple[Statement, ...] = Field(min_length=1)
    look: TargetLook
    pacing: Pacing
    timeline: Timeline | None  # None: a still picture, or no length is known
    beats: tuple[Beat, ...] = ()
    picture: Picture | None = None  # the base of a still piece
    sound: tuple[SoundCue, ...] = ()
    clip_sound_db: float | None = None  # gain of the clips' own sound; None: it is not heard
    titles: tuple[TitleCard, ...] = ()
    scoring: tuple[str, ...] = ()  # how shots were chosen: "0.4 x sharpness rank"

    @model_validator(mode="after")
    def _beats_fill_the_timeline(self) -> "Direction":
        if self.timeline is None:
            if self.beats:
                raise ValueError("beats need a timeline")
            return self
        edge = 0
        for index, beat in enumerate(self.beats):
            if beat.index != index or beat.start_frame != edge or beat.end_frame <= beat.start_frame:
                raise ValueError(f"beat {index} does not continue the one before")
            edge = beat.end_frame
        if edge != self.timeline.frames:
            raise ValueError(f"beats fill {edge} of {self.timeline.frames} frames")
        return self


class NextStep(Statement):
    """Something to be done, by whom."""

    by: Literal["you", "dreamcut"]


class QuerySummary(Record):
    """Compatibility view: the request."""

    original_prompt: str
    intent: Intent
    assets_count: int = Field(ge=0)


class AssetsAnalysis(Record):
    """Compatibility view: how many assets of which kind."""

    total_assets: int = Field(ge=0)
    by_type: dict[AssetKind, int]


class CompatBrief(Record):
    """Compatibility view: readiness."""

    ready_for_production: bool
    estimated_completion: None = None  # nothing computes it yet; the key is part of the contract
    next_steps: tuple[str, ...]


class GlobalUnderstanding(Record):
    """What the material says together, by reference to the sections that prove it."""

    unified_creative_direction: str
    asset_utilization_strategy: dict[str, str]  # asset id to role
    identified_challenges: tuple[str, ...]  # conflict ids


class CreativeOptions(Record):
    """Ids of the directions, the first one recommended."""

    primary: str | None
    alternatives: tuple[str, ...]


class Brief(Record):
    """The whole document. Its first keys are those that the predecessor's front end reads."""

    brief_version: Literal[1] = 1  # BRIEF_VERSION
    query_id: UUID
    created_at: datetime
    query_summary: QuerySummary
    assets_analysis: AssetsAnalysis
    creative_brief: CompatBrief
    global_understanding: GlobalUnderstanding
    creative_options: CreativeOptions
    title: str = Field(min_length=1)
    idea: Statement
    readiness: Statement
    request: PromptReading
    target: tuple[Statement, ...] = Field(min_length=1)
    assets: tuple[AssetSummary, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    directions: tuple[Direction, ...] = Field(min_length=1, max_length=3)
    next_steps: tuple[NextStep, ...] = ()
    not_verified: tuple[Statement, ...] = ()  # asked for, and nothing here can see it
    gaps: tuple[Gap, ...] = ()
    models_used: tuple[str, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    cost_usd: Decimal = Field(ge=0)
    processing_seconds: float = Field(ge=0)

    @model_validator(mode="after")
    def _views_agree(self) -> "Brief":
        if self.creative_brief.next_steps != tuple(step.text for step in self.next_steps):
            raise ValueError("the compatibility view repeats the next steps")
        placed = {UUID(key) for key in self.global_understanding.asset_utilization_strategy}
        if placed != {asset.asset_id for asset in self.assets}:
            raise ValueError("every asset has a place in the strategy")
        return self

    def to_payload(self) -> dict[str, Any]:
        """Return the document as JSON-ready data, as it is stored with the query."""
        return self.model_dump(mode="json")
