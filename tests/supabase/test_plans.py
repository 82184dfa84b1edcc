"""At 100,000 queries nothing reads a table from end to end. What was read is counted by the server itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import crowd
import psycopg
import pytest
from actors import SERVICE, Actor, request_of
from queries import value

READ = """
    select coalesce(sum(seq_scan), 0)::int,
           coalesce(sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)), 0)::int
      from pg_stat_xact_user_tables
     where schemaname = 'public'
"""


@dataclass(frozen=True)
class Crowd:
    """The full database, and some of what is in it."""

    owner: psycopg.Connection[Any]
    user: Actor
    ids: dict[str, Any]


@pytest.fixture(scope="module")
def full(module_database: Callable[..., str], pg_templates: Callable[[str], str]) -> Iterator[Crowd]:
    url = module_database(template=pg_templates("strict"))
    crowd.fill(url)
    with psycopg.connect(url, autocommit=True) as owner:
        picked = {
            "waiting": value(
                owner, "select id from public.dreamcut_queries where status = 'processing' limit 1"
            ),
            "ended": value(
                owner, "select id from public.dreamcut_queries where status = 'completed' limit 1"
            ),
        }
        for name in ("waiting", "ended"):
            picked[f"{name}_asset"] = value(
                owner, "select id from public.dreamcut_assets where query_id = %s limit 1", picked[name]
            )
        user = crowd.user_of(owner, picked["ended"])
        yield Crowd(owner, Actor("user", "authenticated", f'{{"sub": "{user}"}}'), picked | {"user": user})


def read_for(full: Crowd, actor: Actor, statement: str) -> tuple[int, int, int]:
    """Run a statement; returns how many rows it gave, tables it read whole, and rows it read."""
    with request_of(full.owner, actor) as session:
        session.execute("select auth.uid()")
        before = session.execute(READ).fetchone() or (0, 0)
        rows = session.execute(statement.format(**full.ids).encode()).fetchall()
        after = session.execute(READ).fetchone() or (0, 0)
    return len(rows), after[0] - before[0], after[1] - before[1]


PER_USER = (crowd.WAITING + crowd.ENDED) // crowd.USERS
BY_USER = {
    "the newest of one's own": (
        "select * from public.dreamcut_queries order by created_at desc limit 20",
        20,
        100,
    ),
    "all of one's own": ("select id, status from public.dreamcut_queries", PER_USER, 2 * PER_USER),
    "a query": ("select * from public.dreamcut_queries where id = '{ended}'", 1, 5),
    "its assets": (
        "select * from public.dreamcut_assets where query_id = '{ended}' order by position",
        2,
        2 + PER_USER + 5,
    ),
    "its messages": (
        "select * from public.dreamcut_messages where query_id = '{ended}' and seq > 0 order by seq",
        2,
        2 + PER_USER + 5,
    ),
    "an asset": ("select * from public.dreamcut_assets where id = '{ended_asset}'", 1, 1 + PER_USER + 5),
    "its brief": ("select public.dreamcut_brief('{ended}')", 1, 10),
    "its findings": ("select public.dreamcut_analysis('{ended_asset}')", 1, 2 * PER_USER + 10),
    "a new query": (
        "select public.initialize_dreamcut_query('{user}', 'p', 'video', '{{}}', "
        '\'[{{"url": "x", "type": "image"}}]\', \'key\')',
        1,
        40,
    ),
}
BY_WORKER = {
    "claim the oldest query": ("select * from public.claim_dreamcut_query('w')", 1, 40),
    "claim the oldest asset": ("select * from public.claim_dreamcut_asset('w')", 1, 40),
    "claim a query": ("select * from public.claim_dreamcut_query('w', 30, '{waiting}')", 1, 40),
    "claim an asset": ("select * from public.claim_dreamcut_asset('w', 30, '{waiting_asset}')", 1, 40),
    "renew": ("select public.renew_dreamcut_lease(token) from public.claim_dreamcut_query('w')", 1, 50),
    "release a worker": ("select public.release_dreamcut_worker('w')", 1, 5),
    "report": ("select public.advance_dreamcut_asset('{waiting_asset}', 10, p_message => 'x')", 1, 40),
    "say": ("select public.add_dreamcut_message('{waiting}', 'status', 'x', p_key => 'k')", 1, 20),
    "fail": ("select public.fail_dreamcut_query('{waiting}', 'why')", 1, 100),
    "delete": ("delete from public.dreamcut_queries where id = '{ended}' returning 1", 1, 30),
    "the newest of all": (
        "select * from public.dreamcut_queries order by created_at desc, id limit 20",
        20,
        40,
    ),
    "health": ("select * from public.dreamcut_health()", 20, 5000),
    "health, a week": ("select * from public.dreamcut_health('7 days', '1 hour', 100)", 100, 20_000),
}


@pytest.mark.parametrize("what", BY_USER)
def test_a_user_reads_little_more_than_is_theirs(full: Crowd, what: str) -> None:
    statement, rows, at_most = BY_USER[what]
    given, whole_tables, read = read_for(full, full.user, statement)
    assert given == rows
    assert whole_tables == 0
    assert read <= at_most


@pytest.mark.parametrize("what", BY_WORKER)
def test_a_worker_reads_little_more_than_it_asks_for(full: Crowd, what: str) -> None:
    statement, rows, at_most = BY_WORKER[what]
    given, whole_tables, read = read_for(full, SERVICE, statement)
    assert given >= rows
    assert whole_tables == 0
    assert read <= at_most


def test_reading_a_whole_table_would_be_seen(full: Crowd) -> None:
    _, whole_tables, read = read_for(
        full, SERVICE, "select count(*) from public.dreamcut_queries where intent <> 'x'"
    )
    assert (whole_tables, read) == (1, crowd.WAITING + crowd.ENDED)
