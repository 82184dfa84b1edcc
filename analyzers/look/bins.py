"""The colours of a picture, counted: a few thousand bins stand for all its pixels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dreamcut.lab import srgb_to_lab

_BITS = 5  # a channel: 8 levels share a bin; the bin's mean colour keeps flat colours exact
_BINS = 1 << (3 * _BITS)


@dataclass(frozen=True)
class ColourBins:
    """Occupied cells of the RGB cube, in the cube's order.

    Every measure of colour reads these instead of the pixels: shares stay exact, only
    colours within 8 levels a channel of each other are averaged.
    """

    rgb: NDArray[np.float64]  # (n, 3) mean colour of each bin, sRGB 0 to 255
    lab: NDArray[np.float64]  # (n, 3) the same in CIELAB, D65
    share: NDArray[np.float64]  # (n,) of the visible area; sums to 1


def count_colours(pixels: NDArray[np.uint8]) -> ColourBins:
    """Count the colours of visible pixels, shape (n, 3), sRGB; n >= 1.

    Raises:
        ValueError: there is no pixel.
    """
    if len(pixels) == 0:
        raise ValueError("no visible pixel")
    cell = (pixels >> (8 - _BITS)).astype(np.int32)
    index = (cell[:, 0] << (2 * _BITS)) | (cell[:, 1] << _BITS) | cell[:, 2]
    counts = np.bincount(index, minlength=_BINS)
    occupied = np.flatnonzero(counts)
    sums = [weighted_count(index, pixels[:, c], kinds=_BINS)[occupied] for c in range(3)]
    rgb = np.stack(sums, axis=1) / counts[occupied, None]
    return ColourBins(rgb=rgb, lab=srgb_to_lab(rgb), share=counts[occupied] / len(pixels))


def weighted_count(kind: NDArray[Any], weights: NDArray[Any], *, kinds: int) -> NDArray[np.float64]:
    """Return the sum of the weights of each kind 0 to kinds - 1; both arrays of any number type, (n,)."""
    return np.asarray(np.bincount(kind, weights=weights, minlength=kinds), dtype=np.float64)
