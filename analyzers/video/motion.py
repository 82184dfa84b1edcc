"""How much moves, and how steadily the camera is held."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzers.video.track import Track
from dreamcut.findings.video import CameraMotion

# Shares of the picture's width per second. Something that crosses the picture in two seconds is fast,
# in eight lively; what takes more than a minute nobody sees move.
STILL_BELOW, CALM_BELOW, LIVELY_BELOW = 0.015, 0.12, 0.5
SWAY_SECONDS = 0.4  # intended camera moves are slower; what is left over them is shake
MIN_SHAKE_FRAMES = 8

_F32 = NDArray[np.float32]


def motion_per_second(track: Track, *, first: int, after: int) -> float:
    """Return the mean speed in the frames [first, after), in shares of the picture's width per second.

    Speed is the larger of the camera's global shift and of the mean local motion over the picture.
    The first frame has no predecessor in its shot and does not count.
    """
    part = slice(first + 1, after)
    lengths = np.diff(track.seconds[first:after])
    lasting = float(lengths.sum())
    if lasting <= 0:
        return 0.0
    distance = np.maximum(np.hypot(track.shift[part, 0], track.shift[part, 1]), track.flow[part])
    return float(distance.sum()) / lasting


def motion_kind(per_second: float) -> CameraMotion:
    """Name a speed in shares of the picture's width per second."""
    if per_second < STILL_BELOW:
        return CameraMotion.STILL
    if per_second < CALM_BELOW:
        return CameraMotion.CALM
    return CameraMotion.LIVELY if per_second < LIVELY_BELOW else CameraMotion.FAST


def shake(track: Track, *, first: int, after: int) -> float | None:
    """Return the jitter of the global shift in the frames [first, after), % of the width, RMS.

    Jitter is what is left of the frame-to-frame shift without its moving average over SWAY_SECONDS.
    None where too few frames were seen.
    """
    shift = track.shift[first + 1 : after]
    if len(shift) < MIN_SHAKE_FRAMES:
        return None
    step = float(np.median(np.diff(track.seconds[first:after])))
    window = max(3, round(SWAY_SECONDS / step) | 1) if step > 0 else 9
    window = min(window, (len(shift) - 1) | 1)
    sway = np.stack([_moving_average(shift[:, axis], window) for axis in (0, 1)], axis=1)
    return float(np.sqrt(np.mean(np.sum((shift - sway) ** 2, axis=1)))) * 100


def _moving_average(values: _F32, window: int) -> _F32:
    padded = np.pad(values, window // 2, mode="edge")
    return np.convolve(padded, np.full(window, 1 / window, np.float32), mode="valid")[: len(values)]
