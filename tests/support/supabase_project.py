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

if TYPE_CHECKING:
    import httpx
    from supabase import Client

_SECRET = "a-secret-of-the-tests-that-is-long-enough"


class SupabaseProject:
    """A gateway that runs, and can be stopped, killed and started again on the same port."""

    def __init__(self, database_url: str, *, storage: Path, token_seconds: int = 3600) -> None:
        self.database_url = database_url
        self.token_seconds = token_seconds  # life of the tokens that signing in gives
        self.keys = Keys(_SECRET)
        self.storage = storage
        self._port = 0  # the first start finds a free one
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
        command += [f"--token-seconds={self.token_seconds}"]
        self._process = subprocess.Popen(
            command,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said, "the gateway does not start: it says why on the standard error"
        self._port = int(json.loads(said)["url"].rpartition(":")[2])

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
    _client: "Client | None" = None

    def client(self) -> Any:  # as a Client types its rows, they cannot be looked into
        """Return the unmodified client as a front end or a worker makes it."""
        from supabase import ClientOptions, create_client

        if self._client is None:
            options = ClientOptions(headers={"Authorization": f"Bearer {self.token}"})
            self._client = create_client(
                self.project.url, self.key or self.project.keys.anon, options=options
            )
        return self._client

    def send(self, method: str, path: str, **more: Any) -> "httpx.Response":
        """Send a request by hand; `headers=` adds to those of a client and None removes one."""
        import httpx

        headers = {"apikey": self.key or self.project.keys.anon, "Authorization": f"Bearer {self.token}"}
        headers |= more.pop("headers", {})
        given = {name: value for name, value in headers.items() if value is not None}
        url = self.project.url + path
        # Without TLS there is nothing to verify, and reading the certificates takes 30 ms.
        return httpx.request(method, url, headers=given, timeout=30, verify=False, **more)  # noqa: S501


@pytest.fixture
def new_supabase_project(tmp_path: Path) -> Iterator[Callable[..., SupabaseProject]]:
    """Start a project over a database of your choice: `new_supabase_project(database_url)`."""
    with ExitStack() as running:

        def start(database_url: str, *, token_seconds: int = 3600) -> SupabaseProject:
            project = SupabaseProject(database_url, storage=tmp_path / "storage", token_seconds=token_seconds)
            running.callback(project.kill)
            project.start()
            return project

        yield start


@pytest.fixture
def supabase_project(
    database_url: str, new_supabase_project: Callable[..., SupabaseProject]
) -> SupabaseProject:
    """A running project over the test's own migrated database."""
    return new_supabase_project(database_url)
