"""The pass over all frames: decode once, measure each frame, keep only numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzers.look import ANALYSIS_EDGE_PX as LOOK_EDGE_PX
from analyzers.media import Frame, MediaInfo, VideoReader, VideoStreamInfo, open_video
from analyzers.video.defects import MatteMeter
from analyzers.video.keyframes import KeyframeKeeper
from analyzers.video.shots import Boundaries, BoundaryFinder
from analyzers.video.signals import measured
from analyzers.video.track import Track, TrackRecorder
from dreamcut.errors import UnsupportedMedia
from dreamcut.findings.video import Keyframe

ANALYSIS_EDGE_PX = 256  # of the frames that every measure but the look is made on
STILL_EVERY_SECONDS = 0.5  # a larger RGB picture costs as much as decoding a frame or two
MATTE_EVERY_FRAMES = 6


@dataclass(frozen=True)
class Watched:
    """What one pass over a clip gave."""

    info: MediaInfo
    stream: VideoStreamInfo
    track: Track
    boundaries: Boundaries
    keyframes: dict[int, Keyframe]  # by shot
    stills: dict[int, NDArray[np.uint8]]  # by shot, (height, width, 3) RGB: the keyframes of some shots
    matte_meter: MatteMeter
    interlaced_frames: int
    corrupt_frames: int
    damaged: str | None


OnOpen = Callable[[MediaInfo, VideoStreamInfo], None]
OnSeconds = Callable[[float], None]  # how far into the clip


def watch(path: Path, *, on_open: OnOpen, on_seconds: OnSeconds) -> Watched:
    """Decode a clip once.

    Args:
        on_open: called when the header is read.
        on_seconds: called after each chunk of frames.

    Raises:
        MediaError: see `analyzers.media.open_video`.
    """
    recorder, finder, keeper = TrackRecorder(), BoundaryFinder(), KeyframeKeeper()
    with open_video(
        path,
        long_edge_px=ANALYSIS_EDGE_PX,
        still_edge_px=LOOK_EDGE_PX,
        still_every_seconds=STILL_EVERY_SECONDS,
    ) as clip:
        stream = clip.info.video
        if stream is None:
            raise UnsupportedMedia(path, "has no video stream")
        on_open(clip.info, stream)
        tap = _Tap(clip, keeper)
        for signals in measured(tap):
            recorder.add(signals)
            if finder.add(signals):
                keeper.close_shots(recorder.track(), finder.transitions, judged=finder.judged)
            on_seconds(float(signals.seconds[-1]))
        boundaries = finder.finish()
        keeper.close_last(recorder.track(), finder.transitions)
        return Watched(
            info=clip.info,
            stream=stream,
            track=recorder.track(),
            boundaries=boundaries,
            keyframes=keeper.keyframes,
            stills=keeper.stills,
            matte_meter=tap.matte_meter,
            interlaced_frames=tap.interlaced,
            corrupt_frames=tap.corrupt,
            damaged=clip.damaged,
        )


class _Tap:
    """Passes frames on and notes what the signals leave out."""

    def __init__(self, clip: VideoReader, keeper: KeyframeKeeper) -> None:
        self._clip = clip
        self._keeper = keeper
        self.interlaced = 0
        self.corrupt = 0
        self.matte_meter = MatteMeter((clip.height_px, clip.width_px))

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._clip:
            self.interlaced += frame.interlaced
            self.corrupt += frame.corrupt
            if frame.index % MATTE_EVERY_FRAMES == 0:
                self.matte_meter.add(frame.luma)
            if frame.still is not None:
                self._keeper.add(frame.index, frame.still)
            yield frame
