"""Waiting for changes where nobody calls: look at a small part, the less often the longer it rests."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

SOON_SECONDS = 0.1  # after a change: where one is, others follow
LATE_SECONDS = 1.0
_SLOWER = 1.5


class Polling:
    """Compares what `look` sees of a query with what it saw at the end of the last wait."""

    def __init__(self, look: Callable[[UUID], object]) -> None:
        self._look = look
        self._lock = threading.Lock()
        self._seen: dict[UUID, object] = {}
        self._interval_seconds: dict[UUID, float] = {}
        self._closed = threading.Event()

    def wait(self, query_id: UUID, *, timeout_seconds: float) -> bool:
        """Block until the query changed since the last call; returns False when the time is over.

        The first call for a query returns at once: what happened before it cannot be known.
        """
        ends = time.monotonic() + timeout_seconds
        with self._lock:
            is_first = query_id not in self._seen
            before = self._seen.get(query_id)
        while not self._closed.is_set():
            now = self._look(query_id)
            if is_first or now != before:
                with self._lock:
                    self._seen[query_id] = now
                    self._interval_seconds[query_id] = SOON_SECONDS
                return True
            left = ends - time.monotonic()
            if left <= 0:
                return False
            self._closed.wait(min(left, self._next_interval(query_id)))
        return False

    def close(self) -> None:
        """End every wait."""
        self._closed.set()

    def _next_interval(self, query_id: UUID) -> float:
        with self._lock:
            seconds = self._interval_seconds.get(query_id, SOON_SECONDS)
            self._interval_seconds[query_id] = min(seconds * _SLOWER, LATE_SECONDS)
            return seconds
