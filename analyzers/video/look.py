"""How a clip looks: its keyframes one by one, and together by the length of their shots."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzers.look import measure_look
from dreamcut.findings.look import Detail, Look
from dreamcut.findings.video import Geometry, Matte, Shot

SECONDS_PER_LOOK = 2.0  # a look costs as much as decoding some 20 frames; fast montages get fewer
FEWEST_LOOKS = 4
POOL_EDGE_PX = 448  # the pixels of all keyframes together are as many as of a square of this edge
SMALLEST_ACTIVE_PX = 8

_Picture = NDArray[np.uint8]


def shots_to_look_at(available: Collection[int], *, duration_seconds: float) -> list[int]:
    """Return shots, evenly chosen among those with a still; a clip of fast cuts gets looks by its length."""
    having = sorted(available)
    budget = FEWEST_LOOKS + int(duration_seconds / SECONDS_PER_LOOK)
    if len(having) <= budget:
        return having
    return [having[round(i)] for i in np.linspace(0, len(having) - 1, budget)]


def look_at_shots(
    shots: tuple[Shot, ...], stills: Mapping[int, _Picture], *, geometry: Geometry, matte: Matte | None
) -> tuple[tuple[Shot, ...], Look | None]:
    """Measure the stills of some shots, given by the shot's index, without black bars.

    Returns:
        All shots, the looked-at ones with a look, and the look of these together.
    """
    if not stills:
        return shots, None
    pictures = {i: without_bars(still, geometry=geometry, matte=matte) for i, still in stills.items()}
    looks = {i: measure_look(picture) for i, picture in pictures.items()}
    lengths = np.array([max(shots[i].duration_seconds, 1e-3) for i in looks])
    looked = tuple(s.model_copy(update={"look": looks[s.index]}) if s.index in looks else s for s in shots)
    return looked, together(list(pictures.values()), list(looks.values()), lengths / lengths.sum())


def without_bars(picture: _Picture, *, geometry: Geometry, matte: Matte | None) -> _Picture:
    """Cut the black bars of the displayed frame off a smaller picture of it, (height, width, 3)."""
    if matte is None:
        return picture
    height, width = picture.shape[:2]
    down, across = height / geometry.height_px, width / geometry.width_px
    # One line more than the bars: the line at the edge is scaled from both.
    top, bottom = (_lines(matte.top_px * down), _lines(matte.bottom_px * down))
    left, right = (_lines(matte.left_px * across), _lines(matte.right_px * across))
    active = picture[top : height - bottom, left : width - right]
    return active if min(active.shape[:2], default=0) >= SMALLEST_ACTIVE_PX else picture


def _lines(bar: float) -> int:
    return int(np.ceil(bar)) if bar > 0 else 0


def together(pictures: list[_Picture], looks: list[Look], weights: NDArray[np.float64]) -> Look:
    """Measure the pixels of all pictures as one, each picture with its weight; average the details.

    Sharpness, edges and noise belong to a picture and would be destroyed by pooling pixels.
    """
    count = POOL_EDGE_PX * POOL_EDGE_PX
    ends = np.rint(np.cumsum(weights) * count).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    pool = np.empty((count, 3), np.uint8)
    for picture, start, end in zip(pictures, starts, ends, strict=True):
        pixels = picture.reshape(-1, 3)
        # Evenly spread over the picture, with repeats where it holds fewer pixels than its share.
        pool[start:end] = pixels[(np.arange(end - start) * len(pixels)) // max(1, end - start)]
    whole = measure_look(pool.reshape(POOL_EDGE_PX, POOL_EDGE_PX, 3))
    return whole.model_copy(update={"detail": mean_detail([look.detail for look in looks], weights)})


def mean_detail(details: Sequence[Detail | None], weights: NDArray[np.float64]) -> Detail | None:
    """Average what was measured of each picture; a value that one lacks is averaged over the others."""
    known = [(d, w) for d, w in zip(details, weights, strict=True) if d is not None]
    if not known:
        return None
    document: dict[str, Any] = {}
    for name in Detail.model_fields:
        pairs = [(value, w) for d, w in known if (value := getattr(d, name)) is not None]
        if not pairs:
            document[name] = None
        elif isinstance(pairs[0][0], int):
            document[name] = max(value for value, _ in pairs)
        else:
            document[name] = float(np.average([v for v, _ in pairs], weights=[w for _, w in pairs]))
    return Detail(**document)
