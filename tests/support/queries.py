"""Queries to play with, in SQL as a worker or a front end sends it."""

import time
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

KINDS = ("image", "video", "audio")


class Started(NamedTuple):
    """A query and its assets in order."""

    id: UUID
    assets: list[UUID]


def start_query(
    connection: psycopg.Connection[Any], *, assets: int = 2, user_id: str = "user-1", key: str | None = None
) -> Started:
    """Initialize a query with so many assets, named 0.jpg, 1.jpg and so on."""
    sent = [{"url": f"https://cdn.test/{n}.jpg?v=1", "type": KINDS[n % 3]} for n in range(assets)]
    query_id = value(
        connection,
        "select public.initialize_dreamcut_query(%s, %s, 'mixed', '{}', %s, %s)",
        user_id,
        "Make a trailer",
        Jsonb(sent),
        key,
    )
    rows = connection.execute(
        "select id from public.dreamcut_assets where query_id = %s order by position", [query_id]
    ).fetchall()
    return Started(query_id, [row[0] for row in rows])


def report(
    connection: psycopg.Connection[Any], asset_id: UUID, status: str, progress: int, **more: Any
) -> bool:
    """Advance an asset; `more` are further parameters of the function, without their `p_`."""
    names = "".join(f", p_{name} => %({name})s" for name in more)
    statement = (
        "select public.advance_dreamcut_asset(p_asset_id => %(asset_id)s, p_progress => %(progress)s, "
        f"p_status => %(status)s{names})"
    )
    sent = {name: Jsonb(item) if isinstance(item, dict) else item for name, item in more.items()}
    row = connection.execute(
        statement.encode(), {"asset_id": asset_id, "status": status, "progress": progress, **sent}
    ).fetchone()
    assert row is not None
    return bool(row[0])


def state(connection: psycopg.Connection[Any], query_id: UUID) -> tuple[str, str, int]:
    """Return status, stage and progress of a query."""
    row = connection.execute(
        "select status, stage, progress from public.dreamcut_queries where id = %s", [query_id]
    ).fetchone()
    assert row is not None
    return row  # type: ignore[no-any-return]  # rows are untyped


def feed(connection: psycopg.Connection[Any], query_id: UUID) -> list[tuple[int, str, str]]:
    """Return number, type and content of a query's messages, in order."""
    return connection.execute(
        "select seq, type, content from public.dreamcut_messages where query_id = %s order by seq", [query_id]
    ).fetchall()


def value(connection: psycopg.Connection[Any], statement: str, *parameters: Any) -> Any:
    """Return the only value of the first row."""
    row = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


def wait_until_blocked(watcher: psycopg.Connection[Any], pid: int) -> None:
    """Return once a session waits for another one's lock; fails after ten seconds."""
    for _ in range(1000):
        if value(watcher, "select cardinality(pg_blocking_pids(%s)) > 0", pid):
            return
        time.sleep(0.01)
    raise AssertionError(f"session {pid} never waited for a lock")
