"""Fades through black or white: the picture sinks into a blank frame and another rises from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzers.video.likeness import structure_distance, unlikeness
from analyzers.video.signals import Signals

BLANK_DEVIATION = 2.2  # luma steps at analysis size: what scaling leaves of grain and coder noise
BLACK_MEAN = 24.0
WHITE_MEAN = 228.0
LONGEST_RAMP_SECONDS = 3.0
SHORTEST_RAMP_FRAMES = 3  # fewer is a cut to black
HOLD_SECONDS = 1.5  # blank for longer is a shot of its own, between two fades
SAME_PICTURE = 0.1  # unlikeness below which a flash, not an edit, has whitened the picture

_F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Fade:
    """One fade: frames [start, end) that show neither picture in full."""

    start: int
    end: int
    sinks: bool  # into the blank frames; else a hard cut leads there
    rises: bool  # out of them
    joins: bool = True  # two shots; False where the clip begins or ends in the blank frames

    @property
    def confidence(self) -> float:
        """Return 0 to 1."""
        return 0.9 if self.sinks and self.rises else 0.7

    def contains(self, cut: int) -> bool:
        """Return whether a hard cut is an edge of the blank frames, so part of this fade."""
        return self.start + (1 if self.sinks else -1) < cut < self.end + (-1 if self.rises else 2)


def blank_frames(signals: Signals) -> NDArray[np.bool_]:
    """Return which frames are plain black or white, (n,)."""
    extreme = (signals.mean < BLACK_MEAN) | (signals.mean > WHITE_MEAN)
    return np.asarray((signals.deviation < BLANK_DEVIATION) & extreme)


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches of True as (first, first after)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def find_fades(signals: Signals, *, frame_rate: float, walls: list[int]) -> list[Fade]:
    """Find fades through black or white inside the signals.

    Args:
        frame_rate: frames per second.
        walls: frames of hard cuts, which no ramp may cross.

    Returns:
        In order, not overlapping. A blank stretch longer than HOLD_SECONDS gives one fade into it
        and one out of it; a stretch with a hard edge on both sides gives none. A clip that fades in
        or out at its ends gives a fade that joins no shots.
    """
    found: list[Fade] = []
    for first, after in runs(blank_frames(signals)):
        if first == 0 and after == len(signals):
            continue
        floor = found[-1].end if found else 0
        start = _ramp_start(signals, first, frame_rate=frame_rate, walls=walls, floor=floor)
        end = _ramp_end(signals, after, frame_rate=frame_rate, walls=walls)
        sinks, rises = first - start >= SHORTEST_RAMP_FRAMES, end - after >= SHORTEST_RAMP_FRAMES
        if not (sinks or rises) or _is_flash(signals, start, end):
            continue
        if (after - first) / frame_rate > HOLD_SECONDS:
            found += [Fade(start, first, sinks=True, rises=False)] if sinks and first > 0 else []
            found += [Fade(after, end, sinks=False, rises=True)] if rises and after < len(signals) else []
        else:
            edges = start if sinks else first, end if rises else after
            joins = first > 0 and after < len(signals)
            found.append(Fade(*edges, sinks=sinks, rises=rises, joins=joins))
    return found


def _ramp_start(signals: Signals, first: int, *, frame_rate: float, walls: list[int], floor: int) -> int:
    """Return the frame where the picture begins to sink into the blank frame `first`."""
    lowest = max([floor, *(w for w in walls if w < first - 1)], default=0)
    lowest = max(lowest, first - round(LONGEST_RAMP_SECONDS * frame_rate))
    length = _ramp_length(signals, np.arange(first - 1, lowest - 1, -1))
    return first - length


def _ramp_end(signals: Signals, after: int, *, frame_rate: float, walls: list[int]) -> int:
    """Return the first frame that shows the picture risen out of blank frames in full."""
    highest = min([len(signals), *(w for w in walls if w > after + 1)])
    highest = min(highest, after + round(LONGEST_RAMP_SECONDS * frame_rate))
    return after + _ramp_length(signals, np.arange(after, highest))


def _ramp_length(signals: Signals, away: NDArray[np.intp]) -> int:
    """Return over how many frames, going away from a blank one, contrast grows at one picture."""
    if len(away) < SHORTEST_RAMP_FRAMES:
        return 0
    contrast = signals.deviation[away]
    patience = 3
    best = 0
    for i in range(1, len(away)):
        if contrast[i] > contrast[best] * 1.015:
            best = i
        elif i - best >= patience:
            break
    if best < SHORTEST_RAMP_FRAMES - 1 or contrast[0] > 0.6 * contrast[best]:
        return 0
    # The same picture, only darker: a new scene that lights up would differ in structure.
    middle = int(np.searchsorted(np.maximum.accumulate(contrast[: best + 1]), 0.5 * contrast[best]))
    pair = signals.grid[[away[best], away[min(middle, best)]], 0]
    if contrast[middle] > 2 * BLANK_DEVIATION and structure_distance(pair[:1], pair[1:])[0] > 0.35:
        return 0
    return best


def _is_flash(signals: Signals, start: int, end: int) -> bool:
    """Return whether the picture after a white-out is the one from before it."""
    if start < 1 or end >= len(signals) or signals.mean[start:end].max() < WHITE_MEAN:
        return False
    return bool(unlikeness(signals, np.array([start - 1]), np.array([end])).total[0] < SAME_PICTURE)
