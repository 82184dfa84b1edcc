"""Samples put aside for the speech model: on disk, and only where somebody may be speaking."""

import tempfile
from types import TracebackType
from typing import Self

import numpy as np

from analyzers.audio.spectrum import Floats

MAYBE_SPEECH = 0.1  # probability; a second without any such window is left out
BYTES_PER_SAMPLE = 2


class Spool:
    """A temporary file of 16-bit samples: 32 kB for a second of speech, a hole elsewhere."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="dreamcut-speech-")  # noqa: SIM115  # closed in __exit__
        self._samples = 0
        self._held = np.zeros(0, np.float32)  # the last block, until the next one tells whether it matters
        self._held_wanted = False
        self._wanted_before = False  # the block before the held one

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._file.close()

    def feed(self, samples: Floats, probabilities: Floats) -> None:
        """Keep the block if it or a neighbour may be speech."""
        wanted = bool(len(probabilities)) and float(probabilities.max()) >= MAYBE_SPEECH
        self._settle(next_wanted=wanted)
        self._wanted_before, self._held_wanted = self._held_wanted, wanted
        self._held = samples

    def finish(self) -> None:
        """Settle the last block."""
        self._settle(next_wanted=False)
        self._held = np.zeros(0, np.float32)

    def read(self, first: int, last: int) -> Floats:
        """Return samples first to last (exclusive); zeros where nothing was kept."""
        last = min(last, self._samples)
        self._file.seek(first * BYTES_PER_SAMPLE)
        data = self._file.read(max(0, last - first) * BYTES_PER_SAMPLE)
        found = np.zeros(max(0, last - first), np.float32)
        whole = np.frombuffer(data[: len(data) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE], "<i2")
        found[: len(whole)] = whole / np.float32(32767.0)
        return found

    def _settle(self, *, next_wanted: bool) -> None:
        if not len(self._held):
            return
        if self._wanted_before or self._held_wanted or next_wanted:
            self._file.seek(self._samples * BYTES_PER_SAMPLE)
            self._file.write((np.clip(self._held, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
        self._samples += len(self._held)
