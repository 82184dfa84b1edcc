"""Silence: where nothing can be heard."""

import numpy as np
from numpy.typing import NDArray

from analyzers.audio.spectrum import FLOOR_DBFS, LEVEL_SECONDS, Floats, decibels_full_scale

LOUD_PERCENTILE = 95
BELOW_LOUD_DB = 45.0  # under the loud parts: inaudible behind them at the same playback volume
QUIETEST_THRESHOLD_DBFS = -60.0  # below this no programme is audible at a normal playback volume
MAX_CURVE_POINTS = 600


def silence_threshold_dbfs(level_dbfs: Floats) -> float:
    """Return the level under which 10 ms count as silent, dBFS.

    45 dB under the loud parts (95th percentile of what is not digital zero), at least -60 dBFS.
    """
    sounding = level_dbfs[level_dbfs > FLOOR_DBFS]
    if not len(sounding):
        return QUIETEST_THRESHOLD_DBFS
    return max(QUIETEST_THRESHOLD_DBFS, float(np.percentile(sounding, LOUD_PERCENTILE)) - BELOW_LOUD_DB)


def silent_frames(level_dbfs: Floats) -> NDArray[np.bool_]:
    """Tell which 10 ms are silent, shape of `level_dbfs`."""
    return np.asarray(level_dbfs < silence_threshold_dbfs(level_dbfs))


def silent_ends(silent: NDArray[np.bool_], *, duration_seconds: float) -> tuple[float, float]:
    """Return the silence before the first and after the last sound, seconds.

    A file of silence is silent at both ends for all of its duration.
    """
    sounding = np.flatnonzero(~silent)
    if not len(sounding):
        return duration_seconds, duration_seconds
    head = float(sounding[0]) * LEVEL_SECONDS
    return head, max(0.0, duration_seconds - float(sounding[-1] + 1) * LEVEL_SECONDS)


def energy_curve_dbfs(mean_square: Floats) -> tuple[float, ...]:
    """Return RMS per second in dBFS, first to last; longer steps where that gives over 600 points.

    Args:
        mean_square: of every 10 ms.
    """
    step = round(1.0 / LEVEL_SECONDS)
    seconds = -(-len(mean_square) // step)
    step *= max(1, -(-seconds // MAX_CURVE_POINTS))
    means = [mean_square[first : first + step].mean() for first in range(0, len(mean_square), step)]
    return tuple(round(float(level), 1) for level in decibels_full_scale(np.array(means, np.float32)))
