"""Which Supabase project, with which key, as whom: from arguments, a client, or the environment."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union, cast

from dreamcut.errors import InvalidRequest
from dreamcut.realtime.tokens import Ask, HeldToken
from dreamcut.settings import load_settings
from dreamcut.store.rest_failures import project_url

if TYPE_CHECKING:
    from supabase import AsyncClient, Client
    from supabase_auth.types import Session

AccessToken = str | Callable[[], str | None] | Callable[[], Awaitable[str | None]]
SupabaseClient = Union["Client", "AsyncClient"]


@dataclass(frozen=True)
class Project:
    """A Supabase project and who asks."""

    url: str  # without a slash at its end
    key: str = field(repr=False)
    token: HeldToken = field(repr=False)
    is_lasting: bool  # there is one token and no way to another


def find_project(
    url: str | None,
    key: str | None,
    *,
    access_token: AccessToken | None,
    client: SupabaseClient | None,
) -> Project:
    """Return the project that was meant; what is not given comes from the environment.

    Raises:
        InvalidRequest: something is missing or cannot be used; names it.
    """
    if client is not None:
        if url is not None or key is not None or access_token is not None:
            raise InvalidRequest("give either a client, or url, key and access_token")
        return _of_client(client)
    settings = load_settings()
    url = url or settings.supabase_url
    # Without a user the service role's key comes first, as the front end's alone shows no row; with a user
    # it comes last, so that no server's key travels where it is not needed.
    keys = [settings.supabase_key, settings.supabase_front_end_key]
    key = key or next(filter(None, keys if access_token is None else reversed(keys)), None)
    if not url:
        raise InvalidRequest("no project: pass url, or set SUPABASE_URL to https://<ref>.supabase.co")
    if not key:
        raise InvalidRequest(
            "no API key: pass key, or set SUPABASE_ANON_KEY (front ends, with access_token) or "
            "SUPABASE_SERVICE_ROLE_KEY (servers)"
        )
    _check_key(key)
    ask, is_lasting = _asking(key if access_token is None else access_token)
    return Project(project_url(url), key, HeldToken(ask, key=key), is_lasting)


def _of_client(client: SupabaseClient) -> Project:
    """Return the project of a client; its session stays the only one."""
    key = client.supabase_key

    def unsigned() -> str:
        # Set by the application, or by the client when somebody signs in.
        header = client.options.headers.get("Authorization", "")
        return header.removeprefix("Bearer ") or key

    def bearer(session: "Session | None") -> str:
        return session.access_token if session else unsigned()

    async def ask_later() -> str:
        return bearer(await cast("AsyncClient", client).auth.get_session())

    def ask_now() -> str:
        return bearer(cast("Client", client).auth.get_session())

    ask: Ask = ask_later if inspect.iscoroutinefunction(client.auth.get_session) else ask_now
    return Project(project_url(str(client.supabase_url)), key, HeldToken(ask, key=key), is_lasting=False)


def _asking(access_token: AccessToken) -> tuple[Ask, bool]:
    if isinstance(access_token, str):
        if not access_token.isascii() or not access_token.isprintable() or not access_token.strip():
            raise InvalidRequest("access_token holds characters that no token has")
        return (lambda: access_token), True
    if not callable(access_token):
        raise InvalidRequest("access_token must be a token or a callable that gives one")
    return access_token, False


def _check_key(key: str) -> None:
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidRequest("the API key holds characters that no key has")
