"""One test a path through the flow, on a real Prefect server and a real database."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
import pytest
from psycopg.types.json import Jsonb
from queries import value
from services import command_environment

from deployments import prefect_server
from dreamcut.models import AssetKind, AssetStatus, Intent, MessageType, NewAsset, NewQuery, QueryStatus
from dreamcut.settings import Settings
from dreamcut.store.postgres import PostgresStore

WAIT_SECONDS = 120.0


@pytest.fixture
def run_flow(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Any]]:
    """Run the flow in this process against the test's database; returns the final state."""
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.analyze_query import analyze_query

    monkeypatch.setenv("DREAMCUT_DATABASE_URL", database_url)
    monkeypatch.setenv("DREAMCUT_LEASE_SECONDS", "3")
    url = prefect_server.api_url(settings)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield lambda **parameters: analyze_query(**parameters, local_files=True, return_state=True)


@pytest.fixture
def start_flow(settings: Settings, database_url: str) -> Iterator[Callable[[UUID], "subprocess.Popen[str]"]]:
    """Start the flow in a process of its own, which does not outlive the test."""
    started = []

    def start(query_id: UUID) -> "subprocess.Popen[str]":
        process = _start(query_id, settings=settings, database_url=database_url)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def kill_flow(
    store: PostgresStore, start_flow: Callable[[UUID], "subprocess.Popen[str]"]
) -> Callable[[UUID], list[psutil.Process]]:
    """Run the flow in a process of its own, SIGKILL it in its second asset, return the children it had."""
    return lambda query_id: _kill_in_second_asset(start_flow(query_id), query_id, store=store)


def asset_of(path: Path, kind: AssetKind = AssetKind.IMAGE) -> NewAsset:
    return NewAsset(url=path.as_uri(), kind=kind, filename=path.name)


def lines_of(store: PostgresStore, query_id: UUID) -> list[str]:
    return [m.line for m in store.messages(query_id) if m.type is not MessageType.ASSET_PROGRESS]


def test_good_assets_end_in_a_brief(
    run_flow: Callable[..., Any], store: PostgresStore, new_image: Callable[..., Path]
) -> None:
    assets = [asset_of(new_image("one.png")), asset_of(new_image("two.png", colour=(10, 20, 30)))]
    state = run_flow(prompt="A calm 20-second film", assets=assets, user_id="somebody")
    assert state.is_completed()
    [query] = store.queries()
    assert (query.status, query.user_id, query.intent) == (QueryStatus.COMPLETED, "somebody", Intent.VIDEO)
    payload = store.payload(query.id)
    assert payload is not None
    assert payload["assets_analysis"]["total_assets"] == 2
    lines = lines_of(store, query.id)
    assert lines[0] == "🎬 Got your request. Let's break it down..."
    assert lines[-2] == "🎬 Creative brief ready 🎬"
    assert lines[-1].startswith(("🚀 ", "⚠️ Before production: "))
    assert lines.index("🎯 Intent: video") < lines.index("🎭 Combining query + assets into creative brief...")
    assert sum(line.startswith("→ ✅") for line in lines) == 2
    for asset in store.assets(query.id):
        assert (asset.attempts, asset.cost_estimate) == (1, 0)
        assert asset.worker_id == query.worker_id


def test_a_bad_asset_fails_alone_and_is_named(
    run_flow: Callable[..., Any], store: PostgresStore, new_image: Callable[..., Path], tmp_path: Path
) -> None:
    bad = tmp_path / "broken.png"
    bad.write_text("this is no picture")
    state = run_flow(prompt="A poster", assets=[asset_of(new_image("good.png")), asset_of(bad)])
    assert (state.is_completed(), state.name) == (True, "CompletedWithFailures")
    [query] = store.queries()
    good_row, bad_row = store.assets(query.id)
    assert (good_row.status, bad_row.status) == (AssetStatus.COMPLETED, AssetStatus.FAILED)
    assert bad_row.error_message is not None
    assert bad_row.error_message.startswith("broken.png: ")
    assert any(line.startswith("❌ broken.png: ") for line in lines_of(store, query.id))


def test_all_bad_assets_fail_the_query_with_reasons(
    run_flow: Callable[..., Any], store: PostgresStore, tmp_path: Path
) -> None:
    names = ["one.png", "two.mp4"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    kinds = (AssetKind.IMAGE, AssetKind.VIDEO)
    assets = [asset_of(tmp_path / name, kind) for name, kind in zip(names, kinds, strict=True)]
    state = run_flow(prompt="A poster", assets=assets)
    assert state.is_failed()
    [query] = store.queries()
    assert query.status is QueryStatus.FAILED
    assert query.error_message is not None
    assert all(f"{name}: " in query.error_message for name in names)
    assert store.payload(query.id) is None


def test_a_prompt_alone_gives_a_brief(run_flow: Callable[..., Any], store: PostgresStore) -> None:
    assert run_flow(prompt="A 15-second vertical video about tea").is_completed()
    [query] = store.queries()
    assert query.status is QueryStatus.COMPLETED


def test_the_prompt_decides_where_a_front_end_left_the_intent_open(
    run_flow: Callable[..., Any], store: PostgresStore, database_url: str
) -> None:
    started = start_as_front_end(database_url, prompt="A poster about tea", options={"intent": "auto"})
    assert run_flow(query_id=started).is_completed()
    assert "🎯 Intent: image" in lines_of(store, started)
    chosen = start_as_front_end(database_url, prompt="A poster about tea", options={})
    assert run_flow(query_id=chosen).is_completed()
    assert "🎯 Intent: mixed" in lines_of(store, chosen)


def test_an_option_that_cannot_be_used_ends_the_query_and_is_named(
    run_flow: Callable[..., Any], store: PostgresStore, database_url: str
) -> None:
    query_id = start_as_front_end(database_url, prompt="A film", options={"duration_seconds": "long"})
    assert run_flow(query_id=query_id).is_failed()
    query = store.query(query_id)
    assert query.status is QueryStatus.FAILED
    assert (query.error_message or "").startswith("options.duration_seconds: ")


def start_as_front_end(database_url: str, *, prompt: str, options: dict[str, Any]) -> UUID:
    """Start a query as a page does: it says `mixed` and keeps what it likes in the options."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        query_id: UUID = value(
            connection,
            "select public.initialize_dreamcut_query('u', %s, 'mixed', %s)",
            prompt,
            Jsonb(options),
        )
    return query_id


def test_a_completed_query_is_left_alone(
    run_flow: Callable[..., Any], store: PostgresStore, new_image: Callable[..., Path]
) -> None:
    request = NewQuery(user_id="u", prompt="A poster", assets=(asset_of(new_image("a.png")),))
    query_id = store.initialize_query(request, intent=Intent.IMAGE)
    assert run_flow(query_id=query_id).is_completed()
    before = (store.query(query_id), store.messages(query_id))
    assert run_flow(query_id=query_id).is_completed()
    assert (store.query(query_id), store.messages(query_id)) == before


def test_a_local_path_needs_permission(
    run_flow: Callable[..., Any], store: PostgresStore, new_image: Callable[..., Path]
) -> None:
    from flows.analyze_query import analyze_query

    asset = asset_of(new_image("a.png"))
    assert analyze_query(prompt="A poster", assets=[asset], return_state=True).is_failed()
    [query] = store.queries()
    assert "only http and https" in (query.error_message or "")
    assert run_flow(prompt="A poster", assets=[asset]).is_completed()  # the same file, allowed


def test_a_killed_run_is_resumed_without_repeating_itself(
    run_flow: Callable[..., Any],
    store: PostgresStore,
    kill_flow: Callable[[UUID], list[psutil.Process]],
    example: Path,
) -> None:
    quick_path, slow_path = example / "cyberpunk_ref.png", example / "city_drive.mp4"
    assets = (asset_of(quick_path), asset_of(slow_path, AssetKind.VIDEO))
    query_id = store.initialize_query(
        NewQuery(user_id="u", prompt="A film", assets=assets), intent=Intent.VIDEO
    )
    children = kill_flow(query_id)
    assert store.query(query_id).status is QueryStatus.PROCESSING
    quick, slow = store.assets(query_id)
    assert (quick.status, slow.status) == (AssetStatus.COMPLETED, AssetStatus.ANALYZING)
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []  # decoders end with the process that they work for
    seen = [message.id for message in store.messages(query_id)]

    assert run_flow(query_id=query_id).is_completed()

    quick_after, slow_after = store.assets(query_id)
    assert quick_after == quick
    assert slow_after.status is AssetStatus.COMPLETED
    assert (quick_after.attempts, slow_after.attempts, store.query(query_id).attempts) == (1, 2, 2)
    messages = store.messages(query_id)
    assert [message.id for message in messages[: len(seen)]] == seen
    lines = [message.line for message in messages if message.type is not MessageType.ASSET_PROGRESS]
    assert len(lines) == len(set(lines))
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))


def test_two_runs_of_a_query_at_once_are_one(
    run_flow: Callable[..., Any],
    store: PostgresStore,
    start_flow: Callable[[UUID], "subprocess.Popen[str]"],
    example: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick_path, slow_path = example / "cyberpunk_ref.png", example / "city_drive.mp4"
    assets = (asset_of(quick_path), asset_of(slow_path, AssetKind.VIDEO))
    query_id = store.initialize_query(
        NewQuery(user_id="u", prompt="A film", assets=assets), intent=Intent.VIDEO
    )
    first = start_flow(query_id)
    deadline = time.monotonic() + WAIT_SECONDS
    while store.query(query_id).worker_id is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    monkeypatch.setenv("DREAMCUT_LEASE_SECONDS", "1")  # how long the second run waits for a dead one
    second = run_flow(query_id=query_id)
    assert second.name == "AlreadyRunning"
    assert str(store.query(query_id).worker_id) in second.message

    assert first.wait(timeout=WAIT_SECONDS) == 0
    query = store.query(query_id)
    assert (query.status, query.attempts) == (QueryStatus.COMPLETED, 1)
    assert [asset.attempts for asset in store.assets(query_id)] == [1, 1]
    lines = lines_of(store, query_id)
    assert len(lines) == len(set(lines))


def _start(query_id: UUID, *, settings: Settings, database_url: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "deployments.flow_process"],
        stdin=subprocess.PIPE,
        env=command_environment(settings.home)
        | {"DREAMCUT_DATABASE_URL": database_url, "DREAMCUT_LEASE_SECONDS": "3"},
        text=True,
    )
    assert process.stdin is not None
    order = {"query_id": str(query_id), "api_url": prefect_server.api_url(settings)}
    process.stdin.write(json.dumps(order) + "\n")
    process.stdin.close()
    return process


def _kill_in_second_asset(
    process: "subprocess.Popen[str]", query_id: UUID, *, store: PostgresStore
) -> list[psutil.Process]:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        quick, slow = store.assets(query_id)
        children = psutil.Process(process.pid).children(recursive=True)
        if quick.status is AssetStatus.COMPLETED and slow.progress > 0 and children:
            break
        assert process.poll() is None, "the flow ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return children
