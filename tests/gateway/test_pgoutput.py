"""The decoder, on what a real server sends."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from gateway.pgoutput import Decoder, Transaction, UnknownMessage

Decode = Callable[[], list[Transaction]]

_BIG = "x" * 20_000  # stored aside, as it is not compressed


@pytest.fixture
def database(new_database: Callable[..., str]) -> Iterator[psycopg.Connection[Any]]:
    """A session of the owner; a table is published and a slot of the session's own is open."""
    with psycopg.connect(new_database(), autocommit=True) as connection:
        connection.execute(
            "create table things (id integer primary key, name text, big text);"
            "alter table things alter big set storage external;"
            "create publication ours for table things"
        )
        connection.execute("select pg_create_logical_replication_slot('ours', 'pgoutput', true)")
        yield connection


@pytest.fixture
def decode(database: psycopg.Connection[Any]) -> Decode:
    """Return what was committed since the last call."""
    decoder = Decoder()

    def read() -> list[Transaction]:
        rows = database.execute(
            "select data from pg_logical_slot_get_binary_changes('ours', null, null,"
            " 'proto_version', '1', 'publication_names', 'ours')"
        ).fetchall()
        return [transaction for (data,) in rows if (transaction := decoder.feed(data))]

    return read


def test_changes_come_in_the_order_of_their_transaction(
    database: psycopg.Connection[Any], decode: Decode
) -> None:
    before = datetime.now(UTC)
    with database.transaction():
        database.execute("insert into things values (1, 'a', null), (2, E'\\u00e4\\n', '')")
        database.execute("update things set name = 'b' where id = 1")
        database.execute("delete from things where id = 2")
        xid = database.execute("select pg_current_xact_id()::text::bigint").fetchone()
    [transaction] = decode()
    assert xid == (transaction.xid,)
    assert before - timedelta(seconds=1) <= transaction.committed_at <= datetime.now(UTC)
    assert [(change.kind, change.new, change.old) for change in transaction.changes] == [
        ("INSERT", {"id": "1", "name": "a", "big": None}, None),
        ("INSERT", {"id": "2", "name": "ä\n", "big": ""}, None),
        ("UPDATE", {"id": "1", "name": "b", "big": None}, None),
        ("DELETE", None, {"id": "2"}),
    ]
    relation = transaction.changes[0].relation
    assert (relation.schema, relation.table) == ("public", "things")
    assert [(column.name, column.is_identity) for column in relation.columns] == [
        ("id", True),
        ("name", False),
        ("big", False),
    ]


def test_a_changed_key_brings_the_former_one(database: psycopg.Connection[Any], decode: Decode) -> None:
    database.execute("insert into things values (1, 'a', null)")
    database.execute("update things set id = 7")
    _, transaction = decode()
    assert transaction.changes[0].old == {"id": "1"}
    assert transaction.changes[0].new == {"id": "7", "name": "a", "big": None}


def test_an_unchanged_big_value_is_absent(database: psycopg.Connection[Any], decode: Decode) -> None:
    database.execute("insert into things values (1, 'a', %s)", [_BIG])
    database.execute("update things set name = 'b'")
    inserted, updated = decode()
    assert inserted.changes[0].new == {"id": "1", "name": "a", "big": _BIG}
    assert updated.changes[0].new == {"id": "1", "name": "b"}


def test_the_full_identity_brings_the_whole_former_row(
    database: psycopg.Connection[Any], decode: Decode
) -> None:
    database.execute("alter table things replica identity full")
    database.execute("insert into things values (1, 'a', %s)", [_BIG])
    database.execute("update things set name = 'b'")
    _, updated = decode()
    assert updated.changes[0].new == {"id": "1", "name": "b"}
    assert updated.changes[0].old == {"id": "1", "name": "a", "big": _BIG}


def test_a_changed_table_is_described_anew(database: psycopg.Connection[Any], decode: Decode) -> None:
    database.execute("insert into things values (1, 'a', null)")
    database.execute("alter table things drop column name, add column size integer")
    database.execute("insert into things values (2, null, 5)")
    first, second = [transaction for transaction in decode() if transaction.changes]
    assert first.changes[0].new == {"id": "1", "name": "a", "big": None}
    assert second.changes[0].new == {"id": "2", "big": None, "size": "5"}


def test_a_truncation_and_a_rolled_back_row_say_nothing(
    database: psycopg.Connection[Any], decode: Decode
) -> None:
    database.execute("insert into things values (1, 'a', null)")
    database.execute("truncate things")
    with database.transaction(force_rollback=True):
        database.execute("insert into things values (2, 'b', null)")
    changes = [change for transaction in decode() for change in transaction.changes]
    assert [change.new for change in changes] == [{"id": "1", "name": "a", "big": None}]


def test_an_unknown_message_is_refused() -> None:
    with pytest.raises(UnknownMessage):
        Decoder().feed(b"S\0\0\0\1")
