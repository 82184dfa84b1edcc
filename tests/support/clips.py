"""Synthetic clips whose shots, motion and defects are known because they were put there.

Pictures are float arrays (height, width, 3), 0 to 255; a clip is a list of them. `planar` gives what the
decoder would give, without any codec; `write_clip` encodes a real file.
"""

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
SIZE = (144, 256)  # height, width: small enough for fast tests


@dataclass(frozen=True)
class SmallFrame:
    """A frame as `analyzers.media` gives it."""

    seconds: float
    luma: NDArray[np.uint8]
    cb: NDArray[np.uint8]
    cr: NDArray[np.uint8]


def scene(seed: int, *, size: tuple[int, int] = SIZE, margin: int = 0) -> Picture:
    """Return a picture like no other seed's: a tint, soft areas, edges and fine texture.

    `margin` adds that many pixels to the right, for pans.
    """
    rng = np.random.default_rng(seed)
    height, width = size[0], size[1] + margin
    y, x = np.mgrid[:height, :width].astype(np.float32)
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = rng.uniform(50, 200, 3)
    for _ in range(14):  # areas with hard edges
        top, left = rng.integers(0, height), rng.integers(0, width)
        rows = slice(top, top + rng.integers(height // 8, height // 2))
        columns = slice(left, left + rng.integers(height // 8, height // 2))
        picture[rows, columns] = rng.uniform(10, 245, 3)
    angle = rng.uniform(0, np.pi)
    texture = np.sin((x * np.cos(angle) + y * np.sin(angle)) * rng.uniform(0.4, 0.9))
    return np.clip(picture + 12 * texture[..., None], 0, 255)


def still(seed: int, frames: int, *, size: tuple[int, int] = SIZE) -> list[Picture]:
    """Return a shot with sensor noise and nothing that moves."""
    base = scene(seed, size=size)
    rng = np.random.default_rng(seed + 1000)
    return [np.clip(base + rng.normal(0, 1.5, (*size, 1)), 0, 255).astype(np.float32) for _ in range(frames)]


def pan(seed: int, frames: int, *, px_per_frame: float, blur_px: int = 0) -> list[Picture]:
    """Return a shot whose content runs to the left at a steady speed, smeared over `blur_px`."""
    wide = scene(seed, margin=int(px_per_frame * frames) + blur_px + 2)
    if blur_px > 1:
        sums = np.cumsum(wide, axis=1)
        wide = (sums[:, blur_px:] - sums[:, :-blur_px]) / blur_px
    shots = []
    for i in range(frames):
        left = int(px_per_frame * i)
        part = px_per_frame * i - left
        here, next_ = wide[:, left : left + SIZE[1]], wide[:, left + 1 : left + 1 + SIZE[1]]
        shots.append((1 - part) * here + part * next_)
    return shots


def dissolve(old: Sequence[Picture], new: Sequence[Picture], frames: int) -> list[Picture]:
    """Join two shots; their last and first `frames` frames overlap."""
    shares = (np.arange(frames) + 1) / (frames + 1)
    overlap = zip(old[-frames:], new[:frames], shares, strict=True)
    mixed = [(1 - share) * a + share * b for a, b, share in overlap]
    return [*old[:-frames], *mixed, *new[frames:]]


def fade(old: Sequence[Picture], new: Sequence[Picture], frames: int, *, level: float = 0.0) -> list[Picture]:
    """Join two shots through a plain level: `frames` down, `frames` up, nothing is added."""
    shares = (np.arange(frames) + 1) / frames
    down = [(1 - share) * a + share * level for a, share in zip(old[-frames:], shares, strict=True)]
    up = [share * b + (1 - share) * level for b, share in zip(new[:frames], shares, strict=True)]
    return [*old[:-frames], *down, *up, *new[frames:]]


def plain(level: float, frames: int, *, size: tuple[int, int] = SIZE) -> list[Picture]:
    """Return frames of one grey level."""
    return [np.full((*size, 3), level, np.float32)] * frames


def brightened(clip: Sequence[Picture], *, first: int, frames: int, by: float = 0.85) -> list[Picture]:
    """Return the clip with a flash: some frames are mixed with white."""
    return [p + (255 - p) * by if first <= i < first + frames else p for i, p in enumerate(clip)]


def flickering(clip: Sequence[Picture], *, depth: float) -> list[Picture]:
    """Return the clip under light that changes from frame to frame."""
    rng = np.random.default_rng(7)
    return [np.clip(p * rng.uniform(1 - depth, 1 + depth), 0, 255) for p in clip]


def letterboxed(clip: Sequence[Picture], *, bar_px: int) -> list[Picture]:
    """Return the clip with black bars above and below."""
    boxed = []
    for picture in clip:
        covered = picture.copy()
        covered[:bar_px] = 0
        covered[-bar_px:] = 0
        boxed.append(covered)
    return boxed


def planar(clip: Iterable[Picture], *, frame_rate: float) -> list[SmallFrame]:
    """Convert to full-range Y'CbCr 4:2:0 (BT.601 weights, as JPEG)."""
    frames = []
    for i, picture in enumerate(clip):
        red, green, blue = (picture[..., c] for c in range(3))
        luma = 0.299 * red + 0.587 * green + 0.114 * blue
        cb, cr = 128 + 0.564 * (blue - luma), 128 + 0.713 * (red - luma)
        planes = [luma, *(_halved(plane) for plane in (cb, cr))]
        y, b, r = (np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in planes)
        frames.append(SmallFrame(seconds=i / frame_rate, luma=y, cb=b, cr=r))
    return frames


def _halved(plane: NDArray[Any]) -> NDArray[Any]:
    height, width = plane.shape
    return plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))


def write_clip(
    path: Path,
    clip: Sequence[Picture],
    *,
    frame_rate: Fraction | int = 24,
    ticks: Sequence[int] | None = None,
    sample_aspect_ratio: Fraction | None = None,
    interlaced: bool = False,
) -> Path:
    """Encode H.264.

    Args:
        ticks: presentation time of each frame in ms, for a variable rate; by default one frame after
            another at `frame_rate`.
    """
    import av

    height, width = clip[0].shape[:2]
    with av.open(str(path), "w") as container:
        options = {"crf": "18", "preset": "veryfast"}
        if interlaced:
            options["x264-params"] = "interlaced=1"
        stream: Any = container.add_stream("libx264", rate=Fraction(frame_rate), options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        time_base = Fraction(1, 1000) if ticks is not None else 1 / Fraction(frame_rate)
        stream.codec_context.time_base = time_base
        if sample_aspect_ratio is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect_ratio
        for i, picture in enumerate(clip):
            frame = av.VideoFrame.from_ndarray(np.clip(picture, 0, 255).astype(np.uint8), format="rgb24")
            frame.pts, frame.time_base = (ticks[i] if ticks is not None else i), time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def rotated(path: Path, to: Path, *, clockwise_degrees: int) -> Path:
    """Copy a file with a display matrix that asks players to turn the picture."""
    from imageio_ffmpeg import get_ffmpeg_exe

    turn = ("-display_rotation", str(-clockwise_degrees))  # ffmpeg counts counter-clockwise
    arguments = (get_ffmpeg_exe(), "-v", "error", "-y", *turn, "-i", str(path), "-c", "copy", str(to))
    subprocess.run(arguments, check=True, stdin=subprocess.DEVNULL)
    return to
