"""A fingerprint of how a picture looks: near for copies, far for other pictures."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

HASH_BITS = 64
_PLANE = 32  # px; the transform sees the picture this small
_LOW = 8  # frequencies kept in each direction, the constant one left out
_STEP = 1e-4  # of luma: coefficients nearer than this are equal, whatever their rounding noise


def perceptual_hash(luma: NDArray[np.float32]) -> str:
    """Return the 64-bit DCT hash of a plane of luma 0 to 1, shape (height, width).

    Returns:
        16 hex digits. Copies that were resized or recompressed differ in a few bits, unrelated
        pictures in about 32. A picture without any structure gives 0000000000000000.

    Source: Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010.
    """
    from PIL import Image

    small = Image.fromarray(np.ascontiguousarray(luma, dtype=np.float32))
    plane = np.asarray(small.resize((_PLANE, _PLANE), Image.Resampling.BOX), dtype=np.float64)
    basis = _cosines()
    coefficients = np.round(basis @ plane @ basis.T / _STEP)
    bits = (coefficients > np.median(coefficients)).ravel()
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def hash_distance(first: str, second: str) -> int:
    """Return how many of the 64 bits differ; up to about 10 the pictures look alike."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


@cache
def _cosines() -> NDArray[np.float64]:
    """Return the DCT-II basis of frequencies 1 to 8 over 32 samples, orthonormal, shape (8, 32)."""
    frequency = np.arange(1, _LOW + 1)[:, None]
    sample = np.arange(_PLANE)[None, :] + 0.5
    basis: NDArray[np.float64] = np.sqrt(2 / _PLANE) * np.cos(np.pi / _PLANE * frequency * sample)
    return basis
