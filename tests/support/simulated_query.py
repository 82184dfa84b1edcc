"""One query's rows in memory, moved as the database moves them, and a wire that treats its events badly."""

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from dreamcut.errors import SchemaMismatch
from dreamcut.realtime.merge import Change, Delivery, Feed, Marks, ReadBrief, ReadRows, Table, Wish
from dreamcut.realtime.rows import AssetUpdate, FeedMessage, QueryUpdate
from dreamcut.realtime.sequence import Gap

QUERY_ID = UUID(int=7)
NOW = "2026-11-22T12:00:00+00:00"
BRIEF = {"summary": "all of it", "beats": [1, 2, 3]}
OUTLINE = {"summary": "all of it", "left_out": {"beats": 3}}


class SimulatedQuery:
    """The three tables, as far as one query goes. Each change is announced in `events`."""

    def __init__(self, *, assets: int = 2) -> None:
        self.query = query_row()
        self.assets = [asset_row(n) for n in range(assets)]
        self.messages: list[dict[str, Any]] = []
        self.events: list[Change] = []
        self.say("Got your request. Let's break it down...")

    def say(self, content: str) -> None:
        """Add a message; its number comes from the query's row."""
        self._update_query(last_message_seq=self.query["last_message_seq"] + 1)
        self.messages.append(message_row(self.query["last_message_seq"], content=content))
        self.events.append(Change(Table.MESSAGES, self.messages[-1], {}))

    def advance(self, index: int, *, by: int = 10) -> None:
        """Move an asset forward, and to its end at 100 percent."""
        asset = self.assets[index]
        progress = min(100, asset["progress"] + by)
        findings = {"analysis": {"progress": progress}} if progress % 20 == 0 else {}
        self._update_asset(
            index, progress=progress, status="completed" if progress == 100 else "analyzing", **findings
        )

    def finish(self, *, payload: dict[str, Any] = OUTLINE) -> None:
        """End the assets and complete the query, in one transaction."""
        for index, asset in enumerate(self.assets):
            if asset["status"] != "completed":
                self.advance(index, by=100)
        self._update_query(status="completed", stage="done", progress=100, payload=payload, completed_at=NOW)
        self.say("Creative brief ready 🎬")
        self.say("Ready for production!")

    def marks(self) -> Marks:
        """Return how far the rows are."""
        return Marks(
            revision=self.query["revision"],
            last_message_seq=self.query["last_message_seq"],
            assets={asset["id"]: asset["revision"] for asset in self.assets},
        )

    def answer(self, wish: Wish, *, at_most: int = 5) -> "Answer":
        """Read what is wished, now; `at_most` is how many rows the server gives at once."""
        match wish:
            case ReadRows():
                return Answer(wish, self.query, list(self.assets))
            case Gap(after_seq=after_seq):
                found = [m for m in self.messages if m["seq"] > after_seq][:at_most]
                return Answer(wish, self.query, found)
            case ReadBrief():
                return Answer(wish, BRIEF, [])

    def _update_query(self, **changed: Any) -> None:
        self.query = {**self.query, **changed, "revision": self.query["revision"] + 1}
        self.events.append(Change(Table.QUERIES, _without_toasted("payload", self.query, changed), {}))

    def _update_asset(self, index: int, **changed: Any) -> None:
        asset = {**self.assets[index], **changed, "revision": self.assets[index]["revision"] + 1}
        self.assets[index] = asset
        self.events.append(Change(Table.ASSETS, _without_toasted("analysis", asset, changed), {}))


class Answer:
    """What a read returned, to be handed over now or later."""

    def __init__(self, wish: Wish, document: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        self.wish = wish
        self.document = document
        self.rows = rows

    def give_to(self, feed: Feed) -> None:
        """Hand it over."""
        match self.wish:
            case ReadRows():
                feed.take_rows(self.document, self.rows)
            case Gap():
                feed.take_messages(self.rows, reached_seq=self.document["last_message_seq"])
            case ReadBrief():
                feed.take_brief(self.document)


class Listener:
    """What a subscriber was told, and whether it could be believed at every moment."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.messages: list[FeedMessage] = []
        self.queries: list[QueryUpdate] = []
        self.assets: dict[str, AssetUpdate] = {}
        self.complaints: list[SchemaMismatch] = []

    def hear_all(self) -> None:
        """Take every delivery that is due."""
        for delivery in iter(self.feed.next_delivery, None):
            self._hear(delivery)

    def _hear(self, delivery: Delivery) -> None:
        match delivery:
            case FeedMessage():
                assert not self.messages or delivery.seq > self.messages[-1].seq
                self.messages.append(delivery)
            case QueryUpdate():
                assert not self.queries or delivery.revision > self.queries[-1].revision
                if delivery.ended:  # the last word
                    assert self.messages[-1].seq >= delivery.last_message_seq
                    assert all(asset.ended for asset in self.assets.values())
                self.queries.append(delivery)
            case AssetUpdate():
                known = self.assets.get(str(delivery.id))
                assert known is None or delivery.revision > known.revision
                self.assets[str(delivery.id)] = delivery
            case SchemaMismatch():
                self.complaints.append(delivery)


def settle(feed: Feed, listener: Listener, database: SimulatedQuery) -> None:
    """Read whatever is wished until nothing is; the wire is silent meanwhile."""
    for _ in range(1000):
        listener.hear_all()
        wishes = feed.wishes()
        if not wishes:
            return
        database.answer(wishes[0]).give_to(feed)
    raise AssertionError(f"still wants {feed.wishes()}")


def run_badly(chance: random.Random, *, steps: int = 120) -> tuple[SimulatedQuery, Listener]:
    """Live through a query over a wire that drops, doubles, reorders, delays and breaks; then check once."""
    database = SimulatedQuery(assets=chance.randrange(4))
    feed = Feed(QUERY_ID)
    listener = Listener(feed)
    wire = _wire(chance, database)
    late: list[Answer] = []
    ends_at = chance.randrange(steps)
    for step in range(steps):
        if step == ends_at:
            database.finish()
        elif step < ends_at:
            _move(chance, database)
        for change in next(wire):
            feed.take_change(change)
        if chance.random() < 0.3 and (wishes := feed.wishes()):
            late.append(database.answer(chance.choice(wishes), at_most=chance.randrange(1, 6)))
        if late and chance.random() < 0.5:
            late.pop(chance.randrange(len(late))).give_to(feed)
        if chance.random() < 0.1:
            feed.take_marks(database.marks())
        if chance.random() < 0.5:
            listener.hear_all()
    feed.take_marks(database.marks())
    settle(feed, listener, database)
    return database, listener


def _move(chance: random.Random, database: SimulatedQuery) -> None:
    unfinished = [n for n, asset in enumerate(database.assets) if asset["status"] != "completed"]
    if unfinished and chance.random() < 0.4:
        database.advance(chance.choice(unfinished), by=chance.choice([5, 10, 25]))
    else:
        database.say(f"message {len(database.messages)}")


def _wire(chance: random.Random, database: SimulatedQuery) -> Iterator[list[Change]]:
    """Yield the events of each step as they arrive."""
    sent = 0
    delayed: list[Change] = []
    up = True
    while True:
        fresh, sent = database.events[sent:], len(database.events)
        if chance.random() < 0.05:
            up, delayed = not up, []
        arriving = []
        for change in fresh if up else []:
            match chance.random():
                case luck if luck < 0.15:
                    continue
                case luck if luck < 0.3:
                    delayed.append(change)
                case luck if luck < 0.4:
                    arriving += [change, change]
                case luck if luck < 0.45:
                    arriving.append(_abridged(change))
                case _:
                    arriving.append(change)
        if delayed and chance.random() < 0.5:
            arriving.append(delayed.pop(chance.randrange(len(delayed))))
        if chance.random() < 0.2:
            chance.shuffle(arriving)
        yield arriving


def _abridged(change: Change) -> Change:
    """Return the event as the server sends it when it is too large: without its long values."""
    short = {name: value for name, value in change.row.items() if len(str(value)) <= 64}
    return Change(change.table, short, change.old, unabridged=False)


def _without_toasted(column: str, row: dict[str, Any], changed: dict[str, Any]) -> dict[str, Any]:
    """Leave out a large column that the update did not touch, as the server does."""
    return row if column in changed else {name: value for name, value in row.items() if name != column}


def query_row(**more: Any) -> dict[str, Any]:
    """Return a row of `dreamcut_queries` as PostgREST gives it, with a column nobody knows."""
    return {
        "id": str(QUERY_ID),
        "user_id": "anna",
        "user_prompt": "A trailer",
        "intent": "video",
        "options": {},
        "status": "processing",
        "stage": "init",
        "progress": 0,
        "payload": None,
        "error_message": None,
        "processing_time_ms": None,
        "models_used": [],
        "cost_estimate": None,
        "worker_id": None,
        "attempts": 0,
        "created_at": NOW,
        "updated_at": NOW,
        "completed_at": None,
        "idempotency_key": None,
        "last_message_seq": 0,
        "revision": 1,
        "colour_of_next_year": "teal",
        **more,
    }


def asset_row(number: int, **more: Any) -> dict[str, Any]:
    """Return a row of `dreamcut_assets` as PostgREST gives it, with a column nobody knows."""
    return {
        "id": str(UUID(int=100 + number)),
        "query_id": str(QUERY_ID),
        "position": number,
        "url": f"https://cdn.test/{number}.jpg",
        "filename": f"{number}.jpg",
        "type": "image",
        "user_description": None,
        "file_size_bytes": None,
        "metadata": {},
        "status": "pending",
        "progress": 0,
        "analysis": {},
        "worker_id": None,
        "attempts": 0,
        "cost_estimate": None,
        "model_used": None,
        "processing_time_ms": None,
        "error_message": None,
        "quality_score": None,
        "confidence_score": None,
        "created_at": NOW,
        "updated_at": NOW,
        "analyzed_at": None,
        "revision": 1,
        "colour_of_next_year": "teal",
        **more,
    }


def message_row(seq: int, *, content: str = "said", **more: Any) -> dict[str, Any]:
    """Return a row of `dreamcut_messages` as PostgREST gives it, with a column nobody knows."""
    return {
        "id": str(UUID(int=10_000 + seq)),
        "query_id": str(QUERY_ID),
        "type": "status",
        "content": content,
        "emoji": "🎬",
        "asset_id": None,
        "data": {},
        "created_at": NOW,
        "seq": seq,
        "key": None,
        "colour_of_next_year": "teal",
        **more,
    }
