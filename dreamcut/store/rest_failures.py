"""What Supabase's HTTP side said, as one of our errors. No key, token or query string is ever part of one."""

import base64
import binascii
import json
import ssl
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import httpx

from dreamcut.errors import (
    DreamCutError,
    InvalidRequest,
    SchemaMismatch,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from dreamcut.store.failures import store_error

URL_VARIABLE = "SUPABASE_URL"
KEY_VARIABLE = "SUPABASE_SERVICE_ROLE_KEY"

_FRONT_END = {"anon": "the anon key", "authenticated": "the token of a user"}
_WHERE_KEYS_ARE = "copy the service_role or secret key from the project's settings, API keys"
HOW_TO_MIGRATE = (
    "run `supabase db push`, or `dreamcut migrate` with DREAMCUT_DATABASE_URL set to the project's "
    "connection string"
)
# The gateway's or PostgREST's own trouble. 520 to 530 are the network in front of hosted projects, 544 is
# the platform's word for a database that did not answer it in time.
_AWAY = {408, 425, 429, 500, 502, 503, 504, *range(520, 531), 544}
_PAUSED = 540
_RESTRICTED = 402
_NOT_IN_SCHEMA = {"PGRST200", "PGRST202", "PGRST204", "PGRST205"}
_EXPIRED = "PGRST303"
_BODY_BYTES = 64 * 1024  # more is no error message


def project_url(url: str) -> str:
    """Return the address of a project, without the slash at its end.

    Raises:
        InvalidRequest: it cannot be one.
    """
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.username or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise InvalidRequest(
            f"{URL_VARIABLE}: write the address of the project, such as https://abcdefgh.supabase.co, "
            "without a path"
        )
    return url.rstrip("/")


def check_key(key: str) -> None:
    """Refuse a key that says of itself that it is not a service role's.

    Raises:
        InvalidRequest: it holds characters that no key has.
        StoreRefused: it is a front end's key, a user's token, or has expired.
    """
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidRequest(f"{KEY_VARIABLE} holds characters that no key has: {_WHERE_KEYS_ARE}")
    if key.startswith("sb_publishable_"):
        raise StoreRefused(f"{KEY_VARIABLE} holds the publishable key of a front end: {_WHERE_KEYS_ARE}")
    claims = _claims(key)
    if (name := _FRONT_END.get(str(claims.get("role")))) is not None:
        raise StoreRefused(f"{KEY_VARIABLE} holds {name}, which may not write: {_WHERE_KEYS_ARE}")
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires < time.time():
        raise StoreRefused(f"{KEY_VARIABLE} has expired: {_WHERE_KEYS_ARE}")


def _claims(key: str) -> dict[str, Any]:
    """Return what a JSON Web Token says; nothing for a key of another kind. Its signature is not checked."""
    parts = key.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def raise_for_answer(response: httpx.Response) -> None:
    """Raise our error for an answer that is none; a hook of the HTTP client.

    Raises:
        DreamCutError: the one for what was said.
    """
    if response.is_success and _is_json(response):
        return
    response.read()
    raise answer_error(response)


def answer_error(response: httpx.Response) -> DreamCutError:
    """Return our error for an answer of a status that means failure, or of a kind that no Supabase gives."""
    status, where = response.status_code, _host(response.request.url)
    body = _body(response)
    code, said = str(body.get("code") or ""), str(body.get("message") or body.get("msg") or "")
    if code == _EXPIRED or "JWT expired" in said:
        return StoreRefused(f"{KEY_VARIABLE} has expired: {_WHERE_KEYS_ARE}")
    if code in _NOT_IN_SCHEMA:
        return SchemaMismatch(f"the project at {where} lacks a migration ({said}): {HOW_TO_MIGRATE}")
    if len(code) == 5 and code != "PGRST":  # a SQLSTATE
        return _sql_error(code, said)
    return _status_error(status, where, said if body else "")


def _sql_error(code: str, said: str) -> DreamCutError:
    if code == "42501":
        return StoreError(f"the key may not do that ({said}): {_WHERE_KEYS_ARE}")
    error = store_error(code, said)
    return SchemaMismatch(f"{said}: {HOW_TO_MIGRATE}") if isinstance(error, SchemaMismatch) else error


def _status_error(status: int, where: str, said: str) -> DreamCutError:
    words = f"{status} {said or _phrase(status)}".strip()
    if status == HTTPStatus.UNAUTHORIZED or (status == HTTPStatus.FORBIDDEN and said):
        return StoreRefused(
            f"{where} does not know the key in {KEY_VARIABLE} ({words}): {_WHERE_KEYS_ARE}, "
            f"and check that {URL_VARIABLE} is the same project's"
        )
    if status == _PAUSED:
        return StoreRefused(f"the project at {where} is paused: resume it in Supabase's dashboard")
    if status == _RESTRICTED:
        return StoreRefused(f"the project at {where} is restricted ({words}): see Supabase's dashboard")
    if status in _AWAY:
        return StoreUnavailable(f"{where} answered {words}")
    if said:
        return StoreError(f"{where} answered {words}")
    return StoreRefused(f"what answers at {where} is no Supabase ({words}): check {URL_VARIABLE}")


def transport_error(error: httpx.HTTPError | httpx.InvalidURL, *, url: str) -> DreamCutError:
    """Return our error for a request that got no answer."""
    where = _host(httpx.URL(url))
    reason = " ".join(str(error).split()) or type(error).__name__
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return StoreRefused(f"no secure connection to {where} ({reason}): check {URL_VARIABLE}")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError):
        return InvalidRequest(f"{URL_VARIABLE} or {KEY_VARIABLE} cannot be sent ({type(error).__name__})")
    return StoreUnavailable(f"no answer from {where} ({reason}): check {URL_VARIABLE} and the network")


def _is_json(response: httpx.Response) -> bool:
    empty = response.status_code == HTTPStatus.NO_CONTENT or response.headers.get("Content-Length") == "0"
    return empty or "json" in response.headers.get("Content-Type", "")


def _body(response: httpx.Response) -> dict[str, Any]:
    if len(response.content) > _BODY_BYTES:
        return {}
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _host(url: httpx.URL) -> str:
    port = f":{url.port}" if url.port else ""
    return f"{url.scheme}://{url.host}{port}"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
