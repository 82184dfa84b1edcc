"""Who works on what: one worker at a time, the next when that one dies, and none that has lost its lease."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb
from queries import Started, feed, report, start_query, state, value, wait_until_blocked

CLAIM_QUERY = "select token, id from public.claim_dreamcut_query(%s, 600, %s)"
CLAIM_ASSET = "select token, id from public.claim_dreamcut_asset(%s, 600, %s)"


def claim_query(connection: Any, worker: str = "w", query_id: UUID | None = None) -> int | None:
    row = connection.execute(CLAIM_QUERY, [worker, query_id]).fetchone()
    return None if row is None else row[0]


def claim_asset(connection: Any, worker: str = "w", asset_id: UUID | None = None) -> int | None:
    row = connection.execute(CLAIM_ASSET, [worker, asset_id]).fetchone()
    return None if row is None else row[0]


def let_run_out(connection: Any, token: int) -> None:
    """Put the end of a lease into the past, as if its time had gone by."""
    connection.execute(
        "update public.dreamcut_leases set free_at = now() - interval '1 second' where token = %s", [token]
    )


def in_time_order(connection: Any, ids: list[UUID]) -> None:
    """Give waiting work the order of a list, as queries of one moment have none."""
    for age, subject in enumerate(reversed(ids), start=1):
        connection.execute(
            "update public.dreamcut_leases set free_at = now() - make_interval(mins => %s) where id = %s",
            [age, subject],
        )


# --- Claim, renew, give back, run out
def test_what_has_waited_longest_comes_first(service: Any) -> None:
    waiting = [start_query(service, assets=0).id for _ in range(3)]
    in_time_order(service, waiting)
    claimed = [service.execute(CLAIM_QUERY, ["w", None]).fetchone()[1] for _ in waiting]
    assert claimed == waiting
    assert claim_query(service) is None


def test_a_claim_says_who_works_and_how_often(service: Any) -> None:
    query = start_query(service, assets=1)
    first = claim_query(service, "one", query.id)
    assert first is not None
    value(service, "select public.release_dreamcut_lease(%s)", first)
    second = claim_query(service, "two", query.id)
    assert second is not None
    assert second > first
    worker = service.execute("select worker_id, attempts from public.dreamcut_queries").fetchone()
    assert worker == ("two", 2)
    lease = service.execute(
        "select worker_id, attempts, free_at > now() from public.dreamcut_leases where token = %s", [second]
    ).fetchone()
    assert lease == ("two", 2, True)


def test_held_work_is_not_given_to_another(service: Any) -> None:
    query = start_query(service, assets=1)
    token = claim_asset(service, "one", query.assets[0])
    assert token is not None
    for asset_id in (query.assets[0], None):
        assert claim_asset(service, "two", asset_id) is None
    let_run_out(service, token)
    assert claim_asset(service, "two", query.assets[0]) is not None


def test_a_renewed_lease_lasts_from_now(service: Any) -> None:
    query = start_query(service, assets=0)
    token = claim_query(service, "one", query.id)
    let_run_out(service, token or 0)
    # It had run out, and nobody wanted it: its holder may go on.
    assert value(service, "select public.renew_dreamcut_lease(%s, 60) > now() + interval '55 seconds'", token)
    assert claim_query(service, "two", query.id) is None


def test_an_expired_lease_is_claimed_again_and_its_holder_fenced(service: Any) -> None:
    query = start_query(service, assets=1)
    old = claim_query(service, "one", query.id)
    let_run_out(service, old or 0)
    new = claim_query(service, "two", query.id)
    assert new is not None
    with pytest.raises(errors.ObjectInUse):
        service.execute("select public.renew_dreamcut_lease(%s)", [old])
    assert value(service, "select public.release_dreamcut_lease(%s)", old) is False
    assert value(service, "select public.renew_dreamcut_lease(%s) > now()", new)
    assert value(service, "select public.release_dreamcut_lease(%s)", new) is True


def test_a_given_back_lease_is_lost(service: Any) -> None:
    query = start_query(service, assets=0)
    token = claim_query(service, "one", query.id)
    assert value(service, "select public.release_dreamcut_lease(%s)", token) is True
    assert value(service, "select public.release_dreamcut_lease(%s)", token) is False
    with pytest.raises(errors.ObjectInUse):
        service.execute("select public.renew_dreamcut_lease(%s)", [token])
    with pytest.raises(errors.ObjectInUse):
        say(service, query, token)


def test_all_of_a_dead_worker_is_taken_back(service: Any) -> None:
    mine, others = [start_query(service, assets=2) for _ in range(2)], start_query(service, assets=0)
    tokens = [claim_query(service, "dead", mine[0].id), claim_asset(service, "dead", mine[1].assets[0])]
    kept = claim_query(service, "alive", others.id)
    assert value(service, "select public.release_dreamcut_worker('dead')") == len(tokens)
    for token in tokens:
        with pytest.raises(errors.ObjectInUse):
            service.execute("select public.renew_dreamcut_lease(%s)", [token])
    assert value(service, "select public.renew_dreamcut_lease(%s) > now()", kept)
    assert value(service, "select public.release_dreamcut_worker('dead')") == 0


@pytest.mark.parametrize("seconds", [None, 0, -1, 3601])
@pytest.mark.parametrize("function", ["claim_dreamcut_query('w', %s)", "renew_dreamcut_lease(1, %s)"])
def test_a_lease_lasts_a_second_to_an_hour(service: Any, function: str, seconds: int | None) -> None:
    with pytest.raises(errors.NumericValueOutOfRange):
        service.execute(f"select public.{function}".encode(), [seconds])


@pytest.mark.parametrize("worker", [None, ""])
def test_a_worker_has_a_name(service: Any, worker: str | None) -> None:
    with pytest.raises(errors.InvalidParameterValue):
        service.execute("select public.claim_dreamcut_asset(%s)", [worker])


def test_unknown_and_ended_work_cannot_be_claimed(service: Any) -> None:
    ended = start_query(service, assets=1)
    value(service, "select public.fail_dreamcut_query(%s, 'over')", ended.id)
    assert claim_query(service, "w", uuid4()) is None
    assert claim_query(service, "w", ended.id) is None
    assert claim_asset(service, "w", ended.assets[0]) is None
    assert value(service, "select count(*) from public.dreamcut_leases") == 0


# --- A query and its assets
def test_a_query_is_not_given_while_one_of_its_assets_is_held(service: Any) -> None:
    query = start_query(service, assets=2)
    token = claim_asset(service, "one", query.assets[1])
    assert claim_query(service, "two", query.id) is None
    assert claim_query(service, "two") is None
    assert claim_asset(service, "two", query.assets[0]) is not None  # another asset is free
    service.execute("select public.release_dreamcut_worker('two')")
    value(service, "select public.release_dreamcut_lease(%s)", token)
    assert claim_query(service, "two") is not None


def test_an_asset_is_not_given_while_its_query_is_held(service: Any) -> None:
    query = start_query(service, assets=2)
    token = claim_query(service, "one", query.id)
    assert claim_asset(service, "two", query.assets[0]) is None
    assert claim_asset(service, "two") is None
    let_run_out(service, token or 0)
    assert claim_asset(service, "two") is not None


def test_held_work_does_not_hide_what_is_behind_it(service: Any) -> None:
    queries = [start_query(service, assets=1) for _ in range(3)]
    in_time_order(service, [query.id for query in queries])
    in_time_order(service, [query.assets[0] for query in queries])
    claim_asset(service, "one", queries[0].assets[0])
    claim_query(service, "one", queries[1].id)
    assert service.execute(CLAIM_QUERY, ["two", None]).fetchone()[1] == queries[2].id
    assert claim_asset(service, "two") is None
    assert claim_query(service, "two") is None


def test_a_lease_left_of_an_ended_asset_holds_nothing(connect: Any, service: Any) -> None:
    query = start_query(service, assets=2)
    token = claim_asset(service, "one", query.assets[0])
    renewer = connect(autocommit=False)
    renewer.execute("select public.renew_dreamcut_lease(%s, 600)", [token])
    report(service, query.assets[0], "completed", 100, lease_token=token)  # while its lease's row is locked
    renewer.commit()
    assert value(service, "select free_at > now() from public.dreamcut_leases where token = %s", token)
    assert claim_query(service, "two", query.id) is not None
    service.execute("select public.release_dreamcut_worker('two')")
    assert claim_query(service, "two") is not None


# --- Fencing
def say(connection: Any, query: Started, token: int | None) -> Any:
    return value(
        connection,
        "select public.add_dreamcut_message(%s, 'status', 'x', p_lease_token => %s)",
        query.id,
        token,
    )


WRITERS: dict[str, Callable[[Any, Started, int | None], Any]] = {
    "add a message": say,
    "say something of an asset": lambda c, q, t: value(
        c,
        "select public.add_dreamcut_message(%s, 'status', 'x', p_asset_id => %s, p_lease_token => %s)",
        q.id,
        q.assets[0],
        t,
    ),
    "advance an asset": lambda c, q, t: report(c, q.assets[0], "analyzing", 50, lease_token=t),
    "advance an asset, contract": lambda c, q, t: value(
        c,
        "select public.update_asset_progress(p_asset_id => %s, p_progress => 50, p_lease_token => %s)"
        " is not null",
        q.assets[0],
        t,
    ),
    "end an asset": lambda c, q, t: report(c, q.assets[0], "completed", 100, lease_token=t),
    "advance the query": lambda c, q, t: value(
        c,
        "select public.advance_dreamcut_query(%s, 'analyzing', 50, p_lease_token => %s)",
        q.id,
        t,
    ),
    "fail the query": lambda c, q, t: value(c, "select public.fail_dreamcut_query(%s, 'x', %s)", q.id, t),
    "complete the query": lambda c, q, t: value(
        c, "select public.finish_dreamcut_query(%s, %s, p_lease_token => %s)", q.id, Jsonb({"brief": 1}), t
    ),
    "complete the query, contract": lambda c, q, t: value(
        c,
        "select public.complete_dreamcut_query(%s, %s, p_lease_token => %s) is not null",
        q.id,
        Jsonb({"brief": 1}),
        t,
    ),
}
NEEDS_ENDED_ASSETS = ("complete the query", "complete the query, contract")
OF_ONE_ASSET = [
    "say something of an asset",
    "advance an asset",
    "advance an asset, contract",
    "end an asset",
]


def query_for(connection: Any, writer: str) -> Started:
    return start_query(connection, assets=0 if writer in NEEDS_ENDED_ASSETS else 2)


def everything(connection: Any, query: Started) -> Any:
    return connection.execute(
        """
        select to_jsonb(q), (select jsonb_agg(to_jsonb(a) order by a.position)
                               from public.dreamcut_assets a where a.query_id = q.id),
               (select jsonb_agg(to_jsonb(m) order by m.seq)
                  from public.dreamcut_messages m where m.query_id = q.id)
          from public.dreamcut_queries q where q.id = %s
        """,
        [query.id],
    ).fetchone()


def test_every_writer_with_a_token_is_tried(service: Any) -> None:
    functions = service.execute(
        "select proname from pg_proc where 'p_lease_token' = any (proargnames) and pronargs > 2"
    ).fetchall()
    assert {name for (name,) in functions} == {
        "add_dreamcut_message",
        "advance_dreamcut_asset",
        "update_asset_progress",
        "advance_dreamcut_query",
        "fail_dreamcut_query",
        "finish_dreamcut_query",
        "complete_dreamcut_query",
        "check_dreamcut_lease",
    }


@pytest.mark.parametrize("writer", WRITERS)
def test_an_old_token_is_refused_and_the_current_one_accepted(service: Any, writer: str) -> None:
    query = query_for(service, writer)
    old = claim_query(service, "one", query.id)
    let_run_out(service, old or 0)
    current = claim_query(service, "two", query.id)
    before = everything(service, query)
    for token in (old, 0, -1):
        with pytest.raises(errors.ObjectInUse, match="lost"):
            WRITERS[writer](service, query, token)
    assert everything(service, query) == before
    assert WRITERS[writer](service, query, current) is True
    assert everything(service, query) != before


@pytest.mark.parametrize("writer", WRITERS)
def test_a_write_without_a_token_is_nobodys_and_not_refused(service: Any, writer: str) -> None:
    query = query_for(service, writer)
    claim_query(service, "one", query.id)
    assert WRITERS[writer](service, query, None) is True


@pytest.mark.parametrize("writer", WRITERS)
def test_the_lease_of_another_query_does_not_serve(service: Any, writer: str) -> None:
    query, other = query_for(service, writer), start_query(service, assets=1)
    claim_query(service, "one", query.id)
    for token in (claim_query(service, "two", other.id),):
        with pytest.raises(errors.ObjectInUse):
            WRITERS[writer](service, query, token)


@pytest.mark.parametrize("writer", [name for name in WRITERS if name not in NEEDS_ENDED_ASSETS])
def test_the_lease_of_an_asset_serves_for_that_asset_only(service: Any, writer: str) -> None:
    query = start_query(service, assets=2)
    others = claim_asset(service, "two", query.assets[1])
    with pytest.raises(errors.ObjectInUse):
        WRITERS[writer](service, query, others)
    own = claim_asset(service, "one", query.assets[0])
    if writer in OF_ONE_ASSET:
        assert WRITERS[writer](service, query, own) is True
    else:
        with pytest.raises(errors.ObjectInUse):
            WRITERS[writer](service, query, own)


@pytest.mark.parametrize("writer", [w for w in WRITERS if "contract" not in w])
def test_late_writes_after_the_end_change_nothing_and_are_no_error(service: Any, writer: str) -> None:
    query = start_query(service, assets=1)
    old = claim_query(service, "one", query.id)
    let_run_out(service, old or 0)
    current = claim_query(service, "two", query.id)
    report(service, query.assets[0], "completed", 100, lease_token=current)
    assert value(
        service, "select public.finish_dreamcut_query(%s, '{}', p_lease_token => %s)", query.id, current
    )
    before = everything(service, query)
    for token in (old, current):
        assert WRITERS[writer](service, query, token) is False
    assert everything(service, query) == before


def test_a_writer_that_was_checked_before_the_claim_commits_before_it(connect: Any, service: Any) -> None:
    query = start_query(service, assets=1)
    old = claim_query(service, "one", query.id)
    let_run_out(service, old or 0)
    slow, claimer = connect(autocommit=False), connect()
    say(slow, query, old)  # checked, not yet committed
    with ThreadPoolExecutor() as pool:
        claiming = pool.submit(claim_query, claimer, "two", query.id)
        wait_until_blocked(service, claimer.info.backend_pid)
        slow.commit()
        assert claiming.result(timeout=30) is not None
    assert len(feed(service, query.id)) == 2
    with pytest.raises(errors.ObjectInUse):
        say(slow, query, old)


# --- Many at once
WORKERS = 20


def sessions(database_url: str, count: int) -> list[psycopg.Connection[Any]]:
    return [psycopg.connect(database_url, autocommit=True) for _ in range(count)]


def together(workers: int, work: Callable[[int], list[UUID]]) -> list[UUID]:
    """Run in threads that begin at one moment; returns all that they return."""
    ready = threading.Barrier(workers)

    def begin(number: int) -> list[UUID]:
        ready.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(workers) as pool:
        return [item for items in pool.map(begin, range(workers)) for item in items]


@pytest.mark.parametrize("statement", [CLAIM_QUERY, CLAIM_ASSET], ids=["queries", "assets of few queries"])
def test_twenty_claimers_take_everything_once(database_url: str, service: Any, statement: str) -> None:
    if statement == CLAIM_QUERY:
        waiting = [start_query(service, assets=0).id for _ in range(500)]
    else:
        waiting = [asset for _ in range(10) for asset in start_query(service, assets=20).assets]
    claimers = sessions(database_url, WORKERS)

    def claim_all(number: int) -> list[UUID]:
        claimed = []
        while row := claimers[number].execute(statement.encode(), [f"w{number}", None]).fetchone():
            claimed.append(row[1])
        return claimed

    claimed = together(WORKERS, claim_all)
    for claimer in claimers:
        claimer.close()
    assert Counter(claimed) == Counter(waiting)
    tokens = service.execute(
        "select count(distinct token), count(*) from public.dreamcut_leases where token > 0"
    )
    assert tokens.fetchone() == (len(waiting), len(waiting))


def test_claimers_and_finishers_do_not_wait_in_a_circle(database_url: str, service: Any) -> None:
    queries = [start_query(service, assets=4) for _ in range(30)]
    workers = sessions(database_url, 12)

    def analyse_assets(session: Any, name: str) -> list[UUID]:
        while row := session.execute(CLAIM_ASSET, [name, None]).fetchone():
            report(session, row[1], "completed", 100, lease_token=row[0], message="done", worker_id=name)
        return []

    def finish_queries(session: Any, name: str) -> list[UUID]:
        finished = []
        for query in queries:
            if token := claim_query(session, name, query.id):
                if state(session, query.id)[1] == "merging":
                    value(
                        session,
                        "select public.finish_dreamcut_query(%s, '{}', p_lease_token => %s)",
                        query.id,
                        token,
                    )
                    finished.append(query.id)
                else:
                    session.execute("select public.release_dreamcut_lease(%s)", [token])
        return finished

    def fail_queries(session: Any, _name: str) -> list[UUID]:
        return [
            query.id
            for query in queries[::5]
            if value(session, "select public.fail_dreamcut_query(%s, 'stopped')", query.id)
        ]

    def bury_workers(session: Any, _name: str) -> list[UUID]:
        for _ in range(20):
            session.execute("select public.release_dreamcut_worker('nobody')")
        return []

    jobs = [analyse_assets] * 6 + [finish_queries] * 3 + [fail_queries] * 2 + [bury_workers]
    ended = together(len(jobs), lambda number: jobs[number](workers[number], f"w{number}"))
    for query in queries:  # what nobody had the luck to find ready
        if state(service, query.id)[0] == "processing":
            analyse_assets(service, "last")
            ended += finish_queries(service, "last")
    for worker in workers:
        worker.close()
    assert len(ended) == len(set(ended)) == len(queries)
    assert {state(service, query.id)[1] for query in queries} == {"done"}
    for query in queries:
        numbers = [seq for seq, _, _ in feed(service, query.id)]
        assert numbers == list(range(1, len(numbers) + 1))
    # A lease whose row was locked when its work ended may be left: once it has run out, it is cleared away.
    service.execute("update public.dreamcut_leases set free_at = now() - interval '1 second'")
    assert claim_query(service) is None
    assert claim_asset(service) is None
    assert value(service, "select count(*) from public.dreamcut_leases") == 0
