"""Open the store of this process's settings: tasks take data, never a connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dreamcut.backoff import never
from dreamcut.errors import InvalidRequest, StoreRefused, StoreUnavailable
from dreamcut.settings import Settings, load_settings
from dreamcut.store import open_store, open_supabase_store
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.protocol import Lease, Store


def query_store(
    lease: Lease | None = None,
    *,
    patience_seconds: float | None = None,
    check: Callable[[], None] = never,
) -> Store:
    """Return a store; use as a context manager. Cheap: a process shares its connections.

    Args:
        lease: what its writes are covered by; none: they are nobody's, and never refused for that.
        patience_seconds: for how long its calls wait for a database that is away; none: as the settings say.
        check: called while waiting; may raise to stop.

    Raises:
        InvalidRequest, StoreRefused: the settings name no usable database.
        ServiceUnavailable: our own server does not start.
    """
    settings = load_settings()
    patience = settings.database_patience_seconds if patience_seconds is None else patience_seconds
    store = store_of(settings, patience_seconds=patience, check=check)
    return store if lease is None else store.holding(lease)


def check_database() -> None:
    """Make sure, before any work, that the database is there and has our schema; changes nothing.

    Raises:
        StoreError, InvalidRequest, ServiceUnavailable: it cannot be used; names the variable to change.
    """
    settings = load_settings()
    check_schema(settings, patience_seconds=settings.database_patience_seconds)


def check_schema(settings: Settings, *, patience_seconds: float = 0.0) -> None:
    """Do the same with these settings."""
    if settings.supabase is not None:
        with store_of(settings, patience_seconds=patience_seconds) as store:
            store.check_schema()
        return
    with naming_variable(settings), store_of(settings, patience_seconds=patience_seconds) as store:
        store.check_schema()


def store_of(
    settings: Settings, *, patience_seconds: float = 0.0, check: Callable[[], None] = never
) -> Store:
    """Return the store that the settings name: a Supabase project, somebody's Postgres, or our own server.

    Raises:
        InvalidRequest, StoreRefused: they name none that can be used.
        ServiceUnavailable: our own server does not start.
    """
    if (project := settings.supabase) is not None:
        return open_supabase_store(
            url=project.url, key=project.key, patience_seconds=patience_seconds, check=check
        )
    return open_store(database_url=database_url(settings), patience_seconds=patience_seconds, check=check)


def database_url(settings: Settings) -> str:
    """Return the connection string of the database, starting our own server where no other is named."""
    return settings.database_url or _embedded(settings).start()


@contextmanager
def naming_variable(settings: Settings) -> Iterator[None]:
    """Begin complaints about the Postgres in `DREAMCUT_DATABASE_URL` with its name, without its value."""
    try:
        yield
    except (InvalidRequest, StoreRefused, StoreUnavailable) as error:
        if settings.database_url is None:
            raise
        raise type(error)(f"DREAMCUT_DATABASE_URL: {error}") from error


def _embedded(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.home / "postgres", bin_dir=settings.pg_bin)
