"""Signs of music: tones that hold on, and a pulse that repeats."""

import numpy as np
from numpy.typing import NDArray

from analyzers.audio.spectrum import BLOCK_SECONDS, FRAMES_PER_SECOND, Floats

STRONGEST_PEAKS = 5  # Seyerlehner et al. 2007
STEADY_ACTIVATION = 0.6  # a bin that is a peak this often, for STEADY_BLOCKS on end, is hum or buzz
STEADY_BLOCKS = round(8.0 / BLOCK_SECONDS)

PULSE_WINDOW_SECONDS = 6.0  # four beats at 40 BPM
SHORTEST_BEAT_SECONDS, LONGEST_BEAT_SECONDS = 0.25, 1.0  # 240 to 60 BPM


def held_tones(activation: NDArray[np.uint8]) -> Floats:
    """Score how much tone holds on in each block, 0 (none) to 5 (five partials all the time).

    Args:
        activation: share of frames in which a bin is a spectral peak, (blocks, bins), 255 = all.

    Returns:
        Sum of the STRONGEST_PEAKS prominences of the activation curve, shape (blocks,).

    Source: Seyerlehner et al., DAFx 2007; bins that never change for 8 s are left out here.
    """
    shares = activation.astype(np.float32) / 255.0
    shares[steady_bins(shares)] = 0.0
    return np.array([_peak_sum(row) for row in shares], np.float32)


def steady_bins(shares: Floats) -> NDArray[np.bool_]:
    """Find bins that sound without a break for STEADY_BLOCKS around each block: mains hum, a fan.

    Music changes its notes within that time. Shorter recordings cannot tell, so nothing is found.
    """
    blocks = len(shares)
    if blocks < STEADY_BLOCKS:
        return np.zeros(shares.shape, bool)
    sums = np.cumsum(np.pad(shares, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    first = np.clip(np.arange(blocks) - STEADY_BLOCKS // 2, 0, blocks - STEADY_BLOCKS)
    return np.asarray((sums[first + STEADY_BLOCKS] - sums[first]) / STEADY_BLOCKS >= STEADY_ACTIVATION)


def _peak_sum(row: Floats) -> float:
    """Sum of the largest prominences: height of a maximum over the higher of the valleys beside it."""
    padded = np.concatenate([[0.0], row, [0.0]])
    slope = np.sign(np.diff(padded))
    turns = np.flatnonzero(slope)  # plateaus count once
    rising = slope[turns] > 0
    tops = turns[:-1][rising[:-1] & ~rising[1:]] + 1
    if not len(tops):
        return 0.0
    # Lowest value between neighbouring tops; outside the outermost ones it is 0.
    valleys = np.minimum.reduceat(padded, tops)[:-1]
    higher = np.maximum(np.concatenate([[0.0], valleys]), np.concatenate([valleys, [0.0]]))
    prominences = np.sort(padded[tops] - higher)
    return float(prominences[-STRONGEST_PEAKS:].sum())


def pulse(onset: Floats) -> Floats:
    """Score how regularly onsets repeat, for windows of PULSE_WINDOW_SECONDS every second.

    Args:
        onset: onset strength, FRAMES_PER_SECOND values a second.

    Returns:
        Highest normalised autocorrelation at a beat that also holds at twice the beat, -1 to 1,
        shape (windows,); window i is centred on second i + 0.5.
    """
    width = round(PULSE_WINDOW_SECONDS * FRAMES_PER_SECOND)
    seconds = int(np.ceil(len(onset) / FRAMES_PER_SECOND))
    scores = np.zeros(seconds, np.float32)
    for second in range(seconds):
        middle = round((second + 0.5) * FRAMES_PER_SECOND)
        first = int(np.clip(middle - width // 2, 0, max(0, len(onset) - width)))
        scores[second] = _pulse_of(onset[first : first + width])
    return scores


def _pulse_of(onset: Floats) -> float:
    correlation = autocorrelation(onset)
    shortest = round(SHORTEST_BEAT_SECONDS * FRAMES_PER_SECOND)
    longest = min(round(LONGEST_BEAT_SECONDS * FRAMES_PER_SECOND), (len(correlation) - 2) // 2)
    if longest <= shortest:
        return 0.0
    lags = np.arange(shortest, longest + 1)
    at_double = np.maximum(
        correlation[2 * lags], np.maximum(correlation[2 * lags - 1], correlation[2 * lags + 1])
    )
    return float(np.minimum(correlation[lags], at_double).max())


def autocorrelation(onset: Floats, *, lags: int | None = None, unbiased: bool = True) -> Floats:
    """Return the normalised autocorrelation of an envelope, 1 at lag 0.

    Args:
        onset: the envelope, any scale.
        lags: how many; half of the length by default.
        unbiased: make up for the shorter overlap at long lags.
    """
    count = len(onset) // 2 if lags is None else lags
    centred = onset - onset.mean()
    energy = float(centred @ centred)
    if energy <= 0.0 or count < 2:
        return np.zeros(max(count, 1), np.float32)
    size = 1 << (2 * len(onset) - 1).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    correlation = np.fft.irfft(spectrum, size)[:count] / energy
    if unbiased:
        correlation = correlation * (len(onset) / (len(onset) - np.arange(count)))
    return correlation.astype(np.float32)
