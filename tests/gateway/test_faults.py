"""The faulty network does what it says, and nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from gateway.faults import Counts, FaultProxy, Plan
from realtime_socket import RealtimeSocket
from supabase_project import SupabaseProject
from websockets.exceptions import ConnectionClosed

THINGS = {"event": "*", "schema": "public", "table": "things"}
A = str(uuid4())

QUIET = Plan(drop=0, duplicate=0, reorder=0, delay=0, disconnect=0)
Write = Callable[[int], list[int]]


@pytest.fixture
def write(database_url: str) -> Iterator[Write]:
    """Insert rows into a published table, each in a transaction of its own; returns their numbers."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "create table things (id integer generated always as identity primary key, text text);"
            "grant all on things to service_role; alter publication supabase_realtime add table things"
        )

        def insert(count: int) -> list[int]:
            rows = [
                connection.execute("insert into things default values returning id") for _ in range(count)
            ]
            return [row[0] for found in rows for row in found]

        yield insert


def follow(project: SupabaseProject, proxy: FaultProxy) -> RealtimeSocket:
    client = RealtimeSocket(proxy.url, project.keys.service_role)
    client.listen("t", THINGS)
    return client


def ids(client: RealtimeSocket, count: int) -> list[int]:
    return [client.change()["record"]["id"] for _ in range(count)]


def test_a_quiet_network_harms_nothing(supabase_project: SupabaseProject, write: Write) -> None:
    with (
        FaultProxy(supabase_project.url, seed=1, plan=QUIET) as proxy,
        follow(supabase_project, proxy) as client,
    ):
        assert write(50) == ids(client, 50)
        assert proxy.counts() == Counts(websockets=1, changes=50)


def test_http_goes_through(supabase_project: SupabaseProject, write: Write) -> None:
    text = "ä" * 300_000
    key = supabase_project.keys.service_role
    headers = {"apikey": key, "Authorization": f"Bearer {key}", "Prefer": "return=representation"}
    with FaultProxy(supabase_project.url, seed=1) as proxy, httpx.Client(headers=headers) as client:
        for _ in range(3):
            answer = client.post(f"{proxy.url}/rest/v1/things", json={"text": text})
            assert (answer.status_code, answer.json()[0]["text"]) == (201, text)
        assert proxy.counts() == Counts()


def test_dropped_changes_do_not_come_and_all_else_does(
    supabase_project: SupabaseProject, write: Write
) -> None:
    with (
        FaultProxy(supabase_project.url, seed=1, plan=replace(QUIET, drop=1)) as proxy,
        follow(supabase_project, proxy) as client,
        RealtimeSocket(supabase_project.url, supabase_project.keys.service_role) as unharmed,
    ):
        unharmed.listen("t", THINGS)
        assert write(5) == ids(unharmed, 5)
        client.send("phoenix", "heartbeat")
        client.expect("phx_reply")
        proxy.calm()
        assert write(1) == ids(client, 1)
        assert proxy.counts() == Counts(websockets=1, changes=6, dropped=5)


def test_reordered_changes_change_places(supabase_project: SupabaseProject, write: Write) -> None:
    with (
        FaultProxy(supabase_project.url, seed=1, plan=replace(QUIET, reorder=0.5)) as proxy,
        follow(supabase_project, proxy) as client,
    ):
        written = write(40)
        received = ids(client, 40)
        assert sorted(received) == written
        assert received != written
        assert proxy.counts().reordered == proxy.counts().faults > 0


def test_doubled_and_delayed_changes_all_come(supabase_project: SupabaseProject, write: Write) -> None:
    with (
        FaultProxy(supabase_project.url, seed=1, plan=replace(QUIET, duplicate=0.5, delay=0.5)) as proxy,
        follow(supabase_project, proxy) as client,
    ):
        written = write(40)
        received = ids(client, 40)
        while len(received) < 40 + (counts := proxy.counts()).duplicated or counts.changes < 40:
            received += ids(client, 1)
        assert sorted(set(received)) == written
        assert counts.duplicated + counts.delayed == counts.faults == 40
        assert received != sorted(received)


def test_the_same_seed_makes_the_same_faults(supabase_project: SupabaseProject, write: Write) -> None:
    def faults(seed: int) -> Counts:
        mixed = replace(QUIET, drop=0.2, duplicate=0.2, reorder=0.2, delay=0.2)
        with (
            FaultProxy(supabase_project.url, seed=seed, plan=mixed) as proxy,
            follow(supabase_project, proxy) as client,
        ):
            write(60)
            while proxy.counts().changes < 60:
                client.send("phoenix", "heartbeat")
                client.receive()
            return proxy.counts()

    first, again, other = faults(7), faults(7), faults(8)
    assert first == again
    assert first != other


def test_a_disconnected_client_may_come_again(supabase_project: SupabaseProject, write: Write) -> None:
    cut = replace(QUIET, disconnect=1, most_disconnects=1)
    with FaultProxy(supabase_project.url, seed=1, plan=cut) as proxy:
        with follow(supabase_project, proxy) as client:
            write(1)
            with pytest.raises(ConnectionClosed) as ended:
                client.receive()
            assert ended.value.rcvd is None  # not a word
        with follow(supabase_project, proxy) as client:
            assert write(1) == ids(client, 1)
            proxy.disconnect()
            with pytest.raises(ConnectionClosed):
                client.receive()
        assert proxy.counts() == Counts(websockets=2, changes=2, disconnected=2)


def test_the_command_serves_other_languages(supabase_project: SupabaseProject, write: Write) -> None:
    command = [sys.executable, "-m", "gateway.faults", "--target", supabase_project.url]
    command += ["--seed", "1", "--drop", "1", "--until-stdin-closes"]
    support = Path(__file__).parents[1] / "support"
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(support)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        said: dict[str, Any] = json.loads(process.stdout.readline())
        with RealtimeSocket(said["url"], supabase_project.keys.service_role) as client:
            client.listen("t", THINGS)
            write(1)
            assert httpx.post(f"{said['control_url']}/calm").json()["websockets"] == 1
            written = write(1)
            while (id := client.change()["record"]["id"]) != written[0]:
                assert id == written[0] - 1  # the first may have been on its way when calm came
            counts = httpx.get(said["control_url"]).json()
            assert counts["changes"] == 2
            assert httpx.post(f"{said['control_url']}/disconnect").json()["disconnected"] == 1
            with pytest.raises(ConnectionClosed):
                client.receive()
        assert httpx.get(f"{said['control_url']}/other").status_code == 404
        process.communicate(timeout=20)
    assert process.returncode == 0
