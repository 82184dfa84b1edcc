"""What is the Postgres store's own; what it shares with the others is in test_contract.py."""

from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from dreamcut.errors import InvalidRequest, SchemaMismatch, StoreRefused, StoreUnavailable
from dreamcut.models import Intent, MessageType, NewQuery
from dreamcut.store import open_store
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import ensure_schema
from dreamcut.store.pools import close_pools
from dreamcut.store.protocol import NewMessage


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


@pytest.mark.usefixtures("pg_template")  # the roles are the server's
def test_empty_database_lacks_the_schema(new_database: Callable[..., str]) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("grant usage on schema public to service_role")
    with open_store(database_url=url) as store, pytest.raises(SchemaMismatch, match="dreamcut up"):
        store.query(uuid4())


def test_restarted_server_is_found_again(pg_home: Path) -> None:
    server = EmbeddedPostgres(pg_home)
    url = server.start()
    ensure_schema(url)
    with open_store(database_url=url) as store:
        query_id = store.initialize_query(NewQuery(user_id="u", prompt="p"), intent=Intent.MIXED)
        assert store.wait_for_change(query_id, timeout_seconds=10)
        server.stop()
        server.start()
        assert store.add_message(query_id, NewMessage(type=MessageType.STATUS, content="x"))
        assert store.wait_for_change(query_id, timeout_seconds=30)
        assert [message.seq for message in store.messages(query_id)] == [1, 2]
    close_pools(url)


def test_a_wrong_password_is_refused_at_once_and_not_shown(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dreamcut.store.pools.GIVE_UP_SECONDS", 0.2)
    host = psycopg.conninfo.conninfo_to_dict(database_url)["host"]
    url = f"postgresql://nobody:hush%40hush@/none?host={host}"
    with open_store(database_url=url, patience_seconds=600) as store:
        with pytest.raises(StoreRefused, match="password authentication failed") as caught:
            store.query(uuid4())
        assert "hush" not in str(caught.value)
        with pytest.raises(StoreRefused):
            store.check_schema()
    close_pools(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hu@sh@host/db",
        "postgresql://me:hu/sh@host/db",
        "postgresql://me:hush@host:port/db",
        "user=me password=hush nonsense",
        "user=me passwort=hush",
        "https://me:hush@host",
    ],
)
def test_what_is_no_connection_string_is_not_shown(url: str) -> None:
    for use in (lambda: open_store(database_url=url), lambda: ensure_schema(url)):
        with pytest.raises(InvalidRequest, match="percent-encoded") as caught:
            use()
        assert caught.value.__cause__ is None  # a traceback would hold it
        assert not {"hush", "sh@host", "hu"} & set(str(caught.value).split())
