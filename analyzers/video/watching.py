"""The pass over all frames: decode once, measure each frame, keep only numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzers.media import Frame, MediaInfo, VideoReader, VideoStreamInfo, open_video
from analyzers.video.defects import MatteMeter
from analyzers.video.shots import Boundaries, BoundaryFinder
from analyzers.video.signals import measured
from analyzers.video.track import Track, TrackRecorder
from dreamcut.errors import UnsupportedMedia

ANALYSIS_EDGE_PX = 256  # of the frames that every measure but the look is made on
MATTE_EVERY_FRAMES = 6


@dataclass(frozen=True)
class Watched:
    """What one pass over a clip gave."""

    info: MediaInfo
    stream: VideoStreamInfo
    track: Track
    boundaries: Boundaries
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
    recorder, finder = TrackRecorder(), BoundaryFinder()
    with open_video(path, long_edge_px=ANALYSIS_EDGE_PX) as clip:
        stream = clip.info.video
        if stream is None:
            raise UnsupportedMedia(path, "has no video stream")
        on_open(clip.info, stream)
        tap = _Tap(clip)
        for signals in measured(tap):
            recorder.add(signals)
            finder.add(signals)
            on_seconds(float(signals.seconds[-1]))
        return Watched(
            info=clip.info,
            stream=stream,
            track=recorder.track(),
            boundaries=finder.finish(),
            matte_meter=tap.matte_meter,
            interlaced_frames=tap.interlaced,
            corrupt_frames=tap.corrupt,
            damaged=clip.damaged,
        )


class _Tap:
    """Passes frames on and notes what the signals leave out."""

    def __init__(self, clip: VideoReader) -> None:
        self._clip = clip
        self.interlaced = 0
        self.corrupt = 0
        self.matte_meter = MatteMeter((clip.height_px, clip.width_px))

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._clip:
            self.interlaced += frame.interlaced
            self.corrupt += frame.corrupt
            if frame.index % MATTE_EVERY_FRAMES == 0:
                self.matte_meter.add(frame.luma)
            yield frame
