"""The feed put together from hints and reads, without a network."""

import random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_query import (
    BRIEF,
    OUTLINE,
    QUERY_ID,
    Listener,
    SimulatedQuery,
    asset_row,
    message_row,
    query_row,
    run_badly,
    settle,
)

from dreamcut.errors import SchemaMismatch
from dreamcut.models import QueryStatus
from dreamcut.realtime.merge import Change, Feed, Marks, ReadBrief, ReadRows, Table
from dreamcut.realtime.rows import AssetUpdate, FeedMessage, QueryUpdate
from dreamcut.realtime.sequence import Gap


@pytest.fixture
def feed() -> Feed:
    """A feed that has read a fresh query with one asset and no message."""
    feed = Feed(QUERY_ID)
    feed.take_rows(query_row(), [asset_row(0)])
    told(feed)
    return feed


def told(feed: Feed) -> list[Any]:
    return list(iter(feed.next_delivery, None))


def said(feed: Feed) -> list[int]:
    return [delivery.seq for delivery in told(feed) if isinstance(delivery, FeedMessage)]


def message(seq: int, **more: Any) -> Change:
    return Change(Table.MESSAGES, message_row(seq, **more), {})


def query(**more: Any) -> Change:
    return Change(Table.QUERIES, query_row(**more), {})


def asset(**more: Any) -> Change:
    return Change(Table.ASSETS, asset_row(0, **more), {})


def without(change: Change, *columns: str) -> Change:
    return Change(change.table, {k: v for k, v in change.row.items() if k not in columns}, change.old)


# the beginning


def test_nothing_known_wants_rows_and_tells_nothing() -> None:
    feed = Feed(QUERY_ID)
    assert feed.wishes() == (ReadRows(),)
    assert feed.next_delivery() is None


def test_the_first_read_tells_query_and_assets_and_wants_the_messages() -> None:
    feed = Feed(QUERY_ID)
    feed.take_rows(query_row(last_message_seq=3), [asset_row(0), asset_row(1)])
    assert [type(delivery) for delivery in told(feed)] == [QueryUpdate, AssetUpdate, AssetUpdate]
    assert feed.wishes() == (Gap(after_seq=0, is_proved=True),)


def test_a_reader_may_start_after_a_message() -> None:
    feed = Feed(QUERY_ID, after_seq=2)
    feed.take_rows(query_row(last_message_seq=3), [])
    assert feed.wishes() == (Gap(after_seq=2, is_proved=True),)
    feed.take_change(message(2))
    feed.take_messages([message_row(3)])
    assert said(feed) == [3]
    assert feed.wishes() == ()


# messages


def test_messages_are_told_in_order_and_once(feed: Feed) -> None:
    for seq in (1, 3, 2, 2, 1, 3):
        feed.take_change(message(seq))
    assert said(feed) == [1, 2, 3]
    assert feed.wishes() == ()


def test_a_gap_holds_back_what_follows_and_is_wanted(feed: Feed) -> None:
    feed.take_change(message(1))
    feed.take_change(message(3))
    assert said(feed) == [1]
    assert feed.wishes() == (Gap(after_seq=1, is_proved=False),)
    feed.take_messages([message_row(2), message_row(3)])
    assert said(feed) == [2, 3]
    assert feed.wishes() == ()


def test_a_gap_at_the_end_shows_in_the_query(feed: Feed) -> None:
    feed.take_change(query(revision=2, last_message_seq=1))
    assert feed.wishes() == (Gap(after_seq=0, is_proved=False),)


def test_a_silent_loss_shows_in_the_marks(feed: Feed) -> None:
    feed.take_marks(Marks(revision=2, last_message_seq=1, assets={asset_row(0)["id"]: 1}))
    assert feed.wishes() == (ReadRows(), Gap(after_seq=0, is_proved=True))


def test_a_silent_loss_of_an_asset_shows_in_the_marks(feed: Feed) -> None:
    feed.take_marks(Marks(revision=1, last_message_seq=0, assets={asset_row(0)["id"]: 2}))
    assert feed.wishes() == (ReadRows(),)


def test_a_cut_page_is_read_on(feed: Feed) -> None:
    feed.take_rows(query_row(revision=2, last_message_seq=4), [asset_row(0)])
    feed.take_messages([message_row(1), message_row(2)])
    assert said(feed) == [1, 2]
    assert feed.wishes() == (Gap(after_seq=2, is_proved=True),)


def test_a_deleted_message_is_passed_over(feed: Feed) -> None:
    feed.take_change(message(3))
    feed.take_messages([message_row(1), message_row(3)])
    assert said(feed) == [1, 3]
    assert feed.wishes() == ()


def test_an_empty_read_alone_proves_no_deletion(feed: Feed) -> None:
    feed.take_change(message(2))
    for reached in (0, 0, 0):  # a copy of the database that lags: its query has counted no message yet
        feed.take_messages([], reached_seq=reached)
        assert said(feed) == []
        assert feed.wishes() == (Gap(after_seq=0, is_proved=False),)
    feed.take_messages([], reached_seq=1)
    assert said(feed) == [2]
    assert feed.wishes() == ()


def test_a_deleted_end_is_not_waited_for(feed: Feed) -> None:
    feed.take_change(query(revision=2, last_message_seq=5))
    assert feed.wishes()
    feed.take_messages([], reached_seq=5)
    assert feed.wishes() == ()


def test_an_old_read_does_not_take_messages_back(feed: Feed) -> None:
    feed.take_change(message(1))
    feed.take_change(message(2))
    feed.take_messages([message_row(1)])
    assert said(feed) == [1, 2]
    assert feed.wishes() == ()


def test_an_abridged_message_is_read_instead(feed: Feed) -> None:
    feed.take_change(Change(Table.MESSAGES, {"id": "x", "seq": 1}, {}, unabridged=False))
    assert said(feed) == []
    assert feed.wishes() == (Gap(after_seq=0, is_proved=False),)


def test_a_message_of_an_unknown_type_is_reported_and_passed_over(feed: Feed) -> None:
    feed.take_change(message(1, type="telepathy"))
    feed.take_change(message(2))
    complaint, after = told(feed)
    assert isinstance(complaint, SchemaMismatch)
    assert "dreamcut_messages.type" in str(complaint)
    assert after.seq == 2


# rows


def test_an_older_state_is_never_told_after_a_newer_one(feed: Feed) -> None:
    feed.take_change(query(revision=3, progress=30))
    feed.take_change(query(revision=2, progress=20))
    feed.take_rows(query_row(revision=2, progress=20), [asset_row(0)])
    assert [update.progress for update in told(feed)] == [30]


def test_states_that_wait_are_told_as_the_newest(feed: Feed) -> None:
    feed.take_change(asset(revision=2, progress=10))
    feed.take_change(message(1))
    feed.take_change(asset(revision=3, progress=20))
    first, second = told(feed)
    assert first.progress == 20
    assert second.seq == 1


def test_numbering_a_message_is_no_update_of_the_query(feed: Feed) -> None:
    feed.take_change(query(revision=2, last_message_seq=1, updated_at="2026-11-22T12:00:01+00:00"))
    feed.take_change(message(1))
    assert [type(delivery) for delivery in told(feed)] == [FeedMessage]


def test_an_absent_large_column_is_kept_from_the_state_before(feed: Feed) -> None:
    feed.take_change(asset(revision=2, analysis={"shots": 4}))
    feed.take_change(without(asset(revision=3, progress=40), "analysis"))
    [update] = told(feed)
    assert (update.progress, update.analysis) == (40, {"shots": 4})


def test_an_absent_large_column_is_read_when_a_state_was_missed(feed: Feed) -> None:
    feed.take_change(without(asset(revision=3, progress=40), "analysis"))
    assert told(feed) == []
    assert feed.wishes() == (ReadRows(),)
    feed.take_rows(query_row(), [asset_row(0, revision=3, progress=40, analysis={"shots": 4})])
    [update] = told(feed)
    assert update.analysis == {"shots": 4}
    assert feed.wishes() == ()


def test_an_abridged_row_is_read_instead(feed: Feed) -> None:
    event = asset(revision=2, progress=40)
    feed.take_change(Change(event.table, event.row, event.old, unabridged=False))
    assert told(feed) == []
    assert feed.wishes() == (ReadRows(),)


def test_a_read_that_lags_behind_an_event_is_repeated(feed: Feed) -> None:
    feed.take_change(without(asset(revision=3), "analysis"))
    feed.take_rows(query_row(), [asset_row(0, revision=2, progress=20)])
    assert [update.progress for update in told(feed)] == [20]
    assert feed.wishes() == (ReadRows(),)


def test_an_asset_may_come_later(feed: Feed) -> None:
    feed.take_change(Change(Table.ASSETS, asset_row(1), {}))
    [update] = told(feed)
    assert update.position == 1


def test_rows_of_other_queries_are_ignored(feed: Feed) -> None:
    other = str(UUID(int=8))
    feed.take_change(query(id=other, revision=2, last_message_seq=9, progress=50))
    feed.take_change(asset(query_id=other, revision=2, progress=50))
    feed.take_change(message(1, query_id=other))
    feed.take_change(Change(Table.QUERIES, {}, {"id": other}))
    assert told(feed) == []
    assert feed.wishes() == ()


@pytest.mark.parametrize("gone", [str(QUERY_ID), asset_row(0)["id"]])
def test_a_deletion_of_ours_is_looked_into(feed: Feed, gone: str) -> None:
    feed.take_change(Change(Table.QUERIES, {}, {"id": gone}))
    assert feed.wishes() == (ReadRows(),)


def test_a_deleted_asset_is_no_longer_waited_for(feed: Feed) -> None:
    feed.take_change(without(asset(revision=3), "analysis"))
    feed.take_rows(query_row(), [])
    assert feed.wishes() == ()


def test_a_database_without_revisions_is_a_schema_mismatch() -> None:
    row = query_row()
    del row["revision"]
    with pytest.raises(SchemaMismatch, match="no column revision"):
        Feed(QUERY_ID).take_rows(row, [])


def test_an_unknown_state_is_reported_once_and_the_rest_goes_on(feed: Feed) -> None:
    feed.take_change(query(revision=2, stage="dreaming"))
    feed.take_change(query(revision=3, stage="dreaming"))
    feed.take_change(message(1))
    complaint, spoken = told(feed)
    assert isinstance(complaint, SchemaMismatch)
    assert spoken.seq == 1


# the end


def ended(**more: Any) -> dict[str, Any]:
    return query_row(
        **{"status": "completed", "stage": "done", "progress": 100, "payload": {"a": 1}, "revision": 2} | more
    )


def test_the_end_is_the_last_word_after_a_closing_read(feed: Feed) -> None:
    feed.take_change(Change(Table.QUERIES, ended(last_message_seq=1), {}))
    assert told(feed) == []
    assert feed.wishes() == (ReadRows(), Gap(after_seq=0, is_proved=False))
    feed.take_rows(ended(last_message_seq=1), [asset_row(0, revision=2, progress=100, status="completed")])
    assert [type(delivery) for delivery in told(feed)] == [AssetUpdate]
    feed.take_change(message(1))
    spoken, last = told(feed)
    assert spoken.seq == 1
    assert last.status is QueryStatus.COMPLETED
    assert feed.is_complete


def test_the_end_carries_the_whole_brief(feed: Feed) -> None:
    feed.take_rows(ended(payload=OUTLINE), [asset_row(0)])
    assert feed.wishes() == (ReadBrief(),)
    assert told(feed) == []
    feed.take_brief(BRIEF)
    [last] = told(feed)
    assert last.payload == BRIEF
    assert feed.is_complete


def test_the_outline_stands_for_a_brief_that_cannot_be_had(feed: Feed) -> None:
    feed.take_rows(ended(payload=OUTLINE), [asset_row(0)])
    feed.take_brief(None)
    [last] = told(feed)
    assert last.payload == OUTLINE


def test_a_message_after_the_end_is_told_and_the_end_is_not_repeated(feed: Feed) -> None:
    feed.take_rows(ended(), [asset_row(0)])
    assert len(told(feed)) == 1
    feed.take_change(Change(Table.QUERIES, ended(revision=3, last_message_seq=1), {}))
    feed.take_change(message(1))
    assert [type(delivery) for delivery in told(feed)] == [FeedMessage]
    assert feed.is_complete


def test_a_read_begun_before_the_end_does_not_close(feed: Feed) -> None:
    feed.take_change(Change(Table.QUERIES, ended(), {}))
    feed.take_rows(query_row(), [asset_row(0)])
    assert told(feed) == []
    assert feed.wishes() == (ReadRows(),)


# the whole


def assert_identical(database: SimulatedQuery, listener: Listener) -> None:
    assert [message.seq for message in listener.messages] == [row["seq"] for row in database.messages]
    assert [message.content for message in listener.messages] == [row["content"] for row in database.messages]
    last = listener.queries[-1]
    assert (last.status, last.payload) == ("completed", BRIEF)
    assert {key: (known.revision, known.analysis) for key, known in listener.assets.items()} == {
        row["id"]: (row["revision"], row["analysis"]) for row in database.assets
    }
    assert listener.complaints == []
    assert listener.feed.is_complete


def test_a_good_wire_needs_no_read_between_start_and_end() -> None:
    database = SimulatedQuery()
    feed = Feed(QUERY_ID)
    listener = Listener(feed)
    settle(feed, listener, database)
    database.events.clear()
    for n in range(50):
        database.say(f"{n}")
        database.advance(n % 2, by=1)
        for change in database.events:
            feed.take_change(change)
        database.events.clear()
        listener.hear_all()
        assert feed.wishes() == ()
    database.finish()
    settle(feed, listener, database)  # hears nothing of the end until it is asked
    feed.take_marks(database.marks())
    settle(feed, listener, database)
    assert_identical(database, listener)


@pytest.mark.parametrize("block", range(10))
def test_a_bad_wire_ends_with_the_database(block: int) -> None:
    for seed in range(block * 50, (block + 1) * 50):
        assert_identical(*run_badly(random.Random(seed)))


@settings(max_examples=150, deadline=None)
@given(chance=st.randoms(use_true_random=False), steps=st.integers(1, 60))
def test_any_wire_ends_with_the_database(chance: random.Random, steps: int) -> None:
    assert_identical(*run_badly(chance, steps=steps))
