"""Time as decoded: length, rate, regularity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dreamcut.findings.video import Timing

IRREGULAR_SHARE = 0.005  # of the frames; one hiccup in a long clip does not make its rate variable
RATE_TOLERANCE = 0.0015  # 24000/1001 lies 0.1 % below 24
INTERLACED_SHARE = 0.5

_Times = NDArray[np.float64]


def measure_timing(
    seconds: _Times, *, nominal_frame_rate: float | None, tick_seconds: float, interlaced_frames: int
) -> Timing:
    """Measure duration and rate from presentation times.

    Args:
        seconds: time of each frame since the first, (n,).
        nominal_frame_rate: what the header says.
        tick_seconds: resolution of the container's clock; times are rounded to it.
        interlaced_frames: how many frames are flagged interlaced.
    """
    n = len(seconds)
    if n == 0:
        return Timing(
            duration_seconds=0,
            frames=0,
            frame_rate=0,
            nominal_frame_rate=nominal_frame_rate,
            variable=False,
            interlaced=False,
        )
    duration = duration_seconds(seconds, nominal_frame_rate=nominal_frame_rate)
    variable = is_variable(seconds, tick_seconds=tick_seconds)
    rate = n / duration if duration > 0 else 0.0
    return Timing(
        duration_seconds=duration,
        frames=n,
        frame_rate=rate,
        nominal_frame_rate=nominal_frame_rate,
        variable=variable,
        interlaced=interlaced_frames > INTERLACED_SHARE * n,
        timecode_rate=None if variable else timecode_rate(rate),
    )


def duration_seconds(seconds: _Times, *, nominal_frame_rate: float | None) -> float:
    """Return the time from the first frame to the end of the last, which lasts as long as a typical one.

    A single frame lasts as long as the header's rate says; without one its length is unknown: 0.
    """
    if len(seconds) == 0:
        return 0.0
    if len(seconds) == 1:
        return 1 / nominal_frame_rate if nominal_frame_rate else 0.0
    return float(seconds[-1] - seconds[0]) + max(0.0, float(np.median(np.diff(seconds))))


def is_variable(seconds: _Times, *, tick_seconds: float) -> bool:
    """Return whether frame durations differ by more than the rounding to the container's clock."""
    steps = np.diff(seconds)
    if len(steps) < 2:
        return False
    # A time is rounded by up to half a tick, a difference of two by one, two differences by two.
    allowed = 2 * tick_seconds + 1e-6
    irregular = np.count_nonzero(np.abs(steps - np.median(steps)) > min(allowed, 0.5 * np.median(steps)))
    return bool(irregular > IRREGULAR_SHARE * len(steps))


def timecode_rate(rate: float) -> int | None:
    """Return the whole frame rate that SMPTE timecode counts with, or None where there is none.

    24000/1001 counts as 24, 30000/1001 as 30: the NTSC rates run 0.1 % slow (SMPTE ST 12-1).
    """
    whole = round(rate * 1001 / 1000) if rate > 0 else 0
    for candidate in (whole, round(rate)):
        slow = candidate * 1000 / 1001
        if candidate >= 1 and min(abs(rate - candidate), abs(rate - slow)) <= RATE_TOLERANCE * candidate:
            return candidate
    return None
