"""The local services of this user: Postgres, the Prefect server, a Prefect worker.

They outlive the command that started them and are shared by all commands with the same home folder.
With `SUPABASE_URL`, `DREAMCUT_DATABASE_URL` or `PREFECT_API_URL` the user's own are used instead, and never
stopped.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deployments import prefect_server
from deployments.home import prepare_home
from deployments.processes import exclusive
from dreamcut.errors import DreamCutError, InvalidRequest, ServiceUnavailable
from dreamcut.settings import Settings
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.protocol import Store
from tasks.stores import check_schema, database_url, naming_variable, store_of


@dataclass(frozen=True)
class ServiceStatus:
    """One line of `dreamcut status`."""

    name: str
    running: bool
    ours: bool  # started and stopped by us
    pid: int | None = None
    address: str | None = None  # without passwords
    log: Path | None = None
    complaint: str | None = None  # why it cannot be used, where more is known than that


def ready_store(settings: Settings, *, patience_seconds: float = 0.0) -> Store:
    """Return a store whose database has our schema, starting a server where none is named.

    Our own server and the Postgres in `DREAMCUT_DATABASE_URL` are brought to that schema. A Supabase project
    is only looked at: its migrations are for whoever holds its connection string.

    Args:
        patience_seconds: for how long later calls wait for a database that is away; this one does not wait.

    Raises:
        StoreError, InvalidRequest, ServiceUnavailable: there is no such database; says what to do.
    """
    prepare_home(settings)
    if settings.supabase is None:
        _migrate(settings)
    else:
        check_schema(settings)
    return store_of(settings, patience_seconds=patience_seconds)


def migrate(settings: Settings, *, url: str | None = None) -> list[str]:
    """Apply the migrations that a database lacks; returns their names.

    Args:
        url: connection string of the database; none: the settings name it.

    Raises:
        InvalidRequest: neither names one that may be migrated.
        StoreError: the database cannot be migrated; says why.
    """
    if url is not None:
        from dreamcut.store.migrations import ensure_schema

        return [migration.name for migration in ensure_schema(url)]
    if settings.supabase is not None and settings.database_url is None:
        raise InvalidRequest(
            "migrations need the project's connection string: set DREAMCUT_DATABASE_URL to it "
            "(Supabase's dashboard, Connect), or run `supabase db push`"
        )
    prepare_home(settings)
    return _migrate(settings)


def _migrate(settings: Settings) -> list[str]:
    from dreamcut.store.migrations import ensure_schema

    with naming_variable(settings):
        return [migration.name for migration in ensure_schema(database_url(settings))]


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
    if settings.supabase is not None and settings.database_url is not None:
        _migrate(settings)
    ready_store(settings).close()
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
    return [_database_status(settings), _prefect_status(settings), _worker_status(settings)]


def _database_status(settings: Settings) -> ServiceStatus:
    if settings.supabase_url or settings.supabase_key:
        return _status_of_theirs("supabase project", settings.supabase_url or "", settings)
    if settings.database_url:
        return _status_of_theirs("postgres", settings.database_url, settings)
    known = _postgres(settings).status()
    return ServiceStatus(
        "postgres",
        known.is_running,
        ours=True,
        pid=known.pid,
        address=known.conninfo,
        log=settings.home / "postgres" / "log" / "postgres.log",
    )


def _status_of_theirs(name: str, address: str, settings: Settings) -> ServiceStatus:
    complaint = None
    try:
        check_schema(settings)
    except DreamCutError as error:
        complaint = str(error)
    return ServiceStatus(
        name, complaint is None, ours=False, address=_without_secrets(address), complaint=complaint
    )


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
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # a part of a password stands where the port should
        return "?"
    return parts._replace(netloc=f"{host}:{port}" if port else host, query="").geturl()


def _postgres(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.home / "postgres", bin_dir=settings.pg_bin)


def _lock(settings: Settings) -> Path:
    return settings.home / "run" / "services.lock"
