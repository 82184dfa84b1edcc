"""The one door to the database: what every store can do.

Every write is safe to repeat, and state only moves forward. The rules live in SQL functions, so that
any client (our flow, a front end, an operator) gets the same answer; a store is a thin translation.
Writers of text messages give a `key`: a message whose key the query already has is not written again.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, Self
from uuid import UUID

from pydantic import Field

from dreamcut.models import (
    Asset,
    AssetStatus,
    Intent,
    Message,
    NewMessage,
    NewQuery,
    Query,
    QueryStage,
    Record,
)

__all__ = ["AssetOutcome", "NewMessage", "Store"]


class AssetOutcome(Record):
    """How work on an asset ended."""

    processing_time_ms: int | None = Field(default=None, ge=0)
    model_used: str | None = None
    error_message: str | None = None  # required when it failed
    quality_score: float | None = Field(default=None, ge=0, le=1)
    confidence_score: float | None = Field(default=None, ge=0, le=1)


class Store(Protocol):
    """Queries, assets and messages. Errors are those of `dreamcut.errors`; unknown ids raise NotFound."""

    def initialize_query(self, request: NewQuery, *, intent: Intent) -> UUID:
        """Create the query, its assets and the first message; the same idempotency key gives the same id."""
        ...

    def query(self, query_id: UUID) -> Query:
        """Return one query."""
        ...

    def payload(self, query_id: UUID) -> dict[str, Any] | None:
        """Return the stored brief, or None before completion."""
        ...

    def queries(self, *, user_id: str | None = None, limit: int = 20) -> list[Query]:
        """Return the newest queries, newest first."""
        ...

    def assets(self, query_id: UUID) -> list[Asset]:
        """Return the assets of a query in the order in which the user gave them."""
        ...

    def analysis(self, asset_id: UUID) -> dict[str, Any] | None:
        """Return the stored findings of an asset, or None."""
        ...

    def messages(self, query_id: UUID, *, after_seq: int = 0) -> list[Message]:
        """Return the messages with a higher sequence number, in order."""
        ...

    def wait_for_change(self, query_id: UUID, *, timeout_seconds: float) -> bool:
        """Block until something of the query changed since the last call, or the time is over."""
        ...

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
        ...

    def advance_query(
        self, query_id: UUID, *, stage: QueryStage, progress: int, message: NewMessage | None = None
    ) -> bool:
        """Move a query forward; returns False when it was already there or ended."""
        ...

    def add_message(self, query_id: UUID, message: NewMessage, *, asset_id: UUID | None = None) -> bool:
        """Append a message; returns False when its key was already there."""
        ...

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
        ...

    def fail_query(self, query_id: UUID, *, error_message: str) -> bool:
        """End a query as failed once; returns False when it had already ended."""
        ...

    def close(self) -> None:
        """Give back connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
