"""Stopping work that runs in threads: a thread cannot be killed, but its decoders can."""

import threading
from collections.abc import Callable
from uuid import UUID

from dreamcut.errors import AnalysisCancelled

POLL_SECONDS = 0.1
LIMIT_SECONDS = 10.0  # for the analyses of a stopped query to end

_stopped: set[UUID] = set()
_lock = threading.Lock()


def stop_query(query_id: UUID, *, until: Callable[[], bool], limit_seconds: float) -> None:
    """End the analyses of a query in this process; returns when `until` holds or the time is over.

    An analysis opens several decoders one after the other, so they are ended until none comes back.
    """

    from analyzers import child  # numpy comes with it, and nothing else here needs that

    with _lock:
        _stopped.add(query_id)
    waiting = threading.Event()
    for _turn in range(int(limit_seconds / POLL_SECONDS)):
        child.stop_children()
        if until():
            return
        waiting.wait(POLL_SECONDS)


def resume_query(query_id: UUID) -> None:
    """Allow a query that was stopped before to run again."""
    with _lock:
        _stopped.discard(query_id)


def check(query_id: UUID) -> None:
    """Raise if the query was stopped.

    Raises:
        AnalysisCancelled: it was.
    """
    with _lock:
        if query_id in _stopped:
            raise AnalysisCancelled("the query was cancelled")
