"""The tables and functions over HTTP, as a front end may ask for them.

Everything is written once, as coroutines, for both kinds of caller: `OnLoop` sends requests from an event
loop, `AtOnce` blocks and never suspends, so that `at_once()` can run the same coroutine without a loop.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast
from uuid import UUID, uuid4

import httpx

from dreamcut.backoff import delays
from dreamcut.errors import NotFound, SchemaMismatch, StoreRefused, StoreUnavailable
from dreamcut.models import Query
from dreamcut.realtime.failures import raise_for_answer, raise_for_answer_later
from dreamcut.realtime.merge import Marks
from dreamcut.realtime.project import Project
from dreamcut.realtime.rows import (
    QuerySnapshot,
    Row,
    asset_update,
    column_of,
    feed_message,
    is_outline,
    plain_query,
    query_update,
)
from dreamcut.store.rest_failures import transport_error

if TYPE_CHECKING:
    from postgrest import AsyncPostgrestClient, SyncPostgrestClient

Answer = TypeVar("Answer")

PAGE_ROWS = 1000  # of messages; a project may give fewer at once
_TRIES = 4
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_QUERY_COLUMNS = ",".join(column_of(name) for name in Query.model_fields)


class Wire(Protocol):
    """How requests are sent. Clients of both kinds build requests in the same way."""

    async def token(self, refused: str | None = None) -> str:
        """Return a token; another one than the one that was refused."""
        ...

    def client(self, token: str) -> Any:  # of postgrest; its two kinds share no type
        """Return a client that asks as the bearer of this token."""
        ...

    async def send(self, request: Any) -> Any:
        """Send a built request and return its data."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait."""
        ...


class OnLoop:
    """Requests from an event loop; made inside of it."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._http = httpx.AsyncClient(
            timeout=_TIMEOUT, follow_redirects=False, event_hooks={"response": [raise_for_answer_later]}
        )

    async def token(self, refused: str | None = None) -> str:
        """Return a token; another one than the one that was refused."""
        return await self._project.token.on_loop(refused)

    def client(self, token: str) -> "AsyncPostgrestClient":
        """Return a client that asks as the bearer of this token."""
        from postgrest import AsyncPostgrestClient

        return AsyncPostgrestClient(
            f"{self._project.url}/rest/v1",
            headers=_headers(self._project, token),
            http_client=self._http,
            retry_enabled=False,
        )

    async def send(self, request: Any) -> Any:
        """Send a built request and return its data."""
        return (await request.execute()).data

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


class AtOnce:
    """Requests that block; safe to use from many threads at once, which for httpx takes HTTP/1.1."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._http = httpx.Client(
            timeout=_TIMEOUT, follow_redirects=False, event_hooks={"response": [raise_for_answer]}
        )

    async def token(self, refused: str | None = None) -> str:
        """Return a token; another one than the one that was refused."""
        return await self._project.token.at_once(refused)

    def client(self, token: str) -> "SyncPostgrestClient":
        """Return a client that asks as the bearer of this token."""
        from postgrest import SyncPostgrestClient

        return SyncPostgrestClient(
            f"{self._project.url}/rest/v1",
            headers=_headers(self._project, token),
            http_client=self._http,
            retry_enabled=False,
        )

    async def send(self, request: Any) -> Any:
        """Send a built request and return its data."""
        return request.execute().data

    async def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def at_once(asking: Coroutine[Any, Any, Answer]) -> Answer:
    """Run a coroutine over `AtOnce` to its end, without an event loop."""
    try:
        asking.send(None)
    except StopIteration as done:
        return cast("Answer", done.value)
    raise AssertionError("a coroutine over AtOnce never suspends")


class Rest:
    """The questions. Errors are those of `dreamcut.errors`."""

    def __init__(self, wire: Wire, *, url: str) -> None:
        self._wire = wire
        self._url = url

    async def initialize(self, parameters: dict[str, Any]) -> UUID:
        """Create a query; safe to repeat, as it always carries an idempotency key."""
        parameters["p_idempotency_key"] = parameters.get("p_idempotency_key") or f"once-{uuid4()}"
        return UUID(await self._ask(lambda db: db.rpc("initialize_dreamcut_query", parameters)))

    async def rows(self, query_id: UUID) -> tuple[Row, list[Row]]:
        """Return a query's row and then its assets', in order."""
        found = await self._ask(lambda db: db.from_("dreamcut_queries").select("*").eq("id", query_id))
        if not found:
            raise not_found(query_id)
        assets = await self._ask(
            lambda db: db.from_("dreamcut_assets").select("*").eq("query_id", query_id).order("position")
        )
        return found[0], assets

    async def messages(self, query_id: UUID, *, after_seq: int) -> list[Row]:
        """Return messages with a higher number, lowest first; there may be more after the last one."""
        rows: list[Row] = await self._ask(
            lambda db: (
                db.from_("dreamcut_messages")
                .select("*")
                .eq("query_id", query_id)
                .gt("seq", after_seq)
                .order("seq")
                .limit(PAGE_ROWS)
            )
        )
        return rows

    async def all_messages(self, query_id: UUID) -> list[Row]:
        """Return the feed from its beginning. A short page is not the last: a project limits answers."""
        rows: list[Row] = []
        while page := await self.messages(query_id, after_seq=rows[-1]["seq"] if rows else 0):
            rows += page
        return rows

    async def marks(self, query_id: UUID) -> Marks:
        """Return how far the rows of a query are."""
        found = await self._ask(
            lambda db: db.from_("dreamcut_queries").select("revision,last_message_seq").eq("id", query_id)
        )
        if not found:
            raise not_found(query_id)
        assets = await self._ask(
            lambda db: db.from_("dreamcut_assets").select("id,revision").eq("query_id", query_id)
        )
        return Marks(
            revision=found[0]["revision"],
            last_message_seq=found[0]["last_message_seq"],
            assets={str(asset["id"]): asset["revision"] for asset in assets},
        )

    async def brief(self, query_id: UUID) -> dict[str, Any] | None:
        """Return the whole brief; None before completion."""
        return _document(await self._ask(lambda db: db.rpc("dreamcut_brief", {"p_query_id": str(query_id)})))

    async def analysis(self, asset_id: UUID) -> dict[str, Any] | None:
        """Return the whole findings of an asset; None before the first."""
        return _document(
            await self._ask(lambda db: db.rpc("dreamcut_analysis", {"p_asset_id": str(asset_id)}))
        )

    async def snapshot(self, query_id: UUID) -> QuerySnapshot:
        """Return everything about a query; assets and messages are at least as new as the query's row."""
        query, assets = await self.rows(query_id)
        messages = await self.all_messages(query_id)
        brief: dict[str, Any] | None = query["payload"]
        if is_outline(brief):
            brief = await self.brief(query_id)
        return QuerySnapshot(
            query=query_update({**query, "payload": brief}),
            assets=tuple(asset_update(asset) for asset in assets),
            messages=tuple(feed_message(message) for message in messages),
            brief=brief,
        )

    async def queries(self, user_id: str, *, limit: int) -> list[Query]:
        """Return a user's newest queries, newest first."""
        rows: list[Row] = []
        while len(rows) < limit and (page := await self._queries_page(user_id, rows, limit=limit)):
            rows += page
        return [plain_query(row) for row in rows]

    async def _queries_page(self, user_id: str, before: Sequence[Row], *, limit: int) -> list[Row]:
        page: list[Row] = await self._ask(
            lambda db: (
                db.from_("dreamcut_queries")
                .select(_QUERY_COLUMNS)
                .eq("user_id", user_id)
                .order("created_at", desc=True)
                .order("id")
                .range(len(before), limit - 1)
            )
        )
        return page

    async def _ask(self, request: Callable[[Any], Any]) -> Any:
        """Send a request, and again where that can help: every one of them may be repeated."""
        waits = delays(first_seconds=0.1, longest_seconds=1.0)
        token, refused = await self._wire.token(), False
        for left in reversed(range(_TRIES)):
            try:
                return await self._wire.send(request(self._wire.client(token)))
            except StoreRefused:
                if refused or not left:
                    raise
                token, refused = await self._wire.token(token), True
            except StoreUnavailable:
                if not left:
                    raise
                await self._wire.pause(next(waits))
            except httpx.HTTPError as error:
                failure = transport_error(error, url=self._url)
                if not (left and failure.retryable):
                    raise failure from error
                await self._wire.pause(next(waits))
        raise AssertionError("the last try returns or raises")


def not_found(query_id: UUID) -> NotFound:
    """Return the error for a query that is not there, or belongs to somebody else."""
    return NotFound(f"there is no query {query_id}, or it belongs to somebody else")


def _document(found: object) -> dict[str, Any] | None:
    if found is not None and not isinstance(found, dict):
        raise SchemaMismatch("a brief or analysis is no JSON object; database and client differ")
    return found


def _headers(project: Project, token: str) -> dict[str, str]:
    return {"apikey": project.key, "Authorization": f"Bearer {token}"}
