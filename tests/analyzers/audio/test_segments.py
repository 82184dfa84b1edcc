"""Speech, music, both, silence, other."""

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import melody, noise, silence, write_wav

from analyzers import audio
from analyzers.audio.activity import VOICE_SECONDS, Span
from analyzers.audio.segments import Signs, seconds_of, segments
from analyzers.audio.spectrum import BLOCK_SECONDS
from dreamcut.findings.audio import AudioFindings, SegmentKind

EXPECTED = {
    "speech": SegmentKind.SPEECH,
    "music": SegmentKind.MUSIC,
    "speech+music": SegmentKind.SPEECH_OVER_MUSIC,
    "silence": SegmentKind.SILENCE,
    "sfx": SegmentKind.OTHER,
}


def signs(
    *, seconds: float, silent: tuple[Span, ...] = (), speech: tuple[Span, ...] = (), music: float = 0.0
) -> Signs:
    frames = np.zeros(round(seconds * 100), bool)
    for span in silent:
        frames[round(span.start * 100) : round(span.end * 100)] = True
    return Signs(
        silent=frames,
        speech=speech,
        voice=np.zeros(math.ceil(seconds / VOICE_SECONDS), np.float32),
        music=np.full(math.ceil(seconds / BLOCK_SECONDS), music, np.float32),
    )


def kinds(given: Signs, *, seconds: float) -> list[tuple[SegmentKind, float, float]]:
    found = segments(given, duration_seconds=seconds)
    return [(segment.kind, segment.start_seconds, segment.end_seconds) for segment in found]


def test_segments_cover_everything_in_order() -> None:
    given = signs(seconds=20, silent=(Span(0, 2), Span(15, 20)), speech=(Span(2, 7),))
    found = kinds(given, seconds=20)
    assert found == [
        (SegmentKind.SILENCE, 0.0, 2.0),
        (SegmentKind.SPEECH, 2.0, 7.0),
        (SegmentKind.OTHER, 7.0, 15.0),
        (SegmentKind.SILENCE, 15.0, 20.0),
    ]


def test_a_silent_pause_of_less_than_a_second_stays_speech() -> None:
    speech = (Span(0, 4), Span(4.9, 10))
    assert len(kinds(signs(seconds=10, silent=(Span(4, 4.9),), speech=speech), seconds=10)) == 1
    assert len(kinds(signs(seconds=10, silent=(Span(4, 5.0),), speech=speech), seconds=10)) == 3


def test_speech_and_music_together_are_both() -> None:
    given = signs(seconds=20, speech=(Span(5, 15),), music=1.5)
    assert [kind for kind, _, _ in kinds(given, seconds=20)] == [
        SegmentKind.MUSIC,
        SegmentKind.SPEECH_OVER_MUSIC,
        SegmentKind.MUSIC,
    ]


def test_music_begins_at_a_score_of_one() -> None:
    assert kinds(signs(seconds=10, music=0.99), seconds=10)[0][0] is SegmentKind.OTHER
    assert kinds(signs(seconds=10, music=1.0), seconds=10)[0][0] is SegmentKind.MUSIC


def test_what_lasts_less_than_four_beats_is_no_music() -> None:
    assert kinds(signs(seconds=1.5, music=2.0), seconds=1.5)[0][0] is SegmentKind.OTHER
    assert kinds(signs(seconds=1.7, music=2.0), seconds=1.7)[0][0] is SegmentKind.MUSIC


def test_synthesised_stretches_are_found_where_they_are(tmp_path: Path) -> None:
    sound = np.concatenate([silence(3), melody(seconds=12), silence(4), noise(10)])
    found = audio.analyze(write_wav(tmp_path / "mixed.wav", sound), speech=None)
    assert [segment.kind for segment in found.segments] == [
        SegmentKind.SILENCE,
        SegmentKind.MUSIC,
        SegmentKind.SILENCE,
        SegmentKind.OTHER,
    ]
    starts = [segment.start_seconds for segment in found.segments]
    assert starts == pytest.approx([0, 3, 15, 19], abs=0.05)


@pytest.fixture(scope="module")
def heard(corpus: Path, truth: dict[str, dict[str, Any]]) -> dict[str, AudioFindings]:
    names = [name for name, known in truth.items() if known.get("cls") in EXPECTED]
    return {name: audio.analyze(corpus / name, speech=None) for name in names}


def test_nine_tenths_of_the_corpus_are_of_the_right_kind(
    heard: dict[str, AudioFindings], truth: dict[str, dict[str, Any]]
) -> None:
    assert heard
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for name, found in heard.items():
        kind = truth[name]["cls"]
        # Silence at the ends of speech or of an effect is told apart by the corpus only where it was added.
        total[kind] += 1
        spare = SegmentKind.SILENCE if kind != "silence" else SegmentKind.OTHER
        right[kind] += seconds_of(found.segments, EXPECTED[kind], spare) / found.duration_seconds
    assert sum(right.values()) / sum(total.values()) >= 0.9
    assert all(right[kind] / total[kind] >= 0.85 for kind in total)


def test_added_silence_is_measured_within_50_ms(heard: dict[str, AudioFindings]) -> None:
    found = heard["audio/speech_lead2s_trail3s.wav"]
    assert found.head_silence_seconds == pytest.approx(2.0, abs=0.05)
    assert found.tail_silence_seconds == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize(
    "name",
    [
        "audio/click_120bpm_on_ambient.mp3",
        "audio/midi_train_filled_with_cash_90bpm.ogg",
        "audio/loop_amen.flac",
    ],
)
def test_the_tempo_of_the_corpus_is_found(
    name: str, heard: dict[str, AudioFindings], truth: dict[str, dict[str, Any]]
) -> None:
    found = heard[name].tempo
    assert found is not None
    readings = (found.bpm, *found.alternatives_bpm)
    assert any(reading == pytest.approx(truth[name]["tempo_bpm"], rel=0.02) for reading in readings)


def test_speech_has_no_tempo(heard: dict[str, AudioFindings]) -> None:
    found = heard["audio/speech_en_demo-congrats.wav"]
    assert found.tempo is None
    assert "tempo" in {gap.what for gap in found.gaps}


def test_loudness_of_the_corpus_is_within_a_tenth(
    heard: dict[str, AudioFindings], truth: dict[str, dict[str, Any]]
) -> None:
    compared = 0
    for name, found in heard.items():
        expected = truth[name].get("loudness", {}).get("lufs_i")
        if expected is None or expected <= -70:
            continue
        assert found.loudness is not None
        assert found.loudness.integrated_lufs == pytest.approx(expected, abs=0.1)
        compared += 1
    assert compared >= 10
