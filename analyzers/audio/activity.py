"""Where somebody speaks: Silero VAD, fed as the samples come."""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzers.audio.spectrum import SAMPLE_RATE_HZ, Floats

VOICE_SAMPLES = 512  # Silero's window at 16 kHz, 32 ms
VOICE_SECONDS = VOICE_SAMPLES / SAMPLE_RATE_HZ
CONTEXT_SAMPLES = 64  # of the window before, as in Silero's own wrapper
MODEL_FILE = "silero_vad_v6.onnx"

SPEECH_ON, SPEECH_OFF = 0.5, 0.35  # Silero's defaults
# Music masks a voice, and the model says so: 0.3 was never reached by music without a voice.
ON_UNDER_MUSIC, OFF_UNDER_MUSIC = 0.3, 0.15
LONE_MASKED_SECONDS, NEAR_CLEAR_SECONDS = 1.0, 3.0
SHORTEST_SPEECH_SECONDS = 0.2  # a shorter blip is a click or a breath
SHORTEST_PAUSE_SECONDS = 0.1

_sessions: dict[Path, Any] = {}  # an onnxruntime.InferenceSession has no types; it is thread-safe
_loading = Lock()


@dataclass(frozen=True)
class Span:
    """A stretch of time, seconds, end exclusive."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length."""
        return self.end - self.start


class VoiceMeter:
    """Takes samples in pieces, returns the probability of speech of every 32 ms."""

    def __init__(self, folder: Path) -> None:
        """Use the model in `folder` (see `dreamcut.weights.locate`), loaded once a process."""
        self._session = _session(folder / MODEL_FILE)
        self._pending = np.zeros(CONTEXT_SAMPLES, np.float32)
        self._state = (np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32))
        self._probabilities: list[Floats] = []

    def feed(self, samples: Floats) -> Floats:
        """Return the probabilities of the windows that these samples complete, shape (windows,)."""
        self._pending = np.concatenate([self._pending, samples])
        count = (len(self._pending) - CONTEXT_SAMPLES) // VOICE_SAMPLES
        if count <= 0:
            return np.zeros(0, np.float32)
        width = CONTEXT_SAMPLES + VOICE_SAMPLES
        windows = np.lib.stride_tricks.sliding_window_view(self._pending, width)[::VOICE_SAMPLES][:count]
        memory, cell = self._state
        found, memory, cell = self._session.run(
            None, {"input": np.ascontiguousarray(windows), "h": memory, "c": cell}
        )
        self._state = (memory, cell)
        self._pending = self._pending[count * VOICE_SAMPLES :].copy()
        probabilities = np.asarray(found, np.float32).reshape(-1)
        self._probabilities.append(probabilities)
        return probabilities

    def finish(self) -> Floats:
        """Return the probabilities of all windows; the last one is filled up with silence."""
        rest = len(self._pending) - CONTEXT_SAMPLES
        if rest:
            self.feed(np.zeros(VOICE_SAMPLES - rest, np.float32))
        return np.concatenate(self._probabilities) if self._probabilities else np.zeros(0, np.float32)


def speech_spans(probabilities: Floats, *, duration_seconds: float, music: Sequence[Span] = ()) -> list[Span]:
    """Return where speech is, by hysteresis: on at SPEECH_ON, off below SPEECH_OFF.

    Args:
        probabilities: of windows of VOICE_SECONDS, shape (windows,), 0 to 1.
        duration_seconds: end of the last span at most.
        music: where a voice may be masked. There the lower pair of borders finds more of a voice that
            is clear nearby, or that goes on for a while.
    """
    clear = _spans(_hysteresis(probabilities >= SPEECH_ON, probabilities < SPEECH_OFF), duration_seconds)
    if not music:
        return clear
    masked = np.zeros(len(probabilities), bool)
    for span in music:
        masked[int(span.start / VOICE_SECONDS) : int(np.ceil(span.end / VOICE_SECONDS))] = True
    opens = probabilities >= np.where(masked, ON_UNDER_MUSIC, SPEECH_ON)
    closes = probabilities < np.where(masked, OFF_UNDER_MUSIC, SPEECH_OFF)
    return [
        span
        for span in _spans(_hysteresis(opens, closes), duration_seconds)
        if span.seconds >= LONE_MASKED_SECONDS or _gap_seconds(span, clear) <= NEAR_CLEAR_SECONDS
    ]


def _spans(on: NDArray[np.bool_], duration_seconds: float) -> list[Span]:
    spans = [
        Span(first * VOICE_SECONDS, min(duration_seconds, last * VOICE_SECONDS)) for first, last in _runs(on)
    ]
    spans = join(spans, gap_seconds=SHORTEST_PAUSE_SECONDS)
    return [span for span in spans if span.seconds >= SHORTEST_SPEECH_SECONDS]


def _gap_seconds(span: Span, others: Sequence[Span]) -> float:
    """Distance to the nearest of the others, which are in order."""
    i = bisect(others, span.start, key=lambda other: other.start)
    near = others[max(0, i - 1) : i + 1]
    return min((max(other.start - span.end, span.start - other.end, 0.0) for other in near), default=np.inf)


def join(spans: Sequence[Span], *, gap_seconds: float) -> list[Span]:
    """Return the spans with gaps up to `gap_seconds` closed."""
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end <= gap_seconds:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def within(spans: Sequence[Span], wholes: Sequence[Span]) -> list[Span]:
    """Return the spans whose middle lies within one of the wholes."""
    middles = [(span, (span.start + span.end) / 2.0) for span in spans]
    return [span for span, middle in middles if any(whole.start <= middle < whole.end for whole in wholes)]


def _hysteresis(opens: NDArray[np.bool_], closes: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """True from an opening window to the last one before a closing window."""
    verdict = np.where(opens, 1, np.where(closes, -1, 0))
    decided = np.where(verdict != 0, np.arange(len(verdict)), -1)
    latest = np.maximum.accumulate(decided) if len(decided) else decided
    return np.where(latest >= 0, verdict[np.maximum(latest, 0)] > 0, False)


def _runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return (first, one past last) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _session(path: Path) -> Any:
    with _loading:
        if path not in _sessions:
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.inter_op_num_threads = options.intra_op_num_threads = 1
            options.enable_cpu_mem_arena = False
            _sessions[path] = onnxruntime.InferenceSession(
                str(path), sess_options=options, providers=["CPUExecutionProvider"]
            )
        return _sessions[path]
