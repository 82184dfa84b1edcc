"""The grammar itself, and text that is not in it."""

import pytest
from gateway.grammar import parse
from gateway.query import Column, Embed, Field, JsonStep
from supabase_project import Visitor


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
