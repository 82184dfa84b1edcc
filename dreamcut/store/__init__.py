"""Queries, assets and messages in Postgres, reached directly or through a Supabase project.

database_url = EmbeddedPostgres(home).start()    # or somebody else's Postgres
ensure_schema(database_url)                      # once a start; one query when nothing is to do
with open_store(database_url=database_url) as store:
    store.initialize_query(...)
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from dreamcut.backoff import never

if TYPE_CHECKING:
    from dreamcut.store.protocol import Store

__all__ = ["ensure_schema", "open_store", "open_supabase_store"]


def open_store(
    *, database_url: str, patience_seconds: float = 0.0, check: Callable[[], None] = never
) -> "Store":
    """Return a store on this database; cheap, as a process shares its connections.

    Nothing is asked of the database before the first call.

    Args:
        database_url: a Postgres connection string or URL.
        patience_seconds: for how long a call waits for a database that is away; every call may be repeated.
        check: called while waiting; may raise to stop.

    Raises:
        InvalidRequest: this is no connection string.
    """
    from dreamcut.store.conninfo import check_conninfo
    from dreamcut.store.patience import Patience
    from dreamcut.store.postgres import PostgresStore

    check_conninfo(database_url)
    return PostgresStore(database_url, patience=Patience(patience_seconds, check))


def open_supabase_store(
    *, url: str, key: str, patience_seconds: float = 0.0, check: Callable[[], None] = never
) -> "Store":
    """Return a store on this Supabase project, with the key of its service role; cheap, like the other.

    Raises:
        InvalidRequest: the address or the key cannot be one.
        StoreRefused: the key says that it is no service role's, or has expired.
    """
    from dreamcut.store.patience import Patience
    from dreamcut.store.supabase import SupabaseStore

    return SupabaseStore(url, key, patience=Patience(patience_seconds, check))


def ensure_schema(database_url: str) -> None:
    """Bring the database to the schema that this code needs; see `dreamcut.store.migrations`."""
    from dreamcut.store.migrations import ensure_schema as ensure

    ensure(database_url)
