"""The one pass over the samples gives the same numbers however the samples are cut."""

import numpy as np
import pytest
from sounds import RATE_HZ, clicks, melody, noise, silence, sine

from analyzers.audio.spectrum import (
    FLOOR_DBFS,
    FRAMES_PER_SECOND,
    Floats,
    LevelMeter,
    Spectrum,
    SpectrumMeter,
    decibels_full_scale,
)


def measured(samples: Floats, *, piece: int = 16_000) -> Spectrum:
    meter = SpectrumMeter()
    for first in range(0, len(samples), piece):
        meter.feed(samples[first : first + piece])
    return meter.finish()


def test_a_sine_has_its_frequency_as_centroid() -> None:
    spectrum = measured(sine(440.0, seconds=2))
    assert np.median(spectrum.centroid_hz) == pytest.approx(440.0, abs=8.0)  # half a bin


def test_a_sine_of_half_scale_lies_9_db_under_full_scale() -> None:
    # 20 log10(0.5) = -6.02 for the peak, -3.01 from peak to RMS
    spectrum = measured(sine(1000.0, seconds=1))
    assert np.median(spectrum.frame_dbfs) == pytest.approx(-9.03, abs=0.05)


def test_white_noise_is_as_loud_in_the_spectrum_as_in_time() -> None:
    spectrum = measured(noise(4, rms=0.1))
    assert np.mean(spectrum.frame_dbfs) == pytest.approx(-20.0, abs=0.3)


@pytest.mark.parametrize("piece", [1, 777, 16_000])
def test_pieces_of_any_length_give_the_same_numbers(piece: int) -> None:
    sound = melody(seconds=3 if piece > 1 else 0.5)
    whole, cut = measured(sound, piece=len(sound)), measured(sound, piece=piece)
    np.testing.assert_allclose(cut.onset, whole.onset, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(cut.activation, whole.activation)
    np.testing.assert_array_equal(cut.quiet_activation, whole.quiet_activation)


def test_one_frame_every_16_ms_and_one_block_a_second() -> None:
    spectrum = measured(noise(10))
    assert len(spectrum.onset) == 10 * FRAMES_PER_SECOND + 1  # centred: first on 0 s, last on 10 s
    assert len(spectrum.activation) == len(spectrum.quiet_activation)
    assert len(spectrum.activation) == pytest.approx(10, abs=1)


def test_onsets_stand_where_the_clicks_are() -> None:
    spectrum = measured(clicks(60, seconds=5, first=0.5))
    strongest = np.sort(np.argsort(spectrum.onset)[-5:]) / FRAMES_PER_SECOND
    np.testing.assert_allclose(strongest, [0.5, 1.5, 2.5, 3.5, 4.5], atol=0.035)  # half a frame


def test_an_empty_sound_has_no_block_with_tone() -> None:
    spectrum = SpectrumMeter().finish()
    assert not spectrum.activation.any()
    assert not spectrum.onset.any()


def test_levels_are_of_10_ms() -> None:
    meter = LevelMeter()
    for piece in np.array_split(np.concatenate([silence(0.5), sine(1000.0, seconds=0.5)]), 7):
        meter.feed(piece)
    levels = decibels_full_scale(meter.finish())
    assert len(levels) == 100
    assert levels[49] == FLOOR_DBFS
    assert levels[50] == pytest.approx(-9.03, abs=0.05)  # ten whole periods
    assert meter.samples == RATE_HZ
