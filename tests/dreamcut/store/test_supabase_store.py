"""What is the Supabase store's own; what it shares with the others is in test_contract.py."""

import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from services import free_port
from supabase_project import SupabaseProject
from wire import Wire, answer, lose_answer, lose_request, wire_to

from dreamcut.errors import (
    DreamCutError,
    InvalidRequest,
    SchemaMismatch,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from dreamcut.models import AssetKind, AssetStatus, Intent, MessageType, NewAsset, NewQuery
from dreamcut.store import open_supabase_store
from dreamcut.store.clients import shared_client
from dreamcut.store.migrations import bootstrap
from dreamcut.store.protocol import NewMessage, Store

REQUEST = NewQuery(user_id="anna", prompt="p", assets=(NewAsset(url="/a.png", kind=AssetKind.IMAGE),))


@pytest.fixture
def wire(supabase_project: SupabaseProject) -> Iterator[Wire]:
    with wire_to(supabase_project.url) as wire:
        yield wire


@pytest.fixture
def far_store(wire: Wire, supabase_project: SupabaseProject) -> Iterator[Store]:
    """A patient store at the other end of the wire."""
    with open_supabase_store(
        url=wire.url, key=supabase_project.keys.service_role, patience_seconds=30
    ) as store:
        yield store


def test_a_lost_answer_does_nothing_twice(far_store: Store, wire: Wire) -> None:
    def losing(write: Callable[[], object]) -> object:
        wire.faults, before = [lose_request, lose_answer, lose_answer], wire.met
        done = write()
        assert wire.met - before == 3
        return done

    query_id = losing(lambda: far_store.initialize_query(REQUEST, intent=Intent.IMAGE))
    assert isinstance(query_id, UUID)
    [asset] = far_store.assets(query_id)
    said = NewMessage(type=MessageType.STATUS, content="without a key of its own")
    losing(lambda: far_store.add_message(query_id, said))
    losing(lambda: far_store.update_asset(asset.id, status=AssetStatus.ANALYZING, progress=10, message=said))
    losing(lambda: far_store.update_asset(asset.id, status=AssetStatus.COMPLETED, progress=100))
    losing(
        lambda: far_store.complete_query(
            query_id, {"b": 1}, processing_time_ms=1, models_used=[], cost_estimate=Decimal(0)
        )
    )
    assert [query.id for query in far_store.queries()] == [query_id]
    messages = far_store.messages(query_id)
    assert [message.seq for message in messages] == [1, 2, 3, 4, 5]
    assert [message.content for message in messages][1:3] == [said.content] * 2  # one each of two writes
    assert far_store.payload(query_id) == {"b": 1}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 520, 522, 544])
def test_an_answer_of_somebody_in_between_is_asked_again(far_store: Store, wire: Wire, status: int) -> None:
    query_id = far_store.initialize_query(REQUEST, intent=Intent.IMAGE)
    wire.faults = [answer(status, b"<html>sorry</html>"), answer(status, b'{"message": "busy"}')]
    assert far_store.query(query_id).id == query_id
    assert wire.met == 2


def test_one_that_stays_away_is_unavailable(supabase_project: SupabaseProject, wire: Wire) -> None:
    wire.faults = [answer(503)] * 1000
    with (
        open_supabase_store(url=wire.url, key=supabase_project.keys.service_role) as impatient,
        pytest.raises(StoreUnavailable, match=f"{wire.url} answered 503 Service Unavailable"),
    ):
        impatient.queries()
    assert 3 < wire.met < 100  # it was tried again, and not in a rush


def test_a_projects_limit_of_rows_hides_none(far_store: Store, wire: Wire) -> None:
    ids = [far_store.initialize_query(REQUEST, intent=Intent.IMAGE) for _ in range(8)]
    for number in range(10):
        far_store.add_message(ids[0], NewMessage(type=MessageType.STATUS, content=str(number)))
    wire.max_rows = 3
    assert [query.id for query in far_store.queries(limit=7)] == ids[:0:-1]
    assert [query.id for query in far_store.queries(limit=20)] == ids[::-1]
    assert [message.seq for message in far_store.messages(ids[0])] == list(range(1, 12))
    assert [message.seq for message in far_store.messages(ids[0], after_seq=5)] == list(range(6, 12))
    assert far_store.messages(ids[0], after_seq=11) == []


def test_stores_of_one_project_share_connections(supabase_project: SupabaseProject) -> None:
    keys = supabase_project.keys
    assert shared_client(supabase_project.url, keys.secret_key) is shared_client(
        supabase_project.url, keys.secret_key
    )
    with open_supabase_store(url=supabase_project.url + "/", key=keys.secret_key) as store:
        store.check_schema()  # the new kind of key opens it as well


def test_nothing_is_imported_or_asked_before_the_first_call() -> None:
    script = (
        "import sys; from dreamcut.store import open_supabase_store, open_store;"
        "open_supabase_store(url='http://127.0.0.1:1', key='sb_secret_x');"
        "sys.exit('supabase' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_an_empty_project_lacks_the_schema(
    new_database: Callable[..., str], new_supabase_project: Callable[[str], SupabaseProject]
) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as owner:
        bootstrap(owner)
    project = new_supabase_project(url)
    with open_supabase_store(url=project.url, key=project.keys.service_role) as store:
        for call in (store.check_schema, store.queries):
            with pytest.raises(SchemaMismatch, match=r"supabase db push.*dreamcut migrate"):
                call()


WRONG_KEYS: dict[str, tuple[Callable[[SupabaseProject], str], type[DreamCutError], str]] = {
    "another project's": (
        lambda p: type(p.keys)("another-secret-that-is-also-long-enough").service_role,
        StoreRefused,
        "does not know the key",
    ),
    "unknown": (lambda _: "sb_secret_0123456789abcdef", StoreRefused, "does not know the key"),
    "no key at all": (lambda _: "swordfish", StoreRefused, "does not know the key"),
    "anon": (lambda p: p.keys.anon, StoreRefused, "holds the anon key"),
    "publishable": (lambda p: p.keys.publishable, StoreRefused, "publishable key of a front end"),
    "a user's token": (
        lambda p: p.keys.token(role="authenticated", user_id="u"),
        StoreRefused,
        "token of a user",
    ),
    "expired": (lambda p: p.keys.token(role="service_role", seconds=-60), StoreRefused, "has expired"),
    "broken": (lambda p: p.keys.service_role + "\n", InvalidRequest, "characters that no key has"),
}


@pytest.mark.parametrize("case", WRONG_KEYS)
def test_a_wrong_key_is_named_and_not_shown(supabase_project: SupabaseProject, case: str) -> None:
    key_of, kind, says = WRONG_KEYS[case]
    key = key_of(supabase_project)
    with (
        pytest.raises(kind, match=says) as caught,
        open_supabase_store(url=supabase_project.url, key=key, patience_seconds=600) as store,
    ):
        store.check_schema()
    assert "SUPABASE_SERVICE_ROLE_KEY" in str(caught.value)
    assert "service_role or secret key" in str(caught.value)
    assert key.strip() not in "".join(traceback.format_exception(caught.value))


def test_a_key_that_expires_during_work_is_refused(supabase_project: SupabaseProject, wire: Wire) -> None:
    said = b'{"code": "PGRST303", "message": "JWT expired", "details": null, "hint": null}'
    with open_supabase_store(
        url=wire.url, key=supabase_project.keys.service_role, patience_seconds=600
    ) as store:
        store.check_schema()
        wire.faults = [answer(401, said, content_type="application/json")]
        with pytest.raises(StoreRefused, match="SUPABASE_SERVICE_ROLE_KEY has expired"):
            store.queries()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "abcdefgh.supabase.co",
        "https://",
        "postgresql://me:hush@host/db",
        "https://me:hush@host",
        "https://x.supabase.co/rest/v1",
        "https://x.supabase.co/?apikey=hush",
        "http://host:99999",
        "http://[::1",
    ],
)
def test_what_is_no_address_of_a_project_is_named(url: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^SUPABASE_URL: .*https://abcdefgh\.supabase\.co") as caught:
        open_supabase_store(url=url, key="sb_secret_x")
    assert "hush" not in "".join(traceback.format_exception(caught.value))


ANSWERS: dict[str, tuple[Callable[[Any], None], type[DreamCutError], str]] = {
    "a web page": (answer(200, b"<html>hello</html>"), StoreRefused, "no Supabase"),
    "another web page": (answer(404, b"<html>what?</html>"), StoreRefused, "no Supabase"),
    "another server": (answer(404, b"not found", content_type="text/plain"), StoreRefused, "no Supabase"),
    "elsewhere": (answer(301), StoreRefused, "no Supabase"),
    "no such key": (answer(401, b'{"message": "Invalid API key"}'), StoreRefused, "Invalid API key"),
    "paused": (answer(540), StoreRefused, "is paused"),
    "restricted": (answer(402, b'{"message": "exceed_egress_quota"}'), StoreRefused, "exceed_egress_quota"),
    "our mistake": (answer(400, b'{"code": "PGRST100", "message": "parse"}'), StoreError, "400 parse"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_answers_is_told_by_its_answer(wire: Wire, far_store: Store, case: str) -> None:
    reply, kind, says = ANSWERS[case]
    wire.faults = [reply]
    with pytest.raises(kind, match=says) as caught:
        far_store.check_schema()
    assert type(caught.value) is kind
    assert wire.url in str(caught.value)


def test_nobody_there_is_unavailable() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with (
        open_supabase_store(url=url, key="sb_secret_x") as store,
        pytest.raises(StoreUnavailable, match=f"no answer from {url} .*SUPABASE_URL") as caught,
    ):
        store.check_schema()
    assert caught.value.retryable


def test_no_secure_connection_is_refused_at_once(supabase_project: SupabaseProject) -> None:
    url = supabase_project.url.replace("http:", "https:")
    with (
        open_supabase_store(url=url, key="sb_secret_x", patience_seconds=600) as store,
        pytest.raises(StoreRefused, match=r"no secure connection .*check SUPABASE_URL"),
    ):
        store.check_schema()


def test_a_gateway_that_comes_back_is_found_again(supabase_project: SupabaseProject) -> None:
    with open_supabase_store(
        url=supabase_project.url, key=supabase_project.keys.service_role, patience_seconds=60
    ) as store:
        query_id = store.initialize_query(REQUEST, intent=Intent.IMAGE)
        supabase_project.kill()
        supabase_project.start()
        assert store.query(query_id).id == query_id
