"""The numbers of all frames of a clip: some 40 bytes a frame, and one small picture for every eighth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzers.video.fades import blank_frames
from analyzers.video.signals import Signals

CANDIDATE_FRAMES = 8  # of which the sharpest may become the keyframe of a short shot


@dataclass(frozen=True)
class Track:
    """Per-frame numbers, each (n,) if not said otherwise."""

    seconds: NDArray[np.float64]
    mean: NDArray[np.float32]  # of luma, 0 to 255
    sharpness: NDArray[np.float32]
    shift: NDArray[np.float32]  # (n, 2), shares of the width
    flow: NDArray[np.float32]  # shares of the width
    held: NDArray[np.bool_]
    blank: NDArray[np.bool_]
    candidates: NDArray[np.intp]  # (m,) frame numbers, rising
    thumbnails: NDArray[np.uint8]  # (m, rows, columns) luma of the candidates

    def __len__(self) -> int:
        return len(self.seconds)


class TrackRecorder:
    """Gathers a track from signals in chunks."""

    def __init__(self) -> None:
        self._length = 0
        self._parts: list[dict[str, NDArray[np.generic]]] = []

    def add(self, signals: Signals) -> None:
        """Keep the numbers of a chunk."""
        blank = blank_frames(signals)
        worth = np.where(blank, -1.0, signals.sharpness)
        starts = range(0, len(signals), CANDIDATE_FRAMES)
        best = np.array([s + int(worth[s : s + CANDIDATE_FRAMES].argmax()) for s in starts])
        self._parts.append(
            {
                "seconds": signals.seconds,
                "mean": signals.mean,
                "sharpness": signals.sharpness,
                "shift": signals.shift,
                "flow": signals.flow,
                "held": signals.held,
                "blank": blank,
                "candidates": best + self._length,
                "thumbnails": np.clip(np.rint(signals.grid[best, 0]), 0, 255).astype(np.uint8),
            }
        )
        self._length += len(signals)

    def track(self) -> Track:
        """Return everything so far. At least one chunk must have been added."""
        if len(self._parts) > 1:
            names = self._parts[0]
            self._parts = [{name: np.concatenate([part[name] for part in self._parts]) for name in names}]
        return Track(**self._parts[0])  # type: ignore[arg-type]  # the keys are the fields
