"""What an operator is told: each concern has a row that belongs to it beside one that does not."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.rows import dict_row
from queries import Started, report, start_query, value

Row = dict[str, Any]


def health(connection: psycopg.Connection[Any], concern: str, arguments: str = "") -> list[Row]:
    """Return the rows of one concern, in their order."""
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute(f"select * from public.dreamcut_health({arguments})".encode()).fetchall()
    return [row for row in rows if row["concern"] == concern]


def subjects(rows: list[Row]) -> list[UUID]:
    return [row["asset_id"] or row["query_id"] for row in rows]


@pytest.fixture
def rewind(connect: Any) -> Any:
    """Put what has happened so far some minutes into the past, as if nothing had moved since."""
    owner = connect("owner")

    def back(minutes: int) -> None:
        for table, columns in {
            "queries": ("updated_at", "completed_at"),
            "assets": ("updated_at", "analyzed_at"),
        }.items():
            moved = ", ".join(f"{column} = {column} - interval '{minutes} minutes'" for column in columns)
            owner.execute(
                f"alter table public.dreamcut_{table} disable trigger user;"
                f"update public.dreamcut_{table} set {moved};"
                f"alter table public.dreamcut_{table} enable trigger user".encode()
            )

    return back


def claim(connection: Any, query: Started, worker: str = "host:1") -> int:
    return int(
        value(connection, "select token from public.claim_dreamcut_query(%s, 600, %s)", worker, query.id)
    )


def end(connection: Any, query: Started, *, ms: int = 1000, cost: str = "0.25") -> None:
    value(
        connection,
        "select public.finish_dreamcut_query(%s, '{}', %s, '{whisper-tiny.en}', %s)",
        query.id,
        ms,
        Decimal(cost),
    )


def test_an_empty_database_is_healthy(service: Any) -> None:
    rows = service.execute("select concern, subject, detail from public.dreamcut_health()").fetchall()
    assert rows == [("cost", "all queries", "0 ended, 0 failed")]


# --- Stuck, silent, restarted
def test_stuck_is_what_has_not_moved_and_nobody_holds(service: Any, rewind: Any) -> None:
    abandoned, never, held, ended = (start_query(service, assets=2) for _ in range(4))
    report(service, abandoned.assets[0], "completed", 100)
    report(service, abandoned.assets[1], "analyzing", 40)
    token = claim(service, abandoned)
    claim(service, held)
    value(service, "select public.fail_dreamcut_query(%s, 'over')", ended.id)
    rewind(10)
    service.execute(
        "update public.dreamcut_leases set free_at = now() - interval '9 minutes' where token = %s", [token]
    )
    start_query(service)  # moved just now

    found = {row["query_id"]: row for row in health(service, "stuck")}
    assert found.keys() == {abandoned.id, never.id}
    row = found[abandoned.id]
    assert (row["worker_id"], row["attempts"]) == ("host:1", 1)
    assert row["detail"] == "1.jpg analyzing 40 %"
    assert row["subject"] == "analyzing 54 %"  # 5 + 70 % of the mean of 100 and 40
    assert 600 <= row["seconds"] < 660
    assert (found[never.id]["worker_id"], found[never.id]["attempts"]) == (None, 0)


def test_a_stuck_query_is_no_longer_one_once_it_moves(service: Any, rewind: Any) -> None:
    query = start_query(service)
    rewind(10)
    assert subjects(health(service, "stuck")) == [query.id]
    report(service, query.assets[0], "analyzing", 10)
    assert health(service, "stuck") == []


def test_silent_is_what_is_held_and_does_not_move(service: Any, rewind: Any) -> None:
    hung, hung_asset, free = (start_query(service, assets=1) for _ in range(3))
    claim(service, hung, "host:1")
    value(service, "select token from public.claim_dreamcut_asset('host:2', 600, %s)", hung_asset.assets[0])
    rewind(10)
    lively = start_query(service)
    claim(service, lively, "host:3")

    found = health(service, "silent")
    assert {row["worker_id"]: row["asset_id"] or row["query_id"] for row in found} == {
        "host:1": hung.id,
        "host:2": hung_asset.assets[0],
    }
    assert all(row["detail"].startswith("held until 20") for row in found)
    assert subjects(health(service, "stuck")) == [free.id]


def test_restarted_is_what_was_begun_more_than_twice(service: Any) -> None:
    poison, twice, done = (start_query(service, assets=1) for _ in range(3))
    for query, times in ((poison, 3), (twice, 2), (done, 3)):
        for _ in range(times):
            token = claim(service, query)
            report(service, query.assets[0], "analyzing", 10, begins=True, lease_token=token)
            value(service, "select public.release_dreamcut_lease(%s)", token)
    value(service, "select public.fail_dreamcut_query(%s, 'over')", done.id)
    rows = health(service, "restarted")
    assert subjects(rows) == [poison.id, poison.assets[0]]
    assert [row["attempts"] for row in rows] == [3, 3]


# --- Failing, slow, cost
def test_failing_is_what_failed_lately(service: Any, rewind: Any) -> None:
    old = start_query(service, assets=1)
    value(service, "select public.fail_dreamcut_query(%s, 'long ago')", old.id)
    rewind(2 * 24 * 60)
    partly, wholly, well = (start_query(service, assets=2) for _ in range(3))
    report(
        service,
        partly.assets[0],
        "failed",
        10,
        error_message="0.jpg: empty file",
        worker_id="host:1",
        processing_time_ms=1500,
    )
    value(service, "select public.fail_dreamcut_query(%s, 'no room left')", wholly.id)
    for asset in well.assets:
        report(service, asset, "completed", 100)

    rows = {row["asset_id"] or row["query_id"]: row for row in health(service, "failing")}
    assert rows.keys() == {partly.assets[0], wholly.id, *wholly.assets}
    one = rows[partly.assets[0]]
    assert (one["subject"], one["detail"], one["worker_id"]) == ("0.jpg", "0.jpg: empty file", "host:1")
    assert one["seconds"] == Decimal("1.500")
    assert rows[wholly.id]["detail"] == "no room left"
    assert old.id in subjects(health(service, "failing", "'3 days'"))


def test_slow_is_what_took_longest_worst_first(service: Any) -> None:
    query = start_query(service, assets=3)
    for asset, ms in zip(query.assets, (200, 900, None), strict=True):
        report(
            service,
            asset,
            "completed",
            100,
            processing_time_ms=ms,
            model_used="whisper-tiny.en",
            worker_id="w",
        )
    end(service, query, ms=1500)
    rows = health(service, "slow")
    assert [(row["subject"], row["seconds"]) for row in rows] == [
        ("query", Decimal("1.500")),
        ("1.jpg", Decimal("0.900")),
        ("0.jpg", Decimal("0.200")),
    ]
    assert rows[1]["detail"] == "video, whisper-tiny.en"


def test_cost_is_summed_over_queries_and_by_model(service: Any, rewind: Any) -> None:
    old = start_query(service, assets=0)
    end(service, old, cost="99")
    rewind(2 * 24 * 60)
    query = start_query(service, assets=3)
    costs = (
        ("large-model", "0.30", "completed"),
        ("large-model", "0.20", "failed"),
        (None, "0", "completed"),
    )
    for asset, (model, cost, status) in zip(query.assets, costs, strict=True):
        report(
            service,
            asset,
            status,
            100,
            model_used=model,
            cost_estimate=Decimal(cost),
            processing_time_ms=1000,
            begins=True,
        )
    end(service, query, ms=4000, cost="0.50")
    failed = start_query(service, assets=0)
    value(service, "select public.fail_dreamcut_query(%s, 'x')", failed.id)
    rows = {
        row["subject"]: (row["cost_usd"], row["seconds"], row["attempts"], row["detail"])
        for row in health(service, "cost")
    }
    assert rows == {
        "all queries": (Decimal("0.5"), 4, 0, "2 ended, 1 failed"),
        "large-model": (Decimal("0.5"), 2, 2, "2 asset(s), 1 failed"),
        "no model": (0, 1, 1, "1 asset(s), 0 failed"),
    }


def test_a_concern_is_cut_to_the_limit_worst_first(service: Any) -> None:
    query = start_query(service, assets=5)
    for asset, ms in zip(query.assets, (1, 5, 3, 4, 2), strict=True):
        report(service, asset, "completed", 100, processing_time_ms=1000 * ms)
    assert [row["seconds"] for row in health(service, "slow", "p_limit => 2")] == [5, 4]


def test_imports_say_nothing_of_our_work(service: Any) -> None:
    ours, theirs = (start_query(service, assets=1) for _ in range(2))
    for query, worker in ((ours, "host:1"), (theirs, "legacy")):
        service.execute("update public.dreamcut_queries set worker_id = %s where id = %s", [worker, query.id])
        report(
            service, query.assets[0], "failed", 0, error_message="x", worker_id=worker, processing_time_ms=1
        )
    for concern in ("failing", "slow"):
        assert set(subjects(health(service, concern))) & {theirs.id, *theirs.assets} == set()
        assert ours.assets[0] in subjects(health(service, concern))
    assert health(service, "cost")[0]["detail"] == "1 ended, 1 failed"


# --- What is recorded of each asset and query
def test_work_says_who_did_it_how_often_and_at_what_cost(service: Any) -> None:
    query = start_query(service, assets=1)
    for worker in ("host:1", "host:2"):
        token = claim(service, query, worker)
        report(service, query.assets[0], "analyzing", 10, begins=True, worker_id=worker, lease_token=token)
        value(service, "select public.release_dreamcut_worker(%s)", worker)
    report(
        service,
        query.assets[0],
        "completed",
        100,
        cost_estimate=Decimal("0.0125"),
        model_used="m",
        processing_time_ms=7,
    )
    asset = service.execute(
        "select worker_id, attempts, cost_estimate, model_used, processing_time_ms"
        " from public.dreamcut_assets"
    ).fetchone()
    assert asset == ("host:2", 2, Decimal("0.0125"), "m", 7)
    row = service.execute("select worker_id, attempts from public.dreamcut_queries").fetchone()
    assert row == ("host:2", 2)


def test_an_attempt_counts_once_it_begins(service: Any) -> None:
    query = start_query(service, assets=1)
    for attempt in (1, 2):
        assert report(service, query.assets[0], "analyzing", 10, begins=True)
        report(service, query.assets[0], "analyzing", 20)
        assert value(service, "select attempts from public.dreamcut_assets") == attempt
    report(service, query.assets[0], "completed", 100)
    assert not report(service, query.assets[0], "analyzing", 10, begins=True)
    assert value(service, "select attempts from public.dreamcut_assets") == 2
