"""The speech model: Whisper tiny.en through faster-whisper, loaded once a process."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from analyzers.audio.spectrum import Floats
from dreamcut import weights

CPU_THREADS = 2
BEAM_SIZE = 5
SURE_LOG_PROBABILITY = -0.25  # mean over words; clean read speech has -0.1 to -0.3

# Whisper's own borders (Radford et al. 2022, section 4.5) for a failed decoding.
MOST_COMPRESSION = 2.4
LEAST_LOG_PROBABILITY = -1.0
# Words over something that is hardly speech need to be surer.
MOST_NO_SPEECH, LEAST_LOG_PROBABILITY_THEN = 0.6, -0.5


@dataclass(frozen=True)
class HeardWord:
    """One word, seconds from the start of the samples."""

    start: float
    end: float
    text: str  # as the model spaces and punctuates it: " Hello,"
    probability: float


@dataclass(frozen=True)
class HeardSegment:
    """Words that the model decoded together, and its doubts."""

    words: Sequence[HeardWord]
    mean_log_probability: float
    no_speech_probability: float
    compression_ratio: float  # of the text by zlib: repetition compresses


def believable(segment: HeardSegment) -> bool:
    """Tell whether the model's own numbers speak for what it heard."""
    log_probability = segment.mean_log_probability
    if segment.compression_ratio > MOST_COMPRESSION or log_probability < LEAST_LOG_PROBABILITY:
        return False
    return segment.no_speech_probability < MOST_NO_SPEECH or log_probability >= LEAST_LOG_PROBABILITY_THEN


class SpeechModel(Protocol):
    """What turns samples into words."""

    name: str
    version: str
    language: str  # BCP 47: the language that it understands

    def hear(self, samples: Floats) -> list[HeardSegment]:
        """Return what is said in at most 30 s of mono samples at 16 kHz.

        Raises:
            WeightsUnavailable: the model is not installed.
        """
        ...


class Whisper:
    """Whisper tiny.en. Loads at the first use, then stays; threads take turns."""

    name = weights.WHISPER_TINY_EN.name
    version = weights.WHISPER_TINY_EN.version
    language = "en"

    def __init__(self, *, models_folder: Path | None = None) -> None:
        """Look for the weights in `models_folder` first."""
        self._models_folder = models_folder
        self._model: Any = None  # faster_whisper.WhisperModel has no types
        self._turn = Lock()  # two at once would only share the same cores

    def load(self) -> None:
        """Make the model ready.

        Raises:
            WeightsUnavailable: the model is not installed.
        """
        with self._turn:
            self._ready()

    def hear(self, samples: Floats) -> list[HeardSegment]:
        """Return what is said; the same samples always give the same words."""
        with self._turn:
            # Greedy first: what the model does not understand then shows as repetition or low
            # probability, where a beam search finds fluent nonsense. Hard but believable speech is worth
            # the beam, which takes three times as long.
            greedy = self._decode(samples, beam_size=1)
            if all(segment.mean_log_probability >= SURE_LOG_PROBABILITY for segment in greedy):
                return greedy
            if not all(believable(segment) for segment in greedy):
                return greedy
            beam = self._decode(samples, beam_size=BEAM_SIZE)
            return beam if all(believable(segment) for segment in beam) else greedy

    def _decode(self, samples: Floats, *, beam_size: int) -> list[HeardSegment]:
        """Run the model. No sampling, so that the same samples give the same words."""
        segments, _ = self._ready().transcribe(
            samples,
            language=self.language,
            beam_size=beam_size,
            temperature=0.0,
            condition_on_previous_text=False,  # a hallucination must not feed the next window
            word_timestamps=True,
            vad_filter=False,  # the samples are speech already
            no_speech_threshold=None,  # `believable` judges
            log_prob_threshold=None,
            compression_ratio_threshold=None,
        )
        return [
            HeardSegment(
                words=[
                    HeardWord(word.start, word.end, word.word, word.probability)
                    for word in segment.words or ()
                ],
                mean_log_probability=segment.avg_logprob,
                no_speech_probability=segment.no_speech_prob,
                compression_ratio=segment.compression_ratio,
            )
            for segment in segments
        ]

    def _ready(self) -> Any:
        if self._model is None:
            folder = weights.locate(self.name, models_folder=self._models_folder)
            from faster_whisper import WhisperModel

            self._model = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=CPU_THREADS, local_files_only=True
            )
        return self._model


SHIPPED = Whisper()
