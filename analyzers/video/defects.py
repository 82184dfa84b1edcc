"""What an editor wants to know before using a clip: black, frozen and flashing stretches, black bars."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzers.video.fades import BLACK_MEAN, runs
from analyzers.video.track import Track
from dreamcut.findings.base import TimeRange
from dreamcut.findings.video import Matte

SHORTEST_BLACK_SECONDS = 0.5
SHORTEST_FREEZE_SECONDS = 1.0
BAR_LEVEL = 20  # full-range luma: coder ringing in a black bar stays below
BAR_SHARE_OF_FRAMES = 0.98  # of the frames that show something
SMALLEST_BAR = 0.02  # of the height or width, each side
BAR_BALANCE = 0.03  # bars differ by less than this share of the edge
EDGE_FILL = 0.5  # of the line inside a bar is lit at some time; a planet on black fills less


def black_ranges(track: Track, *, duration_seconds: float) -> tuple[TimeRange, ...]:
    """Return the stretches of at least 0.5 s that show nothing but black."""
    black = track.blank & (track.mean < BLACK_MEAN)
    found: list[TimeRange] = []
    for first, after in runs(black):
        found += _range(track, first, after, SHORTEST_BLACK_SECONDS, duration_seconds)
    return tuple(found)


def frozen_ranges(track: Track, *, duration_seconds: float) -> tuple[TimeRange, ...]:
    """Return the stretches of at least 1 s in which nothing changes, blank ones aside."""
    found: list[TimeRange] = []
    for first, after in runs(track.held):
        start = max(0, first - 1)  # the frame that is held belongs to the stretch
        if track.blank[start:after].mean() < 0.5:
            found += _range(track, start, after, SHORTEST_FREEZE_SECONDS, duration_seconds)
    return tuple(found)


def _range(track: Track, first: int, after: int, shortest: float, duration: float) -> list[TimeRange]:
    start = float(track.seconds[first])
    end = float(track.seconds[after]) if after < len(track) else duration
    return [TimeRange(start_seconds=start, end_seconds=end)] if end - start >= shortest - 1e-6 else []


class MatteMeter:
    """Watches for bars that stay black while the picture lives."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        height, width = shape
        self._frames = 0
        self._dark = (np.zeros(height, np.int64), np.zeros(width, np.int64))  # frames, per row and column
        self._brightest = np.zeros((height, width), np.uint8)

    def add(self, luma: NDArray[np.uint8]) -> None:
        """Look at one frame, (height, width) full range; dark frames tell nothing."""
        peaks = luma.max(axis=1), luma.max(axis=0)
        if int(peaks[0].max()) < 3 * BAR_LEVEL:
            return
        self._frames += 1
        for axis in (0, 1):
            self._dark[axis][peaks[axis] <= BAR_LEVEL] += 1
        np.maximum(self._brightest, luma, out=self._brightest)

    def matte(self, *, width_px: int, height_px: int) -> Matte | None:
        """Return the bars in pixels of the displayed frame, or None.

        Bars are lines that are black in nearly all frames, equally thick on both sides, beside
        lines that the picture fills at some time.
        """
        if self._frames == 0:
            return None
        top, bottom = self._bars(axis=0)
        left, right = self._bars(axis=1)
        if top + bottom + left + right == 0:
            return None
        rows, columns = self._brightest.shape
        down, across = height_px / rows, width_px / columns
        active = (width_px - (left + right) * across) / (height_px - (top + bottom) * down)
        kind = "windowbox" if top and left else "letterbox" if top else "pillarbox"
        return Matte(
            top_px=round(top * down),
            bottom_px=round(bottom * down),
            left_px=round(left * across),
            right_px=round(right * across),
            kind=kind,
            active_aspect_ratio=active,
        )

    def _bars(self, *, axis: int) -> tuple[float, float]:
        """Return how thick both bars are, in lines and parts of lines; axis 0 is top and bottom."""
        dark = self._dark[axis] >= BAR_SHARE_OF_FRAMES * self._frames
        lines = len(dark)
        before = int(np.argmin(dark)) if not dark.all() else 0
        after = int(np.argmin(dark[::-1])) if not dark.all() else 0
        if min(before, after) < SMALLEST_BAR * lines or abs(before - after) > max(2, BAR_BALANCE * lines):
            return 0.0, 0.0
        picture = self._brightest if axis == 0 else self._brightest.T
        inside = (picture[before + 1], picture[lines - after - 2])
        if min(float((line > BAR_LEVEL).mean()) for line in inside) < EDGE_FILL:
            return 0.0, 0.0
        # The line at the edge was scaled from bar and picture: its brightness tells how much of each.
        return before + _bar_part(picture[before : before + 3]), after + _bar_part(
            picture[lines - after - 3 : lines - after][::-1]
        )


def _bar_part(lines: NDArray[np.uint8]) -> float:
    """Return which part of the first of three lines is bar, 0 to 1."""
    edge, beyond = float(lines[0].mean()), float(lines[1:].mean())
    return min(1.0, max(0.0, 1 - edge / beyond)) if beyond > BAR_LEVEL else 0.0
