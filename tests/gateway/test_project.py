"""Coming and going: of clients, of connections, of the gateway, of the database."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from supabase import AsyncClientOptions, acreate_client
from supabase_project import SupabaseProject, Visitor


def titles(found: Any) -> list[str]:
    return [row["title"] for row in found.data]


def test_async_client_reads_and_writes(user: Visitor) -> None:
    async def work() -> list[str]:
        options = AsyncClientOptions(headers={"Authorization": f"Bearer {user.token}"})
        client = await acreate_client(user.project.url, user.project.keys.anon, options=options)
        rows = [client.table("notes").insert({"title": str(n)}).execute() for n in range(20)]
        await asyncio.gather(*rows)  # twice as many as there are connections
        return titles(await client.table("notes").select("title").execute())

    assert sorted(asyncio.run(work()), key=int) == [str(n) for n in range(20)]


def test_lost_database_connections_are_replaced(author: Visitor, owner: psycopg.Connection[Any]) -> None:
    ended = owner.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
    ).fetchall()
    assert ended
    assert len(author.client().table("notes").select("id").execute().data) == 4


def test_connection_lost_in_the_middle_is_503_and_replaced(author: Visitor) -> None:
    refused = author.send("POST", "/rest/v1/rpc/end_connection")
    assert (refused.status_code, refused.json()["code"]) == (503, "57P01")
    assert len(author.client().table("notes").select("id").execute().data) == 4


def test_project_can_be_killed_and_comes_back_at_the_same_address(supabase_project: SupabaseProject) -> None:
    key = supabase_project.keys.service_role
    worker = Visitor(supabase_project, key, key=key)
    table = worker.client().table("dreamcut_queries")
    table.insert({"user_id": "u", "user_prompt": "p", "intent": "image"}).execute()
    for end in (supabase_project.kill, supabase_project.stop):
        end()
        with pytest.raises(httpx.ConnectError):
            worker.send("GET", "/rest/v1/dreamcut_queries")
        supabase_project.start()
        assert len(table.select("id").execute().data) == 1


def test_absent_database_is_503(
    supabase_project: SupabaseProject, new_supabase_project: Callable[[str], SupabaseProject]
) -> None:
    astray = new_supabase_project("host=127.0.0.1 port=1 user=nobody dbname=nothing connect_timeout=2")
    refused = Visitor(astray, astray.keys.anon).send("GET", "/rest/v1/dreamcut_queries")
    assert (refused.status_code, refused.json()["code"]) == (503, "PGRST000")
