"""Fill a timeline: slots in, beats out, in whole frames."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from dreamcut.brief.stretches import SHORTEST_SECONDS, Stretch

Prefer = Callable[[Stretch, float], float]  # a stretch and a place on the timeline, 0 to 1; higher is better
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


@dataclass(frozen=True)
class _Free:
    """What is left of a stretch."""

    stretch: Stretch
    start: float
    end: float
    used: bool = False

    def frames(self, rate: float) -> int:
        """Whole frames that fit."""
        return int((self.end - self.start) * rate + 1e-6)


def fill(
    slots: Sequence[Slot], pool: Sequence[Stretch], *, rate: float, prefer: Prefer
) -> tuple[Placed, ...]:
    """Give each slot the stretch that suits it best, each frame of the material at most once.

    A slot longer than every stretch left is split; what no material can fill is placed without a stretch.
    The lengths of the result sum to the slots', exactly.
    """
    shortest = max(1, round(SHORTEST_SECONDS * rate))
    free = [_Free(stretch, stretch.start, stretch.end) for stretch in pool]
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
    start = max(piece.start, int(start * 1000) / 1000)
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


def quickening_slots(frames: int, count: int) -> list[Slot]:
    """Return slots that shorten steadily from 1.5 to 0.5 times the mean and sum to `frames`."""
    count = max(1, min(count, frames))
    if count == 1:
        return [Slot(frames)]
    weights = [1.5 - i / (count - 1) for i in range(count)]
    edges, total, running = [0], sum(weights), 0.0
    for weight in weights:
        running += weight
        edges.append(round(frames * running / total))
    return [Slot(after - before) for before, after in pairwise(edges) if after > before]


def slots_between(edges: Sequence[tuple[int, int | None]], frames: int, *, longest: int) -> list[Slot]:
    """Return slots from edge to edge, long ones split evenly.

    Args:
        edges: frame and phrase of each cut, rising; a cut at frame 0 is added where missing.
        longest: frames above which a slot is split.
    """
    marks = [edge for edge in edges if 0 <= edge[0] < frames]
    if not marks or marks[0][0] > 0:
        marks = [(0, None), *marks]
    slots: list[Slot] = []
    ends = [mark[0] for mark in marks[1:]] + [frames]
    for (start, phrase), end in zip(marks, ends, strict=True):
        parts = even_slots(end - start, max(1, -(-(end - start) // max(1, longest)))) if end > start else []
        slots += [replace(part, phrase=phrase if i == 0 else None) for i, part in enumerate(parts)]
    return slots


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
