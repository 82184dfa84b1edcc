"""Media for the benchmarks, made once from real footage and kept in a cache folder."""

import os
import subprocess
from pathlib import Path

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe
from PIL import Image

PROJECT = Path(__file__).resolve().parents[2]
CORPUS = Path(os.environ.get("DREAMCUT_CORPUS", PROJECT.parent / "shared" / "corpus"))
EXAMPLE = PROJECT / "docs" / "examples" / "cyberpunk"


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg quietly and fail loudly."""
    subprocess.run([get_ffmpeg_exe(), "-v", "error", "-y", *arguments], check=True, stdin=subprocess.DEVNULL)


def footage(folder: Path, *, height: int, seconds: int) -> Path:
    """Return H.264 footage with sound: real detail, cuts every five seconds at the loop."""
    source = CORPUS / "video" / "bbb_5s.mp4"
    if not source.exists():
        source = EXAMPLE / "city_drive.mp4"
    path = folder / f"{source.stem}_{height}p_{seconds}s.mp4"
    if not path.exists():
        ffmpeg(
            *("-stream_loop", "-1", "-i", str(source), "-t", str(seconds), "-vf", f"scale=-2:{height}"),
            *("-c:v", "libx264", "-preset", "medium", "-crf", "21", "-c:a", "aac", "-ac", "2", str(path)),
        )
    return path


def music(folder: Path, *, seconds: int) -> Path:
    """Return real music as a 48 kHz stereo file."""
    source = CORPUS / "audio" / "music_electronic_media_threat.ogg"
    if not source.exists():
        source = EXAMPLE / "city_drive.mp4"
    path = folder / f"{source.stem}_{seconds}s.ogg"
    if not path.exists():
        ffmpeg(
            *(
                "-stream_loop",
                "-1",
                "-i",
                str(source),
                "-t",
                str(seconds),
                "-vn",
                "-c:a",
                "libvorbis",
                str(path),
            )
        )
    return path


def photo(folder: Path, *, megapixels: int) -> Path:
    """Return a JPEG with the detail of a photo: an upscaled still plus sensor noise."""
    path = folder / f"photo_{megapixels}mp.jpg"
    if not path.exists():
        height = round((megapixels * 1e6 * 2 / 3) ** 0.5)
        with Image.open(EXAMPLE / "cyberpunk_ref.png") as still:
            picture = np.asarray(still.convert("RGB").resize((height * 3 // 2, height)), np.int16)
        noise = np.random.default_rng(1).normal(0, 6, picture.shape)
        Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8)).save(path, quality=92)
    return path
