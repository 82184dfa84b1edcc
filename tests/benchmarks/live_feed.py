"""Measure how long a subscriber waits for a change, and live through bad wires by the hundred.

    PYTHONPATH=tests/support python tests/benchmarks/live_feed.py             and 200 seeds of a bad network
    PYTHONPATH=tests/support python tests/benchmarks/live_feed.py --seeds 0   latency alone

Everything runs on this machine: the database, the test gateway in front of it, and the manager.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from listening import Recorder, live_through
from queries import start_query, value
from supabase_project import SupabaseProject

from dreamcut.realtime import create_dreamcut_manager
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import ensure_schema

WRITES = 300
PAUSE_SECONDS = 0.02  # a pipeline does not write its messages back to back


@contextmanager
def project() -> Iterator[tuple[SupabaseProject, psycopg.Connection[Any]]]:
    """Start a database and a gateway of their own; also a worker's session."""
    with tempfile.TemporaryDirectory(prefix="dc-bench-", dir="/var/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root, Postgres runs as somebody else
        server = EmbeddedPostgres(home)
        running: SupabaseProject | None = None
        try:
            url = server.start()
            ensure_schema(url)
            running = SupabaseProject(url, storage=home / "storage")
            running.start()
            with psycopg.connect(url, autocommit=True) as worker:
                worker.execute("set role service_role")
                yield running, worker
        finally:
            if running is not None:
                running.kill()
            server.stop()


def latencies(running: SupabaseProject, worker: psycopg.Connection[Any]) -> list[float]:
    """Return for each message the seconds from before its write to its callback."""
    query = start_query(worker)
    told: dict[int, float] = {}
    heard = Recorder()

    def note(message: Any) -> None:
        told[message.seq] = time.perf_counter()
        heard.callbacks["on_new_message"](message)

    took = []
    with create_dreamcut_manager(running.url, running.keys.service_role) as manager:
        manager.subscribe_to_query(query.id, **heard.callbacks | {"on_new_message": note})
        heard.wait_for_messages(1)
        time.sleep(1)  # it tells the first before it listens
        for n in range(WRITES):
            began = time.perf_counter()
            value(worker, "select public.add_dreamcut_message(%s, 'status', %s)", query.id, str(n))
            heard.wait_for_messages(n + 2)
            took.append(told[n + 2] - began)
            time.sleep(PAUSE_SECONDS)
    return took


def main() -> None:
    """Print what was measured as lines of a Markdown table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=0)
    arguments = parser.parse_args()
    with project() as (running, worker):
        took = latencies(running, worker)
        print("| what | measured | goal |")
        print("|---|---|---|")
        print(f"| write to callback, median | {1000 * statistics.median(took):.1f} ms | ≤ 100 ms |")
        print(f"| write to callback, 95 % | {1000 * statistics.quantiles(took, n=20)[-1]:.1f} ms | |")
        same = faults = 0
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            try:
                faults += live_through(seed, running, worker)
                same += 1
            except AssertionError as error:
                print(f"seed {seed}: {error}", file=sys.stderr)
        if arguments.seeds:
            goal = f"{arguments.seeds} of {arguments.seeds}"
            print(f"| faulty wires whose feed is the database's | {same} of {arguments.seeds} | {goal} |")
            print(f"| faults lived through | {faults} | |")


if __name__ == "__main__":
    main()
