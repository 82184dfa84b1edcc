"""Holding a query while it is worked on, with real leases that run out."""

import threading
import time
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg
import pytest

from dreamcut.errors import AnalysisCancelled, LeaseLost, NotFound
from dreamcut.models import Intent, NewQuery
from dreamcut.store.postgres import PostgresStore
from dreamcut.store.protocol import Lease, worker_name
from tasks import stop
from tasks.lease import held_query

LEASE_SECONDS = 1
PATIENCE_SECONDS = 30.0


@pytest.fixture(autouse=True)
def settings_of_the_test(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    monkeypatch.setenv("DREAMCUT_DATABASE_URL", database_url)
    monkeypatch.setenv("DREAMCUT_LEASE_SECONDS", str(LEASE_SECONDS))


@pytest.fixture
def query_id(store: PostgresStore) -> Iterator[UUID]:
    made = store.initialize_query(NewQuery(user_id="u", prompt="p"), intent=Intent.IMAGE)
    yield made
    stop.resume_query(made)


def until(holds: Callable[[], bool]) -> None:
    """Return once something holds; fails after half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def claim(store: PostgresStore, query_id: UUID, *, lease_seconds: int = 60) -> Lease | None:
    return store.claim_query(worker_id="other:1", lease_seconds=lease_seconds, query_id=query_id)


def end_lease(database_url: str) -> None:
    """Put the end of every lease into the past, as after a pause of this process."""
    with psycopg.connect(database_url) as owner:
        owner.execute("update public.dreamcut_leases set free_at = now() - interval '1 second'")


def test_a_query_is_held_inside_and_free_afterwards(store: PostgresStore, query_id: UUID) -> None:
    with held_query(query_id) as lease:
        assert lease is not None
        assert (lease.query_id, lease.worker_id) == (query_id, worker_name())
        assert claim(store, query_id) is None
    assert claim(store, query_id) is not None


def test_it_is_given_back_when_the_work_breaks(store: PostgresStore, query_id: UUID) -> None:
    with pytest.raises(ZeroDivisionError), held_query(query_id):
        raise ZeroDivisionError
    assert claim(store, query_id) is not None


def test_it_is_renewed_for_as_long_as_it_is_held(
    store: PostgresStore, query_id: UUID, database_url: str
) -> None:
    with held_query(query_id) as lease, psycopg.connect(database_url, autocommit=True) as owner:
        assert lease is not None

        def has_outlived_two_leases() -> bool:
            row = owner.execute("select free_at, now() from public.dreamcut_leases").fetchone()
            assert row is not None
            return bool(row[1].timestamp() > lease.expires_at.timestamp() + LEASE_SECONDS)

        until(has_outlived_two_leases)
        assert claim(store, query_id) is None


def test_a_lost_lease_ends_the_analyses_of_its_query(
    store: PostgresStore, query_id: UUID, database_url: str
) -> None:
    def is_stopped() -> bool:
        try:
            stop.check(query_id)
        except AnalysisCancelled:
            return True
        return False

    with held_query(query_id) as lease:
        assert lease is not None
        stop.check(query_id)
        taken: list[Lease] = []

        def takes_it() -> bool:
            end_lease(database_url)  # it renews a lease that has run out unless somebody is quicker
            taken.extend(filter(None, [claim(store, query_id)]))
            return bool(taken)

        until(takes_it)
        until(is_stopped)
        with pytest.raises(LeaseLost):
            store.holding(lease).fail_query(query_id, error_message="mine")
    # The loser gives nothing back: the query stays the other's.
    assert store.renew(taken[0], lease_seconds=60).token == taken[0].token
    assert store.holding(taken[0]).fail_query(query_id, error_message="theirs")


def test_the_lease_of_a_dead_worker_is_waited_for(store: PostgresStore, query_id: UUID) -> None:
    dead = claim(store, query_id, lease_seconds=LEASE_SECONDS)
    assert dead is not None
    with held_query(query_id) as lease:
        assert lease is not None
        assert lease.attempts == dead.attempts + 1
        with pytest.raises(LeaseLost):
            store.renew(dead, lease_seconds=60)


def test_a_query_of_a_living_worker_is_left_to_it(store: PostgresStore, query_id: UUID) -> None:
    other = claim(store, query_id)
    assert other is not None
    with held_query(query_id) as lease:
        assert lease is None
    assert store.renew(other, lease_seconds=60).token == other.token


def test_a_query_that_ends_meanwhile_is_not_waited_for(
    store: PostgresStore, query_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DREAMCUT_LEASE_SECONDS", "600")  # waiting for a lease would not end
    other = claim(store, query_id, lease_seconds=600)
    assert other is not None
    found: list[Lease | None] = []

    def wait() -> None:
        with held_query(query_id) as lease:
            found.append(lease)

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert store.holding(other).fail_query(query_id, error_message="over")
    waiter.join(timeout=PATIENCE_SECONDS)
    assert found == [None]


def test_an_unknown_query_is_an_error() -> None:
    with pytest.raises(NotFound), held_query(UUID(int=0)):
        pass
