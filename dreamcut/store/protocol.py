"""The one door to the database: what every store can do.

Every write is safe to repeat, and state only moves forward. The rules live in SQL functions, so that
any client (our flow, a front end, an operator) gets the same answer; a store is a thin translation.
Writers of text messages give a `key`: a message whose key the query already has is not written again.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from datetime import datetime
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
from dreamcut.store.health import HealthRow
from dreamcut.store.legacy import LegacyBrief

__all__ = ["AssetOutcome", "Lease", "NewMessage", "Store", "worker_name"]


class AssetOutcome(Record):
    """How work on an asset ended."""

    processing_time_ms: int | None = Field(default=None, ge=0)
    model_used: str | None = None
    error_message: str | None = None  # required when it failed
    quality_score: float | None = Field(default=None, ge=0, le=1)
    confidence_score: float | None = Field(default=None, ge=0, le=1)
    cost_estimate: Decimal | None = Field(default=None, ge=0)  # US dollars


class Lease(Record):
    """The right to work on a query, or on one asset of it, for a time.

    The token proves it: a write of a store that is `holding` a lease is refused (`LeaseLost`) once another
    worker has claimed the work. A lease that ran out and that nobody claimed still holds.
    """

    query_id: UUID
    asset_id: UUID | None = None  # None: of the whole query
    token: int
    worker_id: str
    attempts: int = Field(ge=1)  # how often this work has been claimed
    expires_at: datetime


def worker_name(pid: int | None = None) -> str:
    """Return how a process of this machine is named as a worker: this one, or the one with that number."""
    return f"{socket.gethostname()}:{os.getpid() if pid is None else pid}"


class Store(Protocol):
    """Queries, assets and messages. Errors are those of `dreamcut.errors`; unknown ids raise NotFound."""

    def check_schema(self) -> None:
        """Raise SchemaMismatch unless the database has the migrations of this code and no newer ones."""
        ...

    def initialize_query(self, request: NewQuery, *, intent: Intent) -> UUID:
        """Create the query, its assets and the first message; the same idempotency key gives the same id."""
        ...

    def query(self, query_id: UUID) -> Query:
        """Return one query."""
        ...

    def payload(self, query_id: UUID) -> dict[str, Any] | None:
        """Return the whole stored brief, or None before completion."""
        ...

    def queries(self, *, user_id: str | None = None, limit: int = 20) -> list[Query]:
        """Return the newest queries, newest first."""
        ...

    def assets(self, query_id: UUID) -> list[Asset]:
        """Return the assets of a query in the order in which the user gave them."""
        ...

    def analysis(self, asset_id: UUID) -> dict[str, Any] | None:
        """Return the whole stored findings of an asset, or None."""
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

    def start_asset(self, asset_id: UUID, *, progress: int, message: NewMessage | None = None) -> bool:
        """Count another attempt at an asset and say so; returns False when it has ended."""
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

    def claim_query(
        self, *, worker_id: str, lease_seconds: int, query_id: UUID | None = None
    ) -> Lease | None:
        """Claim a query, this one or the one that has waited longest; None when there is none to be had."""
        ...

    def claim_asset(
        self, *, worker_id: str, lease_seconds: int, asset_id: UUID | None = None
    ) -> Lease | None:
        """Claim an asset, this one or the one that has waited longest; None when there is none to be had."""
        ...

    def renew(self, lease: Lease, *, lease_seconds: int) -> Lease:
        """Hold a lease for longer from now on; raises LeaseLost when it is another's."""
        ...

    def release(self, lease: Lease) -> bool:
        """Give a lease back; returns False when it was lost already."""
        ...

    def release_worker(self, worker_id: str) -> int:
        """Take back all leases of a worker that is known to be dead; returns how many there were."""
        ...

    def health(self, *, limit: int = 20) -> list[HealthRow]:
        """Return what is stuck, failing, slow, and its cost: so many rows a concern, worst first."""
        ...

    def holding(self, lease: Lease) -> Self:
        """Return this store for the holder of a lease: its writes are refused once the lease is lost."""
        ...

    def import_legacy_briefs(
        self, *, limit: int, owner_if_none: str, after: UUID | None = None
    ) -> list[LegacyBrief]:
        """Make ended legacy briefs queries; returns those that were looked at, by id, none at the end.

        Args:
            limit: how many to look at, 1 to 1000.
            owner_if_none: whose query it is where a brief names nobody.
            after: the last id of the call before.
        """
        ...

    def close(self) -> None:
        """Give back connections."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...
