"""What all findings share: frozen, bounded, versioned, and open about what they could not see."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1  # of the JSON in `dreamcut_assets.analysis`; grows when a reader must change

Share = Annotated[float, Field(ge=0, le=1)]  # part of a whole
Seconds = Annotated[float, Field(ge=0)]


class Finding(BaseModel):
    """Base of every measured value: frozen, unknown fields forbidden, no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TimeRange(Finding):
    """A stretch of media, start inclusive, end exclusive, from the first presented frame or sample."""

    start_seconds: Seconds
    end_seconds: Seconds

    @property
    def duration_seconds(self) -> float:
        """Length in seconds."""
        return self.end_seconds - self.start_seconds


class Measure(Finding):
    """One measured number and where in the findings it stands."""

    metric: str  # dotted path inside the findings, for example "look.tone.mean_luma"
    value: float
    unit: str = ""  # "" for ratios and scores


class Word(Finding):
    """A word that a stated rule derives from measurements."""

    word: str
    rule: str  # the rule as a reader can check it: "mean_luma < 0.25"
    measures: tuple[Measure, ...] = Field(min_length=1)


class Gap(Finding):
    """Something that was not measured, and why."""

    what: str  # "transcript"
    reason: str  # "the speech model is not installed"
    remedy: str | None = None  # "run `make setup`"


class Tool(Finding):
    """A library or model that produced part of the findings."""

    name: str  # "whisper-tiny.en"
    version: str
    is_model: bool = False  # a learned model: what it says is inferred, not measured
    seconds: Seconds = 0.0  # wall time spent in it


class Findings(Finding):
    """What every analyzer promises. Measures that were not reached are None and named in `gaps`."""

    schema_version: int = SCHEMA_VERSION
    analyzer_version: str
    file_bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    words: tuple[Word, ...] = ()
    gaps: tuple[Gap, ...] = ()
    tools: tuple[Tool, ...] = ()
    partial: bool = False  # only a part of the file could be read, or the analysis is still running
