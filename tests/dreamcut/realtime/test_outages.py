"""What a subscriber hears while sockets, servers and tokens come to an end."""

import threading
import time
from typing import Any
from uuid import UUID

import psycopg
import pytest
from gateway.faults import FaultProxy, Plan
from listening import WAIT_SECONDS, Recorder, live_through
from queries import feed, report, start_query, value
from supabase_project import SupabaseProject

from dreamcut.errors import StoreRefused, StoreUnavailable
from dreamcut.realtime import create_dreamcut_manager
from dreamcut.realtime.tokens import seconds_left

ANNA = str(UUID(int=1))
Worker = psycopg.Connection[Any]


def say(worker: Worker, query_id: UUID, content: str) -> None:
    value(worker, "select public.add_dreamcut_message(%s, 'status', %s)", query_id, content)


def test_nothing_is_lost_when_the_server_is_killed(
    new_manager: Any, worker: Worker, supabase_project: SupabaseProject
) -> None:
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait_for_messages(1)
    say(worker, query.id, "before")
    heard.wait_for_messages(2)
    supabase_project.kill()
    for n in range(20):
        say(worker, query.id, f"while it is away {n}")
    heard.wait(lambda told: told.errors)  # it has noticed
    supabase_project.start()
    heard.wait_for_messages(22)
    say(worker, query.id, "after")
    heard.wait_for_messages(23)
    assert heard.feed == feed(worker, query.id)
    assert {type(error) for error in heard.errors} == {StoreUnavailable}
    assert len(heard.errors) <= 2  # the socket and the tables, once each


def test_it_begins_when_the_server_comes(
    new_manager: Any, worker: Worker, supabase_project: SupabaseProject
) -> None:
    query = start_query(worker, user_id=ANNA)
    supabase_project.kill()
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    heard.wait(lambda told: told.errors)
    supabase_project.start()
    heard.wait_for_messages(1)
    assert all(error.retryable for error in heard.errors if isinstance(error, StoreUnavailable))


def test_a_token_is_renewed_before_it_expires(supabase_project: SupabaseProject, worker: Worker) -> None:
    given: list[str] = []

    def token() -> str:
        given.append(supabase_project.keys.token(role="authenticated", user_id=ANNA, seconds=4, n=len(given)))
        return given[-1]

    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    with create_dreamcut_manager(
        supabase_project.url, supabase_project.keys.anon, access_token=token
    ) as manager:
        manager.subscribe_to_query(query.id, **heard.callbacks)
        heard.wait_for_messages(1)
        first = given[0]
        while (seconds_left(first) or 0) > -0.5:  # the clock is what this is about
            say(worker, query.id, f"token {len(given)}")
            time.sleep(0.1)
        heard.wait_for_messages(len(feed(worker, query.id)))
        assert heard.feed == feed(worker, query.id)
    assert heard.errors == []
    assert 2 <= len(given) <= 4


def test_an_expired_token_that_nobody_renews_is_the_last_word(
    supabase_project: SupabaseProject, worker: Worker
) -> None:
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    token = supabase_project.keys.token(role="authenticated", user_id=ANNA, seconds=3)
    with create_dreamcut_manager(
        supabase_project.url, supabase_project.keys.anon, access_token=token
    ) as manager:
        subscription = manager.subscribe_to_query(query.id, **heard.callbacks)
        heard.wait_for_messages(1)
        assert subscription.wait(WAIT_SECONDS)
        assert isinstance(heard.errors[-1], StoreRefused)
        assert token not in str(heard.errors[-1])
        with pytest.raises(StoreRefused):
            manager.get_query(query.id)


def test_a_token_that_is_late_is_waited_for(supabase_project: SupabaseProject, worker: Worker) -> None:
    signed_in = threading.Event()

    def token() -> str:
        if not signed_in.is_set():
            return supabase_project.keys.token(role="authenticated", user_id=ANNA, seconds=-60)
        return supabase_project.keys.token(role="authenticated", user_id=ANNA)

    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    with create_dreamcut_manager(
        supabase_project.url, supabase_project.keys.anon, access_token=token
    ) as manager:
        manager.subscribe_to_query(query.id, **heard.callbacks)
        heard.wait(lambda told: told.errors)
        signed_in.set()
        heard.wait_for_messages(1)
    assert all(isinstance(error, StoreRefused) for error in heard.errors)


def test_a_wrong_key_is_refused(supabase_project: SupabaseProject) -> None:
    heard = Recorder()
    with create_dreamcut_manager(supabase_project.url, "no-key-of-this-project") as manager:
        subscription = manager.subscribe_to_query(UUID(int=5), **heard.callbacks)
        assert subscription.wait(WAIT_SECONDS)
    assert [type(error) for error in heard.errors] == [StoreRefused]
    assert "no-key-of-this-project" not in str(heard.errors)


def test_the_server_restarts_under_a_query_that_has_ended(
    new_manager: Any, worker: Worker, supabase_project: SupabaseProject
) -> None:
    query = start_query(worker, user_id=ANNA, assets=1)
    heard = Recorder()
    new_manager(ANNA).subscribe_to_query(query.id, **heard.callbacks)
    report(worker, query.assets[0], "completed", 100)
    value(worker, "select public.finish_dreamcut_query(%s, '{}')", query.id)
    heard.wait_for_end()
    supabase_project.kill()
    say(worker, query.id, "unheard at first")
    supabase_project.start()
    heard.wait_for_messages(4)
    assert heard.feed == feed(worker, query.id)


# a bad wire


def test_a_bad_wire_ends_with_the_database(supabase_project: SupabaseProject, worker: Worker) -> None:
    faults = sum(live_through(seed, supabase_project, worker) for seed in range(12))
    assert faults > 12


def test_a_loss_that_nothing_tells_of_is_found(
    supabase_project: SupabaseProject, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dreamcut.realtime.agenda.CHECK_SECONDS", 0.5)
    query = start_query(worker, user_id=ANNA)
    heard = Recorder()
    mute = Plan(drop=1.0, duplicate=0, reorder=0, delay=0, disconnect=0)
    token = supabase_project.keys.token(role="authenticated", user_id=ANNA)
    with (
        FaultProxy(supabase_project.url, seed=1, plan=mute) as proxy,
        create_dreamcut_manager(proxy.url, supabase_project.keys.anon, access_token=token) as manager,
    ):
        manager.subscribe_to_query(query.id, **heard.callbacks)
        heard.wait_for_messages(1)
        for n in range(3):
            say(worker, query.id, f"{n}")
            heard.wait_for_messages(n + 2)
        assert proxy.counts().dropped > 0
    assert heard.feed == feed(worker, query.id)
    assert heard.errors == []
