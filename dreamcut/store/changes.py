"""Who waits for a query to change is woken by the database: one thread listens for all waiters."""

import threading
import time
from collections import Counter
from uuid import UUID

import psycopg

from dreamcut.errors import StoreUnavailable
from dreamcut.store.conninfo import CONNECT_SECONDS
from dreamcut.store.failures import as_store_error

_TURN_SECONDS = 0.1  # how soon the thread notices that it shall end
_RECONNECT_SECONDS = 1.0


class Changes:
    """Counts the changes of every query that somebody asked about, from the first asking on.

    A notification is a wake-up, not a record: once a lost connection is back, every waiter is woken, as
    something may have happened meanwhile. Needs a connection of its own that is no transaction pooler's.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._news = threading.Condition()
        self._known: dict[UUID, int] = {}  # the count that the last call for a query returned with
        self._count: Counter[UUID] = Counter()
        self._is_listening = False
        self._failure: str | None = None
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def wait(self, query_id: UUID, *, timeout_seconds: float, is_patient: bool = False) -> bool:
        """Block until the query changed since the last call; returns False when the time is over.

        The first call for a query returns at once: what happened before it cannot be known.

        Args:
            is_patient: a database that cannot be reached is one in which nothing happens.

        Raises:
            StoreUnavailable: the database cannot be reached, and could not for all of the time.
        """
        ends = time.monotonic() + timeout_seconds
        with self._news:
            if self._thread is None:
                self._thread = threading.Thread(target=self._listen, name="dreamcut-changes", daemon=True)
                self._thread.start()
            if not self._news.wait_for(
                lambda: self._is_listening or (self._failure and not is_patient), timeout_seconds
            ):
                return False
            is_first = query_id not in self._known
            before = self._known.setdefault(query_id, self._count[query_id])
            if not is_first:
                self._news.wait_for(lambda: self._count[query_id] > before, max(0.0, ends - time.monotonic()))
            if self._failure and not is_patient and self._count[query_id] == before:
                raise StoreUnavailable(self._failure)
            self._known[query_id] = self._count[query_id]
            return is_first or self._known[query_id] > before

    def close(self) -> None:
        """End the thread and its connection."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                with psycopg.connect(
                    self._conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS
                ) as connection:
                    connection.execute("listen dreamcut")
                    self._connected()
                    while not self._closed.is_set():
                        for notification in connection.notifies(timeout=_TURN_SECONDS):
                            self._changed(notification.payload)
            except psycopg.Error as error:
                with self._news:
                    self._is_listening, self._failure = False, str(as_store_error(error))
                    self._news.notify_all()
                self._closed.wait(_RECONNECT_SECONDS)

    def _connected(self) -> None:
        with self._news:
            self._is_listening, self._failure = True, None
            self._count.update(self._known.keys())
            self._news.notify_all()

    def _changed(self, payload: str) -> None:
        try:
            query_id = UUID(payload)
        except ValueError:  # somebody else's use of the channel
            return
        with self._news:
            if query_id in self._known:
                self._count[query_id] += 1
                self._news.notify_all()
