"""Every write of a store, as one call of a SQL function: what is sent is the same on every way to it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from dreamcut.models import AssetStatus, Intent, NewAsset, NewQuery, QueryStage
from dreamcut.store.health import HealthRow
from dreamcut.store.legacy import LegacyBrief
from dreamcut.store.protocol import AssetOutcome, Lease, NewMessage, worker_name
from dreamcut.store.storable import storable, storable_json, unchanged

Parameters = Mapping[str, Any]  # Json, UUID, Decimal and plain values, under the names of the function's


class Writes(ABC):
    """The writing half of a `Store`; the other half and the way to the database are its heirs'."""

    _lease_token: int | None = None

    @abstractmethod
    def _call(self, function: str, parameters: Parameters) -> Any:  # Any: as the function returns
        """Call a function of the schema that returns one value; may be repeated."""

    @abstractmethod
    def _call_for_rows(self, function: str, parameters: Parameters) -> list[dict[str, Any]]:
        """Call a function of the schema that returns rows; may be repeated."""

    def initialize_query(self, request: NewQuery, *, intent: Intent) -> UUID:
        """Create the query, its assets and the first message; the same idempotency key gives the same id."""
        # A key of our own makes it safe to ask again after a lost answer.
        key = request.idempotency_key or f"once-{uuid4()}"
        answer = self._call(
            "initialize_dreamcut_query",
            {
                "p_user_id": unchanged(request.user_id, "the user id"),
                "p_user_prompt": storable(request.prompt),
                "p_intent": intent.value,
                "p_options": storable_json(request.options.model_dump(exclude_none=True)),
                "p_assets": storable_json([_asset_row(asset) for asset in request.assets]),
                "p_idempotency_key": unchanged(key, "the idempotency key"),
            },
        )
        return UUID(str(answer))

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
        return self._report(
            asset_id,
            status=status,
            progress=progress,
            message=message,
            p_analysis=None if analysis is None else storable_json(analysis),
            **_outcome_parameters(outcome or AssetOutcome()),
        )

    def start_asset(self, asset_id: UUID, *, progress: int, message: NewMessage | None = None) -> bool:
        """Count another attempt at an asset and say so; returns False when it has ended."""
        return self._report(
            asset_id, status=AssetStatus.ANALYZING, progress=progress, message=message, p_begins=True
        )

    def _report(
        self,
        asset_id: UUID,
        *,
        status: AssetStatus,
        progress: int,
        message: NewMessage | None,
        **more: Any,  # Any: further parameters
    ) -> bool:
        return self._write(
            "advance_dreamcut_asset",
            {
                "p_asset_id": asset_id,
                "p_status": status.value,
                "p_progress": progress,
                "p_worker_id": worker_name(),
                **more,
                **_told(message),
            },
        )

    def advance_query(
        self, query_id: UUID, *, stage: QueryStage, progress: int, message: NewMessage | None = None
    ) -> bool:
        """Move a query forward; returns False when it was already there or ended."""
        return self._write(
            "advance_dreamcut_query",
            {"p_query_id": query_id, "p_stage": stage.value, "p_progress": progress, **_told(message)},
        )

    def add_message(self, query_id: UUID, message: NewMessage, *, asset_id: UUID | None = None) -> bool:
        """Append a message; returns False when its key was already there."""
        return self._write(
            "add_dreamcut_message",
            {
                "p_query_id": query_id,
                "p_asset_id": asset_id,
                "p_type": message.type.value,
                "p_content": storable(message.content),
                "p_emoji": _storable_or_none(message.emoji),
                # A key of our own makes it safe to write again after a lost answer.
                "p_key": _storable_or_none(message.key) or f"once-{uuid4()}",
                "p_data": storable_json(message.data),
            },
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
                "p_payload": storable_json(payload),
                "p_processing_time_ms": processing_time_ms,
                "p_models_used": [storable(model) for model in models_used],
                "p_cost_estimate": cost_estimate,
            },
        )

    def fail_query(self, query_id: UUID, *, error_message: str) -> bool:
        """End a query as failed once; returns False when it had already ended."""
        return self._write(
            "fail_dreamcut_query", {"p_query_id": query_id, "p_error_message": storable(error_message)}
        )

    def claim_query(
        self, *, worker_id: str, lease_seconds: int, query_id: UUID | None = None
    ) -> Lease | None:
        """Claim a query, this one or the one that has waited longest; None when there is none to be had."""
        return self._claim(
            "claim_dreamcut_query", worker_id=worker_id, lease_seconds=lease_seconds, p_query_id=query_id
        )

    def claim_asset(
        self, *, worker_id: str, lease_seconds: int, asset_id: UUID | None = None
    ) -> Lease | None:
        """Claim an asset, this one or the one that has waited longest; None when there is none to be had."""
        return self._claim(
            "claim_dreamcut_asset", worker_id=worker_id, lease_seconds=lease_seconds, p_asset_id=asset_id
        )

    def _claim(
        self, function: str, *, worker_id: str, lease_seconds: int, **what: UUID | None
    ) -> Lease | None:
        rows = self._call_for_rows(
            function, {"p_worker_id": storable(worker_id), "p_lease_seconds": lease_seconds, **what}
        )
        return as_lease(rows[0]) if rows else None

    def renew(self, lease: Lease, *, lease_seconds: int) -> Lease:
        """Hold a lease for longer from now on; raises LeaseLost when it is another's."""
        expires_at = self._call(
            "renew_dreamcut_lease", {"p_lease_token": lease.token, "p_lease_seconds": lease_seconds}
        )
        return Lease.model_validate({**lease.model_dump(), "expires_at": expires_at})

    def release(self, lease: Lease) -> bool:
        """Give a lease back; returns False when it was lost already."""
        return bool(self._call("release_dreamcut_lease", {"p_lease_token": lease.token}))

    def release_worker(self, worker_id: str) -> int:
        """Take back all leases of a worker that is known to be dead; returns how many there were."""
        return int(self._call("release_dreamcut_worker", {"p_worker_id": storable(worker_id)}))

    def health(self, *, limit: int = 20) -> list[HealthRow]:
        """Return what is stuck, failing, slow, and its cost: so many rows a concern, worst first."""
        rows = self._call_for_rows("dreamcut_health", {"p_limit": limit})
        return [HealthRow.model_validate(row) for row in rows]

    def import_legacy_briefs(
        self, *, limit: int, owner_if_none: str, after: UUID | None = None
    ) -> list[LegacyBrief]:
        """Make ended legacy briefs queries; returns those that were looked at, by id, none at the end."""
        owner = unchanged(owner_if_none, "the owner of briefs without one")
        rows = self._call_for_rows(
            "import_legacy_dreamcut_briefs",
            {"p_limit": limit, "p_after": after, "p_owner_if_none": owner},
        )
        return [LegacyBrief.model_validate(row) for row in rows]

    def _write(self, function: str, parameters: Parameters) -> bool:
        """Call a function that says whether it changed anything, under the lease of this store."""
        return bool(self._call(function, {**parameters, "p_lease_token": self._lease_token}))


def as_lease(row: Mapping[str, Any]) -> Lease:
    """Return the lease in a row of `dreamcut_leases`."""
    same = ("query_id", "asset_id", "token", "worker_id", "attempts")
    return Lease.model_validate({name: row[name] for name in same} | {"expires_at": row["free_at"]})


def _asset_row(asset: NewAsset) -> dict[str, Any]:
    return {
        "url": unchanged(asset.url, "the address of an asset"),
        "type": asset.kind.value,
        "filename": asset.filename,
        "description": asset.description,
        "file_size_bytes": asset.file_size_bytes,
        "metadata": asset.metadata,
    }


def _outcome_parameters(outcome: AssetOutcome) -> dict[str, Any]:
    known = outcome.model_dump()
    return {
        f"p_{name}": storable(value) if isinstance(value, str) else value for name, value in known.items()
    }


def _told(message: NewMessage | None) -> dict[str, Any]:
    """Return the parameters of a function that says something beside what it does."""
    if message is None:
        return {}
    return {
        "p_message": storable(message.content),
        "p_message_type": message.type.value,
        "p_emoji": _storable_or_none(message.emoji),
        "p_message_key": _storable_or_none(message.key),
        "p_message_data": storable_json(message.data),
    }


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else storable(text)
