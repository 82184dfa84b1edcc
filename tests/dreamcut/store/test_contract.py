"""What every store promises (see `dreamcut.store.protocol`): one suite over all, on a real Postgres."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from supabase_project import SupabaseProject

from dreamcut.errors import InvalidRequest, LeaseLost, NotFound, SchemaMismatch, StateConflict
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
from dreamcut.store import open_supabase_store
from dreamcut.store.health import Concern
from dreamcut.store.postgres import PostgresStore
from dreamcut.store.protocol import AssetOutcome, NewMessage, Store

STORES = ("postgres", "supabase")
ENDED = {"processing_time_ms": 1500, "models_used": ["whisper-tiny.en"], "cost_estimate": Decimal("0.1000")}
STARTED = NewMessage(type=MessageType.ASSET_START, content="Analyzing image: a.jpg", emoji="🖼️", key="a:start")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, database_url: str) -> Iterator[Store]:
    """Each of the stores, on a migrated database of the test's own."""
    opened = (
        PostgresStore(database_url)
        if request.param == "postgres"
        else supabase_store(request.getfixturevalue("supabase_project"))
    )
    with opened as opened:
        yield opened


def supabase_store(project: SupabaseProject) -> Store:
    return open_supabase_store(url=project.url, key=project.keys.service_role)


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
        lambda: store.fail_query(query_id, error_message="too late"),
    ]
    assert [write() for write in writes] == [True] * 5 + [False]
    before = (store.query(query_id), store.assets(query_id), store.messages(query_id))
    assert [write() for write in writes] == [False] * 6
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
        lambda i: store.start_asset(i, progress=0),
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
        "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
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


def test_what_names_something_is_refused_when_it_cannot_be_stored(store: Store) -> None:
    for request in (
        NewQuery(user_id="an\x00na", prompt="p"),
        NewQuery(user_id="anna", prompt="p", idempotency_key="half\x00"),
    ):
        with pytest.raises(InvalidRequest, match="cannot be stored"):
            store.initialize_query(request, intent=Intent.MIXED)
    with pytest.raises(InvalidRequest, match="cannot be stored"):
        store.queries(user_id="an\x00na")
    assert store.queries() == []


def test_a_prompt_keeps_every_character_of_every_language(store: Store) -> None:
    prompt = "naïve 日本語 🎬 \"quotes\" 'and' back\\slash, (a,b) {c} %s null\n\ttab \u2028 \x7f"
    query_id = store.initialize_query(NewQuery(user_id="a,b.c(d)", prompt=prompt), intent=Intent.MIXED)
    assert store.query(query_id).prompt == prompt
    assert [query.id for query in store.queries(user_id="a,b.c(d)")] == [query_id]


def test_numbers_and_times_lose_no_digit(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    [asset] = store.assets(query_id)
    findings = {"small": 1e-17, "third": 1 / 3, "large": 2**53 + 1, "minus": -0.1, "none": None, "yes": True}
    outcome = AssetOutcome(cost_estimate=Decimal("123456.7891"), quality_score=0.29)
    store.update_asset(
        asset.id, status=AssetStatus.COMPLETED, progress=100, analysis=findings, outcome=outcome
    )
    cost = Decimal("999999.9999")  # the most that the column holds
    store.complete_query(
        query_id, {"seconds": 0.1 + 0.2}, processing_time_ms=1, models_used=[], cost_estimate=cost
    )
    assert store.analysis(asset.id) == findings
    assert str(store.assets(query_id)[0].cost_estimate) == "123456.7891"
    assert str(store.query(query_id).cost_estimate) == "999999.9999"
    assert store.payload(query_id) == {"seconds": 0.1 + 0.2}
    created = store.query(query_id).created_at
    assert created.tzinfo is not None
    assert store.messages(query_id)[0].created_at == created  # one transaction, to the microsecond


def test_all_stores_read_the_same(
    store: Store, database_url: str, new_supabase_project: Callable[[str], SupabaseProject]
) -> None:
    query_id = store.initialize_query(
        a_request("b.jpg", "a.jpg", options=QueryOptions(duration_seconds=29.97)), intent=Intent.VIDEO
    )
    one, two = store.assets(query_id)
    store.start_asset(one.id, progress=0, message=STARTED)
    outcome = AssetOutcome(error_message="no picture", cost_estimate=Decimal("0.0001"))
    store.update_asset(one.id, status=AssetStatus.FAILED, progress=3, outcome=outcome)
    store.update_asset(two.id, status=AssetStatus.COMPLETED, progress=100, analysis={"a": [1, 2.5, "x"]})
    store.complete_query(query_id, {"brief": {"é": 1}}, **ENDED)

    def seen(reader: Store) -> tuple[Any, ...]:
        return (
            reader.query(query_id),
            reader.queries(),
            reader.assets(query_id),
            reader.messages(query_id),
            reader.payload(query_id),
            [reader.analysis(asset.id) for asset in (one, two)],
        )

    with PostgresStore(database_url) as direct, supabase_store(new_supabase_project(database_url)) as rest:
        assert seen(direct) == seen(rest)
        # also what a program gets to read: the same digits, the same form of a time
        assert direct.query(query_id).model_dump_json() == rest.query(query_id).model_dump_json()
        assert direct.assets(query_id)[0].model_dump_json() == rest.assets(query_id)[0].model_dump_json()


def test_a_document_too_large_for_its_row_comes_back_whole(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    [asset] = store.assets(query_id)
    findings = {"curve": [n / 7 for n in range(20_000)], "name": "x"}
    store.update_asset(asset.id, status=AssetStatus.COMPLETED, progress=100, analysis=findings)
    store.complete_query(query_id, {"shots": [{"n": n} for n in range(20_000)]}, **ENDED)
    assert store.analysis(asset.id) == findings
    assert store.payload(query_id) == {"shots": [{"n": n} for n in range(20_000)]}


def test_health_names_what_failed_and_what_it_cost(store: Store) -> None:
    [before] = store.health()
    assert (before.concern, before.subject, before.cost_usd) == (Concern.COST, "all queries", None)
    query_id = store.initialize_query(a_request("a.jpg", "b.jpg"), intent=Intent.IMAGE)
    one, _ = store.assets(query_id)
    spent = AssetOutcome(error_message="a.jpg: empty", processing_time_ms=1500, cost_estimate=Decimal("0.2"))
    store.update_asset(one.id, status=AssetStatus.FAILED, progress=0, outcome=spent)
    rows = {row.concern: row for row in store.health() if row.subject != "all queries"}
    assert rows.keys() == {Concern.FAILING, Concern.SLOW, Concern.COST}
    failing = rows[Concern.FAILING]
    assert (failing.query_id, failing.asset_id) == (query_id, one.id)
    assert (failing.subject, failing.detail, failing.seconds) == ("a.jpg", "a.jpg: empty", 1.5)
    assert rows[Concern.COST].cost_usd == Decimal("0.2")
    assert [row.concern for row in store.health(limit=1)] == [*rows.keys(), Concern.COST]


def test_a_lease_is_one_workers_until_it_is_given_back(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    lease = store.claim_query(worker_id="one", lease_seconds=60)
    assert lease is not None
    assert (lease.query_id, lease.asset_id, lease.worker_id, lease.attempts) == (query_id, None, "one", 1)
    assert store.claim_query(worker_id="two", lease_seconds=60, query_id=query_id) is None
    longer = store.renew(lease, lease_seconds=600)
    assert (longer.expires_at - lease.expires_at).total_seconds() > 500
    assert longer.token == lease.token
    assert store.release(lease)
    assert not store.release(lease)
    again = store.claim_query(worker_id="two", lease_seconds=60, query_id=query_id)
    assert again is not None
    assert again.token > lease.token
    assert (store.query(query_id).worker_id, store.query(query_id).attempts) == ("two", 2)


def test_writes_with_a_lost_lease_are_refused(store: Store) -> None:
    query_id = store.initialize_query(a_request("a.jpg"), intent=Intent.IMAGE)
    [asset] = store.assets(query_id)
    old = store.claim_query(worker_id="one", lease_seconds=60)
    assert old is not None
    with store.holding(old) as holder:
        assert holder.start_asset(asset.id, progress=1)  # as long as it holds
    assert store.release_worker("one") == 1
    new = store.claim_query(worker_id="two", lease_seconds=60)
    assert new is not None
    with store.holding(old) as late, store.holding(new) as holder:
        writes: list[Callable[[Store], Any]] = [
            lambda s: s.update_asset(asset.id, status=AssetStatus.COMPLETED, progress=100, analysis={"a": 1}),
            lambda s: s.add_message(query_id, NewMessage(type=MessageType.CONFLICT, content="x", key="c")),
            lambda s: s.complete_query(query_id, {"brief": 1}, **ENDED),
        ]
        for write in writes:
            with pytest.raises(LeaseLost):
                write(late)
            assert write(holder)
    with pytest.raises(LeaseLost):
        store.renew(old, lease_seconds=60)


def test_claimers_at_once_share_the_work(store: Store) -> None:
    query_id = store.initialize_query(a_request(*(f"{n}.jpg" for n in range(8))), intent=Intent.MIXED)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda n: store.claim_asset(worker_id=f"w{n}", lease_seconds=60), range(8)))
    assert {claim.asset_id for claim in claims if claim} == {asset.id for asset in store.assets(query_id)}
    assert store.claim_asset(worker_id="late", lease_seconds=60) is None


def test_the_schema_of_this_code_is_accepted_and_others_are_not(store: Store, database_url: str) -> None:
    store.check_schema()
    with psycopg.connect(database_url, autocommit=True) as owner:
        [newest] = owner.execute(
            "delete from supabase_migrations.schema_migrations"
            " where version = (select max(version) from supabase_migrations.schema_migrations)"
            " returning version, name"
        ).fetchall()
        with pytest.raises(SchemaMismatch, match=f"{newest[0]}_{newest[1]}.*supabase db push"):
            store.check_schema()
        for version, name in (newest, ("20990101000000", "add_dreamcut_x")):
            owner.execute(
                "insert into supabase_migrations.schema_migrations (version, name) values (%s, %s)",
                [version, name],
            )
    with pytest.raises(SchemaMismatch, match=r"20990101000000.*install a newer DreamCut"):
        store.check_schema()
