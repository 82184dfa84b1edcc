"""Beats per minute."""

import numpy as np
import pytest
from sounds import clicks, noise

from analyzers.audio.activity import Span
from analyzers.audio.spectrum import Floats, SpectrumMeter
from analyzers.audio.tempo import tempo


def onset(sound: Floats) -> Floats:
    meter = SpectrumMeter()
    meter.feed(sound)
    return meter.finish().onset


@pytest.mark.parametrize("bpm", [60.0, 75.0, 97.3, 120.0, 140.0, 174.0])
def test_clicks_are_found_within_two_percent_or_as_an_octave(bpm: float) -> None:
    found = tempo(onset(clicks(bpm, seconds=20)), music=[Span(0.0, 20.0)])
    assert found is not None
    assert any(reading == pytest.approx(bpm, rel=0.02) for reading in (found.bpm, *found.alternatives_bpm))


def test_beats_fall_on_the_clicks() -> None:
    found = tempo(onset(clicks(120, seconds=20, first=0.25)), music=[Span(0.0, 20.0)])
    assert found is not None
    clicked = np.arange(0.25, 20.0, 0.5)
    nearest = np.abs(np.array(found.beats_seconds)[:, None] - clicked).min(axis=0)
    assert nearest.max() < 0.03


def test_a_click_outweighs_a_quiet_rhythm_under_it() -> None:
    bed = 0.02 * clicks(100, seconds=20) / 0.3  # 34 dB down
    found = tempo(onset(clicks(140, seconds=20) + bed), music=[Span(0.0, 20.0)])
    assert found is not None
    assert found.bpm == pytest.approx(140, rel=0.02)


def test_noise_has_no_beat() -> None:
    assert tempo(onset(noise(20)), music=[Span(0.0, 20.0)]) is None


def test_nothing_is_looked_for_outside_the_music() -> None:
    track = onset(clicks(120, seconds=20))
    assert tempo(track, music=[]) is None
    found = tempo(track, music=[Span(10.0, 20.0)])
    assert found is not None
    assert min(found.beats_seconds) >= 10.0


def test_a_beat_that_changes_with_every_window_is_none() -> None:
    parts = [clicks(bpm, seconds=20) for bpm in (70, 85, 103, 125, 152)]  # 1.21 apart: no octaves
    assert tempo(onset(np.concatenate(parts)), music=[Span(0.0, 100.0)]) is None
