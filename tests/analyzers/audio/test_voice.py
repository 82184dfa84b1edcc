"""How a voice sounds."""

import numpy as np
import pytest
from sounds import RATE_HZ, noise, voiced

from analyzers.audio.activity import VOICE_SAMPLES, Span
from analyzers.audio.spectrum import Floats
from analyzers.audio.voice import PITCH_FRAME_SAMPLES, PitchMeter, level_range_db, pitch_range, pitches, voice


def frames(sound: Floats) -> Floats:
    return np.lib.stride_tricks.sliding_window_view(sound, PITCH_FRAME_SAMPLES)[::VOICE_SAMPLES]


@pytest.mark.parametrize("hz", [80.0, 120.0, 210.0, 330.0])
def test_a_steady_voice_has_its_pitch(hz: float) -> None:
    found = pitches(frames(voiced(np.full(RATE_HZ, hz))))
    np.testing.assert_allclose(found, hz, rtol=0.002)


def test_noise_has_no_pitch() -> None:
    assert not pitches(frames(noise(1))).any()


def test_a_glide_of_an_octave_has_eight_tenths_of_it_between_the_tenths() -> None:
    seconds = 6.0
    octave = 120.0 * 2.0 ** np.linspace(0, 1, round(seconds * RATE_HZ))
    median, semitones = pitch_range(pitches(frames(voiced(octave))))
    assert median == pytest.approx(120.0 * 2**0.5, rel=0.01)
    assert semitones == pytest.approx(0.8 * 12, abs=0.3)


def test_half_a_second_of_voice_is_needed() -> None:
    assert pitch_range(np.full(14, 100.0, np.float32)) == (None, None)


def test_octave_errors_do_not_widen_the_range() -> None:
    mixed = np.concatenate([np.full(90, 100.0), np.full(10, 200.0)]).astype(np.float32)
    assert pitch_range(mixed) == (100.0, 0.0)


def test_pitch_is_taken_where_the_voice_model_hears_speech() -> None:
    sound = np.concatenate([voiced(np.full(RATE_HZ, 100.0)), voiced(np.full(RATE_HZ, 300.0))])
    spoken = np.repeat([1.0, 0.0], RATE_HZ // VOICE_SAMPLES).astype(np.float32)
    meter = PitchMeter()
    for piece, heard in zip(np.array_split(sound, 4), np.array_split(spoken, 4), strict=True):
        meter.feed(piece, heard)
    found = meter.finish()
    # The last frame reaches over the change.
    assert np.median(found) == pytest.approx(100.0, rel=0.01)
    assert (found < 150).mean() > 0.9


def test_pauses_are_the_gaps_between_phrases() -> None:
    speech = [Span(1.0, 3.0), Span(3.2, 5.0), Span(6.0, 9.0)]  # 0.2 s is articulation, 1 s a pause
    found = voice(np.zeros(0, np.float32), speech=speech, mean_square=np.full(1000, 0.01, np.float32))
    assert found is not None
    assert found.pause_share == pytest.approx(1.0 / 8.0)
    assert found.longest_pause_seconds == 1.0
    assert found.pitch_median_hz is None


def test_levels_range_over_windows_of_400_ms() -> None:
    squares = np.repeat([0.01, 0.001], 500).astype(np.float32)  # -20 and -30 dBFS, half each
    assert level_range_db(squares, [Span(0.0, 10.0)]) == pytest.approx(10.0, abs=0.1)


def test_without_speech_there_is_no_voice() -> None:
    assert voice(np.zeros(0, np.float32), speech=[], mean_square=np.zeros(0, np.float32)) is None
