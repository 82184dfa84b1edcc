"""The request as understood: each reading keeps where it comes from, so that the brief can quote it."""

from enum import StrEnum

from pydantic import Field, model_validator

from dreamcut.findings.base import Gap
from dreamcut.models import AssetKind, Intent, Record


class Source(StrEnum):
    """Where a reading comes from, strongest first."""

    OPTION = "option"  # fixed beside the prompt
    PROMPT = "prompt"  # written in the prompt
    PLATFORM = "platform"  # follows from the platform that the prompt names
    DEFAULT = "default"  # nobody said anything


class Bound(StrEnum):
    """How a number limits the result."""

    EXACT = "exact"
    ABOUT = "about"
    AT_MOST = "at most"
    AT_LEAST = "at least"


class AssetRole(StrEnum):
    """What an asset is for."""

    STYLE_REFERENCE = "style"
    STILL = "still"  # a picture to be shown
    LOGO = "logo"
    FOOTAGE = "footage"
    BROLL = "b-roll"
    VOICEOVER = "voiceover"
    MUSIC = "music"
    SOUND_EFFECT = "sound effect"

    @property
    def label(self) -> str:
        """The role as a sentence names it."""
        return {"style": "style reference", "still": "picture to show", "voiceover": "voice-over"}.get(
            self.value, self.value
        )


class Span(Record):
    """A stretch of the prompt, in characters, end exclusive."""

    start: int = Field(ge=0)
    end: int = Field(gt=0)
    text: str = Field(min_length=1)


class Reading(Record):
    """Something understood, with its origin."""

    source: Source
    span: Span | None = None  # the words it was read from; the platform's words for Source.PLATFORM
    option: str | None = None  # the option's name for Source.OPTION
    rule: str | None = None  # why it follows, where it is not written: "TikTok plays 9:16"

    @model_validator(mode="after")
    def _has_its_origin(self) -> "Reading":
        if self.source in (Source.PROMPT, Source.PLATFORM) and self.span is None:
            raise ValueError("a reading of the prompt needs its span")
        if self.source is Source.OPTION and self.option is None:
            raise ValueError("a reading of an option needs its name")
        return self


class Quantity(Reading):
    """A number with its unit."""

    value: float = Field(gt=0)
    unit: str  # "s", "fps"
    bound: Bound = Bound.EXACT
    low: float | None = Field(default=None, gt=0)  # the lower end of "15-30 seconds"; value is the upper


class Level(Reading):
    """Programme loudness."""

    lufs: float = Field(ge=-70, le=0)


class Ratio(Reading):
    """Width to height."""

    value: str = Field(pattern=r"^\d+(\.\d+)?:\d+(\.\d+)?$")

    @property
    def number(self) -> float:
        """Width divided by height."""
        width, height = self.value.split(":")
        return float(width) / float(height)


class Size(Reading):
    """A picture size. One side is None where only the other was named ("1080p")."""

    name: str  # as named: "4K", "1920x1080"
    width_px: int | None = Field(default=None, ge=1)
    height_px: int | None = Field(default=None, ge=1)

    @property
    def short_edge_px(self) -> int:
        """The shorter side: what "1080p" counts, upright or not."""
        return min(side for side in (self.width_px, self.height_px) if side is not None)


class Term(Reading):
    """A word of a closed vocabulary, or the user's own words."""

    value: str = Field(min_length=1)


class IntentReading(Reading):
    """What is to be made."""

    value: Intent


class Mention(Reading):
    """Material that the user speaks of."""

    role: AssetRole
    kind: AssetKind
    owned: bool  # "my voiceover", "the attached clip": they say they have it
    several: bool = False  # "my photos"


class Overruled(Record):
    """A reading that a stronger one replaced."""

    field: str  # "duration"
    reading: Quantity | Ratio | Size
    unit: str = ""


class Points(Record):
    """One reason for a creative profile."""

    rule: str  # "deliverable trailer"
    points: int = Field(gt=0)
    span: Span | None = None


class ProfileScore(Record):
    """How well one creative profile fits; a sum of stated rules, not a probability."""

    id: str
    points: int = Field(ge=0)
    reasons: tuple[Points, ...]


class ProfileReading(Record):
    """The creative profile, or none when nothing in the prompt points to one."""

    chosen: ProfileScore | None = None
    alternatives: tuple[ProfileScore, ...] = ()  # also over the threshold, best first
    usual_seconds: tuple[float, float] | None = None  # the length such pieces usually have


class PromptReading(Record):
    """Everything read from one prompt and its options."""

    prompt: str
    intent: IntentReading
    duration: Quantity | None = None
    aspect_ratio: Ratio | None = None
    size: Size | None = None
    frame_rate: Quantity | None = None
    platform: Term | None = None
    longest_seconds: Quantity | None = None  # what the platform accepts
    loudness: Level | None = None  # what the platform plays at
    deliverable: Term | None = None
    styles: tuple[Term, ...] = ()
    moods: tuple[Term, ...] = ()
    genres: tuple[Term, ...] = ()
    elements: tuple[Term, ...] = ()  # asked to be seen or heard: "neon rain"
    subject: Term | None = None  # what it is about
    titles: tuple[Term, ...] = ()  # quoted words to be shown
    materials: tuple[Mention, ...] = ()
    excluded: tuple[Term, ...] = ()  # asked not to be there: "no music"
    overruled: tuple[Overruled, ...] = ()
    profile: ProfileReading = ProfileReading()
    gaps: tuple[Gap, ...] = ()  # what the prompt leaves open
