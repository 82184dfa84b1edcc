"""What is said: windows of speech, heard by a model, kept only where the model is sure."""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from analyzers.audio.activity import VOICE_SECONDS, Span, join
from analyzers.audio.spectrum import SAMPLE_RATE_HZ, Floats
from analyzers.audio.speech import HeardSegment, HeardWord, SpeechModel, believable
from analyzers.audio.spool import Spool
from dreamcut.findings.audio import SpokenWord, Transcript
from dreamcut.findings.base import Gap

WINDOW_SECONDS = 28.0  # Whisper hears 30 s at a time
EDGE_SECONDS = 0.3  # kept before and after speech: a soft start must not be cut
PHRASE_GAP_SECONDS = 1.0  # shorter pauses stay as they are
SPLICE_SECONDS = 0.5  # of silence between phrases that were further apart
SHORTEST_SPLIT_SECONDS = 10.0  # an endless sentence is cut at its weakest moment after this

FAR_FROM_SPEECH_SECONDS = 0.5  # a word there was made up
LARGEST_REFUSED_SHARE = 0.4  # of what was heard; above, the rest is luck
LEAST_CONFIDENCE = 0.5  # of all words: English under loud music has 0.6, other languages less
SLOWEST_WPM = 60.0  # of speech without pauses; fewer words, and some refused, are scraps of another language
NOTABLE_REFUSED_SECONDS = 3.0
SHORTEST_WORD_SECONDS = 0.02


@dataclass(frozen=True)
class Window:
    """Stretches of the recording that are heard as one."""

    pieces: tuple[Span, ...]

    def samples(self, spool: Spool) -> Floats:
        """Return the pieces with a splice of silence between them."""
        splice = np.zeros(round(SPLICE_SECONDS * SAMPLE_RATE_HZ), np.float32)
        parts: list[Floats] = []
        for piece in self.pieces:
            parts += [splice] if parts else []
            parts.append(spool.read(round(piece.start * SAMPLE_RATE_HZ), round(piece.end * SAMPLE_RATE_HZ)))
        return np.concatenate(parts)

    def time(self, heard: float) -> float:
        """Return the time in the recording of a time in the window."""
        at = 0.0
        for piece in self.pieces:
            if heard <= at + piece.seconds:
                return piece.start + max(0.0, heard - at)
            at += piece.seconds + SPLICE_SECONDS
        return self.pieces[-1].end


def windows(
    speech: Sequence[Span], *, duration_seconds: float, weakest: Callable[[float, float], float]
) -> list[Window]:
    """Pack speech into windows of at most WINDOW_SECONDS.

    Args:
        speech: in order.
        duration_seconds: of the recording.
        weakest: given a start and an end, the moment between them where speech is least likely.
    """
    padded = [
        Span(max(0.0, span.start - EDGE_SECONDS), min(duration_seconds, span.end + EDGE_SECONDS))
        for span in speech
    ]
    packed: list[list[Span]] = []
    filled = 0.0
    for phrase in join(padded, gap_seconds=PHRASE_GAP_SECONDS):
        for piece in _split(phrase, weakest):
            if packed and filled + SPLICE_SECONDS + piece.seconds <= WINDOW_SECONDS:
                packed[-1].append(piece)
                filled += SPLICE_SECONDS + piece.seconds
            else:
                packed.append([piece])
                filled = piece.seconds
    return [Window(tuple(pieces)) for pieces in packed]


def weakest_moment(voice: Floats) -> Callable[[float, float], float]:
    """Return a function that finds where between two times the voice model was least sure of speech."""

    def find(start: float, end: float) -> float:
        first = int(start / VOICE_SECONDS)
        between = voice[first : int(end / VOICE_SECONDS)]
        # The latest of the weakest, so that windows stay long.
        weakest = len(between) - 1 - int(np.argmin(between[::-1])) if len(between) else 0
        return (first + weakest + 0.5) * VOICE_SECONDS if len(between) else end

    return find


def _split(phrase: Span, weakest: Callable[[float, float], float]) -> list[Span]:
    pieces = []
    while phrase.seconds > WINDOW_SECONDS:
        cut = weakest(phrase.start + SHORTEST_SPLIT_SECONDS, phrase.start + WINDOW_SECONDS)
        pieces.append(Span(phrase.start, cut))
        phrase = Span(cut, phrase.end)
    return [*pieces, phrase]


def transcribe(
    model: SpeechModel,
    spool: Spool,
    found: Sequence[Window],
    *,
    speech: Sequence[Span],
    on_window: Callable[[int], None],
) -> tuple[Transcript | None, Gap | None]:
    """Return what is said, and what of it is not known and why.

    Args:
        model: asked window by window.
        spool: holds the samples.
        found: windows of speech.
        speech: where speech is; words elsewhere are dropped.
        on_window: told how many windows are done.

    Raises:
        WeightsUnavailable: the model is not installed.
    """
    words: list[SpokenWord] = []
    kept_seconds = refused_seconds = 0.0
    for done, window in enumerate(found, start=1):
        for segment in model.hear(window.samples(spool)):
            if not segment.words:
                continue
            seconds = max(SHORTEST_WORD_SECONDS, segment.words[-1].end - segment.words[0].start)
            if believable(segment):
                kept_seconds += seconds
                words += _placed(segment, window, speech)
            else:
                refused_seconds += seconds
        on_window(done)
    return _verdict(words, model, speech=speech, kept=kept_seconds, refused=refused_seconds)


def _verdict(
    words: list[SpokenWord], model: SpeechModel, *, speech: Sequence[Span], kept: float, refused: float
) -> tuple[Transcript | None, Gap | None]:
    confidence = float(np.mean([word.confidence for word in words])) if words else 0.0
    rate = speaking_rate_wpm(words, speech)
    lucky = refused > 0 and rate is not None and rate < SLOWEST_WPM
    if (
        refused > LARGEST_REFUSED_SHARE * (kept + refused)
        or lucky
        or (words and confidence < LEAST_CONFIDENCE)
    ):
        return None, Gap(
            what="transcript",
            reason=f"the speech does not sound like English to {model.name}, which knows only English",
            remedy="describe what is said in the request",
        )
    if not words:
        return None, Gap(what="transcript", reason=f"{model.name} heard no word that it is sure of")
    said = Transcript(
        language=model.language,
        text=" ".join(word.text for word in words),
        words=tuple(words),
        speaking_rate_wpm=rate,
    )
    if refused < NOTABLE_REFUSED_SECONDS:
        return said, None
    return said, Gap(
        what="part of the transcript", reason=f"{model.name} could not make out {refused:.0f} s of the speech"
    )


def speaking_rate_wpm(words: Sequence[SpokenWord], speech: Sequence[Span]) -> float | None:
    """Return words per minute of speech, pauses aside; None without speech."""
    seconds = sum(span.seconds for span in speech)
    return round(len(words) * 60.0 / seconds, 1) if seconds > 0 else None


def _placed(segment: HeardSegment, window: Window, speech: Sequence[Span]) -> list[SpokenWord]:
    """Return the words at their times in the recording, without those far from any speech."""
    placed: list[SpokenWord] = []
    for word in _whole_words(segment.words):
        start, end = window.time(word.start), window.time(word.end)
        start = max(start, placed[-1].end_seconds) if placed else start
        end = max(end, start + SHORTEST_WORD_SECONDS)
        if word.text.strip() and _distance((start + end) / 2.0, speech) <= FAR_FROM_SPEECH_SECONDS:
            placed.append(
                SpokenWord(
                    text=word.text.strip(),
                    start_seconds=round(start, 2),
                    end_seconds=round(end, 2),
                    confidence=round(min(1.0, max(0.0, word.probability)), 2),
                )
            )
    return placed


def _whole_words(pieces: Sequence[HeardWord]) -> list[HeardWord]:
    """Put together what the model splits: " 2" and ",077" are one word, as the missing space tells."""
    whole: list[HeardWord] = []
    for piece in pieces:
        if whole and not piece.text.startswith(" "):
            before = whole[-1]
            weakest = min(before.probability, piece.probability)
            whole[-1] = HeardWord(before.start, piece.end, before.text + piece.text, weakest)
        else:
            whole.append(piece)
    return whole


def _distance(moment: float, speech: Sequence[Span]) -> float:
    """Seconds to the nearest speech; the spans are in order."""
    i = bisect(speech, moment, key=lambda span: span.start)
    return min(
        (max(span.start - moment, moment - span.end, 0.0) for span in speech[max(0, i - 1) : i + 1]),
        default=np.inf,
    )
