"""Change events as Realtime sends them, decoded from the write-ahead log: none is larger than 200 kB."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import findings
import psycopg
import pytest
from gateway.changes import View, ViewedColumn, change_data, json_text
from gateway.pgoutput import Change, Decoder
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from queries import report, value

LIMIT = 200_000  # bytes
JUST_FITS = {"note": "x" * 129_980}  # in the row


@pytest.fixture
def changes(database_url: str) -> Iterator[Callable[[], list[Change]]]:
    """Return what the publication has said since the last call."""
    decoder = Decoder()
    with psycopg.connect(make_conninfo(database_url, user="postgres"), autocommit=True) as session:
        session.execute("select pg_create_logical_replication_slot('events', 'pgoutput', true)")

        def read() -> list[Change]:
            found: list[Change] = []
            for (message,) in session.execute(
                "select data from pg_logical_slot_get_binary_changes("
                "'events', null, null, 'proto_version', '1', 'publication_names', 'supabase_realtime')"
            ):
                if transaction := decoder.feed(message):
                    found += transaction.changes
            return found

        yield read


def event(change: Change) -> str:
    """Return the data of the event that a change becomes."""
    columns = tuple(
        ViewedColumn(c.name, "timestamptz", "timestamp with time zone", True, c.is_identity)
        for c in change.relation.columns
    )
    view = View(change.relation.schema, change.relation.table, has_row_security=True, columns=columns)
    return change_data(change, view, committed_at=datetime.now(UTC), to_json=json_text)


def largest_by_table(found: list[Change]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for change in found:
        size = len(event(change).encode())
        sizes[change.relation.table] = max(size, sizes.get(change.relation.table, 0))
    return sizes


def hour_of_video(text: str) -> dict[str, Any]:
    """Findings of an hour: 3,000 shots, 10,000 words."""
    sentences = tuple(" ".join([text * 8] * 10) for _ in range(1000))
    sound = findings.audio(3600.0, sentences=sentences, bpm=128.0)
    edges = tuple(frame * 29 for frame in range(3001))
    return findings.video(edges=edges, sound=sound).model_dump(mode="json")


def many_shots(count: int) -> dict[str, Any]:
    return findings.video(edges=tuple(frame * 24 for frame in range(count + 1))).model_dump(mode="json")


def large_brief(text: str) -> dict[str, Any]:
    """A brief of 1.5 MB in the shape of a real one."""
    lines = [
        {"at_seconds": n / 2, "says": text * 250, "evidence": [{"metric": "m", "value": n}]}
        for n in range(200)
    ]
    return {
        "query_summary": {"original_prompt": text * 5000},
        "directions": [{"title": f"direction {n}", "cuts": lines} for n in range(3)],
        "evidence": {f"asset {n}": lines[:100] for n in range(20)},
    }


def initialize(connection: Any, character: str, *, key: str = "k") -> Any:
    """Start a query as large as a user may make it."""
    filler = character * (16_000 // len(json.dumps(character, ensure_ascii=False).encode()))
    assets = [
        {
            "url": "https://cdn.test/" + "x" * 8000,
            "type": "video",
            "description": "d",
            "metadata": {"note": filler},
        }
        for _ in range(20)
    ]
    return value(
        connection,
        "select public.initialize_dreamcut_query('user-1', %s, 'mixed', %s, %s, %s)",
        character * 5000,
        Jsonb({"note": filler}),
        Jsonb(assets),
        key * 200,
    )


@pytest.mark.parametrize("character", ["🎬", "界", "\x01", '"'])
def test_no_event_of_a_large_query_is_large(
    service: Any, changes: Callable[[], list[Change]], character: str
) -> None:
    query_id = initialize(service, character)
    assets = [
        row[0]
        for row in service.execute(
            "select id from public.dreamcut_assets where query_id = %s order by position", [query_id]
        )
    ]
    whole = {
        assets[0]: hour_of_video(character),
        assets[1]: many_shots(490),
        assets[2]: many_shots(150),
        assets[3]: JUST_FITS,
    }
    for asset in assets:
        for progress in (50, 100):
            report(
                service,
                asset,
                "completed" if progress == 100 else "analyzing",
                progress,
                analysis=whole.get(asset, {"note": character * 20_000}),
                message=character * 1000,
                error_message=character * 10_000,
                model_used="whisper-tiny.en",
            )
    value(
        service,
        "select public.add_dreamcut_message(%s, 'suggestion', %s, p_data => %s)",
        query_id,
        character * 5000,
        Jsonb({"note": "x" * 95_000}),
    )
    brief = large_brief(character)
    assert value(service, "select octet_length(%s::jsonb::text)", Jsonb(brief)) > 1_500_000
    assert value(service, "select public.finish_dreamcut_query(%s, %s)", query_id, Jsonb(brief))

    other = initialize(service, character, key="o")
    service.execute(
        "update public.dreamcut_queries set payload = %s where id = %s", [Jsonb(JUST_FITS), other]
    )
    assert value(service, "select count(*) from public.dreamcut_documents where query_id = %s", other) == 0

    found = changes()
    sizes = largest_by_table(found)
    assert sizes.keys() == {"dreamcut_queries", "dreamcut_assets", "dreamcut_messages"}
    assert max(sizes.values()) < LIMIT, sizes
    assert min(sizes.values()) > 100_000, sizes  # they are about as large as they can be

    for asset, sent in whole.items():
        assert value(service, "select public.dreamcut_analysis(%s)", asset) == sent
    assert value(service, "select public.dreamcut_brief(%s)", query_id) == brief
    last = [
        json.loads(event(change))["record"] for change in found if change.relation.table == "dreamcut_queries"
    ]
    payload = next(record["payload"] for record in last if record.get("payload"))
    assert payload.keys() == brief.keys() | {"left_out"}


@pytest.mark.parametrize("character", ["🎬", "\x01"])
def test_no_event_of_a_failed_query_is_large(
    service: Any, changes: Callable[[], list[Change]], character: str
) -> None:
    by_assets, by_reason = initialize(service, character), initialize(service, character, key="b")
    for (asset,) in service.execute(
        "select id from public.dreamcut_assets where query_id = %s", [by_assets]
    ).fetchall():
        report(service, asset, "analyzing", 50, analysis={"note": character * 20_000})
        report(service, asset, "failed", 50, error_message=character * 100_000)
    value(service, "select public.fail_dreamcut_query(%s, %s)", by_reason, character * 100_000)
    assert value(service, "select count(*) from public.dreamcut_queries where status = 'failed'") == 2
    sizes = largest_by_table(changes())
    assert sizes.keys() == {"dreamcut_queries", "dreamcut_assets", "dreamcut_messages"}
    assert max(sizes.values()) < LIMIT, sizes


def test_an_event_larger_than_that_would_be_seen(
    service: Any, connect: Any, changes: Callable[[], list[Change]]
) -> None:
    query_id = initialize(service, "x")
    owner = connect("owner")
    owner.execute("alter table public.dreamcut_queries disable trigger keep_dreamcut_query_small")
    value(service, "select public.fail_dreamcut_query(%s, 'x')", query_id)
    service.execute("update public.dreamcut_queries set models_used = %s", [["x" * 300_000]])
    assert largest_by_table(changes())["dreamcut_queries"] > LIMIT


def test_documents_and_leases_are_no_events(service: Any, changes: Callable[[], list[Change]]) -> None:
    initialize(service, "x")
    token = value(service, "select token from public.claim_dreamcut_query('w')")
    changes()
    service.execute("select public.renew_dreamcut_lease(%s)", [token])
    service.execute("select public.release_dreamcut_lease(%s)", [token])
    assert changes() == []
    service.execute("update public.dreamcut_queries set payload = %s", [Jsonb(large_brief("x"))])
    assert [change.relation.table for change in changes()] == ["dreamcut_queries"]
    assert value(service, "select count(*) from public.dreamcut_documents") == 1
