"""Open the database of this process's settings: tasks take data, never a connection."""

from dreamcut.settings import Settings, load_settings
from dreamcut.store import open_store
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.protocol import Lease, Store


def query_store(lease: Lease | None = None) -> Store:
    """Return a store; use as a context manager. Cheap: a process shares its connections.

    Args:
        lease: what its writes are covered by; none: they are nobody's, and never refused for that.

    Raises:
        ServiceUnavailable: our own server does not start.
    """
    store = open_store(database_url=database_url(load_settings()))
    return store if lease is None else store.holding(lease)


def database_url(settings: Settings) -> str:
    """Return the connection string of the database, starting our own server where no other is named."""
    return settings.database_url or _embedded(settings).start()


def _embedded(settings: Settings) -> EmbeddedPostgres:
    return EmbeddedPostgres(settings.home / "postgres", bin_dir=settings.pg_bin)
