"""What is kept of every frame: a small grid, a histogram and a few numbers, computed in batches.

Nothing here grows with the length of a clip: frames are gathered into chunks of `CHUNK_FRAMES`,
each chunk is measured in a handful of array operations, and the planes are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CHUNK_FRAMES = 64
GRID_LONG_EDGE = (
    32  # cells; 32 x 18 for 16:9: coarse enough to ignore grain, fine enough to tell pictures apart
)
LUMA_BINS = 32
CHROMA_BINS = 8  # per axis

_U8 = NDArray[np.uint8]
_F32 = NDArray[np.float32]


class PlanarFrame(Protocol):
    """One decoded analysis frame: `luma` (h, w) full range, `cb` and `cr` (h/2, w/2) around 128."""

    @property
    def seconds(self) -> float: ...
    @property
    def luma(self) -> _U8: ...
    @property
    def cb(self) -> _U8: ...
    @property
    def cr(self) -> _U8: ...


@dataclass(frozen=True)
class Signals:
    """Measures of n consecutive frames."""

    seconds: NDArray[np.float64]  # (n,)
    grid: _F32  # (n, 3, rows, columns): Y', Cb, Cr cell means, 0 to 255
    histogram: _F32  # (n, LUMA_BINS + CHROMA_BINS ** 2): two distributions, each with sum 1
    mean: _F32  # (n,) of luma, 0 to 255
    deviation: _F32  # (n,) standard deviation of luma at half the analysis size
    sharpness: _F32  # (n,) mean squared Laplacian of luma
    shift: _F32  # (n, 2) of the picture since the frame before: right, down; shares of the width
    flow: _F32  # (n,) mean local motion since the frame before, shares of the width
    held: NDArray[np.bool_]  # (n,) the frame shows what its stretch began with (see `_Hold`)

    def __len__(self) -> int:
        return len(self.seconds)

    def __getitem__(self, part: slice) -> Signals:
        return Signals(*(getattr(self, name)[part] for name in self.__dataclass_fields__))


def joined(parts: list[Signals]) -> Signals:
    """Return consecutive signals as one."""
    return Signals(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in Signals.__dataclass_fields__)
    )


def measured(frames: Iterable[PlanarFrame]) -> Iterator[Signals]:
    """Measure frames in chunks, in order; holds at most `CHUNK_FRAMES` small frames at a time."""
    meter: _Meter | None = None
    for frame in frames:
        if meter is None:
            meter = _Meter(frame.luma.shape)
        if meter.add(frame):
            yield meter.measure()
    if meter is not None and meter.filled:
        yield meter.measure()


class _Meter:
    """Buffers and state from chunk to chunk for frames of one size."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        height, width = shape
        self.filled = 0
        self._latest = 0.0
        self._seconds = np.empty(CHUNK_FRAMES)
        self._luma = np.empty((CHUNK_FRAMES, height, width), np.uint8)
        self._cb = np.empty((CHUNK_FRAMES, height // 2, width // 2), np.uint8)
        self._cr = np.empty_like(self._cb)
        # One cell size for all planes: even, so that half-size planes share the cells.
        self._cell = max(2, 2 * round(max(height, width) / GRID_LONG_EDGE / 2))
        self._cell = min(self._cell, max(2, min(height, width) // 2 // 2 * 2))
        self._shifts = _Shifts()
        self._flow = _Flow()
        self._hold = _Hold()

    def add(self, frame: PlanarFrame) -> bool:
        """Take one frame; True when the chunk is full and must be measured."""
        i = self.filled
        # Clocks of broken streams jump back; time in findings never does.
        self._latest = max(self._latest, frame.seconds)
        self._seconds[i] = self._latest
        self._luma[i], self._cb[i], self._cr[i] = frame.luma, frame.cb, frame.cr
        self.filled = i + 1
        return self.filled == CHUNK_FRAMES

    def measure(self) -> Signals:
        """Return the signals of the frames taken since the last call."""
        n, self.filled = self.filled, 0
        luma, cb, cr = self._luma[:n], self._cb[:n], self._cr[:n]
        half = cell_means(luma, 2)
        cells = self._cell // 2
        grid = np.stack([cell_means(plane, cells) for plane in (half, cb, cr)], axis=1)
        quarter = cell_means(half, 2) if min(half.shape[1:]) >= 16 else half
        return Signals(
            seconds=self._seconds[:n].copy(),
            grid=grid,
            histogram=_histograms(half, cb, cr),
            mean=half.mean(axis=(1, 2), dtype=np.float32),
            deviation=half.std(axis=(1, 2), dtype=np.float32),
            sharpness=_sharpness(luma),
            shift=self._shifts.measure(quarter),
            flow=self._flow.measure(quarter),
            held=self._hold.measure(quarter),
        )


def cell_means(planes: NDArray[np.uint8] | _F32, cell: int) -> _F32:
    """Average square cells.

    Args:
        planes: shape (n, height, width).
        cell: edge of a cell in samples; rows and columns that fill no cell are left out.

    Returns:
        Shape (n, height // cell, width // cell), same range.
    """
    height, width = planes.shape[1:]
    cut = planes[:, : height // cell * cell, : width // cell * cell]
    if cell == 1:
        return cut.astype(np.float32)
    # A cell's sum fits: 16 x 16 x 255 < 2 ** 16. Adding strided views is faster than reducing a short axis.
    exact = (
        np.dtype(np.float32) if planes.dtype != np.uint8 else np.dtype(np.uint16 if cell <= 16 else np.uint32)
    )
    down = np.add(cut[:, ::cell], cut[:, 1::cell], dtype=exact)
    for k in range(2, cell):
        np.add(down, cut[:, k::cell], out=down, dtype=exact)
    across = np.add(down[..., ::cell], down[..., 1::cell])
    for k in range(2, cell):
        np.add(across, down[..., k::cell], out=across)
    return np.asarray(across, np.float32) * np.float32(1 / (cell * cell))


def _histograms(luma: _F32, cb: _U8, cr: _U8) -> _F32:
    """Return luma and joint chroma distributions, shape (n, LUMA_BINS + CHROMA_BINS ** 2)."""
    n = len(luma)
    frame = np.arange(n, dtype=np.int32)[:, None, None]
    bright = (luma[:, ::2, ::2] * (LUMA_BINS / 256)).astype(np.int32) + frame * LUMA_BINS
    # Chroma of ordinary footage lies within +-64 of grey: spend the bins there.
    blue = np.clip((cb[:, ::2, ::2].astype(np.int32) - 64) // (128 // CHROMA_BINS), 0, CHROMA_BINS - 1)
    red = np.clip((cr[:, ::2, ::2].astype(np.int32) - 64) // (128 // CHROMA_BINS), 0, CHROMA_BINS - 1)
    hue = blue * CHROMA_BINS + red + frame * CHROMA_BINS**2
    parts = [
        np.bincount(bright.ravel(), minlength=n * LUMA_BINS).reshape(n, -1) / max(1, bright[0].size),
        np.bincount(hue.ravel(), minlength=n * CHROMA_BINS**2).reshape(n, -1) / max(1, hue[0].size),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _sharpness(luma: _U8) -> _F32:
    """Return the mean squared Laplacian of every fourth row, shape (n,), for comparing frames of one clip."""
    n, height, width = luma.shape
    if height < 3 or width < 3:
        return np.zeros(n, np.float32)
    above, here, below = luma[:, 0:-2:4], luma[:, 1:-1:4], luma[:, 2::4]
    bend = here[..., 1:-1].astype(np.int16) * 4
    for neighbour in (here[..., :-2], here[..., 2:], above[..., 1:-1], below[..., 1:-1]):
        bend -= neighbour
    flat = bend.reshape(n, -1).astype(np.float32)
    energy: _F32 = np.einsum("ij,ij->i", flat, flat) / np.float32(flat.shape[1])
    return energy


class _Shifts:
    """Global shift from frame to frame by phase correlation (Kuglin and Hines 1975)."""

    def __init__(self) -> None:
        self._last: NDArray[np.complex64] | None = None  # spectrum of the frame before
        self._window: _F32 | None = None

    def measure(self, planes: _F32) -> _F32:
        """Return the shift of each plane against the one before, shape (n, 2), shares of the width."""
        height, width = planes.shape[1:]
        if self._window is None:
            self._window = np.outer(np.hanning(height), np.hanning(width)).astype(np.float32)
        centred = planes - planes.mean(axis=(1, 2), keepdims=True)
        spectra = np.fft.rfft2(centred * self._window)
        before = np.concatenate([(spectra[:1] if self._last is None else self._last[None]), spectra[:-1]])
        self._last = spectra[-1]
        cross = spectra * before.conj()
        # Partly whitened: full whitening lets sensor noise and blocking outvote the picture.
        cross /= np.sqrt(np.abs(cross)) + 1e-3
        surface = np.fft.irfft2(cross, s=(height, width)).astype(np.float32, copy=False)
        return _peaks(surface) / np.float32(width)


def _peaks(surface: _F32) -> _F32:
    """Return the sub-sample position (right, down) of the highest point of each surface, wrapped around 0."""
    n, height, width = surface.shape
    top = surface.reshape(n, -1).argmax(axis=1)
    y, x = np.divmod(top, width)
    i = np.arange(n)

    def fraction(low: NDArray[np.floating], mid: NDArray[np.floating], high: NDArray[np.floating]) -> _F32:
        bend = low - 2 * mid + high
        return np.where(bend < 0, 0.5 * (low - high) / np.where(bend < 0, bend, 1), 0).astype(np.float32)

    peak = surface[i, y, x]
    dx = fraction(surface[i, y, (x - 1) % width], peak, surface[i, y, (x + 1) % width])
    dy = fraction(surface[i, (y - 1) % height, x], peak, surface[i, (y + 1) % height, x])
    right = np.where(x > width // 2, x - width, x) + dx
    down = np.where(y > height // 2, y - height, y) + dy
    return np.stack([right, down], axis=1).astype(np.float32)


FLOW_BLOCK = 8  # samples of 64: big enough for texture, small enough for one thing
FLOW_TEXTURE = 16.0  # mean squared gradient, luma steps: without texture nobody sees motion
FLOW_STEP = 1.5  # mean change in luma steps under which a block rests: grain and coder noise
FLOW_LIMIT = 1.5  # samples a frame: beyond it the linear model fails and the global shift tells


class _Flow:
    """Local motion by least squares on gradients, block by block (Lucas and Kanade 1981)."""

    def __init__(self) -> None:
        self._last: _F32 | None = None

    def measure(self, planes: _F32) -> _F32:
        """Return the mean speed of all blocks since the frame before, (n,), shares of the width."""
        n, height, width = planes.shape
        before = np.concatenate([planes[:1] if self._last is None else self._last[None], planes[:-1]])
        self._last = planes[-1].copy()
        rows, columns = (height - 2) // FLOW_BLOCK, (width - 2) // FLOW_BLOCK
        if rows < 1 or columns < 1:
            return np.zeros(n, np.float32)
        across = (planes[:, 1:-1, 2:] - planes[:, 1:-1, :-2]) / 2
        down = (planes[:, 2:, 1:-1] - planes[:, :-2, 1:-1]) / 2
        change = (planes - before)[:, 1:-1, 1:-1]

        def blocks(product: NDArray[np.floating]) -> _F32:
            return cell_means(product.astype(np.float32, copy=False), FLOW_BLOCK)

        xx, yy, xy = blocks(across * across), blocks(down * down), blocks(across * down)
        xt, yt = blocks(across * change), blocks(down * change)
        # A little ridge keeps edges, which move visibly in one direction only, solvable.
        ridge = FLOW_TEXTURE / 4
        solid = (xx + ridge) * (yy + ridge) - xy * xy
        right = -((yy + ridge) * xt - xy * yt) / solid
        low = -((xx + ridge) * yt - xy * xt) / solid
        moving = (xx + yy > FLOW_TEXTURE) & (blocks(np.abs(change)) > FLOW_STEP)
        speed = np.minimum(np.hypot(right, low), FLOW_LIMIT) * moving
        return np.asarray(speed.mean(axis=(1, 2)) / width, np.float32)


HOLD_MEAN = 0.35  # luma steps of 255: coder noise of a held picture stays under it on cell means
HOLD_PEAK = 5.0  # and no cell may change more: a small moving thing is motion, not a freeze


class _Hold:
    """Whether the picture stands still, compared with the first frame of the stretch.

    Comparing with the stretch's first frame, not the frame before, tells slow motion from a freeze.
    """

    def __init__(self) -> None:
        self._reference: _F32 | None = None

    def measure(self, planes: _F32) -> NDArray[np.bool_]:
        """Return for each plane whether it equals the stretch's first one, shape (n,)."""
        held = np.zeros(len(planes), bool)
        for i, plane in enumerate(planes):
            if self._reference is not None:
                change = np.abs(plane - self._reference)
                held[i] = change.mean() < HOLD_MEAN and change.max() < HOLD_PEAK
            if not held[i]:
                self._reference = plane.copy()
        return held
