"""All of the gateway as one ASGI application."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.answers import Refused, refusal_of
from gateway.auth import auth_routes
from gateway.claims import Caller, TokenRefused
from gateway.door import KeyRefused, caller_of
from gateway.functions import serve_function
from gateway.project import DatabaseAway, Project
from gateway.realtime import realtime_routes
from gateway.rest import serve_table
from gateway.storage import storage_routes

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_OF_THE_SCHEMA = {"PGRST200", "PGRST202", "PGRST204", "PGRST205"}  # asked for what is not in the catalog

Serve = Callable[[Request, Project, Caller], Awaitable[Response]]


def gateway(project: Project) -> Starlette:
    """Return the application that serves a project."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await project.close()

    routes: list[BaseRoute] = [
        Route("/rest/v1/rpc/{function}", _endpoint(serve_function, project), methods=_METHODS),
        Route("/rest/v1/{table}", _endpoint(serve_table, project), methods=_METHODS),
        *auth_routes(project),
        *storage_routes(project),
        *realtime_routes(project),
        Route("/{path:path}", _nowhere, methods=[*_METHODS, "OPTIONS"]),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _endpoint(serve: Serve, project: Project) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        role = "anon"
        try:
            caller = caller_of(request, project.keys)
            role = caller.role
            return await _serve(serve, request, project, caller)
        except (KeyRefused, TokenRefused, Refused, DatabaseAway, psycopg.Error) as error:
            return _refusal(error, role=role).response()

    return answer


async def _serve(serve: Serve, request: Request, project: Project, caller: Caller) -> Response:
    try:
        return await serve(request, project, caller)
    except Refused as refused:
        if refused.code not in _OF_THE_SCHEMA:
            raise
        project.forget_catalog()
        return await serve(request, project, caller)
    except psycopg.Error as error:
        if (error.sqlstate or "").startswith("42"):
            project.forget_catalog()
        raise


def _refusal(error: Exception, *, role: str) -> Refused | KeyRefused:
    match error:
        case Refused() | KeyRefused():
            return error
        case TokenRefused():
            challenge = f'Bearer error="invalid_token", error_description="{error}"'
            return Refused(401, error.code, str(error), headers={"WWW-Authenticate": challenge})
        case psycopg.Error():
            return refusal_of(error, role=role)
    return Refused(503, "PGRST000", str(error))


async def _nowhere(request: Request) -> Response:
    body: dict[str, Any] = {
        "code": "PGRST125",
        "details": f"{request.method} {request.url.path} is not part of the test gateway",
        "hint": None,
        "message": "Invalid path specified in request URL",
    }
    return JSONResponse(body, status_code=404)
