"""How a voice sounds: pitch, pauses, level."""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analyzers.audio.activity import SPEECH_ON, VOICE_SAMPLES, Span, join
from analyzers.audio.spectrum import LEVEL_SECONDS, SAMPLE_RATE_HZ, Floats, decibels_full_scale
from dreamcut.findings.audio import Voice

PITCH_FRAME_SAMPLES = 1024  # 64 ms: more than three periods of LOWEST_PITCH_HZ
LOWEST_PITCH_HZ, HIGHEST_PITCH_HZ = 60.0, 500.0
VOICED_STRENGTH = 0.5  # Praat uses 0.45
OCTAVE_COST = 0.02  # per octave, against subharmonics: Praat uses 0.01
QUIETEST_VOICED_DBFS = -60.0
FEWEST_VOICED_FRAMES = 15  # half a second of voice
FARTHEST_OCTAVES = 0.9  # from the median: farther is an octave error
PAUSE_SECONDS = 0.25  # shorter breaks belong to articulation: Goldman-Eisler 1968
LEVEL_WINDOW_SECONDS = 0.4  # EBU momentary


class PitchMeter:
    """Takes samples and speech probabilities in pieces, keeps the pitch of voiced frames."""

    def __init__(self) -> None:
        self._samples = np.zeros(0, np.float32)
        self._spoken = np.zeros(0, bool)
        self._pitches: list[Floats] = []

    def feed(self, samples: Floats, probabilities: Floats) -> None:
        """Measure where the voice model heard speech.

        Args:
            samples: the next samples.
            probabilities: of the windows that these samples completed; a frame begins with its window.
        """
        self._samples = np.concatenate([self._samples, samples])
        self._spoken = np.concatenate([self._spoken, probabilities >= SPEECH_ON])
        whole = (len(self._samples) - PITCH_FRAME_SAMPLES) // VOICE_SAMPLES + 1
        count = min(len(self._spoken), whole)
        if count <= 0:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._samples, PITCH_FRAME_SAMPLES)
        frames = frames[::VOICE_SAMPLES][:count][self._spoken[:count]]
        if len(frames):
            self._pitches.append(pitches(frames))
        self._samples = self._samples[count * VOICE_SAMPLES :].copy()
        self._spoken = self._spoken[count:]

    def finish(self) -> Floats:
        """Return the pitch of every voiced frame, Hz."""
        found = np.concatenate(self._pitches) if self._pitches else np.zeros(0, np.float32)
        return found[found > 0]


def pitches(frames: Floats) -> Floats:
    """Return the pitch of each frame in Hz, 0 where it has none.

    Args:
        frames: samples at SAMPLE_RATE_HZ, shape (frames, PITCH_FRAME_SAMPLES).

    Source: Boersma 1993, "Accurate short-term analysis of the fundamental frequency": autocorrelation of
    the windowed frame over the autocorrelation of the window.
    """
    window, window_correlation = _pitch_window()
    centred = frames - frames.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.rfft(centred * window, 2 * PITCH_FRAME_SAMPLES, axis=1)) ** 2
    shortest = int(SAMPLE_RATE_HZ / HIGHEST_PITCH_HZ)
    longest = int(SAMPLE_RATE_HZ / LOWEST_PITCH_HZ)
    raw = np.fft.irfft(power, axis=1)[:, : longest + 2]
    energy = np.maximum(raw[:, :1], 1e-12)
    correlation = raw / energy / window_correlation[: longest + 2]
    lags = np.arange(shortest, longest + 1)
    middle = correlation[:, lags]
    top = (middle > correlation[:, lags - 1]) & (middle >= correlation[:, lags + 1])
    score = np.where(top, middle - OCTAVE_COST * np.log2(lags / shortest), -np.inf)
    best = np.argmax(score, axis=1)
    rows = np.arange(len(frames))
    before, at, after = (correlation[rows, lags[best] + step] for step in (-1, 0, 1))
    bend = before - 2.0 * at + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1.0), 0.0)
    loud = np.square(centred).mean(axis=1) > 10.0 ** (QUIETEST_VOICED_DBFS / 10.0)
    voiced = np.isfinite(score[rows, best]) & (at >= VOICED_STRENGTH) & loud
    return np.where(voiced, SAMPLE_RATE_HZ / (lags[best] + shift), 0.0).astype(np.float32)


def voice(pitch_hz: Floats, *, speech: Sequence[Span], mean_square: Floats) -> Voice | None:
    """Describe the voice; None without speech.

    Args:
        pitch_hz: of all voiced frames.
        speech: where speech is, short breaks left out.
        mean_square: of every 10 ms of the recording.
    """
    if not speech:
        return None
    phrases = join(speech, gap_seconds=PAUSE_SECONDS)
    pauses = [later.start - earlier.end for earlier, later in pairwise(phrases)]
    median, semitones = pitch_range(pitch_hz)
    return Voice(
        pitch_median_hz=median,
        pitch_range_semitones=semitones,
        pause_share=round(sum(pauses) / (phrases[-1].end - phrases[0].start), 3),
        longest_pause_seconds=round(max(pauses, default=0.0), 2),
        level_range_db=round(level_range_db(mean_square, phrases), 1),
    )


def pitch_range(pitch_hz: Floats) -> tuple[float | None, float | None]:
    """Return the median pitch in Hz and the 10th to 90th percentile in semitones; None for too little."""
    if len(pitch_hz) < FEWEST_VOICED_FRAMES:
        return None, None
    octaves = np.log2(pitch_hz)
    near = octaves[np.abs(octaves - np.median(octaves)) < FARTHEST_OCTAVES]
    low, middle, high = np.percentile(near, [10, 50, 90])
    return round(float(2.0**middle), 1), round(float(high - low) * 12.0, 1)


def level_range_db(mean_square: Floats, phrases: Sequence[Span]) -> float:
    """Return the 10th to 90th percentile of the level in windows of 0.4 s within the phrases, dB."""
    width = round(LEVEL_WINDOW_SECONDS / LEVEL_SECONDS)
    means = []
    for span in phrases:
        part = mean_square[round(span.start / LEVEL_SECONDS) : round(span.end / LEVEL_SECONDS)]
        means += [part[i : i + width].mean() for i in range(0, len(part) - width + 1, width)]
    if len(means) < 2:
        return 0.0
    low, high = np.percentile(decibels_full_scale(np.array(means, np.float32)), [10, 90])
    return float(high - low)


@cache
def _pitch_window() -> tuple[Floats, NDArray[np.float64]]:
    window = np.hanning(PITCH_FRAME_SAMPLES).astype(np.float32)
    power = np.abs(np.fft.rfft(window, 2 * PITCH_FRAME_SAMPLES)) ** 2
    correlation = np.fft.irfft(power)
    return window, correlation / correlation[0]
