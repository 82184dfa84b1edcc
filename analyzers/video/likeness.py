"""How different two frames look, so that motion, light and grain count little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzers.video.signals import LUMA_BINS, Signals

SEARCH_CELLS = 2  # of 32: a block may have moved by 6 % of the width
BLOCK_ROWS, BLOCK_COLUMNS = 6, 8  # cells per block: small enough for zooms, too big to match by chance
CONTRAST_FLOOR = 6.0  # luma steps: below this deviation a frame's structure is mostly noise
CARD_STEP = 60.0  # steps of 255 between two flat cards that are surely different
VISIBLE_STEP = 5.0  # mean change, in steps of 255, from which a difference counts in full

_F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Unlikeness:
    """Differences of n pairs of frames, each (n,), 0 to 1."""

    structure: _F32  # block-matched, after mean and contrast were made equal
    colour: _F32  # histogram distance, half luma, half chroma
    total: _F32  # geometric mean of both, faded out where hardly anything is visible


def unlikeness(signals: Signals, first: NDArray[np.intp], second: NDArray[np.intp]) -> Unlikeness:
    """Compare frames pair by pair.

    Motion changes the structure and keeps the colours; flashes, flicker and exposure change the
    colours and keep the structure; a new picture changes both. Hence the geometric mean.

    Args:
        signals: of at least all frames named.
        first, second: frame indices, same length.
    """
    a, b = signals.grid[first], signals.grid[second]
    colour = colour_distance(signals.histogram[first], signals.histogram[second])
    visible = np.minimum(1, np.abs(a - b).mean(axis=(1, 2, 3)) / VISIBLE_STEP)
    structure = _structure(a, b)
    return Unlikeness(structure, colour, np.sqrt(structure * colour) * visible)


def consecutive_unlikeness(signals: Signals) -> _F32:
    """Return the total unlikeness of each frame to the one before, (n,); the first is 0.

    Pairs that cannot reach a notable value are left at the bound that says so.
    """
    n = len(signals)
    total = np.zeros(n, np.float32)
    if n < 2:
        return total
    colour = colour_distance(signals.histogram[:-1], signals.histogram[1:])
    visible = np.minimum(1, np.abs(np.diff(signals.grid, axis=0)).mean(axis=(1, 2, 3)) / VISIBLE_STEP)
    bound = np.sqrt(colour) * visible  # structure is at most 1
    total[1:] = np.minimum(bound, 0.05)
    worth = np.flatnonzero(bound > 0.1)
    if len(worth):
        structure = _structure(signals.grid[worth], signals.grid[worth + 1])
        total[worth + 1] = np.sqrt(structure) * bound[worth]
    return total


def colour_distance(a: _F32, b: _F32) -> _F32:
    """Return half the L1 distance of luma and of chroma distributions, averaged: 0 same, 1 disjoint."""
    change = np.abs(a - b)
    distance: _F32 = (change[:, :LUMA_BINS].sum(axis=1) + change[:, LUMA_BINS:].sum(axis=1)) / 4
    return distance


def _structure(a: _F32, b: _F32) -> _F32:
    """Return the structure distance; for two flat pictures (title cards) how far their colours lie apart."""
    distance = structure_distance(a[:, 0], b[:, 0])
    flat = np.maximum(a[:, 0].std(axis=(1, 2)), b[:, 0].std(axis=(1, 2))) < CONTRAST_FLOOR
    if flat.any():
        apart = np.abs(a[flat].mean(axis=(2, 3)) - b[flat].mean(axis=(2, 3))).max(axis=1)
        distance[flat] = np.minimum(1, apart / CARD_STEP)
    return distance


def structure_distance(a: _F32, b: _F32) -> _F32:
    """Return how badly blocks of one picture are found near the same place in the other.

    Args:
        a, b: luma cells, shape (n, rows, columns), 0 to 255.

    Returns:
        Shape (n,): 0 for the same picture under any change of light, near 0 for small motion,
        0.3 to 1 for different pictures.
    """
    rows, columns = a.shape[1:]
    a, b = _levelled(a), _levelled(b)
    reach = SEARCH_CELLS
    padded = np.pad(b, ((0, 0), (reach, reach), (reach, reach)), mode="edge")
    row_starts = np.arange(0, rows, BLOCK_ROWS)
    column_starts = np.arange(0, columns, BLOCK_COLUMNS)
    shape = (len(a), len(row_starts), len(column_starts))
    best = np.full(shape, np.inf, np.float32)
    for down in range(2 * reach + 1):
        for right in range(2 * reach + 1):
            square = a - padded[:, down : down + rows, right : right + columns]
            square *= square
            blocks = np.add.reduceat(np.add.reduceat(square, row_starts, axis=1), column_starts, axis=2)
            np.minimum(best, blocks, out=best)
    energy = np.einsum("ijk,ijk->i", a, a) + np.einsum("ijk,ijk->i", b, b)
    # A picture of full contrast has the energy 1 a cell; two nearly flat ones have no structure to compare.
    distance: _F32 = np.minimum(1, best.sum(axis=(1, 2)) / np.maximum(energy, rows * columns))
    return distance


def _levelled(luma: _F32) -> _F32:
    """Remove mean and contrast; nearly flat pictures stay nearly flat."""
    centred = luma - luma.mean(axis=(1, 2), keepdims=True)
    contrast = np.maximum(centred.std(axis=(1, 2), keepdims=True), CONTRAST_FLOOR)
    return np.asarray(centred / contrast, np.float32)
