"""Synthesised sound with known answers, mono float32 at 16 kHz."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
Samples = NDArray[np.float32]


def silence(seconds: float) -> Samples:
    """Digital zero."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def sine(hz: float, *, seconds: float, peak: float = 0.5) -> Samples:
    """One pure tone."""
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (peak * np.sin(2 * np.pi * hz * at)).astype(np.float32)


def noise(seconds: float, *, rms: float = 0.1, seed: int = 0) -> Samples:
    """White noise."""
    return (rms * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def clicks(bpm: float, *, seconds: float, first: float = 0.25) -> Samples:
    """Bursts of 5 ms, one a beat."""
    track = silence(seconds)
    for beat, at in enumerate(np.arange(first, seconds - 0.01, 60.0 / bpm)):
        start = round(at * RATE_HZ)
        track[start : start + 80] = noise(0.005, rms=0.3, seed=beat)
    return track


def voiced(hz: NDArray[np.float64]) -> Samples:
    """Eleven harmonics falling as 1/k, the pitch given for every sample: a buzzing glottis."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE_HZ
    return (0.2 * sum(np.sin(k * phase) / k for k in range(1, 12))).astype(np.float32)


def melody(*, seconds: float, note_seconds: float = 0.5, seed: int = 0) -> Samples:
    """Chords of three notes with overtones, a new one every `note_seconds`: plain music."""
    random = np.random.default_rng(seed)
    chords = []
    for _ in range(round(seconds / note_seconds)):
        roots = 220.0 * 2.0 ** (random.choice(12, 3, replace=False) / 12.0)
        tones = [sine(root * k, seconds=note_seconds, peak=0.1 / k) for root in roots for k in (1, 2, 3)]
        chords.append(np.sum(tones, axis=0))
    return np.concatenate(chords).astype(np.float32)


def write_wav(path: Path, samples: Samples, *, rate_hz: int = RATE_HZ) -> Path:
    """Write 16-bit mono."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
