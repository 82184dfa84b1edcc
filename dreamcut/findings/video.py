"""What the video analyzer promises."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from dreamcut.findings.audio import AudioFindings, AudioStream
from dreamcut.findings.base import Finding, Findings, Seconds, Share, TimeRange
from dreamcut.findings.look import Look


class Container(Finding):
    """The file around the streams."""

    format: str  # libavformat's name: "mov,mp4,m4a,3gp,3g2,mj2"
    video_codec: str
    pixel_format: str
    bits_per_second: int | None = Field(default=None, ge=0)
    audio_streams: tuple[AudioStream, ...] = ()
    colour_range: str | None = None  # "tv", "pc"
    colour_transfer: str | None = None  # "bt709", "smpte2084" (HDR PQ)


class Geometry(Finding):
    """Size as stored and as displayed (sample aspect ratio and display matrix applied)."""

    stored_width_px: int = Field(ge=1)
    stored_height_px: int = Field(ge=1)
    sample_aspect_ratio: float = Field(gt=0)
    rotation_degrees: int  # clockwise, from the display matrix
    width_px: int = Field(ge=1)
    height_px: int = Field(ge=1)
    aspect_ratio: float = Field(gt=0)
    aspect_name: str


class Timing(Finding):
    """Time as decoded, not as the header claims."""

    duration_seconds: Seconds
    frames: int = Field(ge=0)
    frame_rate: float = Field(ge=0)  # frames / duration
    nominal_frame_rate: float | None = Field(default=None, ge=0)  # the header's
    variable: bool  # frame durations differ by more than rounding
    interlaced: bool
    timecode_rate: int | None = Field(default=None, ge=1)  # rounded rate for SMPTE


class TransitionKind(StrEnum):
    """How a shot begins."""

    START = "start"  # of the file
    CUT = "cut"
    DISSOLVE = "dissolve"
    FADE = "fade"  # through black or white


class Keyframe(Finding):
    """The frame that stands for a shot."""

    at_seconds: Seconds
    sharpness: float = Field(ge=0)
    perceptual_hash: str = Field(pattern=r"^[0-9a-f]{16}$")


class CameraMotion(StrEnum):
    """How much moves; direction is not told here."""

    STILL = "still"
    CALM = "calm"
    LIVELY = "lively"
    FAST = "fast"


class Shot(TimeRange):
    """Frames between two transitions. Shots are in order and do not overlap."""

    index: int = Field(ge=0)
    start_frame: int = Field(ge=0)
    end_frame: int = Field(ge=0)  # exclusive
    opens_with: TransitionKind
    confidence: Share  # that the opening transition is real; 1 for START
    transition_seconds: Seconds = 0.0  # length of the opening dissolve or fade
    keyframe: Keyframe | None = None
    look: Look | None = None  # of the keyframe
    motion: float = Field(default=0.0, ge=0)  # mean share of the picture's width per second
    motion_kind: CameraMotion | None = None
    shake: float | None = Field(default=None, ge=0)  # jitter of the global shift, % of width, RMS


class Matte(Finding):
    """Black bars around the picture, px of the displayed frame."""

    top_px: int = Field(ge=0)
    bottom_px: int = Field(ge=0)
    left_px: int = Field(ge=0)
    right_px: int = Field(ge=0)
    kind: str  # "letterbox", "pillarbox", "windowbox"
    active_aspect_ratio: float = Field(gt=0)


class Defects(Finding):
    """Stretches that an editor wants to know of."""

    black: tuple[TimeRange, ...] = ()
    frozen: tuple[TimeRange, ...] = ()
    flashes_seconds: tuple[float, ...] = ()
    matte: Matte | None = None


class VideoFindings(Findings):
    """One video file."""

    kind: Literal["video"] = "video"
    container: Container
    geometry: Geometry
    timing: Timing
    shots: tuple[Shot, ...] = ()
    cuts_per_minute: float | None = Field(default=None, ge=0)
    look: Look | None = None  # over all keyframes, by the length of their shots
    motion: float | None = Field(default=None, ge=0)  # mean over shots, by length
    motion_kind: CameraMotion | None = None
    defects: Defects | None = None
    sound: AudioFindings | None = None  # the first audio stream
