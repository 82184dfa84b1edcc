"""Queries, assets and messages in Postgres.

database_url = EmbeddedPostgres(home).start()    # or somebody else's Postgres
ensure_schema(database_url)                      # once a start; one query when nothing is to do
with open_store(database_url=database_url) as store:
    store.initialize_query(...)
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dreamcut.store.protocol import Store

__all__ = ["ensure_schema", "open_store"]


def open_store(*, database_url: str) -> "Store":
    """Return a store on this database; cheap, as a process shares its connections.

    Nothing is asked of the database before the first call.
    """
    from dreamcut.store.postgres import PostgresStore

    return PostgresStore(database_url)


def ensure_schema(database_url: str) -> None:
    """Bring the database to the schema that this code needs; see `dreamcut.store.migrations`."""
    from dreamcut.store.migrations import ensure_schema as ensure

    ensure(database_url)
