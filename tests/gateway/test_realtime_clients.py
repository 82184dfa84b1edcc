"""The unmodified Python client, as it comes from the registry."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psutil
import psycopg
import pytest
from realtime.types import RealtimeSubscribeStates
from supabase import AsyncClient, acreate_client
from supabase_project import SupabaseProject

_PATIENCE_SECONDS = 20.0
A, B = (str(uuid4()) for _ in range(2))

Events = asyncio.Queue[Any]


@asynccontextmanager
async def client_of(project: SupabaseProject, user: str) -> AsyncIterator[AsyncClient]:
    """A front end in which a user has signed in."""
    client = await acreate_client(project.url, project.keys.anon)
    await client.realtime.set_auth(project.keys.token(role="authenticated", user_id=user))
    try:
        yield client
    finally:
        await client.realtime.close()


async def listen(client: AsyncClient, table: str, query_id: str | None, *, event: Any = "*") -> Events:
    """Listen to the rows of one query or of all, and return when the server does."""
    events, said = Events(), asyncio.Queue[tuple[str, Any]]()
    channel = client.channel(f"{table}:{query_id}")
    column = "id" if table == "dreamcut_queries" else "query_id"
    channel.on_postgres_changes(
        event,
        events.put_nowait,
        table=table,
        schema="public",
        filter=f"{column}=eq.{query_id}" if query_id else None,
    )
    channel.on_system(lambda payload: said.put_nowait(("system", payload.message)))
    await channel.subscribe(lambda state, _: said.put_nowait(("state", state)))
    assert await within(said.get()) == ("state", RealtimeSubscribeStates.SUBSCRIBED)
    assert await within(said.get()) == ("system", "Subscribed to PostgreSQL")
    return events


async def within(waiting: Any) -> Any:
    return await asyncio.wait_for(waiting, _PATIENCE_SECONDS)


def begin(database_url: str, user: str) -> str:
    """Begin a query as the front end does, and return its id."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        row = connection.execute(
            "insert into dreamcut_queries (user_id, user_prompt, intent) values (%s, 'a prompt', 'image')"
            " returning id::text",
            [user],
        ).fetchone()
    assert row is not None
    return str(row[0])


_ADD = "insert into dreamcut_messages (query_id, type, content) values (%s, 'status', %s)"


def test_sixty_messages_of_sixty_come_in_order(supabase_project: SupabaseProject, database_url: str) -> None:
    query_id = begin(database_url, A)

    async def follow() -> list[tuple[int, str]]:
        async with (
            client_of(supabase_project, A) as client,
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as writer,
        ):
            events = await listen(client, "dreamcut_messages", query_id, event="INSERT")
            for number in range(60):
                await writer.execute(_ADD, [query_id, f"message {number}"])
            records = [(await within(events.get()))["data"]["record"] for _ in range(60)]
            return [(record["seq"], record["content"]) for record in records]

    received = asyncio.run(follow())
    with psycopg.connect(database_url) as connection:
        stored = connection.execute(
            "select seq, content from dreamcut_messages where query_id = %s order by seq", [query_id]
        ).fetchall()
    assert received == stored[-60:]
    assert [content for _, content in received] == [f"message {number}" for number in range(60)]


def test_two_clients_get_their_own_query_only(supabase_project: SupabaseProject, database_url: str) -> None:
    of_a, of_b = begin(database_url, A), begin(database_url, B)

    async def follow() -> list[str]:
        async with client_of(supabase_project, A) as first, client_of(supabase_project, B) as second:
            events = [
                await listen(first, "dreamcut_messages", of_a),
                await listen(second, "dreamcut_messages", of_b),
                await listen(second, "dreamcut_messages", None),  # asks for everybody's
            ]
            async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as writer:
                await writer.execute(_ADD, [of_a, "for A"])
                await writer.execute(_ADD, [of_b, "for B"])
            return [(await within(each.get()))["data"]["record"]["content"] for each in events]

    assert asyncio.run(follow()) == ["for A", "for B", "for B"]


def test_the_client_rejoins_after_the_gateway_was_away(
    supabase_project: SupabaseProject, database_url: str
) -> None:
    query_id = begin(database_url, A)

    async def follow() -> str:
        async with client_of(supabase_project, A) as client:
            events = await listen(client, "dreamcut_messages", query_id)
            said = Events()
            client.get_channels()[0].on_system(said.put_nowait)
            await asyncio.to_thread(supabase_project.kill)
            await asyncio.to_thread(supabase_project.start)
            await within(said.get())
            async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as writer:
                await writer.execute(_ADD, [query_id, "again"])
            return str((await within(events.get()))["data"]["record"]["content"])

    assert asyncio.run(follow()) == "again"


@pytest.mark.parametrize("bad", ["select", "filter"])
def test_the_client_is_told_what_cannot_be_listened_to(supabase_project: SupabaseProject, bad: str) -> None:
    arguments: dict[str, Any] = {"select": ["id"]} if bad == "select" else {"filter": "id=like.a%"}

    async def join() -> tuple[RealtimeSubscribeStates, str]:
        async with client_of(supabase_project, A) as client:
            said = asyncio.Queue[tuple[RealtimeSubscribeStates, Exception | None]]()
            channel = client.channel("q").on_postgres_changes(
                "*",  # type: ignore[arg-type]  # the enum's value, as the documentation shows it
                lambda _: None,
                table="dreamcut_queries",
                **arguments,
            )
            await channel.subscribe(lambda state, error: said.put_nowait((state, error)))
            assert (await within(said.get()))[0] == RealtimeSubscribeStates.SUBSCRIBED
            state, error = await within(said.get())
            return state, str(error)

    state, reason = asyncio.run(join())
    assert state == RealtimeSubscribeStates.CHANNEL_ERROR
    assert bad in reason


@pytest.mark.benchmark
def test_from_write_to_event(supabase_project: SupabaseProject, database_url: str) -> None:
    """Lone writes, as of a person watching; the figures are printed."""
    query_id = begin(database_url, A)
    count = 200

    async def measure() -> list[float]:
        loop = asyncio.get_running_loop()
        async with (
            client_of(supabase_project, A) as client,
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as writer,
        ):
            events = await listen(client, "dreamcut_messages", query_id)
            spans = []
            for number in range(count):
                await asyncio.sleep(0.02)
                begins = loop.time()
                await writer.execute(_ADD, [query_id, f"message {number}"])
                await within(events.get())
                spans.append(loop.time() - begins)
            return sorted(spans)

    gateway = next(p for p in psutil.Process().children() if "gateway" in p.cmdline())

    async def idle_share() -> float:
        async with client_of(supabase_project, A) as client:
            await listen(client, "dreamcut_messages", query_id)
            before = gateway.cpu_times()
            await asyncio.sleep(3)
            after = gateway.cpu_times()
            return (after.user + after.system - before.user - before.system) / 3

    spans, idle = asyncio.run(measure()), asyncio.run(idle_share())
    median, p95 = spans[count // 2], spans[int(count * 0.95)]
    print(f"\nwrite to event, supabase-py: median {median * 1e3:.1f} ms, p95 {p95 * 1e3:.1f} ms")
    print(f"a gateway with a listener and no traffic: {idle:.1%} of a core")
    assert median < 0.1
    assert idle < 0.1
