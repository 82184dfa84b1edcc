"""Calls through the unmodified client: arguments, results, refusals."""

import asyncio
from typing import Any

import pytest
from postgrest.exceptions import APIError
from supabase import AsyncClientOptions, acreate_client
from supabase_project import Visitor


@pytest.mark.parametrize(
    ("function", "arguments", "result"),
    [
        ("add_up", {"a": 1, "b": 2}, 3),
        ("add_up", {"a": 1}, 11),  # b is 10 unless given
        ("null_number", {}, None),
        ("echo_json", {"value": {"a": [1, None, {"b": 'é"\\'}]}}, {"a": [1, None, {"b": 'é"\\'}]}),
        ("echo_json", {"value": [1, 2]}, [1, 2]),
        ("echo_json", {"value": "text"}, "text"),
        ("echo_texts", {"words": ["a,b", "{}", 'say "x"', ""]}, ["a,b", "{}", 'say "x"', ""]),
        ("echo_mood", {"mood": "sad"}, "sad"),
        ("whole_body", {"any": {"thing": 1}}, {"any": {"thing": 1}}),
        ("numbers", {"count": 3}, [1, 2, 3]),
        ("numbers", {"count": 0}, []),
        ("pair", {"a": 4}, {"low": 4, "high": 5}),
        ("pairs", {"count": 2}, [{"number": 1, "square": 1}, {"number": 2, "square": 4}]),
        ("overloaded", {"a": 1}, "one"),
        ("overloaded", {"a": 1, "b": 2}, "two"),
    ],
)
def test_result_has_the_shape_of_the_function(
    user: Visitor, function: str, arguments: dict[str, Any], result: Any
) -> None:
    assert user.client().rpc(function, arguments).execute().data == result


def test_void_is_an_empty_204(user: Visitor) -> None:
    answer = user.send("POST", "/rest/v1/rpc/nothing_at_all", json={})
    assert (answer.status_code, answer.content) == (204, b"")


def test_empty_body_means_no_arguments(user: Visitor) -> None:
    answer = user.send("POST", "/rest/v1/rpc/null_number")
    assert (answer.status_code, answer.json()) == (200, None)


def test_get_calls_a_function_that_only_reads(user: Visitor) -> None:
    called = user.client().rpc("add_up", {"a": 1, "b": 2}, get=True).execute()
    assert called.data == 3


def test_get_may_not_write(user: Visitor) -> None:
    assert user.send("POST", "/rest/v1/rpc/add_note", json={"p_title": "by post"}).status_code == 200
    answer = user.send("GET", "/rest/v1/rpc/add_note", params={"p_title": "by get"})
    assert (answer.status_code, answer.json()["code"]) == (405, "25006")


def test_stable_function_is_held_to_its_promise(user: Visitor) -> None:
    answer = user.send("POST", "/rest/v1/rpc/stable_but_writes", json={"p_title": "no"})
    assert (answer.status_code, answer.json()["code"]) == (405, "25006")


def test_rows_can_be_chosen_sorted_paged_and_counted(user: Visitor) -> None:
    call = user.client().rpc("pairs", {"count": 10}, count="exact")
    found = call.select("square").gt("number", 3).order("number", desc=True).range(1, 2).execute()
    # 4 to 10 are seven; from the highest down, without the first, two
    assert found.data == [{"square": 81}, {"square": 64}]
    assert (
        user.send(
            "POST",
            "/rest/v1/rpc/pairs?number=gt.3&limit=2",
            json={"count": 10},
            headers={"Prefer": "count=exact"},
        ).headers["content-range"]
        == "0-1/7"
    )


def test_rows_of_a_table_come_with_their_relations(user: Visitor) -> None:
    note_id = user.client().rpc("add_note", {"p_title": "with comment"}).execute().data
    user.client().table("comments").insert({"note_id": note_id, "body": "hello"}).execute()
    found = user.client().rpc("my_notes", {}).select("title,comments(body)").execute()
    assert found.data == [{"title": "with comment", "comments": [{"body": "hello"}]}]


def test_one_row_of_a_table_is_an_object(user: Visitor) -> None:
    user.client().rpc("add_note", {"p_title": "mine"}).execute()
    found = user.client().rpc("note_named", {"p_title": "mine"}).execute().data
    assert (found["title"], found["owner"]) == ("mine", user.id)


def test_single_takes_the_only_row(user: Visitor) -> None:
    assert user.client().rpc("pairs", {"count": 1}).single().execute().data == {"number": 1, "square": 1}
    with pytest.raises(APIError) as caught:
        user.client().rpc("pairs", {"count": 2}).single().execute()
    assert caught.value.code == "PGRST116"


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("no_such_function", {}),
        ("add_up", {}),  # a is missing
        ("add_up", {"a": 1, "c": 2}),  # there is no c
        ("secrets", {}),
    ],
)
def test_unknown_function_or_arguments_are_not_found(
    user: Visitor, function: str, arguments: dict[str, Any]
) -> None:
    answer = user.send("POST", f"/rest/v1/rpc/{function}", json=arguments)
    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST202")
    assert answer.json()["message"].startswith(f"Could not find the function public.{function}")


def test_two_functions_that_both_fit_are_named(user: Visitor) -> None:
    answer = user.send("POST", "/rest/v1/rpc/ambiguous", json={"a": 1})
    assert (answer.status_code, answer.json()["code"]) == (300, "PGRST203")


def test_argument_of_the_wrong_type_is_refused(user: Visitor) -> None:
    answer = user.send("POST", "/rest/v1/rpc/add_up", json={"a": "one"})
    assert (answer.status_code, answer.json()["code"]) == (400, "22P02")


@pytest.mark.parametrize("body", ["{", b"\xff", "[1] 2"])
def test_body_that_is_no_json_is_refused(user: Visitor, body: str | bytes) -> None:
    answer = user.send("POST", "/rest/v1/rpc/add_up", content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST102")


@pytest.mark.parametrize("body", ["[1]", "7", "null", ""])
def test_body_that_names_no_arguments_finds_no_function(user: Visitor, body: str) -> None:
    answer = user.send("POST", "/rest/v1/rpc/add_up", content=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "PGRST202")


@pytest.mark.parametrize(
    "query", ["columns=a", "on_conflict=a", "select=a", "order=a", "limit=1", "a=eq.1", "or=(a.eq.1)"]
)
def test_parameters_without_meaning_for_a_value_are_refused(user: Visitor, query: str) -> None:
    answer = user.send("POST", f"/rest/v1/rpc/add_up?{query}", json={"a": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "PGRST127")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused(user: Visitor, method: str) -> None:
    answer = user.send(method, "/rest/v1/rpc/add_up", json={"a": 1})
    assert (answer.status_code, answer.json()["code"]) == (405, "PGRST101")


def test_function_sees_the_callers_role_and_claims(user: Visitor, anon: Visitor, worker: Visitor) -> None:
    seen = user.client().rpc("who", {}).execute().data
    assert (seen["role"], seen["uid"]) == ("authenticated", user.id)
    assert seen["claims"]["sub"] == user.id
    # on the same pooled connection: nothing of the user is left
    assert anon.client().rpc("who", {}).execute().data["uid"] is None
    assert anon.client().rpc("who", {}).execute().data["role"] == "anon"
    assert worker.client().rpc("who", {}).execute().data["role"] == "service_role"


def test_execute_right_is_asked_for(user: Visitor, anon: Visitor) -> None:
    refused = [each.send("POST", "/rest/v1/rpc/owners_only", json={}) for each in (user, anon)]
    assert [answer.status_code for answer in refused] == [403, 401]
    assert {answer.json()["code"] for answer in refused} == {"42501"}
    assert refused[1].headers["www-authenticate"] == "Bearer"


# PostgREST's own table; nothing here comes from the gateway's
@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("08006", 503),
        ("09000", 500),
        ("0L000", 403),
        ("0P000", 403),
        ("21000", 500),
        ("22003", 400),
        ("22023", 400),
        ("23502", 400),
        ("23503", 409),
        ("23505", 409),
        ("23514", 400),
        ("25006", 405),
        ("25001", 500),
        ("28000", 403),
        ("2D000", 500),
        ("38000", 500),
        ("39000", 500),
        ("3B000", 500),
        ("40001", 500),
        ("40P01", 500),
        ("42501", 403),
        ("42883", 404),
        ("42P01", 404),
        ("42P17", 500),
        ("42703", 400),
        ("53300", 503),
        ("53400", 500),
        ("54000", 500),
        ("55000", 500),
        ("55006", 500),
        ("57014", 500),
        ("57P01", 503),
        ("58000", 500),
        ("F0000", 500),
        ("HV000", 500),
        ("P0001", 400),
        ("P0002", 500),
        ("XX000", 500),
        ("PT402", 402),
        ("PT418", 418),
        ("ZZ999", 400),
    ],
)
def test_sqlstate_becomes_the_status_that_postgrest_gives(user: Visitor, state: str, status: int) -> None:
    answer = user.send("POST", "/rest/v1/rpc/fail_with", json={"state": state, "message": "the message"})
    assert answer.status_code == status
    assert answer.json() == {
        "code": state,
        "message": "the message",
        "details": "the detail",
        "hint": "the hint",
    }


def test_async_client_calls_too(user: Visitor) -> None:
    async def call() -> Any:
        options = AsyncClientOptions(headers={"Authorization": f"Bearer {user.token}"})
        client = await acreate_client(user.project.url, user.project.keys.anon, options=options)
        return (await client.rpc("add_up", {"a": 1}).execute()).data

    assert asyncio.run(call()) == 11
