"""Dissolves: frames that are blends of an earlier and a later picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzers.video.likeness import unlikeness
from analyzers.video.signals import Signals

LONGEST_SECONDS = 4.0
SHORTEST_HALF_FRAMES = 3
MIN_UNLIKENESS = 0.15  # of the pictures before and after; motion is matched away, see likeness.py
MIN_STRUCTURE = 0.07  # below it only the light changes
MIN_SCORE = 0.17
VISIBLE_CHANGE = 2.0  # luma steps: less is grain
MAX_RESIDUAL = 0.4  # of half the distance between both pictures; a third picture has 1 and more
# log2 of detail found over detail that a blend would leave -> weight
DETAIL_CURVE = ([-2.5, -1.0, 0.4, 0.9], [0.1, 1.0, 1.0, 0.3])
# median shift from frame to frame, shares of the width -> weight
WHIP_CURVE = ([0.025, 0.05], [1.0, 0.2])

_F32 = NDArray[np.float32]
_Index = NDArray[np.intp]


@dataclass(frozen=True)
class Dissolve:
    """One dissolve: frames [start, end) show both pictures."""

    start: int
    end: int
    confidence: float


@dataclass(frozen=True)
class _Candidate:
    middle: int
    half: int  # frames from the middle to the compared pictures
    score: float


def find_dissolves(signals: Signals, *, frame_rate: float, first: int, after: int) -> list[Dissolve]:
    """Find dissolves among the frames [first, after), which hold no hard cut and no fade.

    A frame in a dissolve is a linear blend of the pictures before and after, with falling share, and
    has less fine detail than either (its variance follows a parabola: Alattar, 1993). Camera motion
    gives neither: its frames are no blends, or the pictures match once shifted.
    """
    if after - first < 2 * SHORTEST_HALF_FRAMES + 1:
        return []
    part = signals[first:after]
    pictures = _pictures(part)
    candidates: list[_Candidate] = []
    for half in _halves(min(len(part) - 1, round(LONGEST_SECONDS * frame_rate))):
        candidates += _candidates(part, pictures, half)
    found: list[Dissolve] = []
    for candidate in sorted(candidates, key=lambda c: -c.score):
        dissolve = _measured(part, pictures, candidate)
        if dissolve is not None and not any(_overlap(dissolve, other) for other in found):
            found.append(dissolve)
    return sorted(
        (Dissolve(d.start + first, d.end + first, d.confidence) for d in found), key=lambda d: d.start
    )


def _overlap(one: Dissolve, other: Dissolve) -> bool:
    slack = 2 + (other.end - other.start) // 4
    return one.start < other.end + slack and other.start < one.end + slack


def _halves(longest: int) -> list[int]:
    """Return half lengths to try, a factor of about 1.4 apart."""
    halves, half = [], float(SHORTEST_HALF_FRAMES)
    while 2 * round(half) <= longest:
        halves.append(round(half))
        half *= 1.4
    return halves


def _pictures(signals: Signals) -> _F32:
    """Return grids at half resolution as vectors, (n, values): motion within a dissolve matters less."""
    grid = signals.grid
    n, _planes, rows, columns = grid.shape
    if rows < 4 or columns < 4:
        return grid.reshape(n, -1)
    even = grid[:, :, : rows // 2 * 2, : columns // 2 * 2]
    pairs = even[:, :, ::2] + even[:, :, 1::2]
    return np.asarray((pairs[..., ::2] + pairs[..., 1::2]).reshape(n, -1) / 4)


def _blend(old: _F32, new: _F32, seen: _F32) -> tuple[_F32, _F32]:
    """Return the share of `old` that explains `seen` best, and what stays unexplained (see MAX_RESIDUAL)."""
    way = old - new
    length = np.einsum("ij,ij->i", way, way) + 1e-6
    offset = seen - new
    share = np.einsum("ij,ij->i", offset, way) / length
    rest = offset - share[:, None] * way
    return share, np.einsum("ij,ij->i", rest, rest) / (0.25 * length)


def _candidates(signals: Signals, pictures: _F32, half: int) -> list[_Candidate]:
    """Score windows of one length."""
    middle = np.arange(half, len(signals) - half, max(1, half // 4))
    change = np.abs(pictures[middle + half] - pictures[middle - half]).mean(axis=1)
    middle = middle[change > VISIBLE_CHANGE]
    score = _scores(signals, pictures, middle, half)
    return [_Candidate(int(m), half, float(s)) for m, s in zip(middle, score, strict=True) if s > MIN_SCORE]


def _scores(signals: Signals, pictures: _F32, middle: _Index, half: int) -> _F32:
    """Return how much the frames around each middle look like a dissolve of 2 x `half` frames, 0 to 1.

    Zero wherever the picture before hands over to the one after in no steady way.
    """
    scores = np.zeros(len(middle), np.float32)
    if not len(middle):
        return scores
    before, beyond = middle - half, middle + half
    fits = [_blend(pictures[before], pictures[beyond], pictures[middle + o]) for o in _offsets(half)]
    (early, _), (centre, _), (late, _) = fits
    residual = np.mean([rest for _, rest in fits], axis=0)
    steady = (np.abs(centre - 0.5) < 0.25) & (early - centre > 0.1) & (centre - late > 0.1)
    good = np.flatnonzero(steady & (residual < MAX_RESIDUAL) & (early < 1.15) & (late > -0.15))
    if not len(good):
        return scores
    apart = unlikeness(signals, before[good], beyond[good])
    weight = _detail_weight(signals.sharpness, middle[good], half, [share[good] for share, _ in fits])
    centred = 1 - np.minimum(0.5, np.abs(early + late - 1)[good] / 2)
    weight = weight * _calm_weight(signals.shift, middle[good], half)
    real = (apart.total > MIN_UNLIKENESS) & (apart.structure > MIN_STRUCTURE)
    scores[good] = apart.total * (1 - 1.5 * residual[good]).clip(0) * weight * centred * real
    return scores


def _offsets(half: int) -> tuple[int, int, int]:
    """Return where in a window the blend is tested, from its middle."""
    return -(half // 2), 0, half // 2


def _detail_weight(detail: _F32, middle: _Index, half: int, shares: list[_F32]) -> _F32:
    """Return 1 where fine detail is as rich as blending leaves it, less where it is not.

    Blending unrelated pictures with share s leaves s^2 and (1 - s)^2 of their detail. Light that
    changes, or a thing that moves, leaves about twice as much; the blur of a whip pan leaves nearly none.
    """
    ratios = []
    for offset, share in zip(_offsets(half), shares, strict=True):
        expected = share**2 * detail[middle - half] + (1 - share) ** 2 * detail[middle + half]
        ratios.append(np.log2((detail[middle + offset] + 1) / (expected + 1)))
    return np.asarray(np.interp(np.mean(ratios, axis=0), *DETAIL_CURVE), np.float32)


def _calm_weight(shift: _F32, middle: _Index, half: int) -> _F32:
    """Return 1 for a still or calm camera, 0.2 for a whip pan, whose blur resembles a blend."""
    reach = np.arange(-(half // 2), half // 2 + 1)
    speed = np.hypot(shift[:, 0], shift[:, 1])[middle[:, None] + reach]
    return np.asarray(np.interp(np.median(speed, axis=1), *WHIP_CURVE), np.float32)


def _measured(signals: Signals, pictures: _F32, candidate: _Candidate) -> Dissolve | None:
    """Fit a straight line to the share of the old picture, read start and end off it, and judge again."""
    reach = candidate.half + max(2, candidate.half // 2)
    low, high = max(0, candidate.middle - reach), min(len(signals) - 1, candidate.middle + reach)
    frames = np.arange(low, high + 1)
    count = len(frames)
    old = np.broadcast_to(pictures[low], (count, pictures.shape[1]))
    new = np.broadcast_to(pictures[high], (count, pictures.shape[1]))
    share, _ = _blend(old, new, pictures[frames])
    inside = (share > 0.15) & (share < 0.85) & (np.abs(frames - candidate.middle) <= candidate.half)
    start, end = candidate.middle - candidate.half, candidate.middle + candidate.half
    if inside.sum() >= 2:
        slope, offset = np.polyfit(frames[inside], share[inside], 1)
        if slope < 0:
            start, end = round((1 - offset) / slope), round(-offset / slope)
    start, end = max(low, min(start + 1, candidate.middle)), min(high, max(end, candidate.middle + 1))
    middle, half = (start + end) // 2, max(SHORTEST_HALF_FRAMES, (end - start + 2) // 2)
    if middle < half or middle + half >= len(signals):
        half = candidate.half  # cut off by a neighbouring transition: the window that fitted stands
        middle = candidate.middle
    score = float(_scores(signals, pictures, np.array([middle]), half)[0])
    if score <= MIN_SCORE:
        return None
    return Dissolve(start, end, float(np.clip(0.5 + score, 0.5, 0.95)))
