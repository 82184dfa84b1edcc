"""Rows written with the unmodified client."""

from typing import Any
from uuid import uuid4

import pytest
from supabase_project import Visitor

Row = dict[str, Any]
_ONE_ROW = {"Accept": "application/vnd.pgrst.object+json"}


def titles(found: Any) -> list[str]:
    return [row["title"] for row in found.data]


def test_insert_answers_with_the_rows_or_with_nothing(user: Visitor) -> None:
    written = user.client().table("notes").insert({"title": "one"}).execute().data
    assert [(row["title"], row["owner"], row["done"]) for row in written] == [("one", user.id, False)]
    minimal = user.send(
        "POST", "/rest/v1/notes", json={"title": "two"}, headers={"Prefer": "return=minimal,count=exact"}
    )
    assert (minimal.status_code, minimal.content) == (201, b"")
    assert minimal.headers["content-range"] == "*/1"
    assert user.send("POST", "/rest/v1/notes?select=title", json={"title": "three"}).content == b""
    assert sorted(titles(user.client().table("notes").select("title").execute())) == ["one", "three", "two"]


def test_bulk_insert_wants_the_same_keys_or_the_columns(user: Visitor) -> None:
    rows: list[Row] = [{"title": "one", "rank": 1}, {"title": "two"}]
    refused = user.send("POST", "/rest/v1/notes", json=rows)
    assert (refused.status_code, refused.json()["message"]) == (400, "All object keys must match")
    # the client names the columns: what a row leaves out is null
    rows[1]["done"] = True
    written = user.client().table("notes").insert(rows).execute().data
    assert [(row["rank"], row["done"]) for row in written] == [(1, None), (None, True)]


def test_bulk_insert_can_fill_in_defaults(user: Visitor) -> None:
    rows: list[Row] = [{"title": "one", "done": True}, {"title": "two", "rank": 2}]
    written = user.client().table("notes").insert(rows, default_to_null=False).execute().data
    assert [(row["rank"], row["done"]) for row in written] == [(None, True), (2, False)]


def test_empty_bulk_insert_writes_nothing(user: Visitor) -> None:
    assert user.client().table("notes").insert([]).execute().data == []


def test_upsert_merges_or_ignores(user: Visitor) -> None:
    table = user.client().table("notes")
    first = table.insert({"title": "one", "rank": 1}).execute().data[0]
    merged = table.upsert({"id": first["id"], "title": "one", "rank": 2}).execute().data[0]
    assert (merged["id"], merged["rank"]) == (first["id"], 2)
    by_title: Row = {"owner": user.id, "title": "one", "rank": 3}
    assert table.upsert(by_title, on_conflict="owner,title").execute().data[0]["rank"] == 3
    by_title["rank"] = 4
    ignored = table.upsert(by_title, on_conflict="owner,title", ignore_duplicates=True).execute()
    assert ignored.data == []
    assert table.select("rank").execute().data == [{"rank": 3}]


def test_upsert_says_whether_anything_is_new(user: Visitor) -> None:
    row = {"id": str(uuid4()), "title": "one"}
    merge = {"Prefer": "resolution=merge-duplicates"}
    assert [user.send("POST", "/rest/v1/notes", json=row, headers=merge).status_code for _ in range(2)] == [
        201,
        200,
    ]


def test_update_changes_the_chosen_rows(author: Visitor) -> None:
    table = author.client().table("notes")
    changed = table.update({"rank": 9}).gte("rank", 2).execute().data
    assert {(row["title"], row["rank"]) for row in changed} == {('say "hi"', 9), ("per%cent", 9)}
    assert table.update({"rank": 5}).eq("rank", 99).execute().data == []
    assert table.update({}).eq("rank", 9).execute().data == []
    minimal = author.send(
        "PATCH", "/rest/v1/notes?rank=eq.9", json={"rank": 8}, headers={"Prefer": "count=exact"}
    )
    assert (minimal.status_code, minimal.content, minimal.headers["content-range"]) == (204, b"", "0-1/2")


def test_delete_removes_the_chosen_rows(author: Visitor) -> None:
    table = author.client().table("notes")
    assert titles(table.delete().eq("rank", 1).execute()) == ["a,b"]
    minimal = author.send("DELETE", "/rest/v1/notes?rank=eq.2", headers={"Prefer": "count=exact"})
    assert (minimal.status_code, minimal.content, minimal.headers["content-range"]) == (204, b"", "*/1")
    assert len(table.select("id").execute().data) == 2


def test_written_rows_come_with_their_relations(author: Visitor, linked: dict[str, str]) -> None:
    changed = author.send(
        "PATCH",
        "/rest/v1/notes?rank=eq.1&select=rank,comments(body)&comments.order=body",
        json={"rank": 7},
        headers={"Prefer": "return=representation"},
    )
    assert changed.json() == [{"rank": 7, "comments": [{"body": "a"}, {"body": "b"}, {"body": "c"}]}]


def test_write_that_should_have_met_one_row_is_taken_back(author: Visitor) -> None:
    prefer = {"Prefer": "return=representation"}
    refused = author.send("PATCH", "/rest/v1/notes?rank=gte.2", json={"rank": 0}, headers=prefer | _ONE_ROW)
    assert (refused.status_code, refused.json()["code"]) == (406, "PGRST116")
    most = {"Prefer": "handling=strict,max-affected=1"}
    refused = author.send("DELETE", "/rest/v1/notes?rank=gte.2", headers=most)
    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST124")
    assert len(author.client().table("notes").select("id").gte("rank", 2).execute().data) == 2


@pytest.mark.parametrize(("method", "name"), [("PATCH", "UPDATE"), ("DELETE", "DELETE")])
def test_writing_every_row_is_refused_as_on_a_hosted_project(author: Visitor, method: str, name: str) -> None:
    refused = author.send(method, "/rest/v1/notes", json={"rank": 0})
    assert (refused.status_code, refused.json()["code"]) == (400, "21000")
    assert refused.json()["message"] == f"{name} requires a WHERE clause"
    assert len(author.client().table("notes").select("id").execute().data) == 4
