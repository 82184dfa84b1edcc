"""The local services of this user: Postgres, the Prefect server, a Prefect worker.

They outlive the command that started them and are shared by all commands with the same home folder.
With `DREAMCUT_DATABASE_URL` or `PREFECT_API_URL` the user's own are used instead, and never stopped.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deployments import prefect_server
from deployments.home import prepare_home
from deployments.processes import exclusive
from dreamcut.errors import ServiceUnavailable
from dreamcut.settings import Settings
from dreamcut.store import ensure_schema
from dreamcut.store.embedded import EmbeddedPostgres


@dataclass(frozen=True)
class ServiceStatus:
    """One line of `dreamcut status`."""

    name: str
    running: bool
    ours: bool  # started and stopped by us
    pid: int | None = None
    address: str | None = None  # without passwords
    log: Path | None = None


def database_conninfo(settings: Settings) -> str:
    """Return a connection string of the database with our schema, starting a server where none is named.

    Raises:
        ServiceUnavailable, StoreUnavailable, SchemaMismatch: there is no such database; says why.
    """
    prepare_home(settings)
    conninfo = settings.database_url or _postgres(settings).start()
    ensure_schema(conninfo)
    return conninfo


def ensure_prefect(settings: Settings) -> tuple[str, bool]:
    """Return the address of a Prefect API that answers, and whether a server was started for it.

    Raises:
        ServiceUnavailable: the user's own does not answer, or ours does not start.
    """
    url = prefect_server.api_url(settings)
    if url is not None and prefect_server.answers(url):
        return url, False
    if settings.prefect_api_url:
        raise ServiceUnavailable(f"no Prefect API answers at {_without_secrets(settings.prefect_api_url)}")
    prepare_home(settings)
    with exclusive(_lock(settings)):
        return prefect_server.start_server(settings), True


def start_all(settings: Settings) -> None:
    """Start whatever of the three does not run; every step may be repeated."""
    database_conninfo(settings)
    url, _started = ensure_prefect(settings)
    prepare_home(settings)
    with exclusive(_lock(settings)):
        prefect_server.start_worker(settings, url)


def stop_all(settings: Settings) -> list[str]:
    """Stop what is ours, in the order in which nobody misses another; returns the names of what ran."""
    if not settings.home.exists():
        return []
    with exclusive(_lock(settings)):
        stopped = {
            "worker": prefect_server.stop_worker(settings),
            "prefect": prefect_server.stop_server(settings),
            "postgres": _postgres(settings).stop(),
        }
    return [name for name, ran in stopped.items() if ran]


def status(settings: Settings) -> list[ServiceStatus]:
    """Return what runs; starts nothing."""
    return [_postgres_status(settings), _prefect_status(settings), _worker_status(settings)]


def _postgres_status(settings: Settings) -> ServiceStatus:
    if settings.database_url:
        address = _without_secrets(settings.database_url)
        return ServiceStatus(
            "postgres", _database_answers(settings.database_url), ours=False, address=address
        )
    known = _postgres(settings).status()
    return ServiceStatus(
        "postgres",
        known.is_running,
        ours=True,
        pid=known.pid,
        address=known.conninfo,
        log=settings.home / "postgres" / "log" / "postgres.log",
    )


def _database_answers(conninfo: str) -> bool:
    import psycopg

    try:
        psycopg.connect(conninfo, connect_timeout=5).close()
    except psycopg.Error:
        return False
    return True


def _prefect_status(settings: Settings) -> ServiceStatus:
    url = prefect_server.api_url(settings)
    running = url is not None and prefect_server.answers(url)
    record = prefect_server.server(settings)
    return ServiceStatus(
        "prefect",
        running,
        ours=settings.prefect_api_url is None,
        pid=record.pid if record and settings.prefect_api_url is None else None,
        address=_without_secrets(url) if url else None,
        log=settings.logs / "prefect-server.log",
    )


def _worker_status(settings: Settings) -> ServiceStatus:
    record = prefect_server.worker(settings)
    return ServiceStatus(
        "worker",
        record is not None,
        ours=True,
        pid=record.pid if record else None,
        address=f"work pool {prefect_server.POOL}" if record else None,
        log=settings.logs / "prefect-worker.log",
    )


def _without_secrets(address: str) -> str:
    if "://" not in address:  # key=value form of a connection string
        return " ".join(part for part in address.split() if not part.startswith("password="))
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host, query="").geturl()


def _postgres(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.home / "postgres", bin_dir=settings.pg_bin)


def _lock(settings: Settings) -> Path:
    return settings.home / "run" / "services.lock"
