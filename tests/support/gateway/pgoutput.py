"""What pgoutput, protocol version 1, says about each committed transaction.

Values are the server's text form of each column. A column whose big value was stored aside (TOAST) and did
not change is not in the stream; it is absent here, too.

Source: PostgreSQL 17 manual, "Logical Replication Message Formats".
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

Kind = Literal["INSERT", "UPDATE", "DELETE"]
Values = dict[str, str | None]

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL counts from here


class UnknownMessage(Exception):
    """The stream holds what this decoder does not know."""


@dataclass(frozen=True)
class Column:
    """A column as the stream describes it."""

    name: str
    type_oid: int
    is_identity: bool  # part of the replica identity


@dataclass(frozen=True)
class Relation:
    """A published table."""

    oid: int
    schema: str
    table: str
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Change:
    """One row inserted, updated or deleted."""

    kind: Kind
    relation: Relation
    new: Values | None  # INSERT, UPDATE
    old: Values | None  # DELETE: the identity; UPDATE: the former identity, where the server sends it


@dataclass(frozen=True)
class Transaction:
    """What one transaction did to published tables, in order; its changes may be none."""

    xid: int  # 32 bits
    committed_at: datetime
    end_lsn: int
    changes: tuple[Change, ...]


@dataclass
class Decoder:
    """Turns messages into transactions. One for each stream, as it remembers the tables it was told of."""

    _relations: dict[int, Relation] = field(default_factory=dict)
    _xid: int = 0
    _changes: list[Change] = field(default_factory=list)

    def feed(self, message: bytes) -> Transaction | None:
        """Take one message; returns the transaction that it completes.

        Raises:
            UnknownMessage: it is none of version 1.
        """
        reader = _Reader(message, 1)
        match message[:1]:
            case b"B":
                _, _, self._xid = reader.unpack("!qqI")
                self._changes = []
            case b"C":
                _, _, end_lsn, microseconds = reader.unpack("!BQQq")
                committed_at = _EPOCH + timedelta(microseconds=microseconds)
                return Transaction(self._xid, committed_at, end_lsn, tuple(self._changes))
            case b"R":
                relation = _relation(reader)
                self._relations[relation.oid] = relation
            case b"I" | b"U" | b"D":
                (oid,) = reader.unpack("!I")
                self._changes.append(_change(message[:1], self._relations[oid], reader))
            case b"T" | b"O" | b"Y":  # truncation, which Realtime does not tell; origin; name of a type
                pass
            case kind:
                raise UnknownMessage(f"pgoutput message {kind!r}")
        return None


@dataclass
class _Reader:
    data: bytes
    at: int

    def unpack(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def take(self, length: int) -> bytes:
        self.at += length
        return self.data[self.at - length : self.at]

    def text(self) -> str:
        end = self.data.index(b"\0", self.at)
        found = self.data[self.at : end].decode()
        self.at = end + 1
        return found


def _relation(reader: _Reader) -> Relation:
    (oid,) = reader.unpack("!I")
    schema, table = reader.text(), reader.text()
    _, count = reader.unpack("!BH")
    columns = []
    for _ in range(count):
        (flags,) = reader.unpack("!B")
        name = reader.text()
        type_oid, _ = reader.unpack("!Ii")
        columns.append(Column(name, type_oid, bool(flags & 1)))
    return Relation(oid, schema or "pg_catalog", table, tuple(columns))


def _change(kind: bytes, relation: Relation, reader: _Reader) -> Change:
    tuples: dict[bytes, Values] = {}
    while reader.at < len(reader.data):
        part = reader.take(1)
        tuples[part] = dict(_columns(relation, reader))
    old = tuples.get(b"O")
    if old is None and b"K" in tuples:
        # The other columns are sent, too, as nulls that they are not.
        identity = {column.name for column in relation.columns if column.is_identity}
        old = {name: value for name, value in tuples[b"K"].items() if name in identity}
    kinds: dict[bytes, Kind] = {b"I": "INSERT", b"U": "UPDATE", b"D": "DELETE"}
    return Change(kinds[kind], relation, tuples.get(b"N"), old)


def _columns(relation: Relation, reader: _Reader) -> Iterator[tuple[str, str | None]]:
    (count,) = reader.unpack("!H")
    for column in relation.columns[:count]:
        match reader.take(1):
            case b"n":
                yield column.name, None
            case b"t":
                (length,) = reader.unpack("!I")
                yield column.name, reader.take(length).decode()
            case b"u":
                pass
            case kind:
                raise UnknownMessage(f"column {column.name} sent as {kind!r}")
