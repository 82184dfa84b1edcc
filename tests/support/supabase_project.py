"""A Supabase project of a test's own: the gateway as a child process over the test's migrated database."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from gateway.claims import Keys
from services import free_port

if TYPE_CHECKING:
    import httpx
    from supabase import Client

_SECRET = "a-secret-of-the-tests-that-is-long-enough"


class SupabaseProject:
    """A gateway that runs, and can be stopped, killed and started again on the same port."""

    def __init__(self, database_url: str, *, storage: Path) -> None:
        self.database_url = database_url
        self.keys = Keys(_SECRET)
        self.storage = storage
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What `create_client` wants first."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        command = [sys.executable, "-m", "gateway", "--until-stdin-closes"]
        command += ["--database-url", self.database_url, "--port", str(self._port)]
        command += ["--secret", _SECRET, "--storage", str(self.storage)]
        self._process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert json.loads(said or "{}").get("url") == self.url, "the gateway does not start"

    def stop(self) -> None:
        """Let it finish what it does, and end."""
        self._end(lambda process: process.terminate())

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(lambda process: process.kill())

    def _end(self, how: "Callable[[subprocess.Popen[bytes]], None]") -> None:
        process, self._process = self._process, None
        if process is None:
            return
        how(process)
        process.wait(timeout=20)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass
class Visitor:
    """Somebody who uses the project: their token, and the official client that carries it."""

    project: SupabaseProject
    token: str
    id: str = field(default_factory=lambda: str(uuid4()))
    key: str | None = None

    def client(self) -> "Client":
        """Return the unmodified client as a front end or a worker makes it."""
        from supabase import ClientOptions, create_client

        options = ClientOptions(headers={"Authorization": f"Bearer {self.token}"})
        return create_client(self.project.url, self.key or self.project.keys.anon, options=options)

    def send(self, method: str, path: str, **more: Any) -> "httpx.Response":
        """Send a request by hand; `headers=` adds to those of a client and None removes one."""
        import httpx

        headers = {"apikey": self.key or self.project.keys.anon, "Authorization": f"Bearer {self.token}"}
        headers |= more.pop("headers", {})
        given = {name: value for name, value in headers.items() if value is not None}
        return httpx.request(method, self.project.url + path, headers=given, timeout=30, **more)


@pytest.fixture
def new_supabase_project(tmp_path: Path) -> Iterator[Callable[[str], SupabaseProject]]:
    """Start a project over a database of your choice: `new_supabase_project(database_url)`."""
    with ExitStack() as running:

        def start(database_url: str) -> SupabaseProject:
            project = SupabaseProject(database_url, storage=tmp_path / "storage")
            running.callback(project.kill)
            project.start()
            return project

        yield start


@pytest.fixture
def supabase_project(
    database_url: str, new_supabase_project: Callable[[str], SupabaseProject]
) -> SupabaseProject:
    """A running project over the test's own migrated database."""
    return new_supabase_project(database_url)
