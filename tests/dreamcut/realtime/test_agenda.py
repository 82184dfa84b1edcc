"""What is read next and when; time passes by the number."""

import pytest
from simulated_query import QUERY_ID, asset_row, message_row, query_row

from dreamcut.realtime.agenda import CHECK_SECONDS, DEAF_CHECK_SECONDS, GRACE_SECONDS, Agenda, Check
from dreamcut.realtime.merge import Change, Feed, ReadRows, Table
from dreamcut.realtime.sequence import Gap


@pytest.fixture
def feed() -> Feed:
    """A feed that knows all there is."""
    feed = Feed(QUERY_ID)
    feed.take_rows(query_row(), [asset_row(0)])
    return feed


def end(feed: Feed) -> None:
    feed.take_rows(query_row(status="completed", stage="done", payload={}, revision=9), [])
    assert list(iter(feed.next_delivery, None))
    assert feed.is_complete


def test_the_first_read_is_at_once() -> None:
    agenda = Agenda(Feed(QUERY_ID), now=100)
    assert agenda.next_job(100) == ReadRows()
    assert agenda.seconds_until_due(100) == 0


def test_a_message_that_is_on_the_way_is_given_time(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    feed.take_change(Change(Table.MESSAGES, message_row(2), {}))
    assert agenda.next_job(1) is None
    assert agenda.seconds_until_due(1) == pytest.approx(GRACE_SECONDS)
    assert agenda.next_job(1 + GRACE_SECONDS) == Gap(after_seq=0, is_proved=False)


def test_each_gap_is_given_its_own_time(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    feed.take_change(Change(Table.MESSAGES, message_row(2), {}))
    assert agenda.next_job(1) is None
    feed.take_change(Change(Table.MESSAGES, message_row(1), {}))
    feed.take_change(Change(Table.MESSAGES, message_row(4), {}))
    assert agenda.next_job(1 + GRACE_SECONDS) is None
    assert agenda.next_job(1 + 3 * GRACE_SECONDS) == Gap(after_seq=2, is_proved=False)


def test_a_proved_gap_is_read_at_once(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    feed.take_rows(query_row(revision=2, last_message_seq=1), [asset_row(0)])
    assert agenda.next_job(0) == Gap(after_seq=0, is_proved=True)


def test_silence_is_looked_into_now_and_then(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    agenda.note_listening()
    assert agenda.next_job(0) == Check(is_first=True)
    agenda.begin(Check(is_first=True))
    agenda.finish(Check(is_first=True), now=1)
    assert agenda.next_job(1) is None
    assert agenda.seconds_until_due(1) == CHECK_SECONDS
    assert agenda.next_job(1 + CHECK_SECONDS) == Check()


def test_without_a_socket_it_is_looked_more_often(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    agenda.note_deaf(now=1)
    assert agenda.seconds_until_due(1) == DEAF_CHECK_SECONDS
    agenda.begin(Check())
    agenda.finish(Check(), now=10)
    assert agenda.seconds_until_due(10) == DEAF_CHECK_SECONDS


def test_what_failed_is_tried_again_later_and_later(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    agenda.note_listening()
    now, waits = 0.0, []
    for _ in range(12):
        job = agenda.next_job(now)
        assert job == Check(is_first=True)
        agenda.begin(job)
        agenda.fail(job, now=now)
        assert agenda.next_job(now) is None
        waits.append(agenda.seconds_until_due(now) or 0)
        now += waits[-1]
    assert waits[0] <= 0.2
    assert 7 <= waits[-1] <= 15


def test_a_lagging_answer_is_asked_for_again_later() -> None:
    feed = Feed(QUERY_ID)
    agenda = Agenda(feed, now=0)
    agenda.finish(ReadRows(), now=0)  # and the feed still wishes it
    assert agenda.next_job(0) is None
    assert agenda.next_job(1) == ReadRows()


def test_after_the_end_it_is_quiet(feed: Feed) -> None:
    agenda = Agenda(feed, now=0)
    end(feed)
    assert agenda.next_job(10 * CHECK_SECONDS) is None
    assert agenda.seconds_until_due(0) is None
    agenda.note_listening()  # after a reconnect it looks once
    assert agenda.next_job(0) == Check(is_first=True)
    agenda.begin(Check(is_first=True))
    agenda.finish(Check(is_first=True), now=0)
    assert agenda.seconds_until_due(0) is None
