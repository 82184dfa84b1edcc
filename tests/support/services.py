"""Our local services in a home of their own, one a test session; and the `dreamcut` command as a process."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deployments import services
from dreamcut.settings import Settings

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from deployments.cli import main; main()"]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Home folder with a running Postgres and Prefect server; no process of it survives the session."""
    folder = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))
    folder.chmod(0o755)
    settings = settings_of(folder)
    services.ready_store(settings).close()
    services.ensure_prefect(settings)
    yield folder
    services.stop_all(settings)
    left = processes_of(folder)
    shutil.rmtree(folder)
    assert left == []


@pytest.fixture
def settings(home: Path) -> Settings:
    """Settings of that home."""
    return settings_of(home)


@pytest.fixture
def dreamcut(home: Path, tmp_path: Path) -> Command:
    """Run the command: `dreamcut("show", "--json")`; it works in the test's folder."""

    def run(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *map(str, arguments)],
            cwd=tmp_path,
            env=command_environment(home) | environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


def settings_of(home: Path) -> Settings:
    """Return settings of a home, whatever the environment says."""
    return Settings(home=home, prefect_port=free_port())


def command_environment(home: Path) -> dict[str, str]:
    """Return the environment of a command that works on a home."""
    ours = {
        "DREAMCUT_HOME": str(home),
        "DREAMCUT_PREFECT_PORT": str(free_port()),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "100",
    }
    return {**os.environ, **ours}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes_of(home: Path) -> list[str]:
    """Return the command lines of living processes that name a home in arguments, folder or environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            traces = [*process.cmdline(), process.cwd(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if any(str(home) in trace for trace in traces):
            found.append(" ".join(process.cmdline()))
    return found
