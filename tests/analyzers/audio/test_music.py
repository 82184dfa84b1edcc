"""Signs of music."""

import numpy as np
import pytest
from sounds import clicks, melody, noise, sine

from analyzers.audio.music import autocorrelation, held_tones, pulse, steady_bins
from analyzers.audio.segments import PULSE_BORDER, TONES_BORDER
from analyzers.audio.spectrum import BLOCK_SECONDS, Floats, SpectrumMeter


def tones(sound: Floats) -> Floats:
    meter = SpectrumMeter()
    meter.feed(sound)
    return held_tones(meter.finish().activation)


def test_each_partial_that_holds_on_counts_one() -> None:
    rows = np.zeros((1, 100), np.uint8)
    rows[0, [10, 30, 50]] = 255
    assert held_tones(rows).tolist() == [3.0]


def test_no_more_than_five_partials_count() -> None:
    rows = np.zeros((1, 100), np.uint8)
    rows[0, 5:95:10] = 255
    assert held_tones(rows).tolist() == [5.0]


def test_a_peak_counts_by_its_height_over_the_valley_beside_it() -> None:
    rows = np.array([[0, 255, 51, 255, 0]], np.uint8)  # the valley between is 0.2
    assert held_tones(rows)[0] == pytest.approx(0.8 + 0.8)


def test_chords_are_over_the_border_and_noise_and_a_lone_tone_are_not() -> None:
    assert np.median(tones(melody(seconds=8))) > TONES_BORDER
    assert np.median(tones(noise(8))) < TONES_BORDER
    assert np.median(tones(sine(1000.0, seconds=4))) == pytest.approx(1.0, abs=0.1)


def test_a_hum_that_never_changes_is_left_out_once_it_is_long_enough() -> None:
    def hum(seconds: float) -> Floats:
        parts = [sine(120.0 * k, seconds=seconds, peak=0.05) for k in (2, 3, 5, 7, 9)]
        return np.asarray(np.sum(parts, axis=0), np.float32)

    assert np.median(tones(hum(4))) > TONES_BORDER
    assert np.median(tones(hum(20))) < TONES_BORDER


def test_steady_bins_need_eight_seconds() -> None:
    blocks = round(8.0 / BLOCK_SECONDS)
    assert not steady_bins(np.ones((blocks - 1, 4), np.float32)).any()
    assert steady_bins(np.ones((blocks, 4), np.float32)).all()


def test_clicks_pulse_and_noise_does_not() -> None:
    def strongest(sound: Floats) -> float:
        meter = SpectrumMeter()
        meter.feed(sound)
        return float(np.median(pulse(meter.finish().onset)))

    assert strongest(clicks(120, seconds=12)) > PULSE_BORDER
    assert strongest(noise(12)) < PULSE_BORDER


def test_a_train_resembles_itself_after_one_period() -> None:
    train = np.tile(np.eye(1, 25, dtype=np.float32)[0], 40)
    correlation = autocorrelation(train)
    assert correlation[0] == pytest.approx(1.0)
    assert correlation[25] == pytest.approx(1.0, abs=0.01)
    assert correlation[12] < 0.0


def test_a_flat_envelope_has_no_correlation() -> None:
    assert not autocorrelation(np.ones(100, np.float32)).any()
