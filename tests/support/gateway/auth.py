"""Sign-up, sign-in, refresh, sign-out under /auth/v1, as GoTrue does with addresses confirmed at once."""

import json
import re
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.accounts import Accounts, Session, TokenUsed, User, accounts
from gateway.claims import AUDIENCE, Caller, TokenRefused
from gateway.door import KeyRefused, bearer_of, check_api_key
from gateway.project import DatabaseAway, Project

_API_VERSION = {"X-Supabase-Api-Version": "2024-01-01"}  # of the error bodies
_PASSWORD_CHARACTERS = 6
_PASSWORD_BYTES = 72  # more than that bcrypt does not read

Serve = Callable[[Request, Project], Awaitable[Response]]


class AuthRefused(Exception):
    """The request gets GoTrue's error body instead of an answer."""

    def __init__(self, status: int, code: str, message: str, **more: Any) -> None:
        self.status = status
        self.body = {"code": code, "message": message, **more}
        super().__init__(f"{code} {message}")


def auth_routes(project: Project) -> list[BaseRoute]:
    """Return the routes of the part of GoTrue that the clients use."""
    served: list[tuple[str, str, Serve]] = [
        ("/signup", "POST", _sign_up),
        ("/token", "POST", _token),
        ("/user", "GET", _user),
        ("/logout", "POST", _log_out),
        ("/.well-known/jwks.json", "GET", _keys),
    ]
    return [
        *(
            Route(f"/auth/v1{path}", _endpoint(serve, project), methods=[method])
            for path, method, serve in served
        ),
        Route("/auth/v1/{path:path}", _endpoint(_nothing, project), methods=["GET", "POST", "PUT", "DELETE"]),
    ]


def _endpoint(serve: Serve, project: Project) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            check_api_key(request, project.keys)
            return await serve(request, project)
        except KeyRefused as refused:
            return refused.response()
        except AuthRefused as refused:
            return JSONResponse(refused.body, status_code=refused.status, headers=_API_VERSION)
        except DatabaseAway:
            body = {"code": "unexpected_failure", "message": "Database error querying schema"}
            return JSONResponse(body, status_code=500, headers=_API_VERSION)

    return answer


async def _sign_up(request: Request, project: Project) -> Response:
    given = await _body(request)
    email, password = given.get("email"), given.get("password")
    if not email and not password and not given.get("phone"):
        raise AuthRefused(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
    if not email:
        raise AuthRefused(400, "phone_provider_disabled", "Phone signups are disabled")
    if not password:
        raise AuthRefused(400, "validation_failed", "Signup requires a valid password")
    _check_email(email)
    _check_password(password)
    async with accounts(project) as store:
        user = await store.add(email.lower(), password, given.get("data") or {})
        if user is None:
            raise AuthRefused(422, "user_already_exists", "User already registered")
        return _signed_in(project, user, await store.start_session(user))


async def _token(request: Request, project: Project) -> Response:
    grant = request.query_params.get("grant_type")
    given = await _body(request)
    async with accounts(project) as store:
        match grant:
            case "password":
                user, session = await _by_password(store, given)
            case "refresh_token":
                user, session = await _by_refresh_token(store, given)
            case _:
                raise AuthRefused(400, "invalid_credentials", "unsupported_grant_type")
    return _signed_in(project, user, session)


async def _by_password(store: Accounts, given: dict[str, Any]) -> tuple[User, Session]:
    if not given.get("email"):
        raise AuthRefused(400, "validation_failed", "missing email or phone")
    user = await store.user_with_password(given["email"].lower(), given.get("password") or "")
    if user is None:
        raise AuthRefused(400, "invalid_credentials", "Invalid login credentials")
    return user, await store.start_session(user)


async def _by_refresh_token(store: Accounts, given: dict[str, Any]) -> tuple[User, Session]:
    try:
        renewed = await store.renew_session(given.get("refresh_token") or "")
    except TokenUsed as error:
        raise AuthRefused(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used") from error
    if renewed is None:
        raise AuthRefused(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
    return renewed


async def _user(request: Request, project: Project) -> Response:
    async with accounts(project) as store:
        user, _ = await _asking(request, project, store)
    return JSONResponse(_user_json(user))


async def _log_out(request: Request, project: Project) -> Response:
    scope = request.query_params.get("scope") or "global"
    if scope not in ("global", "local", "others"):
        raise AuthRefused(400, "validation_failed", f'Unsupported logout scope "{scope}"')
    async with accounts(project) as store:
        user, caller = await _asking(request, project, store)
        await store.end_sessions(user, session_id=caller.claims.get("session_id"), scope=scope)
    return Response(status_code=204)


async def _keys(request: Request, project: Project) -> Response:
    # Tokens are signed with a secret that both sides hold: there is no public key.
    return JSONResponse({"keys": []})


async def _nothing(request: Request, project: Project) -> Response:
    what = f"{request.method} {request.url.path} is not part of the test gateway"
    raise AuthRefused(404, "feature_disabled", what)


async def _asking(request: Request, project: Project, store: Accounts) -> tuple[User, Caller]:
    """Return the user of the bearer token, whose session must not have ended."""
    try:
        token = bearer_of(request)
        if token is None:
            raise AuthRefused(401, "no_authorization", "This endpoint requires a valid Bearer token")
        caller = project.keys.caller(token)
    except TokenRefused as error:
        message = f"invalid JWT: unable to parse or verify signature, {error}"
        raise AuthRefused(403, "bad_jwt", message) from error
    if "sub" not in caller.claims:
        raise AuthRefused(403, "bad_jwt", "invalid claim: missing sub claim")
    try:
        user = await store.user(UUID(caller.claims["sub"]))
    except ValueError as error:
        raise AuthRefused(400, "bad_jwt", "invalid claim: sub claim must be a UUID") from error
    if user is None:
        raise AuthRefused(403, "user_not_found", "User from sub claim in JWT does not exist")
    session_id = caller.claims.get("session_id")
    if session_id is not None and not await store.has_session(session_id):
        raise AuthRefused(403, "session_not_found", "Session from session_id claim in JWT does not exist")
    return user, caller


async def _body(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await request.body())
    except ValueError as error:
        raise AuthRefused(400, "bad_json", "Could not parse request body as JSON") from error
    if not isinstance(given, dict):
        raise AuthRefused(400, "bad_json", "Could not parse request body as JSON")
    return given


def _check_email(email: str) -> None:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise AuthRefused(400, "validation_failed", "Unable to validate email address: invalid format")


def _check_password(password: str) -> None:
    if len(password.encode()) > _PASSWORD_BYTES:
        message = f"Password cannot be longer than {_PASSWORD_BYTES} characters"
        raise AuthRefused(400, "validation_failed", message)
    if len(password) < _PASSWORD_CHARACTERS:
        message = f"Password should be at least {_PASSWORD_CHARACTERS} characters."
        raise AuthRefused(422, "weak_password", message, weak_password={"reasons": ["length"]})


def _signed_in(project: Project, user: User, session: Session) -> Response:
    token = project.keys.token(
        role="authenticated",
        user_id=str(user.id),
        seconds=project.token_seconds,
        iat=int(time.time()),
        email=user.email,
        session_id=str(session.id),
        aal="aal1",
        is_anonymous=False,
        app_metadata=_APP_METADATA,
        user_metadata=user.data,
    )
    return JSONResponse(
        {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": project.token_seconds,
            "expires_at": int(time.time()) + project.token_seconds,
            "refresh_token": session.refresh_token,
            "user": _user_json(user),
        }
    )


_APP_METADATA = {"provider": "email", "providers": ["email"]}


def _user_json(user: User) -> dict[str, Any]:
    created = user.created_at.isoformat()
    return {
        "id": str(user.id),
        "aud": AUDIENCE,
        "role": "authenticated",
        "email": user.email,
        "email_confirmed_at": created,
        "phone": "",
        "confirmed_at": created,
        "app_metadata": _APP_METADATA,
        "user_metadata": user.data,
        "identities": [],
        "created_at": created,
        "updated_at": created,
        "is_anonymous": False,
    }
