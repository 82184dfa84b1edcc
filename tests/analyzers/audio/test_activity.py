"""Where somebody speaks."""

import numpy as np
import pytest
from sounds import melody, noise, silence

from analyzers.audio.activity import VOICE_SECONDS, Span, VoiceMeter, join, speech_spans, within
from analyzers.audio.spectrum import Floats
from dreamcut import weights
from dreamcut.weights import WeightsState


@pytest.fixture
def ear() -> VoiceMeter:
    if not all(
        status.state is WeightsState.READY
        for status in weights.catalogue()
        if status.weights is weights.SILERO_VAD
    ):
        pytest.skip("Silero VAD is not installed")
    return VoiceMeter(weights.locate("silero-vad"))


def probabilities(*stretches: tuple[int, float]) -> Floats:
    return np.concatenate([np.full(windows, value, np.float32) for windows, value in stretches])


def test_speech_opens_at_half_and_closes_below_035() -> None:
    heard = probabilities((10, 0.45), (10, 0.6), (10, 0.4), (10, 0.3))
    assert speech_spans(heard, duration_seconds=9) == [Span(10 * VOICE_SECONDS, 30 * VOICE_SECONDS)]


def test_blips_are_no_speech_and_short_breaks_no_pause() -> None:
    heard = probabilities((5, 0.0), (3, 0.9), (20, 0.0), (10, 0.9), (2, 0.0), (10, 0.9))
    assert speech_spans(heard, duration_seconds=9) == [Span(28 * VOICE_SECONDS, 50 * VOICE_SECONDS)]


def test_music_lowers_the_borders_near_a_clear_voice_only() -> None:
    heard = probabilities((20, 0.9), (10, 0.0), (15, 0.32), (200, 0.0), (15, 0.32))
    everywhere = [Span(0.0, 60.0)]
    assert len(speech_spans(heard, duration_seconds=60)) == 1
    found = speech_spans(heard, duration_seconds=60, music=everywhere)
    assert [span.start for span in found] == [0.0, pytest.approx(30 * VOICE_SECONDS)]


def test_join_closes_gaps_up_to_the_given_length() -> None:
    spans = [Span(0, 1), Span(1.5, 2), Span(3, 4)]
    assert join(spans, gap_seconds=0.5) == [Span(0, 2), Span(3, 4)]


def test_within_keeps_what_lies_inside() -> None:
    assert within([Span(0, 1), Span(5, 6)], [Span(4, 7)]) == [Span(5, 6)]


@pytest.mark.parametrize(
    "sound", [silence(5), noise(5), melody(seconds=5)], ids=["silence", "noise", "melody"]
)
def test_what_is_no_voice_is_not_heard_as_speech(ear: VoiceMeter, sound: Floats) -> None:
    ear.feed(sound)
    assert speech_spans(ear.finish(), duration_seconds=5) == []


def test_pieces_of_any_length_give_the_same_probabilities(ear: VoiceMeter) -> None:
    sound = noise(2, rms=0.05) + melody(seconds=2)
    ear.feed(sound)
    other = VoiceMeter(weights.locate("silero-vad"))
    for piece in np.array_split(sound, 23):
        other.feed(piece)
    whole = ear.finish()
    assert len(whole) == np.ceil(2 / VOICE_SECONDS)
    np.testing.assert_allclose(other.finish(), whole, atol=1e-4)
