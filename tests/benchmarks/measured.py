"""Run a piece of work in a process of its own and measure what it and its children cost."""

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

import psutil

PROBE = """
import json, resource, sys, time
def cpu():
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
exec(sys.argv[1])
runs = []
for _ in range(int(sys.argv[2])):
    wall, before = time.perf_counter(), cpu()
    work()
    runs.append([time.perf_counter() - wall, cpu() - before])
print(json.dumps(runs))
"""


@dataclass(frozen=True)
class Cost:
    """What one run cost. The first run of a process pays for imports, the later ones are warm."""

    wall_seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...]
    peak_rss_mb: float  # of the process and its children together, sampled every 20 ms


def cost_of(code: str, *, runs: int = 3) -> Cost:
    """Run `code`, which defines `work()`, `runs` times in one fresh Python process."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROBE, code, str(runs)], stdout=subprocess.PIPE, text=True
    )
    peak = 0.0
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        root = psutil.Process(process.pid)
        while not done.is_set():
            with suppress(psutil.Error):
                family = [root, *root.children(recursive=True)]
                peak = max(peak, sum(member.memory_info().rss for member in family) / 1e6)
            time.sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, _ = process.communicate()
    done.set()
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"the measured code failed:\n{code}")
    measured = json.loads(out.splitlines()[-1])
    return Cost(
        wall_seconds=tuple(run[0] for run in measured),
        cpu_seconds=tuple(run[1] for run in measured),
        peak_rss_mb=peak,
    )
