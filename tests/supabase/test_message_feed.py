"""The director's feed is gapless and in the order of commit, whoever writes."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from psycopg import errors
from queries import feed, start_query, value, wait_until_blocked

SAY = "select public.add_dreamcut_message(%s, 'status', %s)"
INSERT = "insert into public.dreamcut_messages (query_id, type, content) values (%s, 'status', %s)"


@pytest.mark.parametrize("statement", [SAY, INSERT])
def test_numbers_follow_the_order_of_commit(connect: Any, service: Any, statement: str) -> None:
    query = start_query(service, assets=0)
    slow, quick = connect(autocommit=False), connect(autocommit=False)
    quick.execute("select now()")  # the quick one's transaction is the older one: its now() is earlier
    slow.execute(statement, [query.id, "first"])
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(quick.execute, statement, [query.id, "second"])
        wait_until_blocked(service, quick.info.backend_pid)
        slow.commit()
        waiting.result(timeout=30)
    quick.commit()
    assert [(seq, content) for seq, _, content in feed(service, query.id)][1:] == [
        (2, "first"),
        (3, "second"),
    ]


def test_rolled_back_writer_leaves_no_gap(connect: Any, service: Any) -> None:
    query = start_query(service, assets=0)
    writer = connect(autocommit=False)
    writer.execute(SAY, [query.id, "never"])
    writer.rollback()
    service.execute(SAY, [query.id, "said"])
    assert [(seq, content) for seq, _, content in feed(service, query.id)][1:] == [(2, "said")]


def test_many_writers_leave_no_gap_and_a_reader_sees_prefixes_only(connect: Any, service: Any) -> None:
    query = start_query(service, assets=0)
    writers = [connect(autocommit=False) for _ in range(4)]

    def write(number: int) -> None:
        for turn in range(15):
            writers[number].execute(SAY if turn % 2 else INSERT, [query.id, f"{number}/{turn}"])
            writers[number].rollback() if turn % 5 == 4 else writers[number].commit()

    with ThreadPoolExecutor(len(writers)) as pool:
        running = [pool.submit(write, number) for number in range(len(writers))]
        while not all(future.done() for future in running):
            numbers = [seq for seq, _, _ in feed(service, query.id)]
            assert numbers == list(range(1, len(numbers) + 1))
        for future in running:
            future.result()
    numbers = [seq for seq, _, _ in feed(service, query.id)]
    assert numbers == list(range(1, 1 + 1 + 4 * 12))  # the first message, then 12 of each writer's 15
    assert value(service, "select last_message_seq from public.dreamcut_queries") == len(numbers)


def test_forged_number_is_ignored(service: Any) -> None:
    query = start_query(service, assets=0)
    service.execute(
        "insert into public.dreamcut_messages (query_id, type, content, seq) values (%s, 'status', 'x', 99)",
        [query.id],
    )
    assert [seq for seq, _, _ in feed(service, query.id)] == [1, 2]


def test_message_of_a_known_key_is_not_written_again_and_leaves_no_gap(service: Any) -> None:
    query = start_query(service, assets=0)
    say = "select public.add_dreamcut_message(%s, 'conflict', %s, p_key => 'length')"
    assert value(service, say, query.id, "Video is 45s but you want 30s") is True
    assert value(service, say, query.id, "Video is 45s but you want 30s") is False
    service.execute(
        "insert into public.dreamcut_messages (query_id, type, content, key) "
        "values (%s, 'status', 'x', 'length') on conflict do nothing",
        [query.id],
    )
    service.execute(SAY, [query.id, "next"])
    assert [seq for seq, _, _ in feed(service, query.id)] == [1, 2, 3]


def test_message_speaks_only_of_an_asset_of_its_own_query(service: Any) -> None:
    one, other = start_query(service, assets=1), start_query(service, assets=1)
    say = "select public.add_dreamcut_message(%s, 'status', 'x', p_asset_id => %s)"
    assert value(service, say, one.id, one.assets[0])
    with pytest.raises(errors.ForeignKeyViolation):
        value(service, say, one.id, other.assets[0])


def test_deleting_an_asset_keeps_what_was_said_of_it(service: Any) -> None:
    query = start_query(service)
    value(
        service,
        "select public.add_dreamcut_message(%s, 'status', 'x', p_asset_id => %s)",
        query.id,
        query.assets[0],
    )
    service.execute("delete from public.dreamcut_assets where id = %s", [query.assets[0]])
    assert len(feed(service, query.id)) == 2
    service.execute("delete from public.dreamcut_queries where id = %s", [query.id])
    assert feed(service, query.id) == []


def test_message_to_no_query_is_refused(service: Any) -> None:
    with pytest.raises(errors.ForeignKeyViolation):
        service.execute(INSERT, [uuid4(), "x"])


def test_every_change_wakes_the_listeners(connect: Any, service: Any) -> None:
    query = start_query(service, assets=1)
    listener = connect("owner")
    listener.execute("listen dreamcut")
    for statement in (
        "select public.update_asset_progress(%s, 10)",
        "update public.dreamcut_assets set worker_id = 'w' where id = %s",
    ):
        service.execute(statement.encode(), [query.assets[0]])
        heard = {note.payload for note in listener.notifies(timeout=5, stop_after=1)}
        assert heard == {str(query.id)}
