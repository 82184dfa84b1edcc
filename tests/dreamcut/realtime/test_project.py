"""Which project is meant, and what is said when that is not clear."""

import asyncio
import subprocess
import sys

import pytest
from supabase_project import SupabaseProject

from dreamcut.errors import InvalidRequest
from dreamcut.realtime import acreate_dreamcut_manager, create_dreamcut_manager
from dreamcut.realtime.project import find_project
from dreamcut.realtime.rest import at_once

URL = "https://abcdefgh.supabase.co"
VARIABLES = (
    "SUPABASE_URL",
    "SUPABASE_ANON_KEY",
    "SUPABASE_PUBLISHABLE_KEY",
    "SUPABASE_KEY",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_SECRET_KEY",
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", VARIABLES[1:])
def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("SUPABASE_URL", f"{URL}/")
    monkeypatch.setenv(name, "k")
    project = find_project(None, None, access_token=None, client=None)
    assert (project.url, project.key) == (URL, "k")
    assert at_once(project.token.at_once()) == "k"


def test_a_server_uses_its_own_key_and_a_user_the_front_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_ANON_KEY", "anon")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "service")
    assert find_project(None, None, access_token=None, client=None).key == "service"
    of_user = find_project(None, None, access_token="t", client=None)
    assert of_user.key == "anon"
    assert at_once(of_user.token.at_once()) == "t"


def test_arguments_win_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPABASE_URL", URL)
    monkeypatch.setenv("SUPABASE_ANON_KEY", "anon")
    project = find_project("http://127.0.0.1:54321", "mine", access_token=None, client=None)
    assert (project.url, project.key) == ("http://127.0.0.1:54321", "mine")


@pytest.mark.parametrize(
    ("url", "key", "token", "says"),
    [
        (None, "k", None, "SUPABASE_URL"),
        (URL, None, None, "SUPABASE_ANON_KEY"),
        ("abcdefgh", "k", None, "https://"),
        ("ftp://abcdefgh.supabase.co", "k", None, "https://"),
        (f"{URL}/rest/v1", "k", None, "without a path"),
        (URL, "a key\n", None, "characters"),
        (URL, "k", "", "access_token"),
        (URL, "k", 5, "access_token"),
    ],
)
def test_what_cannot_be_used_is_named(url: str, key: str, token: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        create_dreamcut_manager(url, key, access_token=token)


def test_keys_and_tokens_are_not_shown() -> None:
    shown = repr(find_project(URL, "secret-key", access_token="secret-token", client=None))
    assert "secret" not in shown


def test_a_coroutine_needs_the_asynchronous_manager() -> None:
    async def token() -> str:
        return "t"

    with pytest.raises(InvalidRequest, match="acreate_dreamcut_manager"):
        create_dreamcut_manager(URL, "k", access_token=token)


def test_a_client_comes_alone(supabase_project: SupabaseProject) -> None:
    from supabase import create_client

    client = create_client(supabase_project.url, supabase_project.keys.anon)
    with pytest.raises(InvalidRequest, match="either a client"):
        create_dreamcut_manager(URL, client=client)


def test_the_session_of_a_client_is_used(supabase_project: SupabaseProject) -> None:
    from supabase import create_client

    client = create_client(supabase_project.url, supabase_project.keys.anon)
    user = client.auth.sign_up({"email": "anna@example.org", "password": "a long password"}).user
    assert user is not None
    with create_dreamcut_manager(client=client) as manager:
        query_id = manager.initialize_query(user.id, "A trailer")
        assert [query.id for query in manager.get_user_queries(user.id)] == [query_id]
        client.auth.sign_out()


def test_the_session_of_an_asynchronous_client_is_used(supabase_project: SupabaseProject) -> None:
    from supabase import acreate_client

    async def start() -> None:
        client = await acreate_client(supabase_project.url, supabase_project.keys.anon)
        user = (await client.auth.sign_up({"email": "bert@example.org", "password": "a long password"})).user
        assert user is not None
        async with await acreate_dreamcut_manager(client=client) as manager:
            query_id = await manager.initialize_query(user.id, "A trailer")
            assert (await manager.get_query(query_id)).query.user_id == user.id

        with pytest.raises(InvalidRequest, match="acreate_dreamcut_manager"):
            create_dreamcut_manager(client=client)  # type: ignore[arg-type]  # the point
        await client.auth.sign_out()

    asyncio.run(start())


def test_nothing_heavy_is_imported_before_a_manager_is_made() -> None:
    code = "import dreamcut, dreamcut.realtime, sys; print([m for m in sys.modules if '.' not in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "dreamcut" in done.stdout
    for heavy in ("supabase", "realtime", "postgrest", "httpx", "websockets", "psycopg", "prefect"):
        assert f"'{heavy}'" not in done.stdout
