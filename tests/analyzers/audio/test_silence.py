"""Silence by level."""

import numpy as np
import pytest

from analyzers.audio.silence import (
    MAX_CURVE_POINTS,
    energy_curve_dbfs,
    silence_threshold_dbfs,
    silent_ends,
    silent_frames,
)
from analyzers.audio.spectrum import FLOOR_DBFS


def levels(*stretches: tuple[float, float]) -> np.ndarray:  # type: ignore[type-arg]  # float32
    """Build 10 ms levels from (seconds, dBFS)."""
    return np.concatenate([np.full(round(seconds * 100), level, np.float32) for seconds, level in stretches])


def test_the_threshold_is_45_db_under_the_loud_parts() -> None:
    assert silence_threshold_dbfs(levels((2, -10.0))) == -55.0


def test_the_threshold_is_never_under_60_dbfs() -> None:
    assert silence_threshold_dbfs(levels((2, -30.0))) == -60.0
    assert silence_threshold_dbfs(levels((2, FLOOR_DBFS))) == -60.0


def test_room_tone_60_db_down_is_silent_and_a_whisper_is_not() -> None:
    sound = levels((1, -62.0), (1, -20.0), (1, -50.0))
    assert silent_frames(sound).tolist() == [True] * 100 + [False] * 200


def test_ends_are_measured_to_the_hundredth() -> None:
    silent = silent_frames(levels((2.0, FLOOR_DBFS), (7.63, -20.0), (3.0, FLOOR_DBFS)))
    assert silent_ends(silent, duration_seconds=12.63) == (pytest.approx(2.0), pytest.approx(3.0))


def test_a_file_of_silence_is_silent_from_both_ends() -> None:
    assert silent_ends(silent_frames(levels((5, FLOOR_DBFS))), duration_seconds=5.0) == (5.0, 5.0)


def test_the_curve_has_a_point_a_second() -> None:
    squares = np.concatenate([np.full(100, 0.01), np.full(50, 0.0001)]).astype(np.float32)
    assert energy_curve_dbfs(squares) == (-20.0, -40.0)


def test_the_curve_of_hours_stays_short() -> None:
    three_hours = np.full(3 * 3600 * 100, 0.01, np.float32)
    curve = energy_curve_dbfs(three_hours)
    assert len(curve) <= MAX_CURVE_POINTS
    assert set(curve) == {-20.0}
