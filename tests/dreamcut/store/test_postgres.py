"""What every store promises (see `dreamcut.store.protocol`), on a real Postgres."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from dreamcut.errors import InvalidRequest, NotFound, SchemaMismatch, StateConflict, StoreUnavailable
from dreamcut.models import (
    AssetKind,
    AssetStatus,
    Intent,
    MessageType,
    NewAsset,
    NewQuery,
    QueryOptions,
    QueryStage,
    QueryStatus,
)
from dreamcut.store import open_store
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import ensure_schema
from dreamcut.store.pools import close_pools
from dreamcut.store.protocol import AssetOutcome, NewMessage, Store

ENDED = {"processing_time_ms": 1500, "models_used": ["whisper-tiny.en"], "cost_estimate": Decimal("0.1000")}
STARTED = NewMessage(type=MessageType.ASSET_START, content="Analyzing image: a.jpg", emoji="🖼️", key="a:start")


def a_request(*names: str, **more: Any) -> NewQuery:
    assets = tuple(NewAsset(url=f"/media/{name}", kind=AssetKind.IMAGE) for name in names)
    return NewQuery(user_id="anna", prompt="Make a trailer", assets=assets, **more)


def test_request_comes_back_as_it_was_sent(store: Store) -> None:
    request = a_request("b.jpg", "a.jpg", options=QueryOptions(duration_seconds=30, aspect_ratio="16:9"))
    query_id = store.initialize_query(request, intent=Intent.VIDEO)
    query = store.query(query_id)
    assert (query.user_id, query.prompt, query.intent) == ("anna", "Make a trailer", Intent.VIDEO)
    assert (query.status, query.stage, query.progress) == (QueryStatus.PROCESSING, QueryStage.INIT, 0)
    assert query.options == {"duration_seconds": 30, "aspect_ratio": "16:9"}
    assets = store.assets(query_id)
    assert [(asset.position, asset.filename) for asset in assets] == [(0, "b.jpg"), (1, "a.jpg")]
    assert [message.line for message in store.messages(query_id)] == [
        "🎬 Got your request. Let's break it down..."
    ]
    assert store.payload(query_id) is None
    assert store.analysis(assets[0].id) is None


def test_life_of_a_query(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    [asset] = store.assets(query_id)
    assert store.update_asset(asset.id, status=AssetStatus.ANALYZING, progress=10, message=STARTED)
    assert store.update_asset(asset.id, status=AssetStatus.ANALYZING, progress=50, analysis={"step": 1})
    assert store.analysis(asset.id) == {"step": 1}
    outcome = AssetOutcome(processing_time_ms=70, model_used="pillow", quality_score=0.5)
    done = NewMessage(
        type=MessageType.ASSET_COMPLETE, content="→ ✅ dark", emoji="✅", data={"words": ["dark"]}
    )
    assert store.update_asset(
        asset.id,
        status=AssetStatus.COMPLETED,
        progress=100,
        analysis={"step": 2},
        outcome=outcome,
        message=done,
    )
    assert store.query(query_id).stage is QueryStage.MERGING
    merge = NewMessage(
        type=MessageType.MERGE, content="Combining query + assets into creative brief...", emoji="🎭"
    )
    assert store.advance_query(query_id, stage=QueryStage.MERGING, progress=85, message=merge)
    assert store.complete_query(query_id, {"brief": 1}, **ENDED)

    query = store.query(query_id)
    assert (query.status, query.stage, query.progress) == (QueryStatus.COMPLETED, QueryStage.DONE, 100)
    assert (query.models_used, query.cost_estimate) == (("whisper-tiny.en",), Decimal("0.1000"))
    assert query.completed_at is not None
    assert store.payload(query_id) == {"brief": 1}
    [asset] = store.assets(query_id)
    assert (asset.status, asset.model_used, asset.processing_time_ms) == (AssetStatus.COMPLETED, "pillow", 70)
    messages = store.messages(query_id)
    assert [message.seq for message in messages] == [1, 2, 3, 4, 5, 6]
    assert messages[2].data == {"words": ["dark"]}
    assert messages[1].asset_id == asset.id
    assert store.messages(query_id, after_seq=4) == messages[4:]


def test_every_write_may_be_repeated(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg", idempotency_key="once"), intent=Intent.IMAGE)
    assert store.initialize_query(a_request("a.jpg", idempotency_key="once"), intent=Intent.IMAGE) == query_id
    [asset] = store.assets(query_id)
    writes: list[Callable[[], bool]] = [
        lambda: store.update_asset(asset.id, status=AssetStatus.ANALYZING, progress=10, message=STARTED),
        lambda: store.add_message(
            query_id, NewMessage(type=MessageType.CONFLICT, content="too long", key="c")
        ),
        lambda: store.update_asset(asset.id, status=AssetStatus.COMPLETED, progress=100, analysis={"a": 1}),
        lambda: store.advance_query(query_id, stage=QueryStage.MERGING, progress=90),
        lambda: store.complete_query(query_id, {"brief": 1}, **ENDED),
    ]
    assert [write() for write in writes] == [True] * 5
    before = (store.query(query_id), store.assets(query_id), store.messages(query_id))
    assert [write() for write in writes] == [False] * 5
    assert (store.query(query_id), store.assets(query_id), store.messages(query_id)) == before


def test_requests_without_a_key_are_different_queries(store: Store) -> None:
    ids = {store.initialize_query(a_request(), intent=Intent.MIXED) for _ in range(3)}
    assert len(ids) == 3


def test_queries_are_listed_newest_first(store: Store) -> None:
    ids = [store.initialize_query(a_request(), intent=Intent.MIXED) for _ in range(3)]
    assert [query.id for query in store.queries(limit=2)] == [ids[2], ids[1]]
    assert [query.id for query in store.queries(user_id="anna")] == ids[::-1]
    assert store.queries(user_id="bert") == []


def test_unknown_ids_are_not_found(store: Store) -> None:
    reads: list[Callable[[UUID], Any]] = [
        store.query,
        store.payload,
        store.assets,
        store.analysis,
        store.messages,
        lambda i: store.update_asset(i, status=AssetStatus.ANALYZING, progress=10),
        lambda i: store.advance_query(i, stage=QueryStage.ANALYZING, progress=10),
        lambda i: store.add_message(i, STARTED),
        lambda i: store.complete_query(i, {}, **ENDED),
        lambda i: store.fail_query(i, error_message="why"),
    ]
    for read in reads:
        with pytest.raises(NotFound, match="there is no"):
            read(uuid4())


def test_failed_query_refuses_completion(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    assert store.fail_query(query_id, error_message="stopped")
    assert not store.fail_query(query_id, error_message="again")
    with pytest.raises(StateConflict, match="already failed"):
        store.complete_query(query_id, {}, **ENDED)
    assert store.query(query_id).error_message == "stopped"


def test_unfinished_query_refuses_completion(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    with pytest.raises(StateConflict, match=r"1 unfinished asset"):
        store.complete_query(query_id, {}, **ENDED)


def test_strangers_characters_do_not_keep_findings_from_being_written(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    [asset] = store.assets(query_id)
    tags = {"artist": "nul\x00", "half": "\ud83d", "path": "a\\u0000b", "both": "\\\x00", "whole": "😀"}
    store.update_asset(asset.id, status=AssetStatus.ANALYZING, progress=10, analysis=tags)
    expected = {
        "artist": "nul\ufffd",
        "half": "\ufffd",
        "path": "a\\u0000b",
        "both": "\\\ufffd",
        "whole": "😀",
    }
    assert store.analysis(asset.id) == expected
    outcome = AssetOutcome(error_message="a\x00b: \udcff")
    store.update_asset(asset.id, status=AssetStatus.FAILED, progress=0, outcome=outcome)
    assert store.assets(query_id)[0].error_message == "a\ufffdb: \ufffd"


def test_an_address_is_never_changed_to_fit(store: Store) -> None:
    with pytest.raises(InvalidRequest, match="cannot be stored"):
        store.initialize_query(a_request("caf\x00.jpg"), intent=Intent.IMAGE)
    assert store.queries() == []


def test_what_is_no_json_is_refused(store: Store) -> None:
    query_id = store.initialize_query(a_request(), intent=Intent.MIXED)
    with pytest.raises(InvalidRequest, match="JSON"):
        store.complete_query(query_id, {"loudness": math.nan}, **ENDED)
    assert store.query(query_id).status is QueryStatus.PROCESSING


def test_many_threads_share_one_store(store: Store) -> None:
    query_id = store.initialize_query(a_request(*(f"{n}.jpg" for n in range(12))), intent=Intent.MIXED)

    def work(asset_id: UUID) -> None:
        for progress in (10, 50, 100):
            status = AssetStatus.COMPLETED if progress == 100 else AssetStatus.ANALYZING
            message = NewMessage(type=MessageType.ASSET_PROGRESS, content=f"{progress}")
            assert store.update_asset(asset_id, status=status, progress=progress, message=message)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, [asset.id for asset in store.assets(query_id)]))
    assert store.query(query_id).stage is QueryStage.MERGING
    assert [message.seq for message in store.messages(query_id)] == list(range(1, 1 + 1 + 12 * 3))


def test_lost_deadlock_is_tried_again(store: Store, database_url: str) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    [asset] = store.assets(query_id)
    blocked = (
        "select pid from pg_stat_activity where application_name = 'dreamcut' and wait_event_type = 'Lock'"
    )
    with (
        psycopg.connect(database_url, autocommit=True) as watcher,
        psycopg.connect(database_url) as hand,
        ThreadPoolExecutor() as pool,
    ):
        # Somebody writes by hand, against the order of our functions: the asset first, then its query.
        hand.execute("select from public.dreamcut_assets where id = %s for update", [asset.id])
        waiting = pool.submit(store.update_asset, asset.id, status=AssetStatus.ANALYZING, progress=10)
        while watcher.execute(blocked).fetchone() is None:
            time.sleep(0.01)
        # The store waited first, so it is the one whose deadlock check runs first: it loses.
        hand.execute("update public.dreamcut_queries set options = '{}' where id = %s", [query_id])
        hand.commit()
        assert waiting.result(timeout=30)
    assert store.query(query_id).stage is QueryStage.ANALYZING


def test_change_wakes_the_waiter(store: Store) -> None:
    query_id = store.initialize_query(a_request(), intent=Intent.MIXED)
    other_id = store.initialize_query(a_request(), intent=Intent.MIXED)
    assert store.wait_for_change(query_id, timeout_seconds=10)  # the first call cannot know: read now
    store.add_message(other_id, STARTED)
    assert not store.wait_for_change(query_id, timeout_seconds=0.2)
    store.add_message(query_id, STARTED)
    assert store.wait_for_change(query_id, timeout_seconds=10)
    assert not store.wait_for_change(query_id, timeout_seconds=0.05)


def test_change_between_two_waits_is_not_lost(store: Store) -> None:
    query_id = store.initialize_query(a_request(), intent=Intent.MIXED)
    with ThreadPoolExecutor() as pool:
        store.wait_for_change(query_id, timeout_seconds=10)
        for number in range(5):
            waiting = [pool.submit(store.wait_for_change, query_id, timeout_seconds=30) for _ in range(2)]
            store.add_message(query_id, NewMessage(type=MessageType.STATUS, content=str(number)))
            # both wake, or the one that began later finds it known and times out: at least one tells
            assert waiting[0].result() or waiting[1].result()
            while store.wait_for_change(query_id, timeout_seconds=0.05):
                pass


def test_database_that_is_not_there_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dreamcut.store.pools.GIVE_UP_SECONDS", 0.2)
    url = "host=/nonexistent port=5432 user=nobody dbname=none"
    with open_store(database_url=url) as store:
        with pytest.raises(StoreUnavailable):
            store.wait_for_change(uuid4(), timeout_seconds=5)
        with pytest.raises(StoreUnavailable) as caught:
            store.query(uuid4())
    assert caught.value.retryable
    close_pools(url)


def test_empty_database_lacks_the_schema(new_database: Callable[..., str]) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("grant usage on schema public to service_role")
    with open_store(database_url=url) as store, pytest.raises(SchemaMismatch, match="dreamcut up"):
        store.query(uuid4())


def test_restarted_server_is_found_again(pg_home: Any) -> None:
    server = EmbeddedPostgres(pg_home)
    url = server.start()
    ensure_schema(url)
    with open_store(database_url=url) as store:
        query_id = store.initialize_query(a_request(), intent=Intent.MIXED)
        assert store.wait_for_change(query_id, timeout_seconds=10)
        server.stop()
        server.start()
        assert store.add_message(query_id, STARTED)
        assert store.wait_for_change(query_id, timeout_seconds=30)
        assert [message.seq for message in store.messages(query_id)] == [1, 2]
    close_pools(url)
