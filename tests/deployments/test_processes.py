"""Detached processes are found again, never mistaken for others, and stopped with their children."""

import os
import sys
import time
from pathlib import Path

import psutil

from deployments import processes
from deployments.processes import ProcessRecord

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]
SLEEP_WITH_CHILD = [sys.executable, "-c", f"import subprocess; subprocess.run({SLEEP!r})"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(300)",
]


def start(command: list[str], folder: Path) -> ProcessRecord:
    return processes.start_detached(
        command, record=folder / "run" / "it.json", log=folder / "it.log", environment=os.environ
    )


def wait_until(condition: object) -> None:
    deadline = time.monotonic() + 30
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_started_process_is_found_and_stopped_with_its_children(tmp_path: Path) -> None:
    record = start(SLEEP_WITH_CHILD, tmp_path)
    path = tmp_path / "run" / "it.json"
    assert processes.read_record(path) == record
    process = psutil.Process(record.pid)
    wait_until(process.children)
    family = [process, *process.children()]
    assert processes.stop(path, grace_seconds=5)
    assert not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)
    assert processes.read_record(path) is None
    assert not processes.stop(path, grace_seconds=5)


def test_a_process_deaf_to_sigterm_is_killed(tmp_path: Path) -> None:
    record = start(DEAF, tmp_path)
    wait_until((tmp_path / "it.log").read_text)
    assert processes.stop(tmp_path / "run" / "it.json", grace_seconds=0.2)
    assert processes.living(record) is None


def test_a_reused_pid_is_not_ours() -> None:
    me = psutil.Process()
    assert processes.living(ProcessRecord(pid=me.pid, born=me.create_time())) is not None
    assert processes.living(ProcessRecord(pid=me.pid, born=me.create_time() - 60)) is None


def test_a_broken_record_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text('{"pid": 1')
    assert processes.read_record(tmp_path / "it.json") is None
