"""The only door to untrusted files.

Every file is opened here and handed, as an open descriptor, to a decoder child (`analyzers.decoder`)
that may open nothing else (no file, no socket: the kernel refuses further descriptors) and lives under
limits on time, memory, pixels and seconds of media. What comes back are plain numbers of known shape.

The child itself is kept by `analyzers.child`; `child.stop_children` ends all of them at once.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from analyzers.child import Child, Limits, picture_of
from analyzers.decoder import CORRUPT, FRAME, INTERLACED, KEY
from analyzers.signatures import open_regular

CHUNK_BYTES = 1 << 20
IMAGE_LIMITS = Limits(
    file_bytes=256 << 20, pixels=120_000_000, media_seconds=0, memory_bytes=2 << 30, cpu_seconds=60
)
VIDEO_LIMITS = Limits(
    file_bytes=64 << 30,
    pixels=36_000_000,  # 8K
    media_seconds=4 * 3600,
    memory_bytes=4 << 30,
    cpu_seconds=4 * 3600,
)
AUDIO_LIMITS = Limits(
    file_bytes=64 << 30, pixels=36_000_000, media_seconds=6 * 3600, memory_bytes=2 << 30, cpu_seconds=3600
)


@dataclass(frozen=True)
class Fingerprint:
    """Identity of a file's bytes."""

    sha256: str
    file_bytes: int


@dataclass(frozen=True)
class StillInfo:
    """A still image as its header tells."""

    format: str
    mode: str
    bits_per_channel: int
    stored_width_px: int
    stored_height_px: int
    orientation: int  # EXIF, 1 to 8
    width_px: int  # as displayed
    height_px: int
    colour_profile: str | None
    has_alpha: bool
    frames: int


@dataclass(frozen=True)
class Still:
    """One decoded picture."""

    info: StillInfo
    pixels: NDArray[np.uint8]  # (height, width, 4): sRGB and straight alpha, upright
    damaged: str | None


@dataclass(frozen=True)
class VideoStreamInfo:
    """A video stream as its header tells."""

    codec: str
    pixel_format: str
    width_px: int  # stored
    height_px: int
    sample_aspect_ratio: float
    rotation_degrees: int  # clockwise, for display
    nominal_frame_rate: float | None
    colour_range: str | None
    colour_transfer: str | None
    time_base: tuple[int, int]
    frames_claimed: int


@dataclass(frozen=True)
class AudioStreamInfo:
    """An audio stream as its header tells."""

    index: int
    codec: str
    sample_rate_hz: int
    channels: int
    layout: str
    bits_per_second: int | None
    language: str | None


@dataclass(frozen=True)
class MediaInfo:
    """A container as its header tells; the header may lie."""

    container: str
    container_bits_per_second: int | None
    duration_seconds: float | None
    video: VideoStreamInfo | None
    audio: tuple[AudioStreamInfo, ...]


@dataclass(frozen=True)
class Frame:
    """One frame, small and as displayed. The planes are views: copy what outlives the loop."""

    index: int
    seconds: float  # since the first presented frame
    pts: int
    key: bool
    interlaced: bool
    corrupt: bool
    luma: NDArray[np.uint8]  # (height, width), full range
    cb: NDArray[np.uint8]  # (height / 2, width / 2), centred on 128
    cr: NDArray[np.uint8]
    still: NDArray[np.uint8] | None  # (height, width, 3) RGB, larger; only at the asked cadence


@dataclass(frozen=True)
class AudioSummary:
    """What the decoder measured on the native samples."""

    duration_seconds: float
    integrated_lufs: float | None
    range_lu: float | None
    true_peak_dbtp: float | None
    samples: int  # over all channels
    clipped_samples: int


def fingerprint(path: Path, *, sha256: str | None = None) -> Fingerprint:
    """Hash a file without holding it.

    Args:
        sha256: of the file, where somebody has hashed it already.

    Raises:
        UnreadableMedia: missing, empty, not a regular file, or not permitted.
    """
    digest = hashlib.sha256()
    with os.fdopen(open_regular(path), "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        if sha256 is not None:
            return Fingerprint(sha256=sha256, file_bytes=size)
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return Fingerprint(sha256=digest.hexdigest(), file_bytes=size)


def read_image(path: Path, *, long_edge_px: int, limits: Limits = IMAGE_LIMITS) -> Still:
    """Decode a still image to at most `long_edge_px`.

    Raises:
        UnreadableMedia, MediaTooLarge, AnalysisTimedOut, AnalysisCancelled: see `dreamcut.errors`.
    """
    with Child(path, "image", limits, long_edge_px=long_edge_px) as child:
        header = child.read_json()
        _seconds, pixels = child.read_picture()
    turned = header["orientation"] >= 5
    width, height = header["stored_width_px"], header["stored_height_px"]
    info = {key: header[key] for key in header.keys() - {"damaged"}}
    return Still(
        info=StillInfo(**info, width_px=height if turned else width, height_px=width if turned else height),
        pixels=pixels,
        damaged=header["damaged"],
    )


def read_frames(
    path: Path, at_seconds: Sequence[float], *, long_edge_px: int, limits: Limits = VIDEO_LIMITS
) -> list[NDArray[np.uint8]]:
    """Return one RGB picture (height, width, 3), as displayed, for each time, in the order asked.

    Each is the first frame at or after its time; past the end, the last frame.
    """
    if not at_seconds:
        return []
    order = sorted(range(len(at_seconds)), key=lambda i: at_seconds[i])
    pictures: list[NDArray[np.uint8]] = [np.empty((0, 0, 3), np.uint8)] * len(at_seconds)
    with Child(path, "frames", limits, long_edge_px=long_edge_px, at_seconds=list(at_seconds)) as child:
        info = _media_info(child.read_json())
        turns = _quarter_turns(info)
        for i in order:
            pictures[i] = np.rot90(child.read_picture()[1], turns)
    return pictures


def open_video(
    path: Path,
    *,
    long_edge_px: int = 256,
    still_edge_px: int = 512,
    still_every_seconds: float = 0.0,
    limits: Limits = VIDEO_LIMITS,
) -> "VideoReader":
    """Open a video for one pass over all its frames; use as a context manager.

    Args:
        path: the file.
        long_edge_px: of the small frames.
        still_edge_px: of the stills that come along.
        still_every_seconds: how often a frame carries a still, the first included; 0 for never.
        limits: what the file may cost.
    """
    request = {
        "long_edge_px": long_edge_px,
        "still_edge_px": still_edge_px,
        "still_every_seconds": still_every_seconds,
    }
    return VideoReader(Child(path, "video", limits, **request))


def open_audio(path: Path, *, sample_rate_hz: int = 16_000, limits: Limits = AUDIO_LIMITS) -> "AudioReader":
    """Open the first audio stream of an audio or video file; use as a context manager."""
    return AudioReader(path, sample_rate_hz=sample_rate_hz, limits=limits)


class VideoReader:
    """Iterates over small frames in presentation order; `damaged` is known after the loop."""

    info: MediaInfo
    width_px: int  # of the small frames, as displayed
    height_px: int

    def __init__(self, child: "Child") -> None:
        self._child = child
        self.damaged: str | None = None

    def __enter__(self) -> Self:
        self._child.__enter__()
        try:
            self.info = _media_info(self._child.read_json())
            self._turns = _quarter_turns(self.info)
            self._first = self._frame(0)
        except BaseException:
            self._child.__exit__(None, None, None)
            raise
        if self._first is not None:
            self.height_px, self.width_px = self._first.luma.shape
        return self

    def __iter__(self) -> Iterator[Frame]:
        frame = self._first
        while frame is not None:
            yield frame
            frame = self._frame(frame.index + 1)

    def _frame(self, index: int) -> Frame | None:
        """Return the next frame, or None after the last, when `damaged` is known."""
        still: NDArray[np.uint8] | None = None
        kind, record = self._child.read_record()
        if kind == b"R":
            still = np.rot90(picture_of(record)[1], self._turns)
            kind, record = self._child.read_record()
        if kind == b"J":
            self.damaged = json.loads(record)["damaged"]
            return None
        pts, seconds, flags, width, height, luma_line, chroma_line = FRAME.unpack_from(record)
        data = np.frombuffer(record, dtype=np.uint8, offset=FRAME.size)
        luma_size, chroma_size = luma_line * height, chroma_line * (height // 2)
        luma = data[:luma_size].reshape(height, luma_line)[:, :width]
        cb = data[luma_size : luma_size + chroma_size].reshape(-1, chroma_line)[:, : width // 2]
        cr = data[luma_size + chroma_size :].reshape(-1, chroma_line)[:, : width // 2]
        if self._turns:
            luma, cb, cr = (np.rot90(plane, self._turns) for plane in (luma, cb, cr))
        return Frame(
            index=index,
            seconds=seconds,
            pts=pts,
            key=bool(flags & KEY),
            interlaced=bool(flags & INTERLACED),
            corrupt=bool(flags & CORRUPT),
            luma=luma,
            cb=cb,
            cr=cr,
            still=still,
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)


class AudioReader:
    """Iterates over mono float32 blocks of about 1 s; `summary` and `damaged` are known after the loop."""

    info: MediaInfo
    summary: AudioSummary

    def __init__(self, path: Path, *, sample_rate_hz: int, limits: Limits) -> None:
        self._child = Child(path, "audio", limits, sample_rate_hz=sample_rate_hz)
        self.damaged: str | None = None

    def __enter__(self) -> Self:
        self._child.__enter__()
        try:
            self.info = _media_info(self._child.read_json())
        except BaseException:
            self._child.__exit__(None, None, None)
            raise
        return self

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        while True:
            kind, record = self._child.read_record()
            if kind == b"J":
                tail = json.loads(record)
                self.damaged = tail.pop("damaged")
                self.summary = AudioSummary(**tail)
                return
            yield np.frombuffer(record, dtype=np.float32)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.__exit__(kind, error, trace)


def _media_info(header: dict[str, Any]) -> MediaInfo:
    video = header["video"]
    return MediaInfo(
        container=header["container"],
        container_bits_per_second=header["container_bits_per_second"],
        duration_seconds=header["header_seconds"],
        video=VideoStreamInfo(**{**video, "time_base": tuple(video["time_base"])}) if video else None,
        audio=tuple(AudioStreamInfo(**stream) for stream in header["audio"]),
    )


def _quarter_turns(info: MediaInfo) -> int:
    """Return the turns for `np.rot90`, which counts counter-clockwise."""
    return (-info.video.rotation_degrees // 90) % 4 if info.video else 0
