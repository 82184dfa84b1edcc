"""Measure what a query costs beside its analysis, as a user meets it: `dreamcut` as a process, warm services.

The services run in a home of their own and are stopped afterwards.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

RUNS = 5
COMMAND = [sys.executable, "-c", "from deployments.cli import main; main()"]


def dreamcut(*arguments: str, home: str) -> tuple[float, float, str]:
    """Run a command; returns when it began (Unix time), how long it took in seconds, and what it printed."""
    began = time.time()
    clock = time.perf_counter()
    done = subprocess.run(
        [*COMMAND, *arguments],
        env={**os.environ, "DREAMCUT_HOME": home},
        capture_output=True,
        text=True,
        check=True,
    )
    return began, time.perf_counter() - clock, done.stdout


def main(image: Path) -> None:
    """Print medians as lines of a Markdown table."""
    with tempfile.TemporaryDirectory(prefix="dc-bench-", dir="/var/tmp") as home:
        Path(home).chmod(0o755)  # as root, Postgres runs as somebody else
        out = str(Path(home) / "out")
        try:
            dreamcut("demo", "--out", out, home=home)
            first, beside = [], []
            for _ in range(RUNS):
                began, wall, printed = dreamcut(
                    "analyze", "A poster", str(image), "--json", "--out", out, home=home
                )
                document = json.loads(printed)
                said = datetime.fromisoformat(document["messages"][0]["created_at"]).timestamp()
                first.append(said - began)
                beside.append(wall - sum(a["processing_time_ms"] for a in document["assets"]) / 1000)
            demos = [dreamcut("demo", "--out", out, home=home)[1] for _ in range(3)]
        finally:
            dreamcut("down", home=home)
    print("| what | median | goal |")
    print("|---|---|---|")
    print(f"| start of the command to the first message | {statistics.median(first):.2f} s | ≤ 0.5 s |")
    print(f"| all that is not analysis, one image | {statistics.median(beside):.2f} s | ≤ 2 s |")
    print(f"| demo, warm | {statistics.median(demos):.1f} s | ≤ 20 s |")


if __name__ == "__main__":
    main(Path(__file__).resolve().parents[2] / "docs" / "examples" / "cyberpunk" / "cyberpunk_ref.png")
