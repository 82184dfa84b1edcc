"""Connections are a process's own."""

import os
from uuid import uuid4

import psycopg
import pytest

from dreamcut.errors import NotFound
from dreamcut.store import open_store
from dreamcut.store.pools import shared_pool


def sessions(database_url: str) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and application_name = 'dreamcut'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_stores_of_one_database_share_connections(database_url: str) -> None:
    for _ in range(20):
        with open_store(database_url=database_url) as store, pytest.raises(NotFound):
            store.query(uuid4())
    assert sessions(database_url) == 1


def test_opening_a_store_asks_nothing_of_the_database(database_url: str) -> None:
    with open_store(database_url=database_url):
        assert sessions(database_url) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_child_takes_connections_of_its_own(database_url: str) -> None:
    with open_store(database_url=database_url) as store:
        with pytest.raises(NotFound):
            store.query(uuid4())
        parents = shared_pool(database_url)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                store.query(uuid4())
            except NotFound:
                code = 0 if shared_pool(database_url) is not parents else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(NotFound):  # the parent's session was not ended by the child
            store.query(uuid4())
        assert sessions(database_url) == 1
