"""The gateway as a command, as tests in other languages start it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from gateway.claims import Keys

_SECRET = "thirty-two letters and some more of them"


@pytest.fixture
def started(database_url: str) -> Iterator["subprocess.Popen[str]"]:
    """The command, running."""
    command = [sys.executable, "-m", "gateway", "--database-url", database_url, "--secret", _SECRET]
    support = Path(__file__).parents[1] / "support"
    with subprocess.Popen(
        [*command, "--until-stdin-closes"],
        env=os.environ | {"PYTHONPATH": str(support)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_first_line_says_where_it_listens_and_its_keys(started: "subprocess.Popen[str]") -> None:
    assert started.stdout is not None
    said = json.loads(started.stdout.readline())
    keys = Keys(_SECRET)
    assert said.pop("url").startswith("http://127.0.0.1:")
    assert said == {
        "anon_key": keys.anon,
        "service_role_key": keys.service_role,
        "publishable_key": keys.publishable,
        "secret_key": keys.secret_key,
    }


def test_it_listens_when_it_says_so_and_ends_with_whoever_started_it(
    started: "subprocess.Popen[str]",
) -> None:
    assert started.stdout is not None
    assert started.stdin is not None
    said = json.loads(started.stdout.readline())
    headers = {"apikey": said["service_role_key"]}
    assert httpx.get(f"{said['url']}/rest/v1/dreamcut_queries", headers=headers).json() == []
    started.stdin.close()
    assert started.wait(timeout=20) == 0


def test_terminated_it_ends_orderly(started: "subprocess.Popen[str]") -> None:
    assert started.stdout is not None
    started.stdout.readline()
    started.terminate()
    # uvicorn ends itself by the signal that it got, once all is closed
    assert started.wait(timeout=20) in (0, -15)
