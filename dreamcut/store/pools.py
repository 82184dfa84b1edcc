"""One connection pool a database and process, shared by every store on it."""

import atexit
import logging
import os
import threading

from psycopg_pool import ConnectionPool

MAX_CONNECTIONS = 8  # a process writes from as many threads as it has cores
GIVE_UP_SECONDS = 5.0  # without a connection
_IDLE_SECONDS = 60.0
_RECONNECT_SECONDS = 1.0  # then the next call begins anew, instead of waiting for the pool's next try

# What the pool and its connections meet comes out as our errors; said twice, it would spoil a terminal.
logging.getLogger("psycopg").setLevel(logging.ERROR)

_pools: dict[str, ConnectionPool] = {}
_of_parent: list[
    ConnectionPool
] = []  # kept after a fork, unused: closing them would end the parent's sessions
_lock = threading.Lock()


def shared_pool(conninfo: str) -> ConnectionPool:
    """Return this process's pool for a database; connections are made when first needed."""
    with _lock:
        if conninfo not in _pools:
            _pools[conninfo] = ConnectionPool(
                conninfo,
                # Behind a transaction pooler a prepared statement is gone with the next transaction.
                kwargs={"autocommit": True, "prepare_threshold": None, "application_name": "dreamcut"},
                min_size=0,
                max_size=MAX_CONNECTIONS,
                max_idle=_IDLE_SECONDS,
                timeout=GIVE_UP_SECONDS,
                reconnect_timeout=_RECONNECT_SECONDS,
                num_workers=1,
                name="dreamcut",
                open=True,
            )
        return _pools[conninfo]


def close_pools(conninfo: str | None = None) -> None:
    """Close the pool of one database, or all of this process; the next use opens it anew."""
    with _lock:
        names = [name for name in _pools if conninfo in (None, name)]
        closing = [_pools.pop(name) for name in names]
    for pool in closing:
        pool.close()


def _start_anew() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held by a thread that does not exist here
    _lock = threading.Lock()
    _of_parent.extend(_pools.values())
    _pools.clear()


atexit.register(close_pools)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
