"""How a query moves: with its assets, once, and never backwards."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb
from queries import feed, report, start_query, state, value, wait_until_blocked

COMPLETE = "select public.complete_dreamcut_query(%s, %s, 1200, '{whisper-tiny.en}', 0.25)"
DIRECT = "update public.dreamcut_assets set status = 'completed', progress = 100 where id = %s"


def complete(connection: psycopg.Connection[Any], query_id: object, payload: dict[str, Any]) -> None:
    connection.execute(COMPLETE, [query_id, Jsonb(payload)])


def test_first_asset_that_starts_moves_the_query_to_analyzing(service: Any) -> None:
    query = start_query(service)
    assert state(service, query.id) == ("processing", "init", 0)
    assert report(service, query.assets[0], "analyzing", 10)
    # the mean of 10 and 0 percent, spread over 5 to 75
    assert state(service, query.id) == ("processing", "analyzing", 5 + int(0.7 * 5))


def test_progress_of_the_query_follows_its_assets_and_never_falls(service: Any) -> None:
    query = start_query(service, assets=3)
    seen = []
    for percent in (10, 50, 75, 100):
        for asset in query.assets[:2]:
            report(service, asset, "completed" if percent == 100 else "analyzing", percent)
            seen.append(state(service, query.id)[2])
    assert seen == sorted(seen)
    assert seen[-1] == 5 + int(0.7 * 200 / 3)


def test_all_assets_done_moves_the_query_to_merging(service: Any) -> None:
    query = start_query(service)
    report(service, query.assets[0], "completed", 100)
    report(service, query.assets[1], "failed", 0, error_message="1.jpg: empty file")
    assert state(service, query.id) == ("processing", "merging", 80)


@pytest.mark.parametrize("how", ["function", "direct update"])
def test_two_assets_ending_in_overlapping_transactions_are_both_seen(
    connect: Any, service: Any, how: str
) -> None:
    query = start_query(service)
    first, second = connect(autocommit=False), connect(autocommit=False)

    def finish(connection: Any, asset: object) -> None:
        if how == "function":
            report(connection, asset, "completed", 100)  # type: ignore[arg-type]
        else:
            connection.execute(DIRECT, [asset])

    finish(first, query.assets[0])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(finish, second, query.assets[1])
        wait_until_blocked(service, second.info.backend_pid)
        first.commit()
        waiting.result(timeout=30)
    second.commit()
    assert state(service, query.id) == ("processing", "merging", 80)


def test_who_holds_the_query_never_waits_for_an_asset_report(connect: Any, service: Any) -> None:
    query = start_query(service)
    holder, reporter = connect(autocommit=False), connect(autocommit=False)
    holder.execute("select public.advance_dreamcut_query(%s, 'analyzing', 3)", [query.id])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(report, reporter, query.assets[0], "analyzing", 10)
        wait_until_blocked(service, reporter.info.backend_pid)
        # A reporter that had locked its asset first would make this a deadlock.
        holder.execute("update public.dreamcut_assets set worker_id = 'w' where id = %s", [query.assets[0]])
        holder.commit()
        assert waiting.result(timeout=30)
    reporter.commit()
    assert state(service, query.id)[1] == "analyzing"


def test_many_workers_at_once_end_in_one_merging_query(connect: Any, service: Any) -> None:
    query = start_query(service, assets=20)
    workers = [connect() for _ in range(5)]

    def work(number: int) -> None:
        for asset in query.assets[number :: len(workers)]:
            for percent in (10, 50, 100):
                status = "completed" if percent == 100 else "analyzing"
                report(workers[number], asset, status, percent, message=f"{percent}")

    with ThreadPoolExecutor(len(workers)) as pool:
        list(pool.map(work, range(len(workers))))
    assert state(service, query.id) == ("processing", "merging", 80)
    assert [seq for seq, _, _ in feed(service, query.id)] == list(range(1, 1 + 1 + 20 * 3))


def test_late_report_after_completion_changes_nothing(service: Any) -> None:
    query = start_query(service)
    report(service, query.assets[0], "completed", 100)
    report(service, query.assets[1], "completed", 100, analysis={"final": True})
    complete(service, query.id, {"brief": 1})
    before = feed(service, query.id)

    assert not report(service, query.assets[1], "analyzing", 50, message="late", analysis={"late": True})
    service.execute(
        "select public.update_asset_progress(p_asset_id => %s, p_progress => 100, p_status => 'completed')",
        [query.assets[1]],
    )
    assert state(service, query.id) == ("completed", "done", 100)
    assert feed(service, query.id) == before
    stored = value(service, "select analysis from public.dreamcut_assets where id = %s", query.assets[1])
    assert stored == {"final": True}


def test_late_report_on_an_unended_asset_of_a_failed_query_changes_nothing(service: Any) -> None:
    query = start_query(service)
    value(service, "select public.fail_dreamcut_query(%s, 'stopped')", query.id)
    assert not report(service, query.assets[0], "completed", 100)
    assert state(service, query.id) == ("failed", "done", 100)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("status = 'processing', stage = 'merging', progress = 80", "queries"),
        ("payload = '{}'", "queries"),
        ("status = 'analyzing', progress = 50", "assets"),
        ("analysis = '{}'", "assets"),
    ],
)
def test_not_even_a_direct_update_changes_what_has_ended(service: Any, change: str, table: str) -> None:
    query = start_query(service, assets=1)
    report(service, query.assets[0], "completed", 100, analysis={"kept": 1})
    complete(service, query.id, {"brief": 1})
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        service.execute(f"update public.dreamcut_{table} set {change}".encode())


@pytest.mark.parametrize("change", ["stage = 'init'", "progress = 1", "last_message_seq = 0"])
def test_not_even_a_direct_update_moves_a_query_backwards(service: Any, change: str) -> None:
    query = start_query(service)
    report(service, query.assets[0], "analyzing", 50)
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        service.execute(f"update public.dreamcut_queries set {change}".encode())


def test_second_completion_keeps_the_first_one(service: Any) -> None:
    query = start_query(service, assets=1)
    report(service, query.assets[0], "completed", 100)
    complete(service, query.id, {"brief": 1})
    service.execute("select public.complete_dreamcut_query(%s, %s)", [query.id, Jsonb({"brief": 2})])
    row = service.execute(
        "select payload, processing_time_ms, models_used, cost_estimate from public.dreamcut_queries"
    ).fetchone()
    assert row[0] == {"brief": 1}
    assert row[1:3] == (1200, ["whisper-tiny.en"])
    assert float(row[3]) == 0.25
    finals = [content for _, kind, content in feed(service, query.id) if kind == "final"]
    assert finals == ["Creative brief ready 🎬", "Ready for production!"]


def test_query_with_unfinished_assets_cannot_complete(service: Any) -> None:
    query = start_query(service)
    report(service, query.assets[0], "completed", 100)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match=r"1 unfinished"):
        complete(service, query.id, {})
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match=r"1 unfinished"):
        value(service, "select public.advance_dreamcut_query(%s, 'merging', 85)", query.id)
    report(service, query.assets[1], "completed", 100)
    complete(service, query.id, {})
    assert state(service, query.id) == ("completed", "done", 100)


def test_failed_query_cannot_complete(service: Any) -> None:
    query = start_query(service, assets=0)
    value(service, "select public.fail_dreamcut_query(%s, 'no room left')", query.id)
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="already failed"):
        complete(service, query.id, {})


def test_query_without_assets_completes(service: Any) -> None:
    query = start_query(service, assets=0)
    assert state(service, query.id) == ("processing", "merging", 80)
    complete(service, query.id, {"brief": "from the prompt alone"})
    assert state(service, query.id) == ("completed", "done", 100)


def test_all_assets_failed_fails_the_query_with_their_reasons(service: Any) -> None:
    query = start_query(service)
    report(
        service, query.assets[0], "failed", 0, error_message="0.jpg: empty file", message="0.jpg: empty file"
    )
    report(service, query.assets[1], "failed", 0, error_message="not media", message="1.jpg: not media")
    assert state(service, query.id) == ("failed", "done", 100)
    reasons = "0.jpg: empty file; 1.jpg: not media"
    assert value(service, "select error_message from public.dreamcut_queries") == reasons
    # what happened to the last asset comes before what it means for the query
    assert [content for _, _, content in feed(service, query.id)][-2:] == ["1.jpg: not media", reasons]


def test_failing_a_query_ends_its_assets_and_happens_once(service: Any) -> None:
    query = start_query(service)
    report(service, query.assets[0], "completed", 100)
    assert value(service, "select public.fail_dreamcut_query(%s, 'the worker stopped')", query.id)
    assert not value(service, "select public.fail_dreamcut_query(%s, 'again')", query.id)
    assert state(service, query.id) == ("failed", "done", 100)
    assets = service.execute(
        "select status, error_message from public.dreamcut_assets order by position"
    ).fetchall()
    assert assets == [("completed", None), ("failed", "Not analysed to the end: the worker stopped")]
    assert feed(service, query.id)[-1][1:] == ("error", "the worker stopped")


def test_failing_a_completed_query_changes_nothing(service: Any) -> None:
    query = start_query(service, assets=0)
    complete(service, query.id, {})
    assert not value(service, "select public.fail_dreamcut_query(%s, 'too late')", query.id)
    assert state(service, query.id) == ("completed", "done", 100)
