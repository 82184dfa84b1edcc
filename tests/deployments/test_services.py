"""`up`, `status` and `down` on a home of their own, which holds a copy of a ready Prefect database."""

import json
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from services import COMMAND, command_environment, processes_of

from deployments.prefect_server import DEPLOYMENT


@pytest.fixture
def own_home(home: Path) -> Iterator[Path]:
    """A home where nothing runs yet. Creating Prefect's database takes 13 s, copying it does not."""
    folder = Path(tempfile.mkdtemp(prefix="dc-", dir="/tmp"))
    folder.chmod(0o755)
    (folder / "prefect").mkdir(mode=0o700)
    source = sqlite3.connect(home / "prefect" / "prefect.db")
    target = sqlite3.connect(folder / "prefect" / "prefect.db")
    source.backup(target)
    source.close()
    target.close()
    yield folder
    _dreamcut(folder, "down")
    shutil.rmtree(folder)


def _dreamcut(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments],
        env=command_environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_up_starts_everything_once_and_down_leaves_no_process(own_home: Path) -> None:
    assert _dreamcut(own_home, "status").returncode == 3
    first = _dreamcut(own_home, "up")
    assert (first.returncode, first.stderr) == (0, "")
    status = _dreamcut(own_home, "status", "--json")
    assert status.returncode == 0
    known = {service["name"]: service for service in json.loads(status.stdout)}
    assert set(known) == {"postgres", "prefect", "worker"}
    assert all(service["running"] for service in known.values())
    deployment = httpx.get(f"{known['prefect']['address']}/deployments/name/{DEPLOYMENT}").json()
    assert deployment["entrypoint"] == "flows.analyze_query.analyze_query"

    assert _dreamcut(own_home, "up").returncode == 0
    again = {
        service["name"]: service for service in json.loads(_dreamcut(own_home, "status", "--json").stdout)
    }
    assert again == known  # the same processes

    assert _dreamcut(own_home, "down").stdout == "stopped worker, prefect, postgres\n"
    assert processes_of(own_home) == []
    assert _dreamcut(own_home, "down").stdout == "nothing was running\n"


def test_status_before_anything_ran_creates_nothing(tmp_path: Path) -> None:
    fresh = tmp_path / "home"
    assert _dreamcut(tmp_path, "status").returncode == 3
    done = subprocess.run(
        [*COMMAND, "status"], env=command_environment(fresh), capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert not fresh.exists()


def test_two_at_once_start_one_server(own_home: Path) -> None:
    both = [
        subprocess.Popen([*COMMAND, "up"], env=command_environment(own_home), stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [process.wait(240) for process in both] == [0, 0]
    servers = [line for line in processes_of(own_home) if "prefect.server.api.server" in line]
    workers = [line for line in processes_of(own_home) if "worker start" in line]
    assert (len(servers), len(workers)) == (1, 1)
