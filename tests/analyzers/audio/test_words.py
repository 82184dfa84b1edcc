"""Tone words are earned."""

import pytest

from analyzers.audio.words import RULES, tone_words
from dreamcut.findings.audio import AudioFindings, Loudness, Tempo, Transcript, Voice


def findings(**known: object) -> AudioFindings:
    base = {
        "analyzer_version": "1",
        "file_bytes": 1,
        "sha256": "0" * 64,
        "streams": (),
        "duration_seconds": 20.0,
        "speech_seconds": 0.0,
        "music_seconds": 0.0,
    }
    return AudioFindings.model_validate({**base, **known})


def narrator(*, pitch_range: float = 7.0, level_range: float = 7.0, pause: float = 0.4) -> Voice:
    return Voice(
        pitch_median_hz=150.0,
        pitch_range_semitones=pitch_range,
        pause_share=0.1,
        longest_pause_seconds=pause,
        level_range_db=level_range,
    )


def words(known: AudioFindings) -> set[str]:
    return {word.word for word in tone_words(known)}


def test_nothing_measured_earns_no_word() -> None:
    assert tone_words(findings(speech_seconds=None, music_seconds=None)) == ()


def test_a_lone_voice_is_narration_and_not_dramatic() -> None:
    assert words(findings(speech_seconds=18.0, voice=narrator())) == {"narration"}


def test_dramatic_needs_range_in_pitch_and_level_and_a_long_pause() -> None:
    assert "dramatic" in words(
        findings(speech_seconds=18.0, voice=narrator(pitch_range=9, level_range=9, pause=1))
    )
    for lacking in ({"pitch_range": 7.9}, {"level_range": 7.9}, {"pause": 0.6}):
        voice = narrator(**{"pitch_range": 9.0, "level_range": 9.0, "pause": 1.0, **lacking})
        assert "dramatic" not in words(findings(speech_seconds=18.0, voice=voice))


def test_a_voice_under_music_is_not_judged_by_its_pitch() -> None:
    voice = narrator(pitch_range=12)
    assert "expressive" in words(findings(speech_seconds=18.0, voice=voice))
    mixed = words(findings(speech_seconds=18.0, music_seconds=18.0, voice=voice))
    assert "voice over music" in mixed
    assert "expressive" not in mixed


def test_two_words_have_no_pace() -> None:
    slow = Transcript(language="en", text="Hello world", words=(), speaking_rate_wpm=100.0)
    assert "measured pace" not in words(findings(speech_seconds=1.2, transcript=slow))
    assert "measured pace" in words(findings(speech_seconds=12.0, transcript=slow))


def test_energetic_needs_speed_and_a_clear_beat_and_loudness() -> None:
    loud = Loudness(integrated_lufs=-12.5, range_lu=None, range_valid=False, true_peak_dbtp=-1.0)
    fast = Tempo(bpm=128.0, confidence=0.6)
    assert "energetic" in words(findings(music_seconds=20.0, loudness=loud, tempo=fast))
    weak = Tempo(bpm=128.0, confidence=0.3)
    assert "energetic" not in words(findings(music_seconds=20.0, loudness=loud, tempo=weak))


def test_every_word_shows_the_values_it_rests_on() -> None:
    known = findings(speech_seconds=18.0, voice=narrator(pitch_range=9))
    for word in tone_words(known):
        for measure in word.measures:
            value: object = known
            for name in measure.metric.split("."):
                value = getattr(value, name)
            assert value == measure.value


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.word)
def test_every_rule_names_fields_of_the_contract(rule: object) -> None:
    from pydantic import BaseModel

    kinds: dict[str, type[BaseModel]] = {
        "loudness": Loudness,
        "voice": Voice,
        "tempo": Tempo,
        "transcript": Transcript,
    }
    for path in rule.needs:  # type: ignore[attr-defined]  # a Rule; pytest's ids want object
        *parents, name = path.split(".")
        model: type[BaseModel] = kinds[parents[0]] if parents else AudioFindings
        assert name in model.model_fields
