"""Which queries share a socket. Nothing is connected here."""

import asyncio
from uuid import UUID

from dreamcut.realtime.line import Lines
from dreamcut.realtime.project import find_project


def new_lines() -> Lines:
    return Lines(find_project("http://127.0.0.1:9", "k", access_token="t", client=None))


def test_a_socket_carries_no_more_channels_than_a_project_allows() -> None:
    lines = new_lines()
    taken = [lines.take(UUID(int=n)) for n in range(70)]
    assert len(set(map(id, taken))) == 3
    assert all(3 * len(line.queries) <= 100 for line in taken)  # hosted projects: 100 channels a connection


def test_a_query_is_watched_once_on_a_socket() -> None:
    lines = new_lines()
    assert lines.take(UUID(int=1)) is not lines.take(UUID(int=1))
    assert lines.take(UUID(int=2)) is lines.take(UUID(int=3))


def test_a_place_that_was_given_back_is_taken_again() -> None:
    lines = new_lines()
    first, second = lines.take(UUID(int=1)), lines.take(UUID(int=1))
    asyncio.run(lines.leave(first, UUID(int=1)))
    assert lines.take(UUID(int=2)) is second
    assert lines.take(UUID(int=1)) is not first
