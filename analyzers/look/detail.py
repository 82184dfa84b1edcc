"""Sharpness, blur and noise of a luma plane."""

import math

import numpy as np
from numpy.typing import NDArray

from dreamcut.findings.look import Detail

SMALLEST_EDGE_PX = 3  # a Laplacian needs a neighbour on each side
_CLEAR_EDGE = 0.10  # luma step between the two neighbours of a pixel
_FLAT = 0.25 / 255  # less than the smallest step of 8 bits
_REBLUR_PX = 9  # Crété et al. use a 9-tap mean
_LEAST_SPAN = 0.06  # of luma within 9 px; below it the steps are JPEG's block borders and noise


def measure_detail(luma: NDArray[np.float32], *, visible: NDArray[np.bool_]) -> Detail | None:
    """Measure sharpness, edges, blur and noise.

    Args:
        luma: plane, shape (height, width), 0 to 1.
        visible: same shape; a pixel counts where it and its eight neighbours are visible.

    Returns:
        The measures, or None where no pixel has eight visible neighbours.
    """
    if min(luma.shape) < SMALLEST_EDGE_PX:
        return None
    inner = _with_neighbours(visible)
    if not inner.any():
        return None
    across, down = luma[1:-1, 2:] - luma[1:-1, :-2], luma[2:, 1:-1] - luma[:-2, 1:-1]
    step = np.hypot(across, down)[inner]
    flat = (neighbourhood_span(luma) < _FLAT)[inner]
    return Detail(
        sharpness=float(laplacian(luma)[inner].var(dtype=np.float64)),
        edge_share=float(np.count_nonzero(step > _CLEAR_EDGE)) / step.size,
        noise_sigma=_noise_sigma(luma, inner=inner, step=step),
        blur=blur_effect(luma, visible=visible),
        flat_share=float(np.count_nonzero(flat)) / flat.size,
        edge_px=max(luma.shape),
    )


def laplacian_variance(luma: NDArray[np.float32]) -> float:
    """Score how much fine detail a frame holds.

    Args:
        luma: brightness plane, shape (height, width), values 0.0 to 1.0.

    Returns:
        Variance of the discrete Laplacian, >= 0, no unit. Scores compare only
        between planes whose long edge was first resized to ANALYSIS_EDGE_PX.

    Raises:
        ValueError: the plane is not 2-D or is smaller than 3 x 3.

    Source: Pech-Pacheco et al., ICPR 2000, "Diatom autofocusing".
    """
    return float(laplacian(luma).var(dtype=np.float64))


def laplacian(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the 4-neighbour Laplacian of the inner pixels, shape (height - 2, width - 2).

    Raises:
        ValueError: the plane is not 2-D or is smaller than 3 x 3.
    """
    if luma.ndim != 2 or min(luma.shape) < SMALLEST_EDGE_PX:
        raise ValueError(f"a Laplacian needs a plane of 3 x 3 or more, not {luma.shape}")
    centre = luma[1:-1, 1:-1]
    return luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4 * centre


def noise_sigma(luma: NDArray[np.float32]) -> float:
    """Return the standard deviation of the noise in a plane of luma 0 to 1, at least 3 x 3.

    Immerkær's mask, which ignores flat and evenly sloping areas, averaged over the half of the
    plane with the smaller steps: texture and edges would count as noise. Step and mask are
    uncorrelated in white noise, so leaving out the other half does not bias the estimate.

    Sources: Immerkær, CVIU 64 (2), 1996; Tai and Yang, ISVC 2008 (leaving out edges).
    """
    across, down = luma[1:-1, 2:] - luma[1:-1, :-2], luma[2:, 1:-1] - luma[:-2, 1:-1]
    inner = np.ones(across.shape, dtype=np.bool_)
    return _noise_sigma(luma, inner=inner, step=np.hypot(across, down)[inner])


def _noise_sigma(luma: NDArray[np.float32], *, inner: NDArray[np.bool_], step: NDArray[np.float32]) -> float:
    columns = luma[:, :-2] - 2 * luma[:, 1:-1] + luma[:, 2:]
    response = np.abs(columns[:-2] - 2 * columns[1:-1] + columns[2:])[inner]
    smooth = step <= np.median(step)
    # the mask's weights have the root sum of squares 6; E|x| of a Gaussian is sigma * sqrt(2 / pi)
    return float(response[smooth].mean(dtype=np.float64)) * math.sqrt(math.pi / 2) / 6


def blur_effect(luma: NDArray[np.float32], *, visible: NDArray[np.bool_]) -> float | None:
    """Return how blurred a plane is: what is lost when it is blurred once more.

    Returns:
        0 (sharp) to 1 (blurred), the larger of the two directions; None where nothing varies by
        6 % within 9 px. Only such places count: in even areas the borders of JPEG blocks would
        pass for sharp edges.

    Source: Crété, Dolmière, Ladret and Nicolas, "The blur effect", SPIE 6492, 2007.
    """
    if not visible.all():
        luma = np.where(visible, luma, luma[visible].mean(dtype=np.float64)).astype(np.float32)
    scores = [
        _blur_along(luma, visible[:, 1:] & visible[:, :-1], axis=1),
        _blur_along(luma, visible[1:] & visible[:-1], axis=0),
    ]
    known = [score for score in scores if score is not None]
    return max(known) if known else None


def _blur_along(luma: NDArray[np.float32], both_visible: NDArray[np.bool_], *, axis: int) -> float | None:
    """Compare neighbouring differences along an axis before and after a 9-tap mean."""
    pad, length = _REBLUR_PX // 2, luma.shape[axis]
    padded = np.pad(luma, [(pad, pad) if i == axis else (0, 0) for i in range(2)], mode="edge")
    blurred, top, low = np.zeros_like(luma), luma.copy(), luma.copy()
    for shift in range(_REBLUR_PX):
        moved = padded[shift : shift + length] if axis == 0 else padded[:, shift : shift + length]
        blurred += moved
        np.maximum(top, moved, out=top)
        np.minimum(low, moved, out=low)
    varies = top - low >= _LEAST_SPAN
    counted = both_visible & (varies[1:] if axis == 0 else varies[:, 1:])
    before = np.abs(np.diff(luma, axis=axis))
    after = np.abs(np.diff(blurred, axis=axis)) / np.float32(_REBLUR_PX)
    total = float(before.sum(where=counted, dtype=np.float64))
    if total <= 0:
        return None
    lost = float(np.maximum(before - after, 0).sum(where=counted, dtype=np.float64))
    return min(max(1 - lost / total, 0.0), 1.0)


def neighbourhood_span(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the difference of the lightest and darkest of the 3 x 3 pixels, shape (h - 2, w - 2)."""
    wide_top = np.maximum(np.maximum(luma[:, :-2], luma[:, 1:-1]), luma[:, 2:])
    wide_low = np.minimum(np.minimum(luma[:, :-2], luma[:, 1:-1]), luma[:, 2:])
    top = np.maximum(np.maximum(wide_top[:-2], wide_top[1:-1]), wide_top[2:])
    low = np.minimum(np.minimum(wide_low[:-2], wide_low[1:-1]), wide_low[2:])
    return top - low


def _with_neighbours(visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which inner pixels are visible with all eight neighbours, shape (h - 2, w - 2)."""
    rows = visible[:, :-2] & visible[:, 1:-1] & visible[:, 2:]
    return rows[:-2] & rows[1:-1] & rows[2:]
