"""Measure speed and memory beside their floors: `make bench`. Prints a Markdown table.

Every figure is a ratio or a time taken in this run on this machine; `warm` is the best of the later
runs in one process, as in a worker that has analysed something before.
"""

import sys
from pathlib import Path
from tempfile import gettempdir

from imageio_ffmpeg import get_ffmpeg_exe

sys.path.insert(0, str(Path(__file__).parent))

import media
from measured import Cost, cost_of

ANALYSE_VIDEO = """
from pathlib import Path
from analyzers import video
def work():
    video.analyze(Path({path!r}), speech=None)
"""
ANALYSE_AUDIO = ANALYSE_VIDEO.replace("video", "audio")
ANALYSE_IMAGE = """
from pathlib import Path
from analyzers import image
def work():
    image.analyze(Path({path!r}))
"""
BARE_DECODE = """
import subprocess
def work():
    subprocess.run([{ffmpeg!r}, "-v", "error", "-nostdin", "-i", {path!r}, "-f", "null", "-"], check=True)
"""


def warm(values: tuple[float, ...]) -> float:
    """Return the best of the runs after the first."""
    return min(values[1:])


def row(what: str, figure: str, goal: str, cost: Cost) -> None:
    """Print one line of the table."""
    print(
        f"| {what} | {figure} | {goal} | {warm(cost.wall_seconds):.2f} s | {warm(cost.cpu_seconds):.2f} s "
        f"| {cost.cpu_seconds[0]:.2f} s | {cost.peak_rss_mb:.0f} MB |",
        flush=True,
    )


def main() -> None:
    """Run all benchmarks."""
    folder = Path(gettempdir()) / "dreamcut-bench"
    folder.mkdir(exist_ok=True)
    print("| what | figure | goal | wall, warm | CPU, warm | CPU, first run | peak RSS, all processes |")
    print("|---|---|---|---|---|---|---|")
    for height, seconds in ((720, 60), (1080, 60), (720, 300)):
        path = str(media.footage(folder, height=height, seconds=seconds))
        floor = cost_of(BARE_DECODE.format(path=path, ffmpeg=get_ffmpeg_exe()))
        ours = cost_of(ANALYSE_VIDEO.format(path=path))
        ratio = warm(ours.cpu_seconds) / warm(floor.cpu_seconds)
        row(
            f"video {height}p, {seconds} s, no speech",
            f"{ratio:.2f} × bare decode",
            "≤ 2.5 ×, ≤ 700 MB",
            ours,
        )
    for seconds in (180, 1800):
        ours = cost_of(ANALYSE_AUDIO.format(path=str(media.music(folder, seconds=seconds))))
        speed = seconds / warm(ours.wall_seconds)
        row(f"audio {seconds} s, no speech", f"{speed:.0f} × real time", "≥ 60 ×", ours)
    ours = cost_of(ANALYSE_IMAGE.format(path=str(media.photo(folder, megapixels=12))))
    row("image 12 megapixels", f"{1000 * warm(ours.wall_seconds):.0f} ms", "≤ 600 ms", ours)


if __name__ == "__main__":
    main()
