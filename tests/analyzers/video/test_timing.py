"""Time measured from presentation times."""

import numpy as np
import pytest

from analyzers.video.timing import is_variable, measure_timing, timecode_rate
from dreamcut.findings.video import Timing

MILLISECOND = 0.001


def test_the_last_frame_lasts_as_long_as_the_others() -> None:
    timing = _timing(np.arange(48) / 24)
    assert timing.duration_seconds == pytest.approx(2.0)
    assert timing.frame_rate == pytest.approx(24.0)
    assert timing.timecode_rate == 24
    assert not timing.variable


def test_times_rounded_to_milliseconds_are_regular() -> None:
    # Matroska: 29.97 frames a second come as steps of 33 and 34 ms
    seconds = np.round(np.arange(300) * 1001 / 30000, 3)
    assert not is_variable(seconds, tick_seconds=MILLISECOND)
    assert _timing(seconds).timecode_rate == 30


def test_steps_of_two_lengths_are_a_variable_rate() -> None:
    seconds = np.cumsum([0.04, 0.08] * 50)
    assert is_variable(seconds, tick_seconds=MILLISECOND)
    assert _timing(seconds).timecode_rate is None


def test_one_hiccup_in_a_long_clip_is_no_variable_rate() -> None:
    seconds = np.arange(1000) / 25
    seconds[500:] += 0.2
    assert not is_variable(seconds, tick_seconds=MILLISECOND)
    assert is_variable(seconds[480:520], tick_seconds=MILLISECOND)  # it is, in a short one


@pytest.mark.parametrize(
    ("rate", "counted"),
    [
        (24000 / 1001, 24),
        (25.0, 25),
        (30000 / 1001, 30),
        (60000 / 1001, 60),
        (50.0, 50),
        (23.5, None),
        (0, None),
    ],
)
def test_timecode_counts_whole_frames(rate: float, counted: int | None) -> None:
    assert timecode_rate(rate) == counted


def test_a_single_frame_lasts_as_the_header_says() -> None:
    one = np.zeros(1)
    assert _timing(one, nominal=25.0).duration_seconds == pytest.approx(0.04)
    assert _timing(one, nominal=None).duration_seconds == 0


def test_most_frames_decide_on_interlacing() -> None:
    assert _timing(np.arange(10) / 25, interlaced=6).interlaced
    assert not _timing(np.arange(10) / 25, interlaced=5).interlaced


def _timing(seconds: np.ndarray, *, nominal: float | None = 25.0, interlaced: int = 0) -> Timing:
    return measure_timing(
        seconds, nominal_frame_rate=nominal, tick_seconds=MILLISECOND, interlaced_frames=interlaced
    )
