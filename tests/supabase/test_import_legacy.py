"""A brief of the predecessor becomes a query of ours, once, whatever its shape; what cannot is named."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import legacy
import psycopg
import pytest
from psycopg import errors
from queries import start_query, value, wait_until_blocked
from supabase_project import SupabaseProject

from dreamcut.errors import InvalidRequest
from dreamcut.models import AssetStatus, QueryStatus
from dreamcut.store import open_supabase_store
from dreamcut.store.legacy import LegacyBrief, LegacyImport, LegacyOutcome
from dreamcut.store.postgres import PostgresStore
from tasks.reading import stored_options

Connection = psycopg.Connection[Any]
OWNER = "legacy_user"


@pytest.fixture
def old(database_url: str) -> Iterator[Connection]:
    """A session in a database of ours to which the predecessor's tables were added."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        legacy.install(connection)
        yield connection


def run(store: PostgresStore, *, limit: int = 1000) -> dict[UUID, LegacyBrief]:
    rows = store.import_legacy_briefs(limit=limit, owner_if_none=OWNER)
    assert [row.brief_id for row in rows] == sorted(row.brief_id for row in rows)
    return {row.brief_id: row for row in rows}


@pytest.mark.parametrize("example", legacy.READABLE, ids=lambda example: example.name)
def test_a_brief_of_each_shape_is_read(
    old: Connection, store: PostgresStore, example: legacy.Example
) -> None:
    brief_id = legacy.add_brief(old, example.name, **example.row)
    assert run(store) == {brief_id: LegacyBrief(brief_id=brief_id, outcome=LegacyOutcome.IMPORTED)}
    query = store.query(brief_id)
    kinds = tuple(asset.kind.value for asset in store.assets(brief_id))
    assert (query.prompt, query.intent.value, kinds) == (example.prompt, example.intent, example.kinds)
    assert query.options == example.options
    assert stored_options(query).model_dump(exclude_none=True) == example.options
    owner = example.row.get("user_id", legacy.ALICE)
    assert query.user_id == (OWNER if owner is None else str(owner))


def test_the_brief_is_kept_word_for_word_and_nothing_is_claimed(
    old: Connection, store: PostgresStore
) -> None:
    sample = legacy.READABLE[0]
    brief_id = legacy.add_brief(
        old,
        sample.name,
        **sample.row,
        title="Ein Titel",
        created_at="2025-09-16 00:40:48.865Z",
        updated_at="2025-09-17 01:00:00Z",
        metadata={"processingTimeMs": 6990},
    )
    row = value(old, "select to_jsonb(b) from public.briefs b")
    run(store)
    payload = store.payload(brief_id)
    assert payload == {
        "source": "legacy",
        "query_summary": {"original_prompt": sample.prompt, "intent": "mixed", "assets_count": 2},
        "assets_analysis": {"total_assets": 2, "by_type": {"image": 1, "video": 1}, "skipped": []},
        "creative_brief": {
            "ready_for_production": False,
            "estimated_completion": None,
            "next_steps": ["Analyse the request again for a brief that rests on measurements."],
        },
        "legacy": row,
    }
    assert row["title"] == "Ein Titel"
    query = store.query(brief_id)
    assert query.status is QueryStatus.COMPLETED
    assert (query.created_at.isoformat(), query.completed_at) == (
        "2025-09-16T00:40:48.865000+00:00",
        value(old, "select updated_at from public.briefs"),
    )
    assert (query.cost_estimate, query.processing_time_ms, query.models_used, query.attempts) == (
        None,
        None,
        (),
        0,
    )
    for asset in store.assets(brief_id):
        assert (asset.status, asset.model_used, asset.worker_id) == (AssetStatus.COMPLETED, None, "legacy")
        assert store.analysis(asset.id) is None
    scored = (
        "select count(*) from public.dreamcut_assets where coalesce(quality_score, confidence_score) >= 0"
    )
    assert value(old, scored) == 0
    [message] = store.messages(brief_id)
    assert message.line == "🎬 Imported from the earlier DreamCut; nothing was measured anew."


@pytest.mark.parametrize("name", legacy.UNREADABLE)
def test_a_broken_brief_is_named_and_stops_nothing(old: Connection, store: PostgresStore, name: str) -> None:
    row, why = legacy.UNREADABLE[name]
    broken = legacy.add_brief(old, name, **row)
    good = [
        legacy.add_brief(old, f"good {n}", request=legacy.request_of("x"), analysis={}) for n in range(20)
    ]
    done = run(store)
    assert done[broken] == LegacyBrief(brief_id=broken, outcome=LegacyOutcome.REFUSED, note=why)
    assert {done[brief].outcome for brief in good} == {LegacyOutcome.IMPORTED}
    assert {query.id for query in store.queries(limit=100)} == set(good)  # and nothing half-written


def test_a_brief_that_the_rules_of_our_tables_refuse_is_named(old: Connection, store: PostgresStore) -> None:
    old.execute("alter table public.dreamcut_queries add constraint no_tea check (user_prompt <> 'tea')")
    brief_id = legacy.add_brief(old, "x", request=legacy.request_of("tea"), analysis={})
    [row] = run(store).values()
    assert (row.brief_id, row.outcome) == (brief_id, LegacyOutcome.REFUSED)
    assert "no_tea" in row.note


def test_a_failed_brief_keeps_its_reason_and_its_documents(old: Connection, store: PostgresStore) -> None:
    request = legacy.request_of("x", legacy.asset("a.mp4", "video"))
    brief_id = legacy.add_brief(old, "x", request=request, analysis={}, status="failed")
    legacy.add_job(old, brief_id, status="failed", error="first", created_at="2025-01-01")
    legacy.add_job(old, brief_id, status="failed", error="out of memory", created_at="2025-01-02")
    run(store)
    query, [asset] = store.query(brief_id), store.assets(brief_id)
    assert (query.status, query.error_message) == (QueryStatus.FAILED, "out of memory")
    assert (asset.status, asset.error_message) == (
        AssetStatus.FAILED,
        "Not analysed to the end: out of memory",
    )
    assert (store.payload(brief_id) or {})["legacy"]["request"] == request


def test_what_is_left_out_is_said(old: Connection, store: PostgresStore) -> None:
    assets = [
        legacy.asset("script.txt", "text"),
        {"mediaType": "image"},
        "https://cdn.test/unknown",
        legacy.asset("data" * 3000, "image"),
        *(legacy.asset(f"{n}.png", "image") for n in range(21)),
    ]
    brief_id = legacy.add_brief(old, "x", request=legacy.request_of("y" * 6000, *assets), analysis={})
    [row] = run(store).values()
    assert row == LegacyBrief(
        brief_id=brief_id,
        outcome=LegacyOutcome.IMPORTED,
        note="The prompt was shortened to 5000 characters. "
        "5 asset(s) left out: a query has at most 20 assets; "
        "its address is longer than 8 kB; neither image, video nor audio; no address.",
    )
    assert [asset.filename for asset in store.assets(brief_id)] == [f"{n}.png" for n in range(20)]
    assert store.query(brief_id).prompt == "y" * 4999 + "…"
    [message] = store.messages(brief_id)
    assert row.note in message.content
    payload = store.payload(brief_id) or {}
    assert [skipped["because"] for skipped in payload["assets_analysis"]["skipped"]] == [
        "neither image, video nor audio",
        "no address",
        "neither image, video nor audio",
        "its address is longer than 8 kB",
        "a query has at most 20 assets",
    ]
    assert payload["legacy"]["request"]["query"] == "y" * 6000


def test_a_list_of_ten_thousand_files_is_bounded(old: Connection, store: PostgresStore) -> None:
    assets = [legacy.asset(f"{n}.{'x' * 100}", "hologram") for n in range(10_000)]
    brief_id = legacy.add_brief(old, "x", request=legacy.request_of("x", *assets), analysis={})
    [row] = run(store).values()
    assert row.note == "10000 asset(s) left out: neither image, video nor audio."
    [message] = store.messages(brief_id)
    assert message.data == {"skipped": 10_000}
    assert len((store.payload(brief_id) or {})["assets_analysis"]["skipped"]) == 10_000


def test_unended_briefs_wait_and_come_with_a_later_run(old: Connection, store: PostgresStore) -> None:
    ids = {
        status: legacy.add_brief(old, status, request=legacy.request_of(status), analysis={}, status=status)
        for status in ("queued", "processing", "analyzed")
    }
    first = {row.brief_id: row.outcome.value for row in run(store).values()}
    assert first == {ids["queued"]: "waiting", ids["processing"]: "waiting", ids["analyzed"]: "imported"}
    before = store.query(ids["analyzed"])
    old.execute("update public.briefs set status = 'done' where id = %s", [ids["queued"]])
    second = {row.brief_id: row.outcome.value for row in run(store).values()}
    assert second == {ids["queued"]: "imported", ids["processing"]: "waiting"}
    assert store.query(ids["analyzed"]) == before


def test_batches_meet_no_brief_twice_and_miss_none(old: Connection, store: PostgresStore) -> None:
    legacy.fill(old, briefs=25, ended=20)
    done, after = LegacyImport(), None
    while True:
        rows = store.import_legacy_briefs(limit=7, after=after, owner_if_none=OWNER)
        done = done.with_batch(rows)
        if (after := done.next_after) is None:
            break
    assert (done.imported, done.waiting, done.looked_at) == (20, 5, 25)
    assert len(store.queries(limit=100)) == 20


def test_a_slow_batch_ends_early_and_loses_nothing(old: Connection, store: PostgresStore) -> None:
    legacy.fill(old, briefs=4, ended=4)
    old.execute(
        """
        create function public.dawdle() returns trigger language plpgsql as
        $$ begin perform pg_sleep(1.1); return new; end; $$;
        create trigger dawdle before insert on public.dreamcut_queries
            for each row execute function public.dawdle();
        """
    )
    rows = store.import_legacy_briefs(limit=4, owner_if_none=OWNER)
    assert 0 < len(rows) < 4  # a call has two seconds
    old.execute("drop trigger dawdle on public.dreamcut_queries")
    rows += store.import_legacy_briefs(limit=4, after=rows[-1].brief_id, owner_if_none=OWNER)
    assert len({row.brief_id for row in rows}) == len(store.queries()) == 4


def test_two_runs_at_once_import_each_brief_once(old: Connection, database_url: str) -> None:
    legacy.fill(old, briefs=10, ended=10)
    statement = "select outcome from public.import_legacy_dreamcut_briefs()"
    with (
        psycopg.connect(database_url) as first,
        psycopg.connect(database_url, autocommit=True) as second,
        ThreadPoolExecutor(1) as pool,
    ):
        assert first.execute(statement).fetchall() == [("imported",)] * 10
        later = pool.submit(lambda: second.execute(statement).fetchall())
        wait_until_blocked(old, second.info.backend_pid)  # it has begun, and meets a brief of the first one
        first.commit()
        assert later.result() == [("known",)] * 10
        assert second.execute(statement).fetchall() == []
    for table in ("queries", "messages"):
        assert value(old, f"select count(*) from public.dreamcut_{table}") == 10


def test_imported_work_is_offered_to_nobody_and_does_not_count_as_ours(
    old: Connection, store: PostgresStore
) -> None:
    start_query(old, assets=1)
    failing = "select count(*) from public.dreamcut_health() where concern = 'failing'"
    ours = store.queries()[0].id
    assert value(old, "select count(*) from public.dreamcut_leases") == 2  # positive control: ours is offered
    store.fail_query(ours, error_message="no")
    assert value(old, failing) == 2
    health = old.execute("select concern, subject, detail from public.dreamcut_health()").fetchall()
    for n in range(3):
        request = legacy.request_of("x", legacy.asset(f"{n}.png", "image"))
        legacy.add_brief(old, str(n), request=request, analysis={}, status=("failed", "done", "analyzed")[n])
    assert len(run(store)) == 3
    assert value(old, "select count(*) from public.dreamcut_leases") == 0
    assert store.claim_query(worker_id="w", lease_seconds=60) is None
    assert store.claim_asset(worker_id="w", lease_seconds=60) is None
    assert old.execute("select concern, subject, detail from public.dreamcut_health()").fetchall() == health


def test_a_large_brief_lies_beside_its_row(old: Connection, store: PostgresStore) -> None:
    analysis = {"scenes": [{"n": n, "text": "ä" * 200} for n in range(2000)]}
    brief_id = legacy.add_brief(old, "x", request=legacy.request_of("x"), analysis=analysis)
    run(store)
    row_bytes = value(old, "select octet_length(to_jsonb(q)::text) from public.dreamcut_queries q")
    assert row_bytes < 200_000
    assert (store.payload(brief_id) or {})["legacy"]["analysis"] == analysis
    assert value(old, "select payload ->> 'source' from public.dreamcut_queries") == "legacy"


def test_without_legacy_tables_there_is_nothing_to_import(store: PostgresStore) -> None:
    assert run(store) == {}


@pytest.mark.parametrize(
    "table", ["id integer, status text", "id uuid, request jsonb, analysis text, status text"]
)
def test_somebody_elses_table_of_briefs_is_not_the_predecessors(
    database_url: str, store: PostgresStore, table: str
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(f"create table public.briefs ({table})".encode())
        connection.execute("insert into public.briefs (status) values ('done')")
        connection.commit()
    assert run(store) == {}


@pytest.mark.parametrize(
    "drop", ["drop table public.jobs cascade", "alter table public.jobs drop column error cascade"]
)
def test_the_queue_of_jobs_is_not_needed(old: Connection, store: PostgresStore, drop: str) -> None:
    brief_id = legacy.add_brief(
        old, "x", request=legacy.request_of("x"), analysis={"error": "no model"}, status="failed"
    )
    old.execute(drop.encode())
    run(store)
    assert store.query(brief_id).error_message == "no model"


@pytest.mark.parametrize("limit", [0, 1001])
def test_a_batch_is_bounded(store: PostgresStore, limit: int) -> None:
    with pytest.raises(InvalidRequest, match="p_limit must be 1 to 1000"):
        store.import_legacy_briefs(limit=limit, owner_if_none=OWNER)


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_users_may_not_import(old: Connection, connect: Callable[..., Connection], role: str) -> None:
    call = "select * from public.import_legacy_dreamcut_briefs()"
    assert connect().execute(call).fetchall() == []  # the service role may
    with pytest.raises(errors.InsufficientPrivilege):
        connect(role).execute(call)


def test_an_imported_query_is_its_users_alone(
    old: Connection, store: PostgresStore, connect: Callable[..., Connection]
) -> None:
    for example in legacy.READABLE:
        legacy.add_brief(old, example.name, **example.row)
    run(store)

    def seen_by(user: UUID) -> int:
        return int(
            value(connect("authenticated", user=str(user)), "select count(*) from public.dreamcut_queries")
        )

    # of five, one is Bob's and one nobody's
    assert (seen_by(legacy.ALICE), seen_by(legacy.BOB), seen_by(UUID(int=3))) == (3, 1, 0)


def test_the_store_on_supabase_imports_as_well(
    old: Connection, store: PostgresStore, supabase_project: SupabaseProject
) -> None:
    legacy.fill(old, briefs=5, ended=4)
    broken = legacy.add_brief(old, "broken", request={}, analysis={})
    with open_supabase_store(url=supabase_project.url, key=supabase_project.keys.service_role) as hosted:
        done, after = LegacyImport(), None
        while rows := hosted.import_legacy_briefs(limit=2, after=after, owner_if_none=OWNER):
            done, after = done.with_batch(rows), rows[-1].brief_id
        assert (done.imported, done.waiting, done.refused) == (4, 1, 1)
        assert [remark.brief_id for remark in done.remarks] == [broken]
        assert hosted.queries(limit=10) == store.queries(limit=10)
        [one] = store.queries(limit=1)
        assert hosted.payload(one.id) == store.payload(one.id)


def test_imported_queries_may_be_deleted_and_imported_again(old: Connection, store: PostgresStore) -> None:
    ours = start_query(old, assets=1).id
    legacy.fill(old, briefs=3, ended=3)
    run(store)
    old.execute("delete from public.dreamcut_queries where worker_id = 'legacy'")
    assert [query.id for query in store.queries()] == [ours]
    assert value(old, "select count(*) from public.dreamcut_assets where query_id <> %s", ours) == 0
    assert len(run(store)) == 3
