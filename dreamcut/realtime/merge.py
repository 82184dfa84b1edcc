"""The feed of one query, put together from events and reads: a state machine without I/O.

Events are hints: they may be lost, late, doubled, out of order, or lack columns. Reads are the truth of some
moment, possibly an older one. Out comes each message once, in order, and the states of the query and of its
assets, never an older one after a newer one; and, where something is missing, what to read.

The end of a query is its last word: it is told when all that belongs to it has been told, so whoever hears
it has everything.
"""

from collections import deque
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from dreamcut.errors import SchemaMismatch
from dreamcut.models import QueryStatus
from dreamcut.realtime.latest import LatestRow
from dreamcut.realtime.rows import (
    AssetUpdate,
    FeedMessage,
    QueryUpdate,
    Row,
    asset_update,
    columns_of,
    feed_message,
    is_outline,
    query_update,
)
from dreamcut.realtime.sequence import Gap, MessageSequence


class Table(StrEnum):
    """Where an event comes from; also the name of its channel, before the query's id."""

    QUERIES = "dreamcut_queries"
    ASSETS = "dreamcut_assets"
    MESSAGES = "dreamcut_messages"


@dataclass(frozen=True, slots=True)
class Change:
    """An event as the socket brings it."""

    table: Table
    row: Row  # as it is now, perhaps without some columns; empty where the row was deleted
    old: Row  # of a deleted row its primary key
    unabridged: bool = True  # False: the server dropped values for their size


@dataclass(frozen=True, slots=True)
class Marks:
    """How far the tables are: little enough to be asked now and then."""

    revision: int
    last_message_seq: int
    assets: Mapping[str, int]  # revision by id


@dataclass(frozen=True, slots=True)
class ReadRows:
    """Read the query and then its assets, whole rows."""


@dataclass(frozen=True, slots=True)
class ReadBrief:
    """Read the whole brief."""


Wish = ReadRows | Gap | ReadBrief
Delivery = QueryUpdate | AssetUpdate | FeedMessage | SchemaMismatch
_BOOKKEEPING = {"revision", "last_message_seq", "updated_at"}
_QUERY_COLUMNS, _ASSET_COLUMNS = columns_of(QueryUpdate), columns_of(AssetUpdate)


class Feed:
    """What is known of one query, what of it has been told, and what must be read."""

    def __init__(self, query_id: UUID, *, after_seq: int = 0) -> None:
        self._id = str(query_id)
        self._query = LatestRow(_QUERY_COLUMNS)
        self._assets: dict[str, LatestRow] = {}
        self._messages = MessageSequence(after_seq=after_seq)
        self._must_read_rows = False
        self._is_closed = False  # the rows were read after the query had ended
        self._brief: dict[str, Any] | None = None
        self._brief_is_read = False
        # An asset by its id, the query by None, a message by its row: states are looked up when told.
        self._outbox: deque[str | Row | None] = deque()
        self._queued: set[str | None] = set()  # what of it is no message
        self._weighed: dict[str | None, int] = {}  # the revision that was told, or was no news
        self._told: dict[str | None, QueryUpdate | AssetUpdate] = {}
        self._complaints: set[str] = set()

    @property
    def is_complete(self) -> bool:
        """Whether the query has ended and everything was told: there is nothing left to ask for."""
        told = self._told.get(None)
        ended = isinstance(told, QueryUpdate) and told.ended
        return ended and not self._outbox and not self.wishes()

    def take_change(self, change: Change) -> None:
        """Take an event."""
        if not change.row:
            gone = str(change.old.get("id"))  # sent to everybody, of any query: only ours matter
            self._must_read_rows |= gone == self._id or gone in self._assets
            return
        match change.table:
            case Table.QUERIES if str(change.row.get("id")) == self._id:
                self._messages.announce(change.row.get("last_message_seq"))
                if self._query.hear(change.row, unabridged=change.unabridged):
                    self._queue(None)
            case Table.ASSETS if str(change.row.get("query_id", self._id)) == self._id:
                asset_id = str(change.row.get("id"))
                if self._asset(asset_id).hear(change.row, unabridged=change.unabridged):
                    self._queue(asset_id)
            case Table.MESSAGES if str(change.row.get("query_id", self._id)) == self._id:
                self._outbox.extend(self._messages.hear(change.row, unabridged=change.unabridged))
            case _:
                return  # of another query

    def take_rows(self, query: Row, assets: Sequence[Row]) -> None:
        """Take the query's row and all of its assets' rows, which were read after it.

        Raises:
            SchemaMismatch: a table lacks a column.
        """
        self._must_read_rows = False
        self._messages.prove(query.get("last_message_seq") or 0)
        if self._query.read(query):
            self._queue(None)
        for row in assets:
            if self._asset(str(row["id"])).read(row):
                self._queue(str(row["id"]))
        self._keep_only({str(row["id"]) for row in assets})
        self._is_closed |= _has_ended(query)

    def take_messages(self, rows: Sequence[Row], *, reached_seq: int = 0) -> None:
        """Take what the table has after a gap, lowest first; see `MessageSequence.read`."""
        self._outbox.extend(self._messages.read(rows, reached_seq=reached_seq))

    def take_marks(self, marks: Marks) -> None:
        """Take how far the tables are."""
        self._query.expect(marks.revision)
        self._messages.prove(marks.last_message_seq)
        for asset_id, revision in marks.assets.items():
            self._asset(asset_id).expect(revision)
        self._keep_only(marks.assets.keys())

    def take_brief(self, brief: dict[str, Any] | None) -> None:
        """Take the whole brief; None where it cannot be had, so that the outline stands for it."""
        self._brief, self._brief_is_read = brief, True

    def wishes(self) -> tuple[Wish, ...]:
        """Return what must be read for the feed to be complete."""
        wishes: list[Wish] = []
        rows_lack = self._query.is_behind or any(asset.is_behind for asset in self._assets.values())
        if self._must_read_rows or rows_lack or (self._ended and not self._is_closed):
            wishes.append(ReadRows())
        if (gap := self._messages.gap) is not None:
            wishes.append(gap)
        if self._is_closed and self._lacks_brief:
            wishes.append(ReadBrief())
        return tuple(wishes)

    def next_delivery(self) -> Delivery | None:
        """Return what is to be told next, or None for now."""
        while self._outbox:
            due = self._outbox.popleft()
            if due is None and self._ended:
                self._queued.discard(None)
                continue  # the last word, said below
            if (delivery := self._delivery(due)) is not None:
                return delivery
        if self._ended and not self.wishes():
            return self._delivery(None)
        return None

    @property
    def _ended(self) -> bool:
        return self._query.row is not None and _has_ended(self._query.row)

    @property
    def _lacks_brief(self) -> bool:
        row = self._query.row
        return row is not None and is_outline(row.get("payload")) and not self._brief_is_read

    def _asset(self, asset_id: str) -> LatestRow:
        return self._assets.setdefault(asset_id, LatestRow(_ASSET_COLUMNS))

    def _keep_only(self, asset_ids: Set[str]) -> None:
        for gone in self._assets.keys() - asset_ids:
            del self._assets[gone]

    def _queue(self, due: str | None) -> None:
        if due not in self._queued:  # what waits is told as it is then
            self._queued.add(due)
            self._outbox.append(due)

    def _delivery(self, due: str | Row | None) -> Delivery | None:
        """Return what is to be told, or None where it is what was told last."""
        try:
            if isinstance(due, Mapping):
                return feed_message(due)
            self._queued.discard(due)
            return self._news(due)
        except SchemaMismatch as error:
            if str(error) in self._complaints:
                return None
            self._complaints.add(str(error))
            return error

    def _news(self, due: str | None) -> QueryUpdate | AssetUpdate | None:
        latest = self._query if due is None else self._assets.get(due)
        if latest is None or latest.row is None or self._weighed.get(due) == latest.revision:
            return None
        self._weighed[due] = latest.revision
        if due is None:
            whole = {"payload": self._brief} if self._brief is not None else {}
            now: QueryUpdate | AssetUpdate = query_update({**latest.row, **whole})
        else:
            now = asset_update(latest.row)
        before = self._told.get(due)
        if before is not None and _substance(now) == _substance(before):
            return None
        self._told[due] = now
        return now


def _has_ended(query: Row) -> bool:
    return query.get("status") != QueryStatus.PROCESSING


def _substance(state: QueryUpdate | AssetUpdate) -> dict[str, Any]:
    """Return what a reader could see change: a message alone also changes its query's row."""
    return state.model_dump(exclude=_BOOKKEEPING)
