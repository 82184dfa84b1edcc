"""Measure the database as a worker meets it: `make bench`. Prints a Markdown table.

A server of its own, with the settings that DreamCut ships, in a folder that goes with the run.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import crowd
import findings

from dreamcut.models import (
    AssetKind,
    AssetStatus,
    Intent,
    MessageType,
    NewAsset,
    NewMessage,
    NewQuery,
    QueryStage,
)
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import ensure_schema
from dreamcut.store.pools import close_pools
from dreamcut.store.postgres import PostgresStore

RUNS = 300
WORKER = "bench:1"


def measured(call: Callable[[int], object], *, runs: int = RUNS) -> tuple[float, float]:
    """Call it so often, with the number of the call; returns median and 95th percentile in milliseconds."""
    taken = []
    for number in range(runs):
        began = time.perf_counter()
        call(number)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def row(what: str, goal: str, figures: tuple[float, float]) -> None:
    """Print one line of the table."""
    print(f"| {what} | {figures[0]:.2f} ms | {figures[1]:.2f} ms | {goal} |", flush=True)


def new_database(conninfo: str, name: str) -> str:
    """Make a migrated database on the server and return its connection string."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    url = make_conninfo(conninfo, dbname=name)
    ensure_schema(url)
    return url


def store_calls(url: str) -> None:
    """Measure the calls of one query's life."""
    with PostgresStore(url) as anybody:
        asset = NewAsset(url="https://cdn.test/a.mp4", kind=AssetKind.VIDEO, filename="a.mp4")

        def start(_number: int) -> UUID:
            return anybody.initialize_query(
                NewQuery(user_id="u", prompt="A trailer", assets=(asset,) * 3), intent=Intent.VIDEO
            )

        row("initialize_query, 3 assets", "", measured(start))
        query_id = start(0)
        lease = anybody.claim_query(worker_id=WORKER, lease_seconds=600, query_id=query_id)
        assert lease is not None
        store = anybody.holding(lease)
        [one, two, *_] = store.assets(query_id)
        small = findings.video().model_dump(mode="json")

        def say(number: int) -> bool:
            message = NewMessage(type=MessageType.STATUS, content="Analyzing", key=f"n{number}")
            return store.add_message(query_id, message)

        def move(number: int) -> bool:
            return store.update_asset(one.id, status=AssetStatus.ANALYZING, progress=number * 99 // RUNS)

        def report(number: int) -> bool:
            found = small | {"n": number}
            return store.update_asset(
                two.id, status=AssetStatus.ANALYZING, progress=number * 99 // RUNS, analysis=found
            )

        row("add_message", "≤ 2 ms", measured(say))
        row("update_asset", "≤ 2 ms", measured(move))
        row(f"update_asset, {len(str(small)) // 1000} kB of findings", "", measured(report))
        row(
            "advance_query, nothing new",
            "≤ 2 ms",
            measured(lambda _: store.advance_query(query_id, stage=QueryStage.ANALYZING, progress=1)),
        )
        row("renew", "≤ 2 ms", measured(lambda _: store.renew(lease, lease_seconds=600)))
        row("query", "≤ 2 ms", measured(lambda _: store.query(query_id)))
        row("assets", "≤ 2 ms", measured(lambda _: store.assets(query_id)))
        row(
            "messages, the newest 10",
            "≤ 2 ms",
            measured(lambda _: store.messages(query_id, after_seq=RUNS - 9)),
        )


def large_documents(url: str) -> None:
    """Measure what outlining a document costs beside reading it."""
    with psycopg.connect(url, autocommit=True) as connection:
        for shots, words in ((110, 200), (590, 400), (2900, 10_000)):
            sentences = tuple(
                "ten words make one sentence in this long long talk" for _ in range(words // 10)
            )
            sound = findings.audio(3600.0, sentences=sentences)
            video = findings.video(edges=tuple(n * 30 for n in range(shots + 1)), sound=sound)
            document = Jsonb(video.model_dump(mode="json"))
            size = connection.execute("select octet_length(%s::jsonb::text)", [document]).fetchone()
            connection.execute("create temp table kept as select %s::jsonb as document", [document])
            with_outline = measured(
                lambda _: connection.execute("select public.dreamcut_row_document(document) from kept"),
                runs=10,
            )
            connection.execute("drop table kept")
            row(f"outline of {(size or [0])[0] / 1e6:.1f} MB of findings", "≤ 50 ms at 1 MB", with_outline)


def claims(url: str) -> None:
    """Measure claiming one of 100,000 waiting queries."""
    crowd.fill(url)
    with PostgresStore(url) as store, psycopg.connect(url, autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute(
                "select id from public.dreamcut_queries where status = 'processing' limit %s", [RUNS]
            )
            known = [found[0] for found in cursor.fetchall()]

        def claim_this(number: int) -> None:
            store.claim_query(worker_id=WORKER, lease_seconds=600, query_id=known[number])

        waiting = f"of {crowd.WAITING:,} waiting"
        row(
            f"claim_query, one {waiting}",
            "≤ 5 ms",
            measured(lambda _: store.claim_query(worker_id=WORKER, lease_seconds=600)),
        )
        row(
            f"claim_asset, one {waiting}",
            "≤ 5 ms",
            measured(lambda _: store.claim_asset(worker_id=WORKER, lease_seconds=600)),
        )
        row(f"claim_query, this one {waiting}", "≤ 5 ms", measured(claim_this))
        row("queries, the newest 20", "≤ 2 ms", measured(lambda _: store.queries()))
        row(
            "queries of a user, the newest 20",
            "≤ 2 ms",
            measured(lambda _: store.queries(user_id=crowd.user_of(connection, known[0]))),
        )
        row(
            "dreamcut_health",
            "",
            measured(
                lambda _: connection.execute("select * from public.dreamcut_health()").fetchall(), runs=20
            ),
        )


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="dc-bench-", dir="/var/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)  # as root, Postgres runs as somebody else
        server = EmbeddedPostgres(home)
        conninfo = server.start()
        try:
            print("| what | median | 95 % | goal |")
            print("|---|---|---|---|")
            for name, measure in (("calls", store_calls), ("documents", large_documents), ("claims", claims)):
                url = new_database(conninfo, name)
                measure(url)
                close_pools(url)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
