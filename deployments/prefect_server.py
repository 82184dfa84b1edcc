"""The local Prefect server and worker: how they are started, found, watched and stopped."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from deployments import processes
from dreamcut.errors import ServiceUnavailable
from dreamcut.settings import Settings

HOST = "127.0.0.1"
POOL = "dreamcut"
DEPLOYMENT = "analyze-query/analyze-query"  # flow name / deployment name, as in prefect.yaml
START_LIMIT_SECONDS = (
    180.0  # the first start creates the schema: 13 s on two idle cores, far more on busy ones
)
POLL_SECONDS = 0.05
STOP_GRACE_SECONDS = 10.0
REGISTER_LIMIT_SECONDS = 120.0
WORKER_POLL_SECONDS = 2  # Prefect's default of 10 s is a long wait for one user

_STAYS_LOCAL = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "DO_NOT_TRACK": "1",
}


def api_url(settings: Settings) -> str | None:
    """Return the API address of the user's own server, or of our running one, or None."""
    if settings.prefect_api_url:
        return settings.prefect_api_url
    running = processes.read_record(_server_record(settings))
    return _address(running) if running else None


def answers(url: str, *, timeout_seconds: float = 5.0) -> bool:
    """Say whether a Prefect API answers there."""
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=timeout_seconds) as response:  # noqa: S310
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def client_environment(settings: Settings) -> dict[str, str]:
    """Return what a process must have in its environment before it imports Prefect, the address aside."""
    return {
        **_STAYS_LOCAL,
        "PREFECT_HOME": str(_prefect_home(settings)),
        "PREFECT_LOGGING_EXTRA_LOGGERS": "tasks,flows",
        "PREFECT_CLI_PROMPT": "false",
        # The director's feed tells what happens; Prefect's own lines go to its server only.
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL": "CRITICAL",
    }


def start_server(settings: Settings) -> str:
    """Start the server unless it runs, wait until it answers, return its API address.

    Raises:
        ServiceUnavailable: it ended while starting or did not answer in time; says where its log is.
    """
    record_path = _server_record(settings)
    running = processes.read_record(record_path)
    if running is None:
        port = _free_port(settings.prefect_port)
        command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
        command += ["--host", HOST, "--port", str(port), "--log-level", "warning", "--lifespan", "on"]
        running = processes.start_detached(
            command,
            record=record_path,
            log=_server_log(settings),
            environment=_server_environment(settings, port),
            port=port,
        )
    _wait_until_answers(running, log=_server_log(settings))
    return _address(running)


def stop_server(settings: Settings) -> bool:
    """Stop the server; returns False when none ran."""
    return processes.stop(_server_record(settings), grace_seconds=STOP_GRACE_SECONDS)


def start_worker(settings: Settings, url: str) -> None:
    """Register the deployments of `prefect.yaml` and start a worker for their pool, unless it runs."""
    if worker(settings) is not None:
        return
    environment = worker_environment(settings, url)
    _register(settings, url, environment)
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "local"]
    command += ["--type", "process", "--limit", str(settings.workers)]
    processes.start_detached(
        command, record=_worker_record(settings), log=_worker_log(settings), environment=environment
    )


def worker(settings: Settings) -> processes.ProcessRecord | None:
    """Return the running worker, or None."""
    return processes.read_record(_worker_record(settings))


def server(settings: Settings) -> processes.ProcessRecord | None:
    """Return the running server, or None."""
    return processes.read_record(_server_record(settings))


def stop_worker(settings: Settings) -> bool:
    """Stop the worker and the flow runs it started; returns False when none ran."""
    return processes.stop(_worker_record(settings), grace_seconds=STOP_GRACE_SECONDS)


def worker_environment(settings: Settings, url: str) -> dict[str, str]:
    """Return the environment of the worker, which its flow runs inherit."""
    ours = {
        "DREAMCUT_HOME": str(settings.home),
        "PREFECT_API_URL": url,
        "PREFECT_WORKER_QUERY_SECONDS": str(WORKER_POLL_SECONDS),
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
    }
    return {**os.environ, **client_environment(settings), **ours}


def _register(settings: Settings, url: str, environment: dict[str, str]) -> None:
    _create_pool(url)
    definition = Path(__file__).with_name("prefect.yaml")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    log_path = _worker_log(settings)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log:
        done = subprocess.run(
            [*command, "--prefect-file", str(definition)],
            env=environment,
            stdout=log,
            stderr=log,
            # Prefect keeps the current folder in the deployment and enters it before each run.
            cwd=_server_record(settings).parent,
            timeout=REGISTER_LIMIT_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise ServiceUnavailable(f"Prefect refused the deployments; see {log_path}")


def _create_pool(url: str) -> None:
    body = json.dumps({"name": POOL, "type": "process"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/work_pools/", data=body, headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            return
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.CONFLICT:  # it exists: nothing to do
            raise ServiceUnavailable(f"Prefect refused the work pool: {error}") from error
    except (urllib.error.URLError, OSError) as error:
        raise ServiceUnavailable(f"the Prefect server did not answer: {error}") from error


def _server_environment(settings: Settings, port: int) -> dict[str, str]:
    theirs = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    origins = f"http://{HOST}:{port},http://localhost:{port}"
    return {
        **theirs,
        **_STAYS_LOCAL,
        "PREFECT_HOME": str(_prefect_home(settings)),
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
        # Prefect allows every web page in the user's browser to call a local server; ours does not.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": origins,
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    }


def _wait_until_answers(running: processes.ProcessRecord, *, log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_SECONDS
    while not answers(_address(running)):
        if processes.living(running) is None:
            raise ServiceUnavailable(f"the Prefect server ended while starting; see {log}")
        if time.monotonic() > deadline:
            raise ServiceUnavailable(
                f"the Prefect server did not answer within {START_LIMIT_SECONDS:.0f} s; see {log}"
            )
        time.sleep(POLL_SECONDS)


def _free_port(preferred: int) -> int:
    for port in (preferred, 0):  # 0: the kernel picks one
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServiceUnavailable("no free port on the loopback interface for the Prefect server")


def _address(record: processes.ProcessRecord) -> str:
    return f"http://{HOST}:{record.port}/api"


def _prefect_home(settings: Settings) -> Path:
    return settings.home / "prefect"


def _server_record(settings: Settings) -> Path:
    return settings.home / "run" / "prefect-server.json"


def _worker_record(settings: Settings) -> Path:
    return settings.home / "run" / "prefect-worker.json"


def _server_log(settings: Settings) -> Path:
    return settings.logs / "prefect-server.log"


def _worker_log(settings: Settings) -> Path:
    return settings.logs / "prefect-worker.log"
