"""One HTTP client a project and process, shared by every store on it."""

import atexit
import os
import threading
from typing import TYPE_CHECKING

import httpx

from dreamcut.store.rest_failures import raise_for_answer

if TYPE_CHECKING:
    from supabase import Client

MAX_CONNECTIONS = 8  # a process writes from as many threads as it has cores
_IDLE_SECONDS = 30.0  # less than what a gateway keeps a silent connection for
_TIMEOUT = httpx.Timeout(connect=5.0, read=60.0, write=60.0, pool=30.0)

_clients: dict[tuple[str, str], "Client"] = {}
_of_parent: list["Client"] = []  # kept after a fork, unused: closing them would end the parent's connections
_lock = threading.Lock()


def shared_client(url: str, key: str) -> "Client":
    """Return this process's client for a project; connections are made when first needed.

    It is safe to use from many threads at once. That takes HTTP/1.1, as the sync HTTP/2 of httpx is not
    (streams of one connection mix up under load), and parts that are made now and not when first used.
    """
    with _lock:
        if (url, key) not in _clients:
            _clients[url, key] = _new_client(url, key)
        return _clients[url, key]


def close_clients(url: str | None = None) -> None:
    """Close the clients of one project, or all of this process; the next use opens them anew."""
    with _lock:
        names = [name for name in _clients if url in (None, name[0])]
        closing = [_clients.pop(name) for name in names]
    for client in closing:
        client.postgrest.session.close()


def _new_client(url: str, key: str) -> "Client":
    from supabase import ClientOptions, create_client

    http = httpx.Client(
        http2=False,
        timeout=_TIMEOUT,
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=_IDLE_SECONDS),
        follow_redirects=False,  # the key is for this host alone
        event_hooks={"response": [raise_for_answer]},
    )
    options = ClientOptions(
        httpx_client=http, auto_refresh_token=False, persist_session=False, postgrest_client_retry=False
    )
    client = create_client(url, key, options)
    _ = client.postgrest  # made now, not by two threads at once
    return client


def _start_anew() -> None:
    global _lock  # noqa: PLW0603 - the parent's may be held by a thread that does not exist here
    _lock = threading.Lock()
    _of_parent.extend(_clients.values())
    _clients.clear()


atexit.register(close_clients)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_start_anew)
