"""Signing up, in and out with the unmodified client, and what a signed-in user then sees."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import psycopg
import pytest
from supabase import Client, acreate_client, create_client
from supabase_auth.errors import AuthApiError, AuthWeakPasswordError
from supabase_project import SupabaseProject, Visitor

_PASSWORD = "correct horse"


@pytest.fixture
def new_client(project: SupabaseProject) -> Callable[[], Client]:
    """Make a client of a visitor who may sign in."""
    return lambda: create_client(project.url, project.keys.anon)


def address() -> str:
    return f"{uuid4().hex}@example.org"


def sign_up(client: Client, email: str, **data: Any) -> Any:
    return client.auth.sign_up({"email": email, "password": _PASSWORD, "options": {"data": data}})


def sign_in(client: Client, email: str, password: str = _PASSWORD) -> Any:
    return client.auth.sign_in_with_password({"email": email, "password": password})


def test_who_signs_up_is_signed_in(
    new_client: Callable[[], Client], project: SupabaseProject, owner: psycopg.Connection[Any]
) -> None:
    email = address()
    signed = sign_up(new_client(), email, name="Ada")
    claims = jwt.decode(signed.session.access_token, options={"verify_signature": False})
    assert (claims["sub"], claims["role"], claims["aud"]) == (
        signed.user.id,
        "authenticated",
        "authenticated",
    )
    assert (claims["email"], claims["user_metadata"]) == (email, {"name": "Ada"})
    assert claims["exp"] - claims["iat"] == signed.session.expires_in
    assert project.keys.caller(signed.session.access_token).role == "authenticated"
    stored = owner.execute("select id::text from auth.users where email = %s", [email]).fetchall()
    assert stored == [(signed.user.id,)]


def test_signed_in_user_works_under_row_level_security(new_client: Callable[[], Client]) -> None:
    ours, other = new_client(), new_client()
    user = sign_up(ours, address()).user
    sign_up(other, address())
    written: Any = ours.table("notes").insert({"title": "mine"}).execute().data
    assert written[0]["owner"] == user.id
    assert len(ours.table("notes").select("*").execute().data) == 1
    assert other.table("notes").select("*").execute().data == []


def test_password_signs_in_again(new_client: Callable[[], Client]) -> None:
    email = address()
    user = sign_up(new_client(), email).user
    client = new_client()
    assert sign_in(client, email.upper()).user.id == user.id
    asked = client.auth.get_user()
    assert asked is not None
    assert (asked.user.id, asked.user.email) == (user.id, email)


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("known", "wrong password", "invalid_credentials"),
        ("nobody@example.org", _PASSWORD, "invalid_credentials"),
    ],
)
def test_wrong_credentials_are_refused_alike(
    new_client: Callable[[], Client], email: str, password: str, code: str
) -> None:
    known = address()
    sign_up(new_client(), known)
    with pytest.raises(AuthApiError, match="Invalid login credentials") as caught:
        sign_in(new_client(), known if email == "known" else email, password)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_second_sign_up_with_an_address_is_refused(new_client: Callable[[], Client]) -> None:
    email = address()
    sign_up(new_client(), email)
    with pytest.raises(AuthApiError) as caught:
        sign_up(new_client(), email)
    assert (caught.value.status, caught.value.code) == (422, "user_already_exists")


def test_weak_password_is_refused_with_its_reason(new_client: Callable[[], Client]) -> None:
    with pytest.raises(AuthWeakPasswordError) as caught:
        new_client().auth.sign_up({"email": address(), "password": "12345"})
    assert caught.value.reasons == ["length"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 422, "anonymous_provider_disabled"),
        ({"phone": "123", "password": _PASSWORD}, 400, "phone_provider_disabled"),
        ({"email": "no address", "password": _PASSWORD}, 400, "validation_failed"),
        ({"email": "a@example.org"}, 400, "validation_failed"),
        ({"email": "a@example.org", "password": "x" * 73}, 400, "validation_failed"),
        ([], 400, "bad_json"),
    ],
)
def test_unusable_sign_up_is_refused(anon: Visitor, body: Any, status: int, code: str) -> None:
    refused = anon.send("POST", "/auth/v1/signup", json=body)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.headers["x-supabase-api-version"] == "2024-01-01"


def test_refresh_token_works_once(new_client: Callable[[], Client]) -> None:
    client = new_client()
    first = sign_up(client, address()).session
    second = client.auth.refresh_session(first.refresh_token).session
    assert second is not None
    assert second.refresh_token != first.refresh_token
    assert second.user.id == first.user.id
    with pytest.raises(AuthApiError) as caught:
        new_client().auth.refresh_session(first.refresh_token)
    assert (caught.value.status, caught.value.code) == (400, "refresh_token_already_used")
    with pytest.raises(AuthApiError) as caught:
        new_client().auth.refresh_session("made up")
    assert (caught.value.status, caught.value.code) == (400, "refresh_token_not_found")


def test_signing_out_ends_the_session(new_client: Callable[[], Client], anon: Visitor) -> None:
    client, elsewhere = new_client(), new_client()
    email = address()
    session = sign_up(client, email).session
    other = sign_in(elsewhere, email).session
    client.auth.sign_out({"scope": "local"})
    assert elsewhere.auth.get_user() is not None
    elsewhere.auth.sign_out()
    for ended in (session, other):
        bearer = {"Authorization": f"Bearer {ended.access_token}"}
        refused = anon.send("GET", "/auth/v1/user", headers=bearer)
        assert (refused.status_code, refused.json()["code"]) == (403, "session_not_found")
        with pytest.raises(AuthApiError, match="Refresh Token Not Found"):
            new_client().auth.refresh_session(ended.refresh_token)


def test_signing_out_others_keeps_this_one(new_client: Callable[[], Client]) -> None:
    client, elsewhere = new_client(), new_client()
    email = address()
    sign_up(client, email)
    other = sign_in(elsewhere, email).session
    client.auth.sign_out({"scope": "others"})
    assert client.auth.refresh_session().session is not None
    with pytest.raises(AuthApiError, match="Refresh Token Not Found"):
        new_client().auth.refresh_session(other.refresh_token)


@pytest.mark.parametrize(
    ("bearer", "status", "code"),
    [
        (None, 401, "no_authorization"),
        ("garbage", 403, "bad_jwt"),
        ("anon", 403, "bad_jwt"),
        ("expired", 403, "bad_jwt"),
        ("nobody", 403, "user_not_found"),
        ("no uuid", 400, "bad_jwt"),
    ],
)
def test_user_is_told_to_the_bearer_alone(anon: Visitor, bearer: str | None, status: int, code: str) -> None:
    keys = anon.project.keys
    tokens = {
        "anon": keys.anon,
        "expired": keys.token(role="authenticated", user_id=str(uuid4()), seconds=-10),
        "nobody": keys.token(role="authenticated", user_id=str(uuid4())),
        "no uuid": keys.token(role="authenticated", user_id="me"),
    }
    header = None if bearer is None else f"Bearer {tokens.get(bearer, bearer)}"
    refused = anon.send("GET", "/auth/v1/user", headers={"Authorization": header})
    assert (refused.status_code, refused.json()["code"]) == (status, code)


def test_key_is_asked_for_here_too(anon: Visitor) -> None:
    body = {"email": address(), "password": _PASSWORD}
    assert anon.send("POST", "/auth/v1/signup", json=body).status_code == 200
    refused = anon.send("POST", "/auth/v1/token?grant_type=password", json=body, headers={"apikey": "wrong"})
    assert (refused.status_code, refused.json()["message"]) == (401, "Invalid API key")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/auth/v1/token?grant_type=pkce", 400),
        ("POST", "/auth/v1/token", 400),
        ("POST", "/auth/v1/logout?scope=galaxy", 400),
        ("POST", "/auth/v1/otp", 404),
        ("GET", "/auth/v1/admin/users", 404),
        ("GET", "/auth/v1/authorize", 404),
    ],
)
def test_what_is_not_in_the_subset_is_refused(anon: Visitor, method: str, path: str, status: int) -> None:
    refused = anon.send(method, path, json={} if method == "POST" else None)
    assert refused.status_code == status
    assert refused.json().keys() == {"code", "message"}


def test_short_tokens_run_out_and_are_renewed(
    database_url: str, new_supabase_project: Callable[..., SupabaseProject]
) -> None:
    project = new_supabase_project(database_url, token_seconds=-10)
    client = create_client(project.url, project.keys.anon)
    signed = client.auth.sign_up({"email": address(), "password": _PASSWORD})
    assert signed.session is not None
    bearer = {"Authorization": f"Bearer {signed.session.access_token}"}
    refused = Visitor(project, project.keys.anon).send("GET", "/rest/v1/dreamcut_queries", headers=bearer)
    assert (refused.status_code, refused.json()["code"]) == (401, "PGRST303")
    renewed = client.auth.refresh_session(signed.session.refresh_token)
    assert renewed.session is not None


def test_users_survive_a_restart(
    database_url: str, new_supabase_project: Callable[..., SupabaseProject]
) -> None:
    project = new_supabase_project(database_url)
    email = address()
    client = create_client(project.url, project.keys.anon)
    session = sign_up(client, email).session
    project.kill()
    project.start()
    assert client.auth.refresh_session(session.refresh_token).user is not None
    assert sign_in(create_client(project.url, project.keys.anon), email).user.email == email


def test_async_client_signs_in(project: SupabaseProject) -> None:
    async def work() -> tuple[str, list[Any]]:
        client = await acreate_client(project.url, project.keys.publishable)
        signed = await client.auth.sign_up({"email": address(), "password": _PASSWORD})
        assert signed.user is not None
        return signed.user.id, (await client.table("notes").insert({"title": "mine"}).execute()).data

    user_id, written = asyncio.run(work())
    assert [row["owner"] for row in written] == [user_id]
