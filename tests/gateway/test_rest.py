"""Rows and relations, read with the unmodified client."""

from collections.abc import Callable
from typing import Any

import pytest
from postgrest import CountMethod
from postgrest.exceptions import APIError
from supabase_project import Visitor

Row = dict[str, Any]
_ONE_ROW = {"Accept": "application/vnd.pgrst.object+json"}


def titles(found: Any) -> list[str]:
    return [row["title"] for row in found.data]


def test_all_columns_come_as_they_were_written(author: Visitor, notes: list[Row]) -> None:
    found = author.client().table("notes").select("*").order("rank", nullsfirst=False).execute().data
    assert [{key: row[key] for key in notes[0]} for row in found] == notes
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
    author: Visitor, notes: list[Row], condition: Callable[[Any], Any], holds: Callable[[Row], bool]
) -> None:
    found = condition(author.client().table("notes").select("title")).execute()
    assert sorted(titles(found)) == sorted(note["title"] for note in notes if holds(note))


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
