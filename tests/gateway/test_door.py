"""Who gets in, and what each may do there."""

from collections.abc import Callable

import pytest
from postgrest.exceptions import APIError
from supabase_project import SupabaseProject, Visitor


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
