"""The store on a Supabase project: each write is one call of a SQL function over HTTP, as the service role.

The module has the name of the package that it is about; imports are absolute, so neither hides the other.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

import httpx

from dreamcut.errors import NotFound, SchemaMismatch
from dreamcut.models import Asset, AssetStatus, Intent, Message, NewQuery, Query, QueryStage
from dreamcut.store.clients import shared_client
from dreamcut.store.parameters import asset_row, message_parameters, outcome_parameters, worker_name
from dreamcut.store.patience import Patience
from dreamcut.store.polling import Polling
from dreamcut.store.protocol import AssetOutcome, NewMessage
from dreamcut.store.rest_failures import HOW_TO_MIGRATE, check_key, project_url, transport_error
from dreamcut.store.storable import storable, storable_value, unchanged

if TYPE_CHECKING:
    from postgrest import APIResponse, CountMethod
    from supabase import Client

# A number would come as a float: as text no digit is lost.
_QUERY = (
    "id,user_id,prompt:user_prompt,intent,options,status,stage,progress,error_message,processing_time_ms,"
    "models_used,cost_estimate::text,created_at,updated_at,completed_at"
)
_ASSET = (
    "id,query_id,position,url,filename,kind:type,description:user_description,status,progress,"
    "error_message,processing_time_ms,model_used"
)
_MESSAGE = "id,query_id,seq,type,content,emoji,asset_id,data,created_at"


class SupabaseStore:
    """Queries, assets and messages in a Supabase project; see `Store`. Safe to use from many threads at once.

    Args:
        url: the project's address.
        key: its service role or secret key.

    Raises:
        InvalidRequest: one of them cannot be what it should be.
        StoreRefused: the key says that it is another kind of key, or has expired.
    """

    def __init__(self, url: str, key: str, *, patience: Patience = Patience()) -> None:  # noqa: B008 - frozen
        check_key(key)
        self._url = project_url(url)
        self._key = key
        self._patience = patience
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

    def initialize_query(self, request: NewQuery, *, intent: Intent) -> UUID:
        """Create the query, its assets and the first message; the same idempotency key gives the same id."""
        answer = self._call(
            "initialize_dreamcut_query",
            {
                "p_user_id": unchanged(request.user_id, "the user id"),
                "p_user_prompt": storable(request.prompt),
                "p_intent": intent.value,
                "p_options": storable_value(request.options.model_dump(exclude_none=True)),
                "p_assets": storable_value([asset_row(asset) for asset in request.assets]),
                # A key of our own makes it safe to ask again after a lost answer.
                "p_idempotency_key": unchanged(
                    request.idempotency_key or f"once-{uuid4()}", "the idempotency key"
                ),
            },
        )
        return UUID(answer)

    def query(self, query_id: UUID) -> Query:
        """Return one query."""
        return Query.model_validate(self._row("dreamcut_queries", _QUERY, query_id, noun="query"))

    def payload(self, query_id: UUID) -> dict[str, Any] | None:
        """Return the stored brief, or None before completion."""
        payload: dict[str, Any] | None = self._row("dreamcut_queries", "payload", query_id, noun="query")[
            "payload"
        ]
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
        """Return the stored findings of an asset, or None."""
        return self._row("dreamcut_assets", "analysis", asset_id, noun="asset")["analysis"] or None

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

    def update_asset(
        self,
        asset_id: UUID,
        *,
        status: AssetStatus,
        progress: int,
        analysis: Mapping[str, Any] | None = None,
        outcome: AssetOutcome | None = None,
        message: NewMessage | None = None,
    ) -> bool:
        """Advance an asset and say so; returns False when the report came late and changed nothing."""
        return self._write(
            "advance_dreamcut_asset",
            {
                "p_asset_id": asset_id,
                "p_status": status.value,
                "p_progress": progress,
                "p_analysis": None if analysis is None else storable_value(analysis),
                "p_worker_id": worker_name(),
                **outcome_parameters(outcome),
                **message_parameters(message, prefix="p_message_", content="p_message"),
            },
        )

    def advance_query(
        self, query_id: UUID, *, stage: QueryStage, progress: int, message: NewMessage | None = None
    ) -> bool:
        """Move a query forward; returns False when it was already there or ended."""
        return self._write(
            "advance_dreamcut_query",
            {
                "p_query_id": query_id,
                "p_stage": stage.value,
                "p_progress": progress,
                **message_parameters(message, prefix="p_message_", content="p_message"),
            },
        )

    def add_message(self, query_id: UUID, message: NewMessage, *, asset_id: UUID | None = None) -> bool:
        """Append a message; returns False when its key was already there."""
        parameters = message_parameters(message, prefix="p_", content="p_content")
        # A key of our own makes it safe to write again after a lost answer.
        parameters["p_key"] = parameters["p_key"] or f"once-{uuid4()}"
        return self._write(
            "add_dreamcut_message", {"p_query_id": query_id, "p_asset_id": asset_id, **parameters}
        )

    def complete_query(
        self,
        query_id: UUID,
        payload: Mapping[str, Any],
        *,
        processing_time_ms: int,
        models_used: Sequence[str],
        cost_estimate: Decimal,
    ) -> bool:
        """Complete a query once; returns False on a repeat, raises StateConflict on a failed query."""
        return self._write(
            "finish_dreamcut_query",
            {
                "p_query_id": query_id,
                "p_payload": storable_value(payload),
                "p_processing_time_ms": processing_time_ms,
                "p_models_used": [storable(model) for model in models_used],
                "p_cost_estimate": str(cost_estimate),
            },
        )

    def fail_query(self, query_id: UUID, *, error_message: str) -> bool:
        """End a query as failed once; returns False when it had already ended."""
        return self._write(
            "fail_dreamcut_query", {"p_query_id": query_id, "p_error_message": storable(error_message)}
        )

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

    def _write(self, function: str, parameters: Mapping[str, Any]) -> bool:
        return bool(self._call(function, parameters))

    def _call(self, function: str, parameters: Mapping[str, Any]) -> Any:  # Any: what the function returns
        return self._ask(lambda client: client.rpc(function, dict(parameters)).execute()).data

    def _ask(self, ask: Callable[["Client"], "APIResponse"]) -> "APIResponse":
        """Send one request, and again where that can help: all of them may be repeated."""

        def once() -> "APIResponse":
            try:
                return ask(shared_client(self._url, self._key))
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise transport_error(error, url=self._url) from error

        return self._patience.ask(once)


def _as_rows(data: Any) -> list[dict[str, Any]]:  # Any: JSON
    rows: list[dict[str, Any]] = data
    return rows


def _exact() -> "CountMethod":
    from postgrest import CountMethod

    return CountMethod.exact
