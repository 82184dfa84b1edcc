"""Pulse of the music: beats per minute, octave readings, beat times."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzers.audio.activity import Span
from analyzers.audio.music import autocorrelation
from analyzers.audio.spectrum import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE_HZ, Floats
from dreamcut.findings.audio import Tempo

SLOWEST_BPM, FASTEST_BPM = 40.0, 240.0
LAG_STEP = 0.1  # frames; 0.3 % of a beat at 120 BPM
PREFERRED_BPM, PREFERENCE_OCTAVES = 115.0, 1.0  # where listeners tap: Moelants 2002
BEATS_COMPARED = 4  # a beat that holds is seen at its multiples too
WINDOW_SECONDS = 20.0
WEAKEST_PULSE = 0.2  # of 1; music with a free pulse stays under 0.15
# A short piece resembles itself by chance: 4 s need a stronger pulse than 8 s.
WEAKEST_SHORT_PULSE, SHORT_SECONDS, LONG_SECONDS = 0.35, 4.0, 8.0
AGREEING_SHARE = 0.5  # windows that find the same beat, or its octave
SAME_BEAT = 0.04
ALTERNATIVE_SHARE = 0.4  # an octave reading must fit nearly half as well
SHORTEST_BEATS_SECONDS = 1.5
ONSET_LEAD_SECONDS = 0.012  # a click raises the frame before the one it is centred in; seen on click trains


def tempo(onset: Floats, *, music: Sequence[Span]) -> Tempo | None:
    """Find the beat of the music; None where no steady beat is.

    Args:
        onset: onset strength, FRAMES_PER_SECOND values a second, of the whole recording.
        music: where music is; elsewhere nothing is looked at.

    Returns:
        BPM between 40 and 240. `confidence` is the mean autocorrelation of the onsets at one to four
        beats, 0 to 1. `alternatives_bpm` are half and double time where they fit nearly as well.
    """
    windows = _windows(onset, music)
    if not windows:
        return None
    bpm = 60.0 * FRAMES_PER_SECOND / _lags()
    fits = np.array([_fit(window) for window in windows])
    weights = np.array([float(window.std()) * len(window) for window in windows])
    if weights.sum() <= 0:
        return None
    fit = np.average(fits, axis=0, weights=weights)
    best = int(np.argmax(fit * _preference(bpm)))
    longest = max(len(window) for window in windows) / FRAMES_PER_SECOND
    if fit[best] < _weakest_pulse(longest) or _agreement(fits, best=best, bpm=bpm) < AGREEING_SHARE:
        return None
    beats, exact = _beats(onset, music, bpm=float(bpm[best]))
    return Tempo(
        bpm=round(exact, 1),
        confidence=round(float(np.clip(fit[best], 0.0, 1.0)), 2),
        alternatives_bpm=_alternatives(fit, bpm, best=best, exact=exact),
        beats_seconds=tuple(round(beat, 3) for beat in beats),
    )


def _windows(onset: Floats, music: Sequence[Span]) -> list[Floats]:
    """Cut the music into pieces of at most WINDOW_SECONDS."""
    pieces = []
    width = round(WINDOW_SECONDS * FRAMES_PER_SECOND)
    for span in music:
        part = onset[round(span.start * FRAMES_PER_SECOND) : round(span.end * FRAMES_PER_SECOND)]
        count = max(1, round(len(part) / width))
        pieces += np.array_split(part, count)
    least = SHORTEST_BEATS_SECONDS * FRAMES_PER_SECOND
    return [piece for piece in pieces if len(piece) >= least]


def _lags() -> NDArray[np.float64]:
    return np.arange(60.0 * FRAMES_PER_SECOND / FASTEST_BPM, 60.0 * FRAMES_PER_SECOND / SLOWEST_BPM, LAG_STEP)


def _fit(window: Floats) -> NDArray[np.float64]:
    """Mean autocorrelation at one to BEATS_COMPARED beats, for every lag, as far as the window reaches."""
    correlation = autocorrelation(window, lags=len(window) * 4 // 5, unbiased=False)
    lags = _lags()
    total, count = np.zeros_like(lags), np.zeros_like(lags)
    for beats in range(1, BEATS_COMPARED + 1):
        inside = lags * beats <= len(correlation) - 1
        total += np.where(inside, np.interp(lags * beats, np.arange(len(correlation)), correlation), 0.0)
        count += inside
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.0), np.float64)


def _preference(bpm: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * (np.log2(bpm / PREFERRED_BPM) / PREFERENCE_OCTAVES) ** 2), np.float64)


def _weakest_pulse(seconds: float) -> float:
    return float(np.interp(seconds, [SHORT_SECONDS, LONG_SECONDS], [WEAKEST_SHORT_PULSE, WEAKEST_PULSE]))


def _agreement(fits: NDArray[np.float64], *, best: int, bpm: NDArray[np.float64]) -> float:
    """Share of windows whose own best beat is this one, or its half or double."""
    own = bpm[np.argmax(fits * _preference(bpm), axis=1)]
    octaves = np.log2(own / bpm[best])
    return float(np.mean(np.abs(octaves - np.rint(octaves)) < np.log2(1.0 + SAME_BEAT)))


def _alternatives(
    fit: NDArray[np.float64], bpm: NDArray[np.float64], *, best: int, exact: float
) -> tuple[float, ...]:
    """Return half and double time where they fit, nearest to the preferred tempo first."""
    found = []
    for factor in (0.5, 2.0):
        near = np.abs(np.log2(bpm / (bpm[best] * factor))) < np.log2(1.0 + SAME_BEAT)
        if near.any() and fit[near].max() >= ALTERNATIVE_SHARE * fit[best]:
            found.append(round(exact * factor, 1))
    return tuple(sorted(found, key=lambda bpm: abs(np.log2(bpm / PREFERRED_BPM))))


def _beats(onset: Floats, music: Sequence[Span], *, bpm: float) -> tuple[list[float], float]:
    """Return the beat times in all music and the tempo of the longest stretch, by least squares.

    Source: Ellis 2007, "Beat tracking by dynamic programming", as in librosa.
    """
    import librosa  # only where music is: the first import compiles, later ones take seconds

    beats: list[float] = []
    longest: NDArray[np.float64] = np.zeros(0)
    for span in music:
        first, last = round(span.start * FRAMES_PER_SECOND), round(span.end * FRAMES_PER_SECOND)
        if span.seconds < SHORTEST_BEATS_SECONDS or not onset[first:last].any():
            continue
        _, frames = librosa.beat.beat_track(
            onset_envelope=onset[first:last], sr=SAMPLE_RATE_HZ, hop_length=HOP_SAMPLES, bpm=bpm, trim=False
        )
        times = (first + np.asarray(frames, np.float64)) / FRAMES_PER_SECOND + ONSET_LEAD_SECONDS
        beats += times.tolist()
        longest = max(longest, times, key=len)
    return beats, _steady_bpm(longest, expected=bpm)


def _steady_bpm(beats: NDArray[np.float64], *, expected: float) -> float:
    """Return the slope through the beats; the expected tempo where the beats do not follow it."""
    if len(beats) < 8:
        return expected
    slope = float(np.polyfit(np.arange(len(beats)), beats, 1)[0])
    found = 60.0 / slope if slope > 0 else expected
    return found if abs(found / expected - 1.0) < SAME_BEAT / 2 else expected
