"""Large briefs and findings lie beside their rows, whole; the rows keep an outline of them."""

import json
import string
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from actors import ANNA
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from psycopg.types.json import Jsonb
from queries import Started, report, start_query, value

from dreamcut.store.migrations import bootstrap, known_migrations

LIMIT = 130_000  # bytes of JSON, as Postgres writes it
STEPS = (500, 200, 100, 50, 20, 10, 5, 2, 0)
Json = Any  # of no fixed shape, by intention


# --- The rule, read again in Python
def outline(document: Json, longest: int, path: str = "") -> tuple[Json, dict[str, int]]:
    """Return a document without what is too long, and how long each of that was."""
    if isinstance(document, list) and len(document) > longest:
        return [], {path: len(document)}
    if isinstance(document, str) and longest < 50 and len(document.encode()) >= 1000:
        return document[:200] + "…", {path: len(document)}
    left_out: dict[str, int] = {}
    if isinstance(document, list):
        parts = [outline(part, longest, f"{path}[{n}]") for n, part in enumerate(document)]
        for _, left in parts:
            left_out |= left
        return [part for part, _ in parts], left_out
    if isinstance(document, dict):
        inner = {k: outline(v, longest, f"{path}.{k}" if path else k) for k, v in document.items()}
        for _, left in inner.values():
            left_out |= left
        return {key: part for key, (part, _) in inner.items()}, left_out
    return document, {}


def stored_bytes(connection: Any, document: Json) -> int:
    return int(value(connection, "select octet_length(%s::jsonb::text)", Jsonb(document)))


def row_document(connection: Any, document: Json) -> Json:
    """Return what a row keeps of a document."""
    if stored_bytes(connection, document) <= LIMIT:
        return document
    for longest in STEPS:
        shortened, left_out = outline(document, longest)
        kept = shortened | {"left_out": left_out}
        if stored_bytes(connection, kept) <= LIMIT:
            return kept
    return {"left_out": {"": stored_bytes(connection, document)}}


names = st.text(string.ascii_lowercase + "é界🎬", min_size=1, max_size=5)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    st.builds(str.__mul__, st.sampled_from(["a", "é", "界", "🎬", '"', "\\"]), st.integers(150, 1100)),
)
documents = st.dictionaries(
    names,
    st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=8),
            st.dictionaries(names, inner, max_size=5),
            st.builds(lambda item, n: [item] * n, leaves, st.integers(0, 30)),
        ),
        max_leaves=25,
    ),
    max_size=6,
)
often = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@often
@given(document=documents, longest=st.sampled_from([50, 20, 10, 5, 2, 0]))
def test_an_outline_is_what_the_rule_says(service: Any, document: Json, longest: int) -> None:
    row = service.execute(
        "select outline, left_out from public.dreamcut_outline(%s, %s, '')", [Jsonb(document), longest]
    ).fetchone()
    assert row == outline(document, longest)


@often
@given(document=documents, copies=st.integers(2, 600), longest=st.sampled_from(STEPS))
def test_long_arrays_are_left_out_at_every_depth(
    service: Any, document: Json, copies: int, longest: int
) -> None:
    nested = {"outer": [{"inner": document, "n": n} for n in range(copies % 30)], "flat": [7] * copies}
    row = service.execute(
        "select outline, left_out from public.dreamcut_outline(%s, %s, '')", [Jsonb(nested), longest]
    ).fetchone()
    assert row == outline(nested, longest)


@settings(often, max_examples=30)
@given(document=documents, copies=st.integers(1, 700), text=st.sampled_from(["x", "界", "🎬", '"']))
def test_a_row_keeps_as_much_as_fits(service: Any, document: Json, copies: int, text: str) -> None:
    large = document | {
        "series": [{"at": n, "says": text * 40} for n in range(copies)],
        "texts": {f"t{n}": text * 3000 for n in range(copies % 60)},
    }
    kept = value(service, "select public.dreamcut_row_document(%s)", Jsonb(large))
    assert kept == row_document(service, large)
    assert stored_bytes(service, kept) <= LIMIT
    if kept != large:
        assert kept.keys() == large.keys() | {"left_out"} or kept.keys() == {"left_out"}


def test_a_document_that_just_fits_stays_as_it_is(service: Any) -> None:
    frame = stored_bytes(service, {"a": ""})
    for length, fits in ((LIMIT - frame, True), (LIMIT - frame + 1, False)):
        document = {"a": "x" * length}
        kept = value(service, "select public.dreamcut_row_document(%s)", Jsonb(document))
        assert (kept == document) is fits


def test_a_document_of_too_many_keys_keeps_its_size(service: Any) -> None:
    document = {f"key {n}": n for n in range(20_000)}
    kept = value(service, "select public.dreamcut_row_document(%s)", Jsonb(document))
    assert kept == {"left_out": {"": stored_bytes(service, document)}}


# --- Whole documents, by function and by hand
LARGE = {
    "kind": "video",
    "shots": [{"index": n, "name": f"shot {n} 界🎬"} for n in range(6000)],
    "mean": 1.50,
}
SMALL = {"kind": "video", "shots": []}


@pytest.fixture
def query(service: Any) -> Started:
    return start_query(service, assets=1, user_id=ANNA)


def kept_beside(connection: Any) -> int:
    return int(value(connection, "select count(*) from public.dreamcut_documents"))


def analysis(connection: Any) -> Json:
    return value(connection, "select analysis from public.dreamcut_assets")


def revision(connection: Any) -> int:
    return int(value(connection, "select revision from public.dreamcut_assets"))


def test_findings_come_back_bit_by_bit(connect: Any, service: Any, query: Started) -> None:
    sent = json.dumps(LARGE | {"exact": 1}).replace('"exact": 1', '"exact": 0.10000000000000000000000001')
    service.execute(
        "select public.update_asset_progress(%s, 50, 'analyzing', %s::jsonb)", [query.assets[0], sent]
    )
    assert analysis(service) == {
        "kind": "video",
        "mean": 1.50,
        "exact": 0.1,
        "shots": [],
        "left_out": {"shots": len(LARGE["shots"])},
    }
    for reader in (service, connect("authenticated", user=ANNA)):
        whole = reader.execute(
            "select public.dreamcut_analysis(%s)::text, %s::jsonb::text", [query.assets[0], sent]
        ).fetchone()
        assert whole[0] == whole[1]
        assert "0.10000000000000000000000001" in whole[0]


def test_a_brief_comes_back_bit_by_bit(connect: Any, service: Any) -> None:
    query = start_query(service, assets=0, user_id=ANNA)
    assert value(service, "select public.dreamcut_brief(%s)", query.id) is None
    value(service, "select public.finish_dreamcut_query(%s, %s)", query.id, Jsonb(LARGE))
    assert value(service, "select payload -> 'left_out' from public.dreamcut_queries") == {
        "shots": len(LARGE["shots"])
    }
    for reader in (service, connect("authenticated", user=ANNA)):
        assert value(reader, "select public.dreamcut_brief(%s)", query.id) == LARGE


def test_small_findings_stay_in_the_row(service: Any, query: Started) -> None:
    report(service, query.assets[0], "analyzing", 10, analysis=SMALL)
    assert analysis(service) == SMALL
    assert kept_beside(service) == 0
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == SMALL


def test_no_findings_are_no_document(service: Any, query: Started) -> None:
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) is None
    assert value(service, "select public.dreamcut_analysis(%s)", uuid4()) is None


def test_findings_may_grow_and_shrink(service: Any, query: Started) -> None:
    for sent, beside in ((SMALL, 0), (LARGE, 1), (LARGE | {"more": 1}, 1), (SMALL | {"end": 1}, 0)):
        assert report(service, query.assets[0], "analyzing", 10, analysis=sent)
        assert kept_beside(service) == beside
        assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == sent


def test_a_change_inside_what_was_left_out_is_a_new_revision(service: Any, query: Started) -> None:
    report(service, query.assets[0], "analyzing", 10, analysis=LARGE)
    before, outlined = revision(service), analysis(service)
    changed = LARGE | {"shots": [*LARGE["shots"][:-1], {"index": -1}]}
    assert report(service, query.assets[0], "analyzing", 10, analysis=changed)
    assert analysis(service) == outlined
    assert revision(service) == before + 1
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == changed


def test_a_repeated_report_of_large_findings_changes_nothing(service: Any, query: Started) -> None:
    assert report(service, query.assets[0], "analyzing", 10, analysis=LARGE)
    before = revision(service)
    assert not report(service, query.assets[0], "analyzing", 10, analysis=LARGE)
    assert revision(service) == before


@pytest.mark.parametrize("status", ["completed", "failed"])
def test_a_late_report_leaves_the_document_alone(service: Any, query: Started, status: str) -> None:
    report(service, query.assets[0], status, 100, analysis=LARGE)
    assert not report(service, query.assets[0], "analyzing", 50, analysis=SMALL)
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == LARGE
    with pytest.raises(errors.ObjectNotInPrerequisiteState):
        service.execute("update public.dreamcut_assets set analysis = %s", [Jsonb(SMALL)])
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == LARGE


def test_a_write_by_hand_is_kept_aside_as_well(service: Any, query: Started) -> None:
    service.execute("update public.dreamcut_assets set analysis = %s", [Jsonb(LARGE)])
    service.execute(
        "update public.dreamcut_queries set status = 'completed', payload = %s where id = %s",
        [Jsonb(LARGE), query.id],
    )
    assert "left_out" in analysis(service)
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == LARGE
    assert value(service, "select public.dreamcut_brief(%s)", query.id) == LARGE


def test_writing_back_what_was_read_keeps_the_document(service: Any, query: Started) -> None:
    report(service, query.assets[0], "analyzing", 10, analysis=LARGE)
    service.execute("update public.dreamcut_assets set analysis = analysis, worker_id = 'w'")
    service.execute(
        "update public.dreamcut_assets set analysis = %s", [Jsonb(analysis(service) | {"note": 1})]
    )
    assert value(service, "select public.dreamcut_analysis(%s)", query.assets[0]) == LARGE


def test_a_payload_taken_back_takes_its_document_along(service: Any, query: Started) -> None:
    service.execute("update public.dreamcut_queries set payload = %s", [Jsonb(LARGE)])
    assert kept_beside(service) == 1
    service.execute("update public.dreamcut_queries set payload = null")
    assert kept_beside(service) == 0
    assert value(service, "select public.dreamcut_brief(%s)", query.id) is None


def test_a_new_row_with_a_large_document_is_refused(service: Any, query: Started) -> None:
    inserts = {
        "(query_id, url, filename, type, analysis) values (%s, 'x', 'x', 'image', %s)": query.id,
        "(query_id, url, filename, type, analysis, position) values (%s, 'x', 'x', 'image', %s, 7)": query.id,
    }
    for columns, query_id in inserts.items():
        statement = f"insert into public.dreamcut_assets {columns}".encode()
        service.execute(statement, [query_id, Jsonb(SMALL)])
        with pytest.raises(errors.InvalidParameterValue, match="by an update"):
            service.execute(statement, [query_id, Jsonb(LARGE)])
    statement = (
        b"insert into public.dreamcut_queries (user_id, user_prompt, intent, payload)"
        b" values ('u', 'p', 'image', %s)"
    )
    service.execute(statement, [Jsonb(SMALL)])
    with pytest.raises(errors.InvalidParameterValue, match="by an update"):
        service.execute(statement, [Jsonb(LARGE)])


@pytest.mark.parametrize("analysis", ["[]", '"x"', "null", "1"])
def test_findings_are_an_object(service: Any, query: Started, analysis: str) -> None:
    with pytest.raises(errors.InvalidParameterValue):
        service.execute(
            "select public.advance_dreamcut_asset(%s, 10, p_analysis => %s::jsonb)",
            [query.assets[0], analysis],
        )


def test_documents_go_with_their_rows(service: Any, query: Started) -> None:
    report(service, query.assets[0], "completed", 100, analysis=LARGE)
    value(service, "select public.finish_dreamcut_query(%s, %s)", query.id, Jsonb(LARGE))
    assert kept_beside(service) == 2
    service.execute("delete from public.dreamcut_assets")
    assert kept_beside(service) == 1
    service.execute("delete from public.dreamcut_queries")
    assert kept_beside(service) == 0


def test_a_message_is_bounded_by_function_and_by_hand(service: Any, query: Started) -> None:
    by_function = "select public.add_dreamcut_message(%s, 'status', 'x', p_data => %s)"
    by_hand = (
        "insert into public.dreamcut_messages (query_id, type, content, data) values (%s, 'status', 'x', %s)"
    )
    for statement in (by_function, by_hand):
        service.execute(statement.encode(), [query.id, Jsonb({"note": "界" * 43_000})])
        with pytest.raises(errors.CheckViolation):
            service.execute(statement.encode(), [query.id, Jsonb({"note": "界" * 44_000})])


def test_rows_from_before_the_rule_are_brought_to_it(new_database: Any) -> None:
    with psycopg.connect(new_database(), autocommit=True) as owner:
        bootstrap(owner)
        known = known_migrations()
        first_with_documents = next(n for n, m in enumerate(known) if "documents" in m.name)
        for migration in known[:first_with_documents]:
            owner.execute(migration.statements.encode())
        query = start_query(owner, assets=2, user_id=ANNA)
        for asset, sent in zip(query.assets, (LARGE, SMALL), strict=True):
            report(owner, asset, "completed", 100, analysis=sent)
        value(owner, "select public.finish_dreamcut_query(%s, %s)", query.id, Jsonb(LARGE))
        for migration in known[first_with_documents:]:
            owner.execute(migration.statements.encode())
        assert value(owner, "select payload ? 'left_out' from public.dreamcut_queries")
        assert value(owner, "select public.dreamcut_brief(%s)", query.id) == LARGE
        for asset, sent in zip(query.assets, (LARGE, SMALL), strict=True):
            assert value(owner, "select public.dreamcut_analysis(%s)", asset) == sent
        with pytest.raises(errors.ObjectNotInPrerequisiteState):
            owner.execute("update public.dreamcut_queries set payload = '{}'")
