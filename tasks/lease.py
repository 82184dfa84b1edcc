"""Holding a query for as long as it is worked on: one worker at a time, and the next when that one dies."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from uuid import UUID

from dreamcut.errors import LeaseLost, StoreError
from dreamcut.models import QueryStatus
from dreamcut.settings import load_settings
from dreamcut.store.protocol import Lease, Store, worker_name
from tasks import stop
from tasks.stores import query_store

log = logging.getLogger(__name__)

RENEWALS = 6  # in the time of a lease: some may fail before it is lost
TURN_SECONDS = 1.0


@contextmanager
def held_query(query_id: UUID) -> Iterator[Lease | None]:
    """Hold a query inside the context; the lease is renewed by a thread and given back at the end.

    Where another worker holds it, waits for as long as a lease lasts: by then a dead worker has lost it.

    Yields:
        The lease, or None when the query ended meanwhile or its worker is alive.
    """
    lease_seconds = load_settings().lease_seconds
    with query_store() as store:
        lease = _claim(store, query_id, lease_seconds=lease_seconds)
        if lease is None:
            yield None
            return
        done = threading.Event()
        renewer = threading.Thread(
            target=copy_context().run,  # its lines belong to this flow run
            args=(_renew, lease, done),
            kwargs={"lease_seconds": lease_seconds},
            daemon=True,
        )
        renewer.start()
        try:
            yield lease
        finally:
            done.set()
            renewer.join()
            _give_back(lease)


def _claim(store: Store, query_id: UUID, *, lease_seconds: int) -> Lease | None:
    deadline = time.monotonic() + lease_seconds + TURN_SECONDS
    while True:
        lease = store.claim_query(worker_id=worker_name(), lease_seconds=lease_seconds, query_id=query_id)
        if lease is not None or time.monotonic() > deadline:
            return lease
        if store.query(query_id).status is not QueryStatus.PROCESSING:
            return None
        store.wait_for_change(query_id, timeout_seconds=TURN_SECONDS)


def _renew(lease: Lease, done: threading.Event, *, lease_seconds: int) -> None:
    """Renew a lease until `done`; once it is lost, end the analyses of its query in this process."""
    with query_store(patience_seconds=0) as store:  # the next turn tries again
        while not done.wait(lease_seconds / RENEWALS):
            try:
                store.renew(lease, lease_seconds=lease_seconds)
            except LeaseLost:
                log.warning("lost the lease query=%s", lease.query_id)
                stop.stop_query(lease.query_id, until=done.is_set, limit_seconds=stop.LIMIT_SECONDS)
                return
            except StoreError as error:  # the database is away: as long as nobody claims it, it is ours
                log.warning("could not renew query=%s error=%s", lease.query_id, type(error).__name__)


def _give_back(lease: Lease) -> None:
    try:
        with query_store(patience_seconds=0) as store:
            store.release(lease)
    except StoreError:  # then it runs out by itself
        log.warning("could not release query=%s", lease.query_id)
