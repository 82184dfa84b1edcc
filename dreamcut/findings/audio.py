"""What the audio analyzer promises, for audio files and for the sound track of a video."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from dreamcut.findings.base import Finding, Findings, Seconds, Share, TimeRange


class AudioStream(Finding):
    """One audio stream of a file."""

    index: int = Field(ge=0)  # stream index in the container
    codec: str
    sample_rate_hz: int = Field(ge=1)
    channels: int = Field(ge=1)
    layout: str  # "stereo", "5.1"
    bits_per_second: int | None = Field(default=None, ge=0)
    language: str | None = None


class Loudness(Finding):
    """EBU R128 / ITU-R BS.1770-4. None where the signal is too short or too quiet to measure."""

    integrated_lufs: float | None
    range_lu: float | None
    range_valid: bool  # False under 60 s of programme: EBU Tech 3342 calls it unstable there
    true_peak_dbtp: float | None  # 4x oversampled


class SegmentKind(StrEnum):
    """What a stretch of sound is."""

    SPEECH = "speech"
    MUSIC = "music"
    SPEECH_OVER_MUSIC = "speech over music"
    SILENCE = "silence"
    OTHER = "other"  # effects, ambience, noise


class Segment(TimeRange):
    """A stretch of sound of one kind. Segments cover the whole duration, in order."""

    kind: SegmentKind
    confidence: Share


class SpokenWord(TimeRange):
    """One recognised word."""

    text: str
    confidence: Share


class Transcript(Finding):
    """What is said, as a speech model heard it: inferred."""

    language: str  # BCP 47
    text: str
    words: tuple[SpokenWord, ...]
    speaking_rate_wpm: float | None = Field(default=None, ge=0)  # over speech time, pauses aside


class Tempo(Finding):
    """Pulse of the music."""

    bpm: float = Field(gt=0)
    confidence: Share
    alternatives_bpm: tuple[float, ...] = ()  # octave readings that fit nearly as well
    beats_seconds: tuple[float, ...] = ()


class Voice(Finding):
    """How the speech sounds, over speech time."""

    pitch_median_hz: float | None = Field(default=None, gt=0)
    pitch_range_semitones: float | None = Field(default=None, ge=0)  # 10th to 90th percentile
    pause_share: Share  # of the time from first to last word
    longest_pause_seconds: Seconds
    level_range_db: float = Field(ge=0)  # 10th to 90th percentile of short-term level


class AudioFindings(Findings):
    """One audio stream, analysed whole."""

    kind: Literal["audio"] = "audio"
    streams: tuple[AudioStream, ...]
    duration_seconds: Seconds  # of decoded samples, not of the header
    loudness: Loudness | None = None
    clipped_share: Share | None = None  # samples in runs at full scale
    head_silence_seconds: Seconds | None = None
    tail_silence_seconds: Seconds | None = None
    segments: tuple[Segment, ...] = ()
    speech_seconds: Seconds | None = None  # with or without music
    music_seconds: Seconds | None = None
    transcript: Transcript | None = None
    voice: Voice | None = None
    tempo: Tempo | None = None  # None: no music, or music without a steady beat (a gap says which)
    spectral_centroid_hz: float | None = Field(default=None, ge=0)  # brightness, over non-silent time
    energy_curve_db: tuple[float, ...] = ()  # RMS per second, dBFS, at most 600 points
