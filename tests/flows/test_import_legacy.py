"""The predecessor's briefs come over in a flow run, beside a query of ours, on a real Prefect server."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import legacy
import psycopg
import pytest

from deployments import prefect_server
from dreamcut.models import AssetKind, NewAsset, QueryStatus
from dreamcut.settings import Settings
from dreamcut.store.legacy import LegacyImport, LegacyOutcome
from dreamcut.store.postgres import PostgresStore

Connection = psycopg.Connection[Any]


@pytest.fixture
def old(database_url: str) -> Iterator[Connection]:
    """A session in a database of ours to which the predecessor's tables were added."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        legacy.install(connection)
        yield connection


@pytest.fixture
def on_prefect(settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Flows run in this process, against the test's database, and report to the session's server."""
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    monkeypatch.setenv("DREAMCUT_DATABASE_URL", database_url)
    url = prefect_server.api_url(settings)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


@pytest.fixture
def run_import(on_prefect: None) -> Callable[..., Any]:
    """Run the flow; returns its final state."""
    from flows.import_legacy import import_legacy

    return lambda **parameters: import_legacy(**parameters, return_state=True)


def done_by(state: Any) -> LegacyImport:
    result = state.result()
    assert isinstance(result, LegacyImport)
    return result


def test_a_full_run_of_both_flows_leaves_the_legacy_rows_as_they_were(
    old: Connection,
    run_import: Callable[..., Any],
    store: PostgresStore,
    new_image: Callable[..., Path],
) -> None:
    from flows.analyze_query import analyze_query

    for example in legacy.READABLE:
        legacy.add_brief(old, example.name, **example.row)
    legacy.fill(old, briefs=10, ended=5)
    rows, before = legacy.checksums(old), legacy.definitions(old)
    asset = NewAsset(url=new_image("a.png").as_uri(), kind=AssetKind.IMAGE)
    state = analyze_query(prompt="A poster", assets=[asset], local_files=True, return_state=True)
    assert state.is_completed()
    assert run_import().is_completed()
    statuses = [query.status for query in store.queries(limit=100)]
    assert len(statuses) == 1 + len(legacy.READABLE) + 5
    assert QueryStatus.PROCESSING not in statuses
    assert (legacy.checksums(old), legacy.definitions(old)) == (rows, before)


def test_a_second_run_imports_only_what_is_new(old: Connection, run_import: Callable[..., Any]) -> None:
    legacy.fill(old, briefs=30, ended=20)
    first = done_by(run_import(batch=7))
    assert first == LegacyImport(imported=20, waiting=10)
    assert done_by(run_import(batch=7)) == LegacyImport(waiting=10)
    old.execute("update public.briefs set status = 'done' where brief_id = 'brief_30'")
    assert done_by(run_import()) == LegacyImport(imported=1, waiting=9)


def test_a_broken_brief_is_in_the_result_and_the_rest_is_imported(
    old: Connection, run_import: Callable[..., Any]
) -> None:
    broken = {legacy.add_brief(old, name, **row) for name, (row, _why) in legacy.UNREADABLE.items()}
    legacy.fill(old, briefs=5, ended=5)
    state = run_import(batch=3)
    done = done_by(state)
    assert (state.name, done.imported, done.refused) == ("CompletedWithFailures", 5, len(broken))
    assert {remark.brief_id for remark in done.remarks} == broken
    assert {remark.outcome for remark in done.remarks} == {LegacyOutcome.REFUSED}


def test_a_bounded_run_says_where_the_next_goes_on(old: Connection, run_import: Callable[..., Any]) -> None:
    legacy.fill(old, briefs=12, ended=12)
    first = done_by(run_import(most=5, batch=3))
    assert (first.imported, first.looked_at) == (5, 5)
    ids = [row[0] for row in old.execute("select id from public.briefs order by id").fetchall()]
    assert first.next_after == ids[4]
    assert done_by(run_import(after=first.next_after)) == LegacyImport(imported=7)


def test_a_run_is_named_and_says_what_it_did(old: Connection, run_import: Callable[..., Any]) -> None:
    from prefect.client.orchestration import get_client

    legacy.fill(old, briefs=2, ended=1)
    after = UUID(int=0)
    state = run_import(after=after)
    assert state.message == "1 imported, 1 not ended yet, 0 refused"
    with get_client(sync_client=True) as client:
        assert client.read_flow_run(state.state_details.flow_run_id).name == f"legacy briefs after {after}"


def test_no_prompt_reaches_the_log(
    old: Connection, run_import: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    legacy.add_brief(
        old, "x", request=legacy.request_of("my secret film"), analysis={}, created_at="infinity"
    )
    legacy.add_brief(old, "y", request=legacy.request_of("my secret film"), analysis={})
    with caplog.at_level("DEBUG"):
        run_import()
    assert f"refused brief={legacy.brief_id('x')}" in caplog.text
    assert "secret" not in caplog.text


def test_without_legacy_tables_a_run_has_nothing_to_do(run_import: Callable[..., Any]) -> None:
    state = run_import()
    assert (state.is_completed(), done_by(state)) == (True, LegacyImport())


def test_five_thousand_briefs_come_over_in_bounded_memory(
    old: Connection, run_import: Callable[..., Any], store: PostgresStore
) -> None:
    legacy.fill(old, briefs=5000, ended=4900)
    rows = legacy.checksums(old)
    megabytes_of_documents = 5000 * 4 / 1000
    tracemalloc.start()
    try:
        done = done_by(run_import())
        _now, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert done == LegacyImport(imported=4900, waiting=100)
    assert legacy.checksums(old) == rows
    assert len(store.queries(limit=10_000)) == 4900
    assert peak_bytes / 1e6 < megabytes_of_documents  # the documents stay in the database
