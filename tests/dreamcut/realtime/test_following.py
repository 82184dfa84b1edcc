"""Queries started and followed through the test gateway."""

from typing import Any

import psycopg
import pytest
from listening import Recorder
from queries import feed, report, start_query, value


ANNA = "00000000-0000-0000-0000-000000000001"


def finish(worker: psycopg.Connection[Any], query: Any, payload: str = '{"title": "Rain"}') -> None:
    for asset in query.assets:
        report(worker, asset, "completed", 100)
    value(worker, "select public.finish_dreamcut_query(%s, %s)", query.id, payload)


def test_a_query_is_followed_to_its_end(new_manager: Any, worker: psycopg.Connection[Any]) -> None:
    query = start_query(worker, user_id=ANNA, assets=2)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    report(
        worker, query.assets[0], "analyzing", 25, message="Analyzing image: 0.jpg", message_type="asset_start"
    )
    finish(worker, query)
    heard.wait_for_end()
    assert heard.feed == feed(worker, query.id)
    assert heard.told[-1] == heard.queries[-1]
    assert heard.queries[-1].payload == {"title": "Rain"}
    assert {asset.status for asset in heard.assets.values()} == {"completed"}
    assert heard.errors == []
