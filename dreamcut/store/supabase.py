"""The store on a Supabase project: each write is one call of a SQL function over HTTP, as the service role.

The module has the name of the package that it is about; imports are absolute, so neither hides the other.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

import httpx

from dreamcut.errors import NotFound, SchemaMismatch
from dreamcut.models import Asset, Message, Query
from dreamcut.store.clients import shared_client
from dreamcut.store.patience import IMPATIENT, Patience
from dreamcut.store.polling import Polling
from dreamcut.store.protocol import Lease
from dreamcut.store.rest_failures import HOW_TO_MIGRATE, check_key, project_url, transport_error
from dreamcut.store.storable import Json, unchanged
from dreamcut.store.writes import Parameters, Writes

if TYPE_CHECKING:
    from postgrest import APIResponse, CountMethod
    from supabase import Client

# A number would come as a float: as text no digit is lost.
_QUERY = (
    "id,user_id,prompt:user_prompt,intent,options,status,stage,progress,error_message,processing_time_ms,"
    "models_used,cost_estimate::text,worker_id,attempts,created_at,updated_at,completed_at"
)
_ASSET = (
    "id,query_id,position,url,filename,kind:type,description:user_description,status,progress,"
    "error_message,processing_time_ms,model_used,cost_estimate::text,worker_id,attempts"
)
_MESSAGE = "id,query_id,seq,type,content,emoji,asset_id,data,created_at"


class SupabaseStore(Writes):
    """Queries, assets and messages in a Supabase project; see `Store`. Safe to use from many threads at once.

    Args:
        url: the project's address.
        key: its service role or secret key.

    Raises:
        InvalidRequest: one of them cannot be what it should be.
        StoreRefused: the key says that it is another kind of key, or has expired.
    """

    def __init__(
        self, url: str, key: str, *, lease: Lease | None = None, patience: Patience = IMPATIENT
    ) -> None:
        check_key(key)
        self._url = project_url(url)
        self._key = key
        self._patience = patience
        self._lease_token = None if lease is None else lease.token
        self._polling = Polling(self._look)

    def check_schema(self) -> None:
        """Change nothing.

        Raises:
            SchemaMismatch: the project has not exactly the migrations of this code; says what to do.
            StoreRefused, StoreUnavailable: it cannot be asked.
        """
        from dreamcut.store.migrations import known_migrations

        newest = known_migrations()[-1]
        version = str(self._call("dreamcut_schema_version", {}) or "none")
        if version > newest.version and version.isdigit():
            raise SchemaMismatch(
                f"the project has the migration {version}, which this version of DreamCut does not know: "
                "install a newer DreamCut"
            )
        if version != newest.version:
            raise SchemaMismatch(
                f"the project's newest migration is {version}, this DreamCut needs "
                f"{newest.version}_{newest.name}: {HOW_TO_MIGRATE}"
            )

    def query(self, query_id: UUID) -> Query:
        """Return one query."""
        return Query.model_validate(self._row("dreamcut_queries", _QUERY, query_id, noun="query"))

    def payload(self, query_id: UUID) -> dict[str, Any] | None:
        """Return the whole stored brief, or None before completion."""
        payload: dict[str, Any] | None = self._call("dreamcut_brief", {"p_query_id": query_id})
        if payload is None:
            self.query(query_id)
        return payload

    def queries(self, *, user_id: str | None = None, limit: int = 20) -> list[Query]:
        """Return the newest queries, newest first."""
        rows: list[dict[str, Any]] = []
        while len(rows) < limit:
            page = self._queries_page(user_id, offset=len(rows), limit=limit - len(rows))
            rows += page
            if not page:  # a shorter page is not always the last: a project limits the rows of an answer
                break
        return [Query.model_validate(row) for row in rows]

    def _queries_page(self, user_id: str | None, *, offset: int, limit: int) -> list[dict[str, Any]]:
        def ask(client: "Client") -> "APIResponse":
            request = client.table("dreamcut_queries").select(_QUERY)
            if user_id is not None:
                request = request.eq("user_id", unchanged(user_id, "the user id"))
            request = request.order("created_at", desc=True).order("id")
            return request.range(offset, offset + limit - 1).execute()

        return self._rows(ask)

    def assets(self, query_id: UUID) -> list[Asset]:
        """Return the assets of a query in the order in which the user gave them."""
        rows = self._rows(
            lambda client: (
                client.table("dreamcut_assets")
                .select(_ASSET)
                .eq("query_id", query_id)
                .order("position")
                .execute()
            )
        )
        if not rows:
            self.query(query_id)
        return [Asset.model_validate(row) for row in rows]

    def analysis(self, asset_id: UUID) -> dict[str, Any] | None:
        """Return the whole stored findings of an asset, or None."""
        analysis: dict[str, Any] | None = self._call("dreamcut_analysis", {"p_asset_id": asset_id})
        if analysis is None:
            self._row("dreamcut_assets", "id", asset_id, noun="asset")
        return analysis

    def messages(self, query_id: UUID, *, after_seq: int = 0) -> list[Message]:
        """Return the messages with a higher sequence number, in order."""
        messages: list[Message] = []
        while True:
            last = messages[-1].seq if messages else after_seq
            page, left = self._messages_page(query_id, after_seq=last)
            messages += [Message.model_validate(row) for row in page]
            if len(page) >= left:  # a project limits the rows of an answer
                break
        if not messages:
            self.query(query_id)
        return messages

    def _messages_page(self, query_id: UUID, *, after_seq: int) -> tuple[list[dict[str, Any]], int]:
        """Return what one answer holds, and how many there are."""

        def ask(client: "Client") -> "APIResponse":
            request = client.table("dreamcut_messages").select(_MESSAGE, count=_exact())
            return request.eq("query_id", query_id).gt("seq", after_seq).order("seq").execute()

        answer = self._ask(ask)
        return _as_rows(answer.data), answer.count or 0

    def wait_for_change(self, query_id: UUID, *, timeout_seconds: float) -> bool:
        """Block until something of the query changed since the last call, or the time is over.

        Polls, from ten times a second after a change down to once where nothing happens. The first call for
        a query returns True at once: read, then wait, and nothing is missed.
        """
        return self._polling.wait(query_id, timeout_seconds=timeout_seconds)

    def _look(self, query_id: UUID) -> object:
        columns = "revision,last_message_seq,dreamcut_assets(id,revision)"
        return self._rows(
            lambda client: client.table("dreamcut_queries").select(columns).eq("id", query_id).execute()
        )

    def holding(self, lease: Lease) -> Self:
        """Return this store for the holder of a lease: its writes are refused once the lease is lost."""
        return type(self)(self._url, self._key, lease=lease, patience=self._patience)

    def close(self) -> None:
        """Stop waiting. The connections belong to the process and are closed with it."""
        self._polling.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _row(self, table: str, columns: str, row_id: UUID, *, noun: str) -> dict[str, Any]:
        rows = self._rows(lambda client: client.table(table).select(columns).eq("id", row_id).execute())
        if not rows:
            raise NotFound(f"there is no {noun} {row_id}")
        return rows[0]

    def _rows(self, ask: Callable[["Client"], "APIResponse"]) -> list[dict[str, Any]]:
        return _as_rows(self._ask(ask).data)

    def _call(self, function: str, parameters: Parameters) -> Any:  # Any: as the function returns
        return self._ask(lambda client: client.rpc(function, _as_json(parameters)).execute()).data

    def _call_for_rows(self, function: str, parameters: Parameters) -> list[dict[str, Any]]:
        return _as_rows(self._call(function, parameters))

    def _ask(self, ask: Callable[["Client"], "APIResponse"]) -> "APIResponse":
        """Send one request, and again where that can help: all of them may be repeated."""

        def once() -> "APIResponse":
            try:
                return ask(shared_client(self._url, self._key))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise transport_error(error, url=self._url) from error

        return self._patience.ask(once)


def _as_json(parameters: Parameters) -> dict[str, Any]:
    """Return parameters for a client that makes the JSON itself, and knows UUID but not Decimal."""
    return {name: _plain(value) for name, value in parameters.items()}


def _plain(value: Any) -> Any:  # Any: what JSON can hold, or UUID
    if isinstance(value, Json):
        return value.value
    return str(value) if isinstance(value, Decimal) else value


def _as_rows(data: Any) -> list[dict[str, Any]]:  # Any: JSON
    rows: list[dict[str, Any]] = data
    return rows


def _exact() -> "CountMethod":
    from postgrest import CountMethod

    return CountMethod.exact
