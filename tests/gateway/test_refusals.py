"""What is refused, and how: each refusal beside a request that works."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest
from supabase_project import Visitor


def titles(found: Any) -> list[str]:
    return [row["title"] for row in found.data]


@pytest.mark.parametrize(
    ("method", "query", "body", "status", "code"),
    [
        ("POST", "", {"title": "one", "nope": 1}, 400, "PGRST204"),
        ("PATCH", "?rank=eq.1", {"nope": 1}, 400, "PGRST204"),
        ("POST", "?columns=nope", {"title": "one"}, 400, "PGRST204"),
        ("POST", "", {"rank": 1}, 400, "23502"),
        ("POST", "", {"title": "forbidden"}, 400, "23514"),
        ("POST", "", {"title": "a,b"}, 409, "23505"),
        ("POST", "", {"title": "one", "rank": "high"}, 400, "22P02"),
        ("POST", "", {"title": "one", "mood": "angry"}, 400, "22P02"),
        ("POST", "", {"title": "zero \0 byte"}, 400, "22P05"),
        ("POST", "", "text", 400, "PGRST102"),
        ("POST", "", [1], 400, "PGRST102"),
        ("PATCH", "?rank=eq.1", [{"rank": 1}], 400, "PGRST127"),
        ("GET", "?select=nope", None, 400, "42703"),
        ("GET", "?nope=eq.1", None, 400, "42703"),
        ("GET", "?order=nope", None, 400, "42703"),
        ("GET", "?rank=eq.high", None, 400, "22P02"),
        ("GET", "?id=eq.7", None, 400, "22P02"),
        ("GET", "?title=eq.%00", None, 400, "22021"),
        ("GET", "?select=rank::nope", None, 400, "42704"),
        ("GET", "?select=title::integer", None, 400, "22P02"),
        ("PUT", "?id=eq.1", {}, 405, "PGRST117"),
    ],
)
def test_refusal_names_its_reason(
    author: Visitor, *, method: str, query: str, body: Any, status: int, code: str
) -> None:
    refused = author.send(method, f"/rest/v1/notes{query}", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json().keys() == {"code", "message", "details", "hint"}


def test_broken_reference_is_a_conflict(user: Visitor) -> None:
    refused = user.send("POST", "/rest/v1/comments", json={"note_id": str(uuid4()), "body": "lost"})
    assert (refused.status_code, refused.json()["code"]) == (409, "23503")


@pytest.mark.parametrize("table", ["no_such_table", "secrets", "hidden.secrets", "pg_class", 'notes"; drop'])
def test_only_tables_of_the_exposed_schema_are_found(user: Visitor, table: str) -> None:
    refused = user.send("GET", f"/rest/v1/{table}")
    assert (refused.status_code, refused.json()["code"]) == (404, "PGRST205")


def test_table_that_came_later_is_found(user: Visitor, owner: psycopg.Connection[Any]) -> None:
    assert user.send("GET", "/rest/v1/late").status_code == 404
    owner.execute("create table public.late as select 1 as one")
    owner.execute("grant select on public.late to authenticated")
    assert user.send("GET", "/rest/v1/late").json() == [{"one": 1}]
    owner.execute("drop table public.late")
    refused = user.send("GET", "/rest/v1/late")
    assert (refused.status_code, refused.json()["code"]) == (404, "42P01")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Prefer": "return=everything"}, 400, "PGRST122"),
        ({"Prefer": "count=planned"}, 400, "PGRST122"),
        ({"Prefer": "tx=rollback"}, 400, "PGRST122"),
        ({"Prefer": "timezone=UTC"}, 400, "PGRST122"),
        ({"Prefer": "handling=lenient"}, 400, "PGRST122"),
        ({"Prefer": "respond-async"}, 400, "PGRST122"),
        ({"Prefer": "max-affected=many"}, 400, "PGRST122"),
        ({"Accept-Profile": "hidden"}, 406, "PGRST106"),
        ({"Accept": "text/csv"}, 406, "PGRST107"),
        ({"Accept": "application/vnd.pgrst.plan+json"}, 406, "PGRST107"),
        ({"Range": "0-1"}, 400, "PGRST127"),
    ],
)
def test_unknown_headers_are_refused(
    author: Visitor, headers: dict[str, str], status: int, code: str
) -> None:
    known = {"Prefer": "count=exact", "Accept-Profile": "public", "Accept": "application/json"}
    assert author.send("GET", "/rest/v1/notes", headers=known).status_code == 200
    refused = author.send("GET", "/rest/v1/notes", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_writing_looks_at_the_other_profile(user: Visitor) -> None:
    hidden = {"Content-Profile": "hidden"}
    refused = user.send("POST", "/rest/v1/notes", json={"title": "one"}, headers=hidden)
    assert (refused.status_code, refused.json()["code"]) == (406, "PGRST106")


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-www-form-urlencoded"])
def test_other_bodies_are_refused(user: Visitor, content_type: str) -> None:
    sent = {"Content-Type": content_type}
    refused = user.send("POST", "/rest/v1/notes", content="title\none", headers=sent)
    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST102")


@pytest.mark.parametrize(
    "path", ["/", "/rest/v1/", "/rest/v1/notes/1", "/rest/v1/rpc/a/b", "/graphql/v1", "/rest"]
)
def test_unknown_paths_are_refused(user: Visitor, path: str) -> None:
    refused = user.send("GET", path)
    assert (refused.status_code, refused.json()["code"]) == (404, "PGRST125")


@pytest.mark.parametrize(
    "text", ["'", '"', "\\", "'); drop table notes; --", "$1", "%s", "\n", "{}", ",", "():.", "a" * 9000]
)
def test_any_text_is_data(user: Visitor, text: str) -> None:
    table = user.client().table("notes")
    table.insert({"title": text, "data": {text: text}, "tags": [text]}).execute()
    assert titles(table.select("title").eq("title", text).execute()) == [text]
    assert titles(table.select("title").in_("title", [text, "other"]).execute()) == [text]
    assert titles(table.select("title").contains("tags", [text]).execute()) == [text]
    assert titles(table.update({"rank": 1}).eq("title", text).execute()) == [text]


def test_names_are_data_too(user: Visitor) -> None:
    for name in ('"', "a b", '";select 1;--', "%s", "$1"):
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        refused = user.send("GET", "/rest/v1/notes", params={"select": f'"{quoted}"'})
        assert (refused.status_code, refused.json()["code"]) == (400, "42703")
