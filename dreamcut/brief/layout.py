"""Fill a timeline: slots in, beats out, in whole frames."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dreamcut.brief.stretches import SHORTEST_SECONDS, Stretch

Prefer = Callable[[Stretch, float], float]  # a stretch and a place on the timeline, 0 to 1; higher is better
FRAME_SLACK = 1e-4  # of a frame: times are kept to a microsecond
SECOND_USE_PENALTY = 10.0  # other frames of a shot are used again only when nothing fresh fits


@dataclass(frozen=True)
class Slot:
    """A stretch of the timeline to be filled, in frames."""

    frames: int
    phrase: int | None = None  # the phrase that starts with it


@dataclass(frozen=True)
class Placed:
    """A filled slot. Without a stretch there is no material left for it."""

    start_frame: int
    end_frame: int
    stretch: Stretch | None
    source_in: float = 0.0
    source_out: float = 0.0
    second_use: bool = False
    phrase: int | None = None

    @property
    def frames(self) -> int:
        """Length in frames."""
        return self.end_frame - self.start_frame


@dataclass(frozen=True, eq=False)
class _Free:
    """What is left of a stretch."""

    stretch: Stretch
    start: float
    end: float
    used: bool = False

    def frames(self, rate: float) -> int:
        """Whole frames that fit."""
        return int((self.end - self.start) * rate + FRAME_SLACK)


def fill(
    slots: Sequence[Slot], pool: Sequence[Stretch], *, rate: float, prefer: Prefer
) -> tuple[Placed, ...]:
    """Give each slot the stretch that suits it best, each frame of the material at most once.

    A slot longer than every stretch left is split; what no material can fill is placed without a stretch.
    The lengths of the result sum to the slots', exactly.
    """
    free = [_Free(stretch, stretch.start, stretch.end) for stretch in pool]
    return _fill(slots, free, rate=rate, prefer=prefer)


def _fill(slots: Sequence[Slot], free: list[_Free], *, rate: float, prefer: Prefer) -> tuple[Placed, ...]:
    """Fill slots from what is free, and take it from there."""
    shortest = max(1, round(SHORTEST_SECONDS * rate))
    queue = deque(slot for slot in slots if slot.frames > 0)
    total = sum(slot.frames for slot in queue) or 1
    placed: list[Placed] = []
    edge = 0
    while queue:
        slot = queue.popleft()
        chosen = _best(free, slot.frames, at=edge / total, rate=rate, prefer=prefer)
        length = slot.frames
        if chosen is None:
            longest = max(free, key=lambda piece: (piece.frames(rate), not piece.used), default=None)
            length = min(longest.frames(rate), slot.frames - shortest) if longest else 0
            chosen = longest if length >= shortest else None
        if chosen is None:
            placed.append(Placed(edge, edge + slot.frames, None, phrase=slot.phrase))
            edge += slot.frames
            continue
        placed.append(_take(free, chosen, length, edge=edge, rate=rate, phrase=slot.phrase))
        edge += length
        if length < slot.frames:
            queue.appendleft(Slot(slot.frames - length))
    return _join_empty(placed)


def _best(free: list[_Free], frames: int, *, at: float, rate: float, prefer: Prefer) -> _Free | None:
    """Return the piece that holds a slot and suits it best; earlier in the material wins a tie."""
    fitting = [piece for piece in free if piece.frames(rate) >= frames]
    if not fitting:
        return None
    return max(fitting, key=lambda piece: prefer(piece.stretch, at) - SECOND_USE_PENALTY * piece.used)


def _take(
    free: list[_Free], piece: _Free, frames: int, *, edge: int, rate: float, phrase: int | None
) -> Placed:
    """Cut a window out of a piece, round its sharpest frame where there is one, and keep the rest."""
    seconds = frames / rate
    start = piece.start
    if piece.stretch.sharpest_at is not None and piece.start <= piece.stretch.sharpest_at <= piece.end:
        start = min(max(piece.start, piece.stretch.sharpest_at - seconds / 2), piece.end - seconds)
    start = piece.start + int((start - piece.start) * rate + FRAME_SLACK) / rate  # whole frames into the shot
    end = start + seconds
    free.remove(piece)
    if not piece.stretch.still:
        for left, right in ((piece.start, start), (end, piece.end)):
            if right - left >= SHORTEST_SECONDS:
                free.append(replace(piece, start=left, end=right, used=True))
    return Placed(
        start_frame=edge,
        end_frame=edge + frames,
        stretch=piece.stretch,
        source_in=round(start, 6),
        source_out=round(min(end, piece.end), 6),
        second_use=piece.used,
        phrase=phrase,
    )


def _join_empty(placed: list[Placed]) -> tuple[Placed, ...]:
    """Join neighbouring empty slots that no phrase parts."""
    joined: list[Placed] = []
    for one in placed:
        last = joined[-1] if joined else None
        if last and last.stretch is None and one.stretch is None and one.phrase is None:
            joined[-1] = replace(last, end_frame=one.end_frame)
        else:
            joined.append(one)
    return tuple(joined)


def even_slots(frames: int, count: int) -> list[Slot]:
    """Return `count` slots of nearly equal length that sum to `frames`."""
    count = max(1, min(count, frames))
    edges = [frames * i // count for i in range(count + 1)]
    return [Slot(after - before) for before, after in pairwise(edges)]


def level_lengths(available: Sequence[int], frames: int) -> list[int]:
    """Return how much of each length to use so that the sum is `frames`: one cap for all.

    Returns all of `available` when together they are shorter.
    """
    if sum(available) <= frames:
        return list(available)
    low, high = 0, max(available)
    while low < high:
        middle = (low + high + 1) // 2
        if sum(min(length, middle) for length in available) <= frames:
            low = middle
        else:
            high = middle - 1
    lengths = [min(length, low) for length in available]
    for i, length in enumerate(available):
        if sum(lengths) == frames:
            break
        if length > low:
            lengths[i] += 1
    return lengths


def lay_in_order(
    stretches: Sequence[Stretch],
    frames: int,
    *,
    rate: float,
    weights: Sequence[float] | None = None,
    grid: Sequence[int] | None = None,
) -> tuple[Placed, ...]:
    """Lay stretches in the order given, each once, so that together they fill the timeline.

    Args:
        weights: how long each wants to be against the others; equal where None.
        grid: frames on which cuts may fall, rising; every frame where None.

    What the stretches cannot fill comes from their unused frames, then stays empty.
    """
    shortest = max(1, round(SHORTEST_SECONDS * rate))
    free = [_Free(stretch, stretch.start, stretch.end) for stretch in stretches]
    wanted = list(weights) if weights is not None else [1.0] * len(free)
    order = [
        (piece, weight) for piece, weight in zip(free, wanted, strict=True) if piece.frames(rate) >= shortest
    ]
    # On a grid only whole steps of a stretch can be used.
    step = max(1, round(frames / (len(grid) + 1))) if grid else 1
    capacities = [piece.frames(rate) // step * step for piece, _ in order]
    placed: list[Placed] = []
    edge = 0
    for index, (piece, _) in enumerate(order):
        if edge >= frames:
            break
        share = _shares([weight for _, weight in order[index:]], capacities[index:], frames - edge)[0]
        end = _cut_at(edge, edge + share, edge + piece.frames(rate), frames, shortest=shortest, grid=grid)
        if end is not None:
            placed.append(_take(free, piece, end - edge, edge=edge, rate=rate, phrase=None))
            edge = end
    return _with_rest(placed, free, edge, frames, rate=rate)


def _with_rest(
    placed: list[Placed], free: list[_Free], edge: int, frames: int, *, rate: float
) -> tuple[Placed, ...]:
    """Fill what is left of a timeline from unused frames."""
    if edge < frames:
        rest = _fill([Slot(frames - edge)], free, rate=rate, prefer=lambda _stretch, _at: 0.0)
        placed += shifted(rest, edge)
    return tuple(placed)


def shifted(placed: Sequence[Placed], by: int) -> list[Placed]:
    """Return placed stretches later by some frames."""
    return [replace(one, start_frame=one.start_frame + by, end_frame=one.end_frame + by) for one in placed]


def _shares(weights: Sequence[float], capacities: Sequence[int], total: int) -> list[float]:
    """Return lengths in proportion to weights, none over its capacity, that sum to `total` where they can."""
    shares = [0.0] * len(weights)
    open_ = list(range(len(weights)))
    left = float(total)
    while open_:
        whole = sum(weights[i] for i in open_) or 1.0
        full = [i for i in open_ if left * weights[i] / whole >= capacities[i]]
        if not full:
            for i in open_:
                shares[i] = left * weights[i] / whole
            break
        for i in full:
            shares[i] = float(capacities[i])
            left = max(0.0, left - capacities[i])
        open_ = [i for i in open_ if i not in full]
    return shares


def _cut_at(
    edge: int, ideal: float, latest: int, frames: int, *, shortest: int, grid: Sequence[int] | None
) -> int | None:
    """Return the frame nearest to the ideal on which a shot may end, None where there is none.

    The end of the timeline always may; no shot and no rest is shorter than `shortest`.
    """
    latest = min(latest, frames)
    if latest == frames and frames - edge < 2 * shortest:
        return frames
    allowed = [at for at in (grid or range(edge + 1, latest + 1)) if edge + shortest <= at <= latest]
    allowed = [at for at in allowed if at == frames or frames - at >= shortest]
    if latest == frames and frames not in allowed:
        allowed.append(frames)
    return min(allowed, key=lambda at: (abs(at - ideal), at), default=None)


def lay_between(
    stretches: Sequence[Stretch],
    edges: Sequence[tuple[int, int | None]],
    frames: int,
    *,
    rate: float,
    score: Callable[[Stretch], float],
) -> tuple[Placed, ...]:
    """Lay stretches in the order given with a cut on every edge, weak ones passed over while enough remain.

    Args:
        edges: frame and phrase of each cut, rising.
    """
    shortest = max(1, round(SHORTEST_SECONDS * rate))
    free = [_Free(stretch, stretch.start, stretch.end) for stretch in stretches]
    line = deque(piece for piece in free if piece.frames(rate) >= shortest)
    middle = sorted(score(piece.stretch) for piece in line)[len(line) // 2] if line else 0.0
    marks = [edge for edge in edges if 0 <= edge[0] < frames]
    if not marks or marks[0][0] > 0:
        marks = [(0, None), *marks]
    placed: list[Placed] = []
    for (start, phrase), end in zip(marks, [mark[0] for mark in marks[1:]] + [frames], strict=True):
        while len(line) > 1 and score(line[0].stretch) < middle and _spare(line, frames - start, rate):
            line.popleft()
        parts: list[_Free] = []
        while line and sum(piece.frames(rate) for piece in parts) < end - start:
            parts.append(line.popleft())
        lengths = level_lengths([piece.frames(rate) for piece in parts], end - start)
        if parts and min(lengths) < shortest:
            parts, lengths = [], []  # too short for so many shots: unused frames fill it
        edge = start
        for piece, length in zip(parts, lengths, strict=True):
            placed.append(
                _take(free, piece, length, edge=edge, rate=rate, phrase=phrase if edge == start else None)
            )
            edge += length
        if edge < end:
            idle = [piece for piece in free if piece not in line]
            slot = Slot(end - edge, phrase if edge == start else None)
            placed += shifted(_fill([slot], idle, rate=rate, prefer=lambda stretch, _: score(stretch)), edge)
            free = [*idle, *line]
    return tuple(placed)


SPARE = 1.3  # passing over a shot must leave so many times the frames that are still needed


def _spare(line: deque[_Free], needed: int, rate: float) -> bool:
    """Whether enough remains without the next stretch."""
    return sum(piece.frames(rate) for piece in line) - line[0].frames(rate) >= SPARE * needed
