"""Where shots begin: cuts, dissolves and fades of a clip of any length, in constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analyzers.video.cuts import Jump, find_jumps
from analyzers.video.dissolves import Dissolve, find_dissolves
from analyzers.video.fades import Fade, find_fades
from analyzers.video.signals import Signals, joined
from dreamcut.findings.video import TransitionKind

CORE_FRAMES = 1024  # judged at once, or fewer if they last
CORE_SECONDS = 40.0
MARGIN_SECONDS = 6.0  # seen on either side: longer than any transition
SHORTEST_SHOT_FRAMES = 4


@dataclass(frozen=True)
class Transition:
    """A boundary between shots: frames [start, end) belong to both; a cut has start == end."""

    kind: TransitionKind
    start: int
    end: int
    confidence: float

    @property
    def frame(self) -> int:
        """The frame that begins the new shot: the middle of a gradual transition."""
        return (self.start + self.end) // 2


@dataclass(frozen=True)
class Boundaries:
    """What was found in a stretch of frames, in order."""

    transitions: tuple[Transition, ...] = ()
    flashes: tuple[int, ...] = ()  # first frames


def find_boundaries(signals: Signals, *, frame_rate: float) -> Boundaries:
    """Find all transitions and flashes in one stretch that fits in memory."""
    jumps = find_jumps(signals, frame_rate=frame_rate)
    walls = [cut.frame for cut in jumps.cuts]
    fades = find_fades(signals, frame_rate=frame_rate, walls=walls)
    flashes = tuple(flash for flash in jumps.flashes if not any(f.start <= flash[0] <= f.end for f in fades))
    cuts = [cut for cut in jumps.cuts if not any(f.contains(cut.frame) for f in fades)]
    calm = _without_flashes(signals, flashes)
    edges = sorted([0, len(signals), *(c.frame for c in cuts), *(e for f in fades for e in (f.start, f.end))])
    dissolves: list[Dissolve] = []
    for first, after in pairwise(edges):
        if any(f.start == first and f.end == after for f in fades):
            continue
        dissolves += find_dissolves(calm, frame_rate=frame_rate, first=first, after=after)
    return Boundaries(_in_order(cuts, fades, dissolves), tuple(first for first, _ in flashes))


def _in_order(cuts: list[Jump], fades: list[Fade], dissolves: list[Dissolve]) -> tuple[Transition, ...]:
    every = [Transition(TransitionKind.CUT, c.frame, c.frame, c.confidence) for c in cuts]
    every += [Transition(TransitionKind.FADE, f.start, f.end, f.confidence) for f in fades if f.joins]
    every += [Transition(TransitionKind.DISSOLVE, d.start, d.end, d.confidence) for d in dissolves]
    return tuple(sorted(every, key=lambda t: t.frame))


def _without_flashes(signals: Signals, flashes: tuple[tuple[int, int], ...]) -> Signals:
    """Show the frame before a flash in its place, so that what lies around can be compared."""
    if not flashes:
        return signals
    source = np.arange(len(signals))
    for first, after in flashes:
        source[first:after] = max(0, first - 1)
    return Signals(
        **{
            name: getattr(signals, name) if name == "seconds" else getattr(signals, name)[source]
            for name in Signals.__dataclass_fields__
        }
    )


class BoundaryFinder:
    """Finds boundaries in signals that arrive in chunks; holds a window of some thousand small grids."""

    def __init__(self) -> None:
        self._parts: list[Signals] = []
        self._length = 0
        self._offset = 0  # clip frame of the window's first
        self.judged = 0  # clip frame up to which boundaries are final
        self.transitions: list[Transition] = []
        self._flashes: list[int] = []

    def add(self, signals: Signals) -> bool:
        """Take the next chunk; True when `judged` has moved on."""
        self._parts.append(signals)
        self._length += len(signals)
        margin = self._margin()
        core = min(CORE_FRAMES, round(CORE_SECONDS * _frame_rate(signals.seconds)))
        if self._offset + self._length - self.judged < core + margin:
            return False
        self._judge(until=self._offset + self._length - margin)
        return True

    @property
    def held_frames(self) -> int:
        """How many frames' signals are in memory."""
        return self._length

    def finish(self) -> Boundaries:
        """Judge what is left and return all boundaries of the clip."""
        if self._length:
            self._judge(until=self._offset + self._length)
        return Boundaries(tuple(self.transitions), tuple(self._flashes))

    def _margin(self) -> int:
        return min(600, round(MARGIN_SECONDS * _frame_rate(self._parts[-1].seconds)))

    def _judge(self, *, until: int) -> None:
        window = joined(self._parts)
        found = find_boundaries(window, frame_rate=_frame_rate(window.seconds))
        for transition in found.transitions:
            moved = Transition(
                transition.kind,
                transition.start + self._offset,
                transition.end + self._offset,
                transition.confidence,
            )
            last = self.transitions[-1] if self.transitions else None
            clear = last is None or _clear_of(moved, last)
            if self.judged <= moved.frame < until and moved.frame > 0 and clear:
                self.transitions.append(moved)
        self._flashes += [f + self._offset for f in found.flashes if self.judged <= f + self._offset < until]
        self.judged = until
        keep = max(0, until - self._offset - self._margin())
        self._parts, self._offset = [window[keep:]], self._offset + keep
        self._length = len(window) - keep


def _clear_of(later: Transition, earlier: Transition) -> bool:
    """Return whether a shot fits between two transitions."""
    gap = 0 if later.kind is earlier.kind is TransitionKind.CUT else 2
    return later.start >= earlier.end + gap and later.frame - earlier.frame >= SHORTEST_SHOT_FRAMES


def boundaries(chunks: Iterable[Signals]) -> Boundaries:
    """Find the boundaries of a whole clip from its signals in order."""
    finder = BoundaryFinder()
    for chunk in chunks:
        finder.add(chunk)
    return finder.finish()


def _frame_rate(seconds: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the typical rate of frames with these times; 25 where it cannot be told."""
    steps = np.diff(seconds)
    typical = float(np.median(steps)) if len(steps) else 0.0
    return 1 / typical if typical > 0 else 25.0
