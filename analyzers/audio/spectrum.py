"""One pass over the samples: everything that later measures need, a few numbers per frame."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
FRAME_SAMPLES = 1024  # 64 ms: three periods of a 65 Hz voice, 15.6 Hz between bins
HOP_SAMPLES = 256  # 16 ms: a beat at 180 BPM is 21 hops
FRAMES_PER_SECOND = SAMPLE_RATE_HZ / HOP_SAMPLES
LEVEL_SAMPLES = 160  # 10 ms: silence edges are promised within 50 ms
LEVEL_SECONDS = LEVEL_SAMPLES / SAMPLE_RATE_HZ
FLOOR_DBFS = -100.0  # level of a frame of digital zero; below the noise of 16 bits

MEL_BANDS = 40
LOUDNESS_EXPONENT = 0.25  # of power; near Stevens' 0.3, so that a loud click outweighs a quiet bed

# Partials are looked for from 200 Hz (mains hum and rumble stay out) to 4 kHz (telephone band).
LOWEST_BIN, HIGHEST_BIN = 13, 256
PEAK_NEIGHBOURHOOD_BINS = 21  # Seyerlehner et al. 2007
PEAK_DB = 3.0  # above the mean of the neighbourhood
PARTIAL_FLOOR_DBFS = -80.0  # coding noise below is no music
BLOCK_HOP_FRAMES = 64  # 1.02 s between blocks
BLOCK_FRAMES = 128  # a tone must hold on for a good part of 2 s
QUIET_FRAMES = 256  # syllable gaps are searched for in 4 s
QUIET_SHARE = 0.3  # the quietest frames of a block: what sounds when the voice does not
BLOCK_SECONDS = BLOCK_HOP_FRAMES / FRAMES_PER_SECOND


@dataclass(frozen=True)
class Spectrum:
    """What is kept of the spectrum. Frame i is centred on sample i * HOP_SAMPLES."""

    onset: Floats  # (frames,): mean rise of the loudness of the mel bands, >= 0
    centroid_hz: Floats  # (frames,): 0 for silent frames
    frame_dbfs: Floats  # (frames,): level of the frame
    activation: NDArray[np.uint8]  # (blocks, bins): 255 = the bin was a peak in every frame of the block
    quiet_activation: NDArray[np.uint8]  # same, over the quietest frames around the block


class SpectrumMeter:
    """Takes samples in pieces of any length, keeps a second of them."""

    def __init__(self) -> None:
        self._pending = np.zeros(FRAME_SAMPLES // 2, np.float32)  # centres frame 0 on sample 0
        self._last_mel: Floats | None = None
        self._frames: list[tuple[Floats, Floats, Floats]] = []
        self._blocks = _BlockMeter()

    def feed(self, samples: Floats) -> None:
        """Measure the next samples (mono, SAMPLE_RATE_HZ, -1 to 1)."""
        self._pending = np.concatenate([self._pending, samples])
        count = (len(self._pending) - FRAME_SAMPLES) // HOP_SAMPLES + 1
        if count <= 0:
            return
        frames = np.lib.stride_tricks.sliding_window_view(self._pending, FRAME_SAMPLES)[::HOP_SAMPLES]
        self._measure(frames)
        self._pending = self._pending[count * HOP_SAMPLES :].copy()

    def finish(self) -> Spectrum:
        """Measure what is left, and return everything."""
        self.feed(np.zeros(FRAME_SAMPLES // 2, np.float32))
        self._blocks.flush()
        parts = self._frames or [(np.zeros(0, np.float32),) * 3]
        onset, centroid, level = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Spectrum(
            onset=onset,
            centroid_hz=centroid,
            frame_dbfs=level,
            activation=np.array(self._blocks.activation, np.uint8).reshape(-1, HIGHEST_BIN - LOWEST_BIN),
            quiet_activation=np.array(self._blocks.quiet, np.uint8).reshape(-1, HIGHEST_BIN - LOWEST_BIN),
        )

    def _measure(self, frames: Floats) -> None:
        # Scaled so that a sine of full scale has magnitude 1 in its bin.
        magnitude = np.abs(np.fft.rfft(frames * _window(), axis=1)) / (FRAME_SAMPLES / 4)
        power = np.square(magnitude, dtype=np.float32)
        total = power.sum(axis=1)
        # Hann: noise bandwidth 1.5 bins, so this is the mean square of the frame, sine = -3 dBFS.
        level = _decibels(total / 3.0)
        centroid = np.einsum("ij,j->i", magnitude, _bin_hz()) / np.maximum(magnitude.sum(axis=1), 1e-9)
        centroid = np.where(level > FLOOR_DBFS, centroid, 0.0).astype(np.float32)
        self._frames.append((self._onset(power), centroid, level))
        self._blocks.feed(power[:, LOWEST_BIN:HIGHEST_BIN], level)

    def _onset(self, power: Floats) -> Floats:
        """Rise of the loudness of each band from frame to frame, mean over bands: spectral flux.

        Source: Böck and Widmer, DAFx 2013, without the maximum filter, and with a power law in place of
        the logarithm, which made a quiet bed weigh as much as the beat over it.
        """
        mel = np.add.reduceat(power, _mel_edges(), axis=1) ** np.float32(LOUDNESS_EXPONENT)
        before = mel[:1] if self._last_mel is None else self._last_mel
        self._last_mel = mel[-1:]
        rise = np.diff(np.concatenate([before, mel]), axis=0)
        onset: Floats = np.maximum(rise, 0.0).mean(axis=1).astype(np.float32)
        return onset


class _BlockMeter:
    """How steadily each bin is a spectral peak: "continuous frequency activation".

    Source: Seyerlehner, Pohle, Schedl, Widmer, DAFx 2007, "Automatic music detection in television
    productions". Held tones of music stay in one bin; the partials of a voice glide.
    """

    def __init__(self) -> None:
        self.activation: list[NDArray[np.uint8]] = []
        self.quiet: list[NDArray[np.uint8]] = []
        self._peaks = np.zeros((0, HIGHEST_BIN - LOWEST_BIN), bool)
        self._level = np.zeros(0, np.float32)

    def feed(self, power: Floats, level: Floats) -> None:
        decibels = _decibels(power, floor=-140.0)
        above = decibels - _running_mean(decibels, PEAK_NEIGHBOURHOOD_BINS)
        peaks = (above > PEAK_DB) & (decibels > PARTIAL_FLOOR_DBFS)
        self._peaks = np.concatenate([self._peaks, peaks])
        self._level = np.concatenate([self._level, level])
        # A block stands in the middle of QUIET_FRAMES frames; the first ones have fewer before them.
        while len(self._peaks) >= QUIET_FRAMES:
            if not self.activation:
                self._open()
            self._close_block(QUIET_FRAMES // 2)
            self._peaks = self._peaks[BLOCK_HOP_FRAMES:]
            self._level = self._level[BLOCK_HOP_FRAMES:]

    def flush(self) -> None:
        """Close the blocks whose surroundings the end cuts off."""
        if not len(self._peaks):
            return
        if not self.activation:
            self._open()
        middle = QUIET_FRAMES // 2
        while middle - BLOCK_HOP_FRAMES // 2 < len(self._peaks):
            self._close_block(middle)
            middle += BLOCK_HOP_FRAMES

    def _open(self) -> None:
        """Blocks near the start: their surroundings begin at the first frame."""
        for middle in range(BLOCK_HOP_FRAMES // 2, QUIET_FRAMES // 2, BLOCK_HOP_FRAMES):
            if middle - BLOCK_HOP_FRAMES // 2 < len(self._peaks):
                self._close_block(middle)

    def _close_block(self, middle: int) -> None:
        near = slice(max(0, middle - BLOCK_FRAMES // 2), middle + BLOCK_FRAMES // 2)
        wide = slice(max(0, middle - QUIET_FRAMES // 2), middle + QUIET_FRAMES // 2)
        levels = self._level[wide]
        quietest = np.argsort(levels, kind="stable")[: max(1, round(len(levels) * QUIET_SHARE))]
        self.activation.append(_share(self._peaks[near]))
        self.quiet.append(_share(self._peaks[wide][quietest]))


class LevelMeter:
    """RMS of every 10 ms."""

    def __init__(self) -> None:
        self._pending = np.zeros(0, np.float32)
        self._squares: list[Floats] = []
        self.samples = 0

    def feed(self, samples: Floats) -> None:
        """Measure the next samples."""
        self.samples += len(samples)
        self._pending = np.concatenate([self._pending, samples])
        count = len(self._pending) // LEVEL_SAMPLES
        whole = self._pending[: count * LEVEL_SAMPLES].reshape(count, LEVEL_SAMPLES)
        self._squares.append(np.square(whole).mean(axis=1))
        self._pending = self._pending[count * LEVEL_SAMPLES :]

    def finish(self) -> Floats:
        """Return the mean square of every 10 ms; the last, shorter stretch counts as one."""
        if len(self._pending):
            self._squares.append(np.square(self._pending).mean(keepdims=True))
            self._pending = self._pending[:0]
        return np.concatenate(self._squares) if self._squares else np.zeros(0, np.float32)


def decibels_full_scale(mean_square: Floats) -> Floats:
    """Return levels in dBFS (a sine of full scale is -3), not below FLOOR_DBFS."""
    return _decibels(mean_square)


def _decibels(power: Floats, *, floor: float = FLOOR_DBFS) -> Floats:
    tiny = np.float32(10.0 ** (floor / 10.0 - 1.0))  # below the floor: rounding must not lift it
    decibels = np.float32(10.0) * np.log10(np.maximum(power, tiny))
    return np.maximum(decibels, np.float32(floor)).astype(np.float32, copy=False)


def _share(peaks: NDArray[np.bool_]) -> NDArray[np.uint8]:
    if not len(peaks):
        return np.zeros(peaks.shape[1], np.uint8)
    return np.asarray(np.rint(peaks.mean(axis=0) * 255.0), np.uint8)


def _running_mean(values: Floats, width: int) -> Floats:
    """Mean over `width` neighbouring columns; edges repeat."""
    half = width // 2
    padded = np.pad(values, ((0, 0), (half + 1, half)), mode="edge")
    sums = np.cumsum(padded, axis=1, dtype=np.float64)
    return ((sums[:, width:] - sums[:, :-width]) / width).astype(np.float32)


@cache
def _window() -> Floats:
    return np.hanning(FRAME_SAMPLES + 1)[:-1].astype(np.float32)


@cache
def _bin_hz() -> Floats:
    return np.fft.rfftfreq(FRAME_SAMPLES, 1.0 / SAMPLE_RATE_HZ).astype(np.float32)


@cache
def _mel_edges() -> NDArray[np.intp]:
    """First bin of each of MEL_BANDS bands, equal steps in mel from 30 Hz up.

    Bands are summed bin by bin, not by a matrix product: BLAS threads would spin on every second of
    sound and cost more than all other measures together.
    """

    def mel(hz: float) -> float:
        return 2595.0 * float(np.log10(1.0 + hz / 700.0))  # O'Shaughnessy 1987

    steps = np.linspace(mel(30.0), mel(SAMPLE_RATE_HZ / 2), MEL_BANDS + 1)[:-1]
    hz = 700.0 * (10.0 ** (steps / 2595.0) - 1.0)
    return np.unique(np.rint(hz * FRAME_SAMPLES / SAMPLE_RATE_HZ).astype(np.intp))
