"""Light and dark of a picture."""

import numpy as np
from numpy.typing import NDArray

from analyzers.look.lights import Lights
from dreamcut.findings.look import TonalKey, Tone

_BT709 = np.array([0.2126 / 255, 0.7152 / 255, 0.0722 / 255], dtype=np.float32)
_BLACK = 2 / 255
_WHITE = 253 / 255
_LOW_KEY_MEDIAN = 0.25
_HIGH_KEY_MEDIAN = 0.70
_HIGH_KEY_SHADOWS = 0.05


def luma_of(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return gamma-encoded BT.709 luma, 0 to 1, of sRGB values; shape (..., 3) to (...)."""
    luma: NDArray[np.float32] = rgb.astype(np.float32) @ _BT709
    return luma


def measure_tone(luma: NDArray[np.float32], *, lights: Lights) -> Tone:
    """Measure the luma of all visible pixels, shape (n,), 0 to 1, n >= 1."""
    p05, median, p95, peak = (float(p) for p in np.percentile(luma, [5, 50, 95, 99.9]))
    shadow_share = _share(luma < 0.1)
    return Tone(
        mean_luma=_unit(luma.mean(dtype=np.float64)),
        median_luma=_unit(median),
        rms_contrast=min(float(luma.std(dtype=np.float64)), 0.5),
        p05_luma=_unit(p05),
        p95_luma=_unit(p95),
        peak_luma=_unit(peak),
        shadow_share=shadow_share,
        black_clipped_share=_share(luma <= _BLACK),
        white_clipped_share=_share(luma >= _WHITE),
        lit_tile_share=lights.lit_tile_share,
        key=_key(median, shadow_share=shadow_share),
    )


def _key(median: float, *, shadow_share: float) -> TonalKey:
    """Low where more than half of the area is dark, high where it is light and shadows are missing."""
    if median < _LOW_KEY_MEDIAN:
        return TonalKey.LOW
    if median > _HIGH_KEY_MEDIAN and shadow_share < _HIGH_KEY_SHADOWS:
        return TonalKey.HIGH
    return TonalKey.MID


def _share(where: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(where)) / where.size


def _unit(value: float) -> float:
    """Float32 sums may leave 0 to 1 by a rounding step."""
    return min(max(float(value), 0.0), 1.0)
