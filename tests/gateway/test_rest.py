"""Tables through the unmodified client: what is read and written, by whom, and what is refused."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from gateway.grammar import Column, Embed, Field, JsonStep, parse
from postgrest import CountMethod
from postgrest.exceptions import APIError
from supabase import AsyncClientOptions, acreate_client
from supabase_project import SupabaseProject, Visitor

Row = dict[str, Any]
_ONE_ROW = {"Accept": "application/vnd.pgrst.object+json"}

NOTES: list[Row] = [
    {
        "title": "a,b",
        "rank": 1,
        "done": True,
        "tags": ["x", "y"],
        "data": {"n": 1, "deep": {"k": ["p", "q"]}},
    },
    {"title": 'say "hi"', "rank": 2, "done": False, "tags": ["y"], "data": {"n": 2}},
    {"title": "per%cent", "rank": 3, "done": None, "tags": [], "data": None},
    {"title": "Émile (1)", "rank": None, "done": True, "tags": ["x"], "data": [1, 2]},
]


@pytest.fixture
def author(user: Visitor) -> Visitor:
    """A user with the notes above."""
    user.client().table("notes").insert(NOTES).execute()
    return user


def titles(found: Any) -> list[str]:
    return [row["title"] for row in found.data]


# --- reading


def test_all_columns_come_as_they_were_written(author: Visitor) -> None:
    found = author.client().table("notes").select("*").order("rank", nullsfirst=False).execute().data
    assert [{key: row[key] for key in NOTES[0]} for row in found] == NOTES
    assert {row["owner"] for row in found} == {author.id}


def test_columns_can_be_renamed_cast_and_taken_apart(author: Visitor) -> None:
    chosen = 'name:title,rank::text,n:data->n,text:data->>n,data->deep->k->1,first:tags->0,"done"'
    found = author.client().table("notes").select(chosen).eq("rank", 1).execute()
    expected = {"name": "a,b", "rank": "1", "n": 1, "text": "1", "k": "q", "first": "x", "done": True}
    assert found.data == [expected]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (lambda q: q.eq("rank", 2), lambda n: n["rank"] == 2),
        (lambda q: q.neq("rank", 2), lambda n: n["rank"] not in (2, None)),
        (lambda q: q.gt("rank", 1), lambda n: n["rank"] is not None and n["rank"] > 1),
        (lambda q: q.gte("rank", 2), lambda n: n["rank"] is not None and n["rank"] >= 2),
        (lambda q: q.lt("rank", 2), lambda n: n["rank"] is not None and n["rank"] < 2),
        (lambda q: q.lte("rank", 2), lambda n: n["rank"] is not None and n["rank"] <= 2),
        (lambda q: q.like("title", "%b"), lambda n: n["title"].endswith("b")),
        (lambda q: q.like("title", "*b"), lambda n: n["title"].endswith("b")),
        (lambda q: q.ilike("title", "SAY%"), lambda n: n["title"].startswith("say")),
        (lambda q: q.is_("rank", None), lambda n: n["rank"] is None),
        (lambda q: q.is_("done", True), lambda n: n["done"] is True),
        (lambda q: q.not_.is_("done", None), lambda n: n["done"] is not None),
        (lambda q: q.filter("rank", "is", "not_null"), lambda n: n["rank"] is not None),
        (lambda q: q.in_("rank", [1, 3]), lambda n: n["rank"] in (1, 3)),
        (lambda q: q.in_("title", ["a,b", 'say "hi"']), lambda n: n["title"] in ("a,b", 'say "hi"')),
        (lambda q: q.in_("rank", []), lambda _: False),
        (lambda q: q.not_.in_("rank", [1]), lambda n: n["rank"] not in (1, None)),
        (lambda q: q.contains("tags", ["x"]), lambda n: "x" in n["tags"]),
        (lambda q: q.contained_by("tags", ["y", "z"]), lambda n: set(n["tags"]) <= {"y", "z"}),
        (lambda q: q.overlaps("tags", ["x", "z"]), lambda n: bool({"x", "z"} & set(n["tags"]))),
        (
            lambda q: q.contains("data", {"n": 1}),
            lambda n: isinstance(n["data"], dict) and n["data"]["n"] == 1,
        ),
        (lambda q: q.eq("data->>n", "2"), lambda n: isinstance(n["data"], dict) and n["data"]["n"] == 2),
        (lambda q: q.or_("rank.eq.1,done.is.null"), lambda n: n["rank"] == 1 or n["done"] is None),
        (
            lambda q: q.or_('and(rank.gt.1,not.or(done.is.true,tags.cs.{y})),title.in.("a,b")'),
            lambda n: ((n["rank"] or 0) > 1 and not (n["done"] or "y" in n["tags"])) or n["title"] == "a,b",
        ),
        (lambda q: q.eq("title", "Émile (1)").eq("done", True), lambda n: n["title"] == "Émile (1)"),
        (lambda q: q.match({"rank": 1, "done": True}), lambda n: n["rank"] == 1 and n["done"]),
        (lambda q: q.filter("rank", "isdistinct", "1"), lambda n: n["rank"] != 1),
        (lambda q: q.filter("title", "match", "^a"), lambda n: n["title"].startswith("a")),
        (lambda q: q.like_any_of("title", "a%,%t"), lambda n: n["title"][0] == "a" or n["title"][-1] == "t"),
    ],
)
def test_conditions_choose_rows(
    author: Visitor, condition: Callable[[Any], Any], holds: Callable[[Row], bool]
) -> None:
    found = condition(author.client().table("notes").select("title")).execute()
    assert sorted(titles(found)) == sorted(note["title"] for note in NOTES if holds(note))


@pytest.mark.parametrize(
    ("sort", "ranks"),
    [
        ({"desc": False}, [1, 2, 3, None]),  # nulls count as highest
        ({"desc": True}, [None, 3, 2, 1]),
        ({"desc": False, "nullsfirst": True}, [None, 1, 2, 3]),
        ({"desc": True, "nullsfirst": False}, [3, 2, 1, None]),
    ],
)
def test_rows_are_sorted(author: Visitor, sort: dict[str, bool], ranks: list[int | None]) -> None:
    found = author.client().table("notes").select("rank").order("rank", **sort).execute().data
    assert [row["rank"] for row in found] == ranks


def test_second_sort_key_breaks_ties(author: Visitor) -> None:
    found = author.client().table("notes").select("title").order("done").order("rank", desc=True).execute()
    # false, then true by falling rank with null highest, then null
    assert titles(found) == ['say "hi"', "Émile (1)", "a,b", "per%cent"]


def test_pages_say_where_they_lie(author: Visitor) -> None:
    def page(query: str, **headers: str) -> tuple[int, str]:
        answer = author.send("GET", f"/rest/v1/notes?select=rank&{query}", headers=headers)
        return answer.status_code, answer.headers["content-range"]

    counted = {"Prefer": "count=exact"}
    assert page("limit=2") == (200, "0-1/*")
    assert page("limit=2", **counted) == (206, "0-1/4")
    assert page("limit=2&offset=2", **counted) == (206, "2-3/4")
    assert page("", **counted) == (200, "0-3/4")
    assert page("limit=0", **counted) == (206, "*/4")
    assert page("rank=eq.99", **counted) == (200, "*/0")
    assert page("offset=4", **counted) == (206, "*/4")


def test_page_behind_the_end_is_refused(author: Visitor) -> None:
    counted = {"Prefer": "count=exact"}
    answer = author.send("GET", "/rest/v1/notes?offset=5", headers=counted)
    assert (answer.status_code, answer.json()["code"]) == (416, "PGRST103")


def test_count_alone_needs_no_rows(author: Visitor) -> None:
    found = author.client().table("notes").select("*", count=CountMethod.exact, head=True).execute()
    assert (found.count, found.data) == (4, [])


def test_no_answer_holds_more_rows_than_a_hosted_project_gives(user: Visitor) -> None:
    user.client().table("notes").insert([{"title": str(n)} for n in range(1001)]).execute()
    found = user.client().table("notes").select("id", count=CountMethod.exact).limit(5000).execute()
    assert (len(found.data), found.count) == (1000, 1001)


def test_single_wants_exactly_one_row(author: Visitor) -> None:
    one = author.client().table("notes").select("title").eq("rank", 1).single().execute()
    assert one.data == {"title": "a,b"}
    for rank in (99, None):
        query = author.client().table("notes").select("title")
        query = query.eq("rank", rank) if rank else query
        with pytest.raises(APIError) as caught:
            query.single().execute()
        assert caught.value.code == "PGRST116"
        assert caught.value.details == f"The result contains {0 if rank else 4} rows"
    assert author.send("GET", "/rest/v1/notes", headers=_ONE_ROW).status_code == 406
    assert author.client().table("notes").select("*").eq("rank", 99).maybe_single().execute() is None


# --- relations


@pytest.fixture
def linked(author: Visitor, owner: psycopg.Connection[Any]) -> dict[str, str]:
    """Ids of the author's notes; the first has three comments and a detail, and links to the second."""
    client = author.client()
    ids = {row["title"]: row["id"] for row in client.table("notes").select("id,title").execute().data}
    first, second = ids["a,b"], ids['say "hi"']
    client.table("comments").insert([{"note_id": first, "body": body} for body in ("c", "a", "b")]).execute()
    client.table("comments").insert({"note_id": second, "body": "z"}).execute()
    client.table("details").insert({"note_id": first, "text": "more"}).execute()
    client.table("links").insert({"source_id": first, "target_id": second}).execute()
    return ids


def test_many_come_as_an_array_sorted_and_cut(author: Visitor, linked: dict[str, str]) -> None:
    query = author.client().table("notes").select("rank,comments(body)").lte("rank", 3).order("rank")
    query = query.order("body", desc=True, foreign_table="comments").limit(2, foreign_table="comments")
    assert query.execute().data == [
        {"rank": 1, "comments": [{"body": "c"}, {"body": "b"}]},
        {"rank": 2, "comments": [{"body": "z"}]},
        {"rank": 3, "comments": []},
    ]


def test_one_comes_as_an_object(author: Visitor, linked: dict[str, str]) -> None:
    found = author.client().table("comments").select("body,note:notes(rank)").order("body").execute().data
    assert found[0] == {"body": "a", "note": {"rank": 1}}
    notes = author.client().table("notes").select("rank,details(text)").order("rank").limit(2).execute().data
    # the key of details is the note: there is one at most
    assert notes == [{"rank": 1, "details": {"text": "more"}}, {"rank": 2, "details": None}]


def test_condition_on_a_relation_chooses_its_rows_and_inner_ours_too(
    author: Visitor, linked: dict[str, str]
) -> None:
    table = author.client().table("notes")
    found = table.select("rank,comments(body)").eq("comments.body", "z").in_("rank", [1, 2]).order("rank")
    assert found.execute().data == [{"rank": 1, "comments": []}, {"rank": 2, "comments": [{"body": "z"}]}]
    inner = (
        table.select("rank,comments!inner(body)", count=CountMethod.exact).eq("comments.body", "z").execute()
    )
    assert (inner.data, inner.count) == ([{"rank": 2, "comments": [{"body": "z"}]}], 1)
    either = table.select("rank,c:comments!inner(body)").or_("body.eq.a,body.eq.z", reference_table="c")
    assert [row["rank"] for row in either.order("rank").execute().data] == [1, 2]


def test_relations_nest(author: Visitor, linked: dict[str, str]) -> None:
    chosen = "body,notes(rank,details(text),comments(body))"
    found = author.client().table("comments").select(chosen).eq("body", "z").execute().data
    assert found == [{"body": "z", "notes": {"rank": 2, "details": None, "comments": [{"body": "z"}]}}]


def test_hint_says_which_of_two_relations_is_meant(author: Visitor, linked: dict[str, str]) -> None:
    table = author.client().table("links")
    chosen = "source:notes!links_source_id_fkey(rank),target:notes!target_id(rank),source_id(rank)"
    found = table.select(chosen).eq("source_id", linked["a,b"]).execute()
    assert found.data == [{"source": {"rank": 1}, "target": {"rank": 2}, "source_id": {"rank": 1}}]
    refused = author.send("GET", "/rest/v1/links?select=notes(rank)")
    assert (refused.status_code, refused.json()["code"]) == (300, "PGRST201")
    named = {candidate["relationship"].split(" ")[0] for candidate in refused.json()["details"]}
    assert named == {"links_source_id_fkey", "links_target_id_fkey"}


def test_unknown_relation_is_refused(author: Visitor) -> None:
    for relation in ("untouchable", "no_such_table", "comments!no_such_key"):
        refused = author.send("GET", f"/rest/v1/notes?select=id,{relation}(id)")
        assert (refused.status_code, refused.json()["code"]) == (400, "PGRST200")


@pytest.mark.parametrize("query", ["comments.body=eq.a", "comments.order=body", "comments.or=(body.eq.a)"])
def test_condition_on_a_relation_that_is_not_selected_is_refused(author: Visitor, query: str) -> None:
    refused = author.send("GET", f"/rest/v1/notes?select=id&{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST108")


# --- writing


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


# --- who may


def test_row_level_security_is_the_databases(
    author: Visitor, new_user: Callable[[], Visitor], anon: Visitor, worker: Visitor
) -> None:
    other = new_user()
    ours = {"owner": f"eq.{author.id}"}
    seen = {
        name: len(each.send("GET", "/rest/v1/notes", params=ours).json())
        for name, each in (("author", author), ("other", other), ("anon", anon), ("worker", worker))
    }
    assert seen == {"author": 4, "other": 0, "anon": 0, "worker": 4}
    table = other.client().table("notes")
    assert table.update({"rank": 0}).eq("owner", author.id).execute().data == []
    assert table.delete().eq("owner", author.id).execute().data == []
    with pytest.raises(APIError) as caught:
        table.insert({"title": "forged", "owner": author.id}).execute()
    assert caught.value.code == "42501"
    assert len(author.client().table("notes").select("id").gt("rank", 0).execute().data) == 3
    assert len(worker.client().table("notes").update({"rank": 5}).eq("owner", author.id).execute().data) == 4


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_missing_right_is_403_for_users_and_401_for_visitors(
    user: Visitor, anon: Visitor, method: str
) -> None:
    for table, condition, who, status in (
        ("untouchable", "id=eq.1", user, 403),
        ("untouchable", "id=eq.1", anon, 401),
        ("notes", "rank=eq.1", anon, 401),
    ):
        query = "" if method == "POST" else f"?{condition}"
        body = {condition.partition("=")[0]: 1}
        refused = who.send(method, f"/rest/v1/{table}{query}", json=body)
        assert (refused.status_code, refused.json()["code"]) == (status, "42501")
        assert refused.json()["message"] == f"permission denied for table {table}"


def test_the_migrated_tables_are_served(
    user: Visitor, new_user: Callable[[], Visitor], worker: Visitor
) -> None:
    arguments = {"p_user_id": user.id, "p_user_prompt": "a poster", "p_intent": "image"}
    query_id = user.client().rpc("initialize_dreamcut_query", arguments).execute().data
    chosen = "id,user_prompt,dreamcut_messages(seq,type)"
    expected = [
        {"id": query_id, "user_prompt": "a poster", "dreamcut_messages": [{"seq": 1, "type": "status"}]}
    ]
    for who, rows in ((user, expected), (worker, expected), (new_user(), [])):
        assert who.client().table("dreamcut_queries").select(chosen).eq("id", query_id).execute().data == rows


# --- refusals


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
    "query",
    [
        "rank=1",
        "rank=eq",
        "rank=equals.1",
        "rank=eq(most).1",
        "rank=neq(any).1",
        "rank=not.eq",
        "rank=is.nothing",
        "rank=in.1,2",
        "rank=in.(1,2",
        "title=fts.word",
        "title=",
        "select=",
        "select=a,,b",
        "select=a:",
        "select=a(b",
        "select=a)",
        "select=rank.sum()",
        "select=count()",
        "select=...comments(body)",
        "select=rank::",
        "select=data->",
        "select=comments!a!b(body)",
        "select=id&select=rank",
        "order=",
        "order=rank.up",
        "order=rank.desc.asc",
        "order=comments(body)",
        "limit=ten",
        "limit=1&limit=2",
        "offset=",
        "or=",
        "or=()",
        "or=(rank.eq.1",
        "or=(rank.eq)",
        "or=rank.eq.1",
        "and=(rank)",
        "columns=rank",
        "on_conflict=id",
        "apikey=secret",
    ],
)
def test_unknown_grammar_is_refused(author: Visitor, query: str) -> None:
    assert author.send("GET", "/rest/v1/notes?rank=eq.1&select=id").status_code == 200
    refused = author.send("GET", f"/rest/v1/notes?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST100")


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("POST", "rank=eq.1"),
        ("POST", "limit=1"),
        ("POST", "on_conflict=id"),  # without a resolution
        ("PATCH", "rank=eq.1&limit=1"),
        ("PATCH", "rank=eq.1&on_conflict=id"),
        ("DELETE", "rank=eq.1&limit=1"),
        ("DELETE", "rank=eq.1&columns=id"),
    ],
)
def test_parameters_without_meaning_are_refused(author: Visitor, method: str, query: str) -> None:
    refused = author.send(method, f"/rest/v1/notes?{query}", json={"title": "one"})
    assert (refused.status_code, refused.json()["code"]) == (400, "PGRST100")


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


# --- the door


@pytest.mark.parametrize("key", [None, "", "wrong", "token"])
def test_no_api_key_no_entrance(project: SupabaseProject, user: Visitor, key: str | None) -> None:
    assert user.send("GET", "/rest/v1/notes").status_code == 200
    given = user.token if key == "token" else key  # a user's token is no key
    refused = user.send("GET", "/rest/v1/notes", headers={"apikey": given})
    assert refused.status_code == 401
    assert refused.json()["message"] == ("Invalid API key" if given else "No API key found in request")
    assert "code" not in refused.json()


@pytest.mark.parametrize(
    ("bearer", "code"),
    [
        ("expired", "PGRST303"),
        ("other secret", "PGRST301"),
        ("garbage", "PGRST301"),
        ("a.b.c", "PGRST301"),
        ("unsigned", "PGRST301"),
        ("other role", "22023"),
        ("no bearer", "PGRST301"),
    ],
)
def test_bad_bearer_is_refused(project: SupabaseProject, user: Visitor, bearer: str, code: str) -> None:
    import jwt
    from gateway.claims import Keys

    tokens: dict[str, str] = {
        "expired": project.keys.token(role="authenticated", user_id=user.id, seconds=-10),
        "other secret": Keys("another secret of thirty-two letters").token(role="authenticated"),
        "unsigned": jwt.encode({"role": "service_role"}, "", algorithm="none"),
        "other role": project.keys.token(role="postgres"),
    }
    header = "Basic YTpi" if bearer == "no bearer" else f"Bearer {tokens.get(bearer, bearer)}"
    answer = user.send("GET", "/rest/v1/notes", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


def test_without_a_bearer_the_key_says_who_it_is(author: Visitor, project: SupabaseProject) -> None:
    def seen(key: str, **headers: str | None) -> int:
        given = {"apikey": key, "Authorization": None} | headers
        return len(
            author.send("GET", "/rest/v1/notes", params={"owner": f"eq.{author.id}"}, headers=given).json()
        )

    keys = project.keys
    assert seen(keys.service_role) == 4
    assert seen(keys.anon) == 0
    # keys of the new kind, alone and as the Python client sends them: as the bearer, too
    for secret, rows in ((keys.secret_key, 4), (keys.publishable, 0)):
        assert seen(secret) == rows
        assert seen(secret, Authorization=f"Bearer {secret}") == rows


# --- coming and going


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


# --- the grammar itself


def test_grammar_keeps_quoted_names_and_json_paths() -> None:
    query = parse([("select", '"a,b":"c.d"->e->>-1::int,f!inner(g,h!i(*))'), ("f.limit", "2")])
    assert query.select == (
        Column(Field("c.d", (JsonStep("e", as_text=False), JsonStep(-1, as_text=True))), "a,b", "int"),
        Embed(
            "f",
            None,
            None,
            is_inner=True,
            items=(Column(Field("g")), Embed("h", None, "i", is_inner=False, items=(Column(Field("*")),))),
        ),
    )
    assert query.limits == {("f",): 2}
