"""Queries followed live through the test gateway."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psutil
import psycopg
import pytest
from listening import WAIT_SECONDS, Recorder
from psycopg.types.json import Jsonb
from queries import Started, feed, report, start_query, value
from supabase_project import SupabaseProject

from dreamcut.errors import InvalidRequest, NotFound, SchemaMismatch
from dreamcut.realtime import AssetUpdate, acreate_dreamcut_manager, create_dreamcut_manager

ANNA, BERT = str(UUID(int=1)), str(UUID(int=2))
Worker = psycopg.Connection[Any]


def say(worker: Worker, query_id: UUID, content: str) -> None:
    value(worker, "select public.add_dreamcut_message(%s, 'status', %s)", query_id, content)


def finish(worker: Worker, query: Started, payload: dict[str, Any] | None = None) -> None:
    for asset in query.assets:
        report(worker, asset, "completed", 100)
    document = Jsonb(payload or {"title": "Rain"})
    value(worker, "select public.finish_dreamcut_query(%s, %s)", query.id, document)


def traces() -> tuple[set[str], int]:
    """Return the names of our threads and the number of this process's sockets."""
    threads = {thread.name for thread in threading.enumerate() if thread.name.startswith("dreamcut")}
    return threads, len(psutil.Process().net_connections("tcp"))


def test_a_query_is_followed_to_its_end(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA, assets=2)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    report(worker, query.assets[0], "analyzing", 25, message="Analyzing image: 0.jpg")
    heard.wait_for_messages(2)
    finish(worker, query)
    heard.wait_for_end()
    assert heard.feed == feed(worker, query.id)
    assert heard.told[-1] == heard.queries[-1]
    assert heard.queries[-1].payload == {"title": "Rain"}
    assert {asset.status for asset in heard.assets.values()} == {"completed"}
    assert heard.errors == []


def test_a_query_that_has_ended_is_told_whole(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    finish(worker, query)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(str(query.id), **heard.callbacks, after_seq=1)
    heard.wait_for_end()
    assert heard.feed == feed(worker, query.id)[1:]
    assert len(heard.queries) == 1


def test_the_end_brings_the_whole_of_a_large_brief(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    brief = {"title": "Rain", "beats": [{"at": n, "what": "x" * 50} for n in range(5000)]}
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    finish(worker, query, brief)
    heard.wait_for_end()
    stored = value(worker, "select payload from public.dreamcut_queries where id = %s", query.id)
    assert "left_out" in stored  # else this shows nothing
    assert heard.queries[-1].payload == brief


def test_a_failed_query_says_why(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA, assets=2)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    value(worker, "select public.fail_dreamcut_query(%s, 'out of film')", query.id)
    heard.wait_for_end()
    assert heard.queries[-1].error_message == "out of film"
    assert {asset.status for asset in heard.assets.values()} == {"failed"}
    assert heard.feed == feed(worker, query.id)


def test_a_message_after_the_end_is_heard(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    finish(worker, query)
    heard.wait_for_end()
    said = len(heard.messages)
    say(worker, query.id, "One more thing")
    heard.wait_for_messages(said + 1)
    assert heard.feed == feed(worker, query.id)


def test_two_hear_all_of_twenty_writers(new_manager: Any, worker: Worker, database_url: str) -> None:
    writers, messages = 20, 100
    query = start_query(worker, user_id=ANNA)
    hearing = [Recorder(), Recorder()]
    for heard, manager in zip(hearing, (new_manager(ANNA), new_manager()), strict=True):
        manager.subscribe_to_query(query.id, **heard.callbacks)
    for heard in hearing:
        heard.wait_for_messages(1)

    def write(writer: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute("set role service_role")
            for n in range(messages):
                say(connection, query.id, f"{writer}: {n}")

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    finish(worker, query)
    written = feed(worker, query.id)
    assert [seq for seq, _, _ in written] == list(range(1, writers * messages + 4))
    for heard in hearing:
        heard.wait_for_end(seconds=60)
        assert heard.feed == written
        assert heard.errors == []


def test_everybody_hears_of_their_own_query_only(new_manager: Any, worker: Worker) -> None:
    of_anna = start_query(worker, user_id=ANNA)
    of_bert = start_query(worker, user_id=BERT)
    anna, bert, stranger = Recorder(), Recorder(), Recorder()
    new_manager(ANNA).subscribe_to_query(of_anna.id, **anna.callbacks)
    manager_of_bert = new_manager(BERT)
    manager_of_bert.subscribe_to_query(of_bert.id, **bert.callbacks)
    nosy = manager_of_bert.subscribe_to_query(of_anna.id, **stranger.callbacks)
    anna.wait_for_messages(1)
    bert.wait_for_messages(1)  # so his socket works
    assert nosy.wait(WAIT_SECONDS)
    say(worker, of_anna.id, "for Anna")
    say(worker, of_bert.id, "for Bert")
    anna.wait_for_messages(2)
    bert.wait_for_messages(2)
    assert [type(error) for error in stranger.errors] == [NotFound]
    assert stranger.told == []
    assert anna.feed == feed(worker, of_anna.id)
    assert bert.feed == feed(worker, of_bert.id)


def test_two_subscriptions_of_one_manager_hear_the_same(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    manager = new_manager(ANNA)
    early, late = Recorder(), Recorder()
    manager.subscribe_to_query(query.id, **early.callbacks)
    early.wait_for_messages(1)
    say(worker, query.id, "before the second")
    manager.subscribe_to_query(query.id, **late.callbacks)
    late.wait_for_messages(2)
    finish(worker, query)
    for heard in (early, late):
        heard.wait_for_end()
        assert heard.feed == feed(worker, query.id)


def test_a_deleted_query_is_not_found_any_more(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    subscription = new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    worker.execute("delete from public.dreamcut_queries where id = %s", [query.id])
    assert subscription.wait(WAIT_SECONDS)
    assert [type(error) for error in heard.errors] == [NotFound]


def test_a_database_without_our_tables_is_a_schema_mismatch(
    new_database: Any, new_supabase_project: Any
) -> None:
    from dreamcut.store.migrations import bootstrap  # roles and auth, but no migration

    url = new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        bootstrap(connection)
    project: SupabaseProject = new_supabase_project(url)
    heard = Recorder()
    with create_dreamcut_manager(project.url, project.keys.service_role) as manager:
        with pytest.raises(SchemaMismatch, match="migrat"):
            manager.get_query(uuid4())
        assert manager.subscribe_to_query(uuid4(), **heard.callbacks).wait(WAIT_SECONDS)
    assert isinstance(heard.errors[-1], SchemaMismatch)


# callbacks


def test_a_callback_that_raises_is_reported_and_hears_on(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()

    def stumble(message: Any) -> None:
        heard.callbacks["on_new_message"](message)
        if message.seq == 1:
            raise LookupError("in the application")

    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks | {"on_new_message": stumble})
    heard.wait_for_messages(1)
    say(worker, query.id, "and on")
    heard.wait_for_messages(2)
    assert [type(error) for error in heard.errors] == [LookupError]


def test_a_slow_callback_hears_the_newest_state(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA, assets=1)
    slow, quick = Recorder(), Recorder()
    may_go_on = threading.Event()

    def dawdle(message: Any) -> None:
        slow.callbacks["on_new_message"](message)
        may_go_on.wait(WAIT_SECONDS)

    manager = new_manager(ANNA)
    manager.subscribe_to_query(query.id, **slow.callbacks | {"on_new_message": dawdle})
    manager.subscribe_to_query(query.id, **quick.callbacks)
    slow.wait_for_messages(1)
    for percent in range(1, 60):
        report(worker, query.assets[0], "analyzing", percent)

    def is_there(told: Recorder) -> bool:
        return told.assets[str(query.assets[0])].progress == 59

    quick.wait(is_there)
    may_go_on.set()
    slow.wait(is_there)
    states = [news for news in slow.told if isinstance(news, AssetUpdate)]
    assert len(states) < 30


def test_unsubscribing_inside_a_callback_ends_it(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA, assets=2)
    heard = Recorder()
    subscribed = threading.Event()

    def enough(message: Any) -> None:
        subscribed.wait(WAIT_SECONDS)
        heard.callbacks["on_new_message"](message)
        unsubscribe()
        unsubscribe()

    unsubscribe = new_manager(ANNA).subscribe_to_query(
        query.id, **heard.callbacks | {"on_new_message": enough}
    )
    say(worker, query.id, "second")
    subscribed.set()
    assert unsubscribe.wait(WAIT_SECONDS)
    assert [message.seq for message in heard.messages] == [1]


def test_unsubscribing_leaves_nothing_behind(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    manager = new_manager(ANNA)
    before = traces()
    heard = Recorder()
    unsubscribe = manager.subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    say(worker, query.id, "heard")
    heard.wait_for_messages(2)
    assert traces() != before
    unsubscribe()
    unsubscribe()
    say(worker, query.id, "unheard")
    assert traces() == before
    assert len(heard.messages) == 2

    manager.subscribe_to_query(query.id, **heard.callbacks, after_seq=2)
    heard.wait_for_messages(3)


# with an event loop


def test_the_asynchronous_manager_does_the_same(supabase_project: SupabaseProject, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    keys = supabase_project.keys

    async def token() -> str:
        return keys.token(role="authenticated", user_id=ANNA)

    async def slowly(message: Any) -> None:
        await asyncio.sleep(0)
        heard.callbacks["on_new_message"](message)

    async def follow() -> set[asyncio.Task[Any]]:
        before = asyncio.all_tasks()
        async with await acreate_dreamcut_manager(
            supabase_project.url, keys.anon, access_token=token
        ) as manager:
            callbacks = heard.callbacks | {"on_new_message": slowly}
            unsubscribe = await manager.subscribe_to_query(query.id, **callbacks)
            await asyncio.to_thread(heard.wait_for_messages, 1)
            await asyncio.to_thread(finish, worker, query)
            await asyncio.to_thread(heard.wait_for_end)
            snapshot = await manager.get_query(query.id)
            assert snapshot.messages == tuple(heard.messages)
            assert snapshot.query == heard.queries[-1]
            await unsubscribe()
            await unsubscribe()
            return asyncio.all_tasks() - before

    assert asyncio.run(follow()) == set()
    assert heard.feed == feed(worker, query.id)


def test_a_coroutine_callback_may_wait_for_its_own_end(
    supabase_project: SupabaseProject, worker: Worker
) -> None:
    query = start_query(worker, user_id=ANNA)
    seen: list[int] = []

    async def follow() -> None:
        async with await acreate_dreamcut_manager(
            supabase_project.url, supabase_project.keys.service_role
        ) as manager:

            async def once(message: Any) -> None:
                seen.append(message.seq)
                await subscription()
                await asyncio.create_task(_call(subscription))

            say(worker, query.id, "second")
            subscription = await manager.subscribe_to_query(query.id, on_new_message=once)
            await asyncio.wait_for(subscription.wait(), WAIT_SECONDS)

    async def _call(subscription: Any) -> None:
        await subscription()

    asyncio.run(follow())
    assert seen == [1]


def test_an_id_that_is_none_is_refused_at_once(new_manager: Any) -> None:
    with pytest.raises(InvalidRequest, match="query_id"):
        new_manager(ANNA).subscribe_to_query("not an id")


def test_the_brief_of_a_snapshot_is_whole(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    brief = {"beats": ["x" * 50 for _ in range(20_000)]}
    finish(worker, query, brief)
    assert "left_out" in json.dumps(
        value(worker, "select payload from public.dreamcut_queries where id = %s", query.id)
    )
    snapshot = new_manager(ANNA).get_query(query.id)
    assert snapshot.brief == snapshot.query.payload == brief
    assert [message.seq for message in snapshot.messages] == [1, 2, 3]
    assert [asset.status for asset in snapshot.assets] == ["completed"] * 2


def test_unsubscribing_at_any_moment_leaves_nothing_behind(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA)
    manager = new_manager(ANNA)
    before = traces()
    for step in range(30):
        unsubscribe = manager.subscribe_to_query(query.id)
        unsubscribe.wait(step * 0.005)  # from before it connects until after it listens
        unsubscribe()
        assert unsubscribe.wait(0), f"after {step * 5} ms"
        assert traces() == before, f"after {step * 5} ms"
