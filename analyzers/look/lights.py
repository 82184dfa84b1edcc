"""Lights in the dark: points of light, and colours that glow as neon does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

TILE_PX = 16  # at ANALYSIS_EDGE_PX, 1/32 of the long edge
_AROUND_DARK = 0.30  # mean luma of the 3 x 3 tiles around a glowing pixel
_NEON_VALUE = 0.8 * 255  # HSV
_NEON_SATURATION = 0.75  # HSV
_LEAST_SPAN = np.ceil(np.arange(256) * _NEON_SATURATION).astype(np.uint8)
# HSV hue: fire, lava, sodium lamps and sunsets stay between red 0 and yellow 60
_ELECTRIC_FROM, _ELECTRIC_TO = 90.0, 345.0
_POINT_LUMA = 0.7
_DARK_TILE = 0.35


@dataclass(frozen=True)
class Lights:
    """Shares of the visible area, 0 to 1."""

    neon_share: float  # saturated and bright, with darkness around
    electric_share: float  # the part of it whose hue is green over cyan and blue to magenta and pink
    lit_tile_share: float  # of the tiles: dark as a whole, with a point of light inside


def measure_lights(
    rgb: NDArray[np.uint8], *, luma: NDArray[np.float32], visible: NDArray[np.bool_]
) -> Lights:
    """Measure a picture, shape (height, width, 3), its luma 0 to 1 and its visible pixels, (height, width).

    A flower or a sunset is saturated and bright too, but over an area that lights its own
    surroundings; a sign or a lamp at night is small and stands in the dark.
    """
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    brightest = np.maximum(np.maximum(red, green), blue)
    span = brightest - np.minimum(np.minimum(red, green), blue)
    vivid = visible & (brightest >= _NEON_VALUE) & (span >= _LEAST_SPAN[brightest])
    seen = np.where(visible, luma, 0.0).astype(np.float32)
    mean, peak, count = _tiles(seen, visible)
    rows, columns = np.nonzero(vivid)
    glowing = _around(mean, count)[rows // TILE_PX, columns // TILE_PX] < _AROUND_DARK
    hue = _hsv_hue(rgb[rows[glowing], columns[glowing]].astype(np.float32))
    electric = (hue >= _ELECTRIC_FROM) & (hue < _ELECTRIC_TO)
    area, tiles = max(int(visible.sum()), 1), max(int((count > 0).sum()), 1)
    lit = (count > 0) & (peak >= _POINT_LUMA) & (mean < _DARK_TILE * np.maximum(count, 1))
    return Lights(
        neon_share=int(glowing.sum()) / area,
        electric_share=int(electric.sum()) / area,
        lit_tile_share=int(lit.sum()) / tiles,
    )


def _tiles(
    luma: NDArray[np.float32], visible: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return the sum and peak of luma and the number of visible pixels of each tile; edges may be cut."""
    height, width = luma.shape
    pad = ((0, -height % TILE_PX), (0, -width % TILE_PX))
    shape = (-(-height // TILE_PX), TILE_PX, -(-width // TILE_PX), TILE_PX)
    cut = np.pad(luma, pad).reshape(shape)
    there = np.pad(visible, pad).reshape(shape)
    return cut.sum(axis=(1, 3)), cut.max(axis=(1, 3)), there.sum(axis=(1, 3)).astype(np.float32)


def _around(total: NDArray[np.float32], count: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean luma of the 3 x 3 tiles around each tile."""
    return np.divide(_sum_3x3(total), np.maximum(_sum_3x3(count), 1), dtype=np.float32)


def _sum_3x3(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    padded = np.pad(plane, 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    summed: NDArray[np.float32] = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return summed


def _hsv_hue(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the HSV hue in degrees of pixels that are not grey, shape (n, 3)."""
    red, green, blue = pixels[:, 0], pixels[:, 1], pixels[:, 2]
    top = pixels.max(axis=1)
    span = np.maximum(top - pixels.min(axis=1), 1)
    sixth = np.where(
        top == red,
        (green - blue) / span % 6,
        np.where(top == green, (blue - red) / span + 2, (red - green) / span + 4),
    )
    hue: NDArray[np.float32] = (sixth * 60).astype(np.float32)
    return hue
