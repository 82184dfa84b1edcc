"""What is said, as phrases that a cut can follow."""

from dataclasses import dataclass, replace

from dreamcut.brief.material import Part
from dreamcut.findings import AudioFindings, TimeRange
from dreamcut.findings.audio import SegmentKind, SpokenWord

BREATH_SECONDS = 0.6  # a pause from here on parts two phrases, whatever the punctuation
_SENTENCE_ENDS = (".", "!", "?", "…")
_SPEECH = (SegmentKind.SPEECH, SegmentKind.SPEECH_OVER_MUSIC)


@dataclass(frozen=True)
class Phrase:
    """A sentence, or a stretch of speech between two breaths."""

    range: TimeRange
    text: str | None  # None without a transcript
    metric: str  # path of where it starts
    confidence: float = 1.0  # of its least certain word

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.range.duration_seconds


def phrases(part: Part) -> tuple[Phrase, ...]:
    """Return the phrases of a voice-over in order: from its words, else from its speech segments."""
    return phrases_of(part.audio)


def phrases_of(audio: AudioFindings) -> tuple[Phrase, ...]:
    """Return the phrases of some sound, without overlaps, inside its length."""
    end = audio.duration_seconds
    found: list[Phrase] = []
    if audio.transcript and audio.transcript.words:
        for first, last in _sentences(audio.transcript.words):
            words = audio.transcript.words[first : last + 1]
            text = " ".join(word.text.strip() for word in words)
            metric = f"transcript.words[{first}].start_seconds"
            span = _range(words[0].start_seconds, words[-1].end_seconds)
            found.append(Phrase(span, text, metric, min(word.confidence for word in words)))
    else:
        for index, segment in enumerate(audio.segments):
            if segment.kind in _SPEECH:
                span = _range(segment.start_seconds, segment.end_seconds)
                found.append(Phrase(span, None, f"segments[{index}].start_seconds"))
    kept: list[Phrase] = []
    for phrase in found:
        start = max(phrase.range.start_seconds, kept[-1].range.end_seconds if kept else 0.0)
        stop = min(phrase.range.end_seconds, end)
        if stop - start > 0.05:
            kept.append(replace(phrase, range=_range(start, stop)))
    return tuple(kept)


def _range(start: float, end: float) -> TimeRange:
    return TimeRange(start_seconds=start, end_seconds=max(start, end))


def _sentences(words: tuple[SpokenWord, ...]) -> list[tuple[int, int]]:
    """Return first and last word of each sentence."""
    bounds, first = [], 0
    for index, word in enumerate(words):
        last = index == len(words) - 1
        pause = 0.0 if last else words[index + 1].start_seconds - word.end_seconds
        if last or word.text.strip().endswith(_SENTENCE_ENDS) or pause >= BREATH_SECONDS:
            bounds.append((first, index))
            first = index + 1
    return bounds
