"""The store on Postgres: each method is one SQL function, called as the service role."""

import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, LiteralString, Self
from uuid import UUID, uuid4

import psycopg
from psycopg import errors
from psycopg.rows import dict_row
from psycopg_pool import PoolTimeout

from dreamcut.errors import InvalidRequest, NotFound, StoreUnavailable
from dreamcut.models import Asset, AssetStatus, Intent, Message, NewAsset, NewQuery, Query, QueryStage
from dreamcut.store.changes import Changes
from dreamcut.store.failures import RACES, as_store_error
from dreamcut.store.legacy import LegacyBrief
from dreamcut.store.pools import shared_pool
from dreamcut.store.protocol import AssetOutcome, Lease, NewMessage, worker_name
from dreamcut.store.storable import storable, storable_json

_TRIES = 4
_RETRY_SECONDS = 0.05

_QUERY = """
    select id, user_id, user_prompt as prompt, intent, options, status, stage, progress, error_message,
           processing_time_ms, models_used, cost_estimate, worker_id, attempts, created_at, updated_at,
           completed_at
      from public.dreamcut_queries
"""
_ASSETS = """
    select id, query_id, position, url, filename, type as kind, user_description as description, status,
           progress, error_message, processing_time_ms, model_used, cost_estimate, worker_id, attempts
      from public.dreamcut_assets
     where query_id = %s
     order by position
"""
_MESSAGES = """
    select id, query_id, seq, type, content, emoji, asset_id, data, created_at
      from public.dreamcut_messages
     where query_id = %s
       and seq > %s
     order by seq
"""
_UPDATE_ASSET = """
    select public.advance_dreamcut_asset(
        p_asset_id => %(asset_id)s, p_progress => %(progress)s, p_status => %(status)s,
        p_analysis => %(analysis)s, p_model_used => %(model_used)s, p_message => %(content)s,
        p_message_type => %(type)s, p_emoji => %(emoji)s, p_error_message => %(error_message)s,
        p_quality_score => %(quality_score)s::numeric, p_confidence_score => %(confidence_score)s::numeric,
        p_processing_time_ms => %(processing_time_ms)s, p_worker_id => %(worker_id)s,
        p_message_key => %(key)s, p_message_data => %(data)s, p_lease_token => %(lease_token)s,
        p_cost_estimate => %(cost_estimate)s, p_begins => %(begins)s
    ) as changed
"""
_ADVANCE_QUERY = """
    select public.advance_dreamcut_query(
        p_query_id => %(query_id)s, p_stage => %(stage)s, p_progress => %(progress)s,
        p_message => %(content)s, p_message_type => %(type)s, p_emoji => %(emoji)s,
        p_message_key => %(key)s, p_message_data => %(data)s, p_lease_token => %(lease_token)s
    ) as changed
"""
_ADD_MESSAGE = """
    select public.add_dreamcut_message(
        p_query_id => %(query_id)s, p_type => %(type)s, p_content => %(content)s, p_emoji => %(emoji)s,
        p_asset_id => %(asset_id)s, p_data => %(data)s, p_key => %(key)s, p_lease_token => %(lease_token)s
    ) as changed
"""


class PostgresStore:
    """Queries, assets and messages in Postgres; see `Store`. Safe to use from many threads at once."""

    def __init__(self, conninfo: str, *, lease: Lease | None = None) -> None:
        self._conninfo = conninfo
        self._changes = Changes(conninfo)
        self._lease_token = None if lease is None else lease.token

    def initialize_query(self, request: NewQuery, *, intent: Intent) -> UUID:
        """Create the query, its assets and the first message; the same idempotency key gives the same id."""
        [row] = self._ask(
            """
            select public.initialize_dreamcut_query(
                p_user_id => %s, p_user_prompt => %s, p_intent => %s, p_options => %s, p_assets => %s,
                p_idempotency_key => %s
            ) as id
            """,
            [
                _unchanged(request.user_id, "the user id"),
                storable(request.prompt),
                intent.value,
                storable_json(request.options.model_dump(exclude_none=True)),
                storable_json([_asset_row(asset) for asset in request.assets]),
                # A key of our own makes it safe to ask again after a lost connection.
                _unchanged(request.idempotency_key or f"once-{uuid4()}", "the idempotency key"),
            ],
        )
        query_id: UUID = row["id"]
        return query_id

    def query(self, query_id: UUID) -> Query:
        """Return one query."""
        return _as_query(self._one(_QUERY + "where id = %s", query_id))

    def payload(self, query_id: UUID) -> dict[str, Any] | None:
        """Return the whole stored brief, or None before completion."""
        row = self._one(
            "select public.dreamcut_brief(id) as payload from public.dreamcut_queries where id = %s", query_id
        )
        payload: dict[str, Any] | None = row["payload"]
        return payload

    def queries(self, *, user_id: str | None = None, limit: int = 20) -> list[Query]:
        """Return the newest queries, newest first."""
        rows = self._ask(
            _QUERY
            + """
             where %(user)s::text is null or user_id = %(user)s
             order by created_at desc, id
             limit %(limit)s
            """,
            {"user": user_id, "limit": limit},
        )
        return [_as_query(row) for row in rows]

    def assets(self, query_id: UUID) -> list[Asset]:
        """Return the assets of a query in the order in which the user gave them."""
        rows = self._ask(_ASSETS, [query_id])
        if not rows:
            self.query(query_id)
        return [Asset.model_validate(row) for row in rows]

    def analysis(self, asset_id: UUID) -> dict[str, Any] | None:
        """Return the whole stored findings of an asset, or None."""
        row = self._one(
            "select public.dreamcut_analysis(id) as analysis from public.dreamcut_assets where id = %s",
            asset_id,
            noun="asset",
        )
        analysis: dict[str, Any] | None = row["analysis"]
        return analysis

    def messages(self, query_id: UUID, *, after_seq: int = 0) -> list[Message]:
        """Return the messages with a higher sequence number, in order."""
        rows = self._ask(_MESSAGES, [query_id, after_seq])
        if not rows:
            self.query(query_id)
        return [Message.model_validate(row) for row in rows]

    def wait_for_change(self, query_id: UUID, *, timeout_seconds: float) -> bool:
        """Block until something of the query changed since the last call, or the time is over.

        The first call for a query returns True at once: read, then wait, and nothing is missed.
        """
        return self._changes.wait(query_id, timeout_seconds=timeout_seconds)

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
            analysis=analysis,
            outcome=outcome or AssetOutcome(),
            message=message,
        )

    def start_asset(self, asset_id: UUID, *, progress: int, message: NewMessage | None = None) -> bool:
        """Count another attempt at an asset and say so; returns False when it has ended."""
        return self._report(
            asset_id,
            status=AssetStatus.ANALYZING,
            progress=progress,
            analysis=None,
            outcome=AssetOutcome(),
            message=message,
            begins=True,
        )

    def advance_query(
        self, query_id: UUID, *, stage: QueryStage, progress: int, message: NewMessage | None = None
    ) -> bool:
        """Move a query forward; returns False when it was already there or ended."""
        return self._write(
            _ADVANCE_QUERY,
            {
                "query_id": query_id,
                "stage": stage.value,
                "progress": progress,
                "lease_token": self._lease_token,
                **_message_parameters(message, key_if_none=None),
            },
        )

    def add_message(self, query_id: UUID, message: NewMessage, *, asset_id: UUID | None = None) -> bool:
        """Append a message; returns False when its key was already there."""
        # A key of our own makes it safe to write again after a lost connection.
        parameters = _message_parameters(message, key_if_none=f"once-{uuid4()}")
        return self._write(
            _ADD_MESSAGE,
            {"query_id": query_id, "asset_id": asset_id, "lease_token": self._lease_token, **parameters},
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
            "select public.finish_dreamcut_query(%s, %s, %s, %s::text[], %s, %s) as changed",
            [
                query_id,
                storable_json(payload),
                processing_time_ms,
                list(models_used),
                cost_estimate,
                self._lease_token,
            ],
        )

    def fail_query(self, query_id: UUID, *, error_message: str) -> bool:
        """End a query as failed once; returns False when it had already ended."""
        return self._write(
            "select public.fail_dreamcut_query(%s, %s, %s) as changed",
            [query_id, storable(error_message), self._lease_token],
        )

    def claim_query(
        self, *, worker_id: str, lease_seconds: int, query_id: UUID | None = None
    ) -> Lease | None:
        """Claim a query, this one or the one that has waited longest; None when there is none to be had."""
        rows = self._ask(
            "select * from public.claim_dreamcut_query(%s, %s, %s)", [worker_id, lease_seconds, query_id]
        )
        return as_lease(rows[0]) if rows else None

    def claim_asset(
        self, *, worker_id: str, lease_seconds: int, asset_id: UUID | None = None
    ) -> Lease | None:
        """Claim an asset, this one or the one that has waited longest; None when there is none to be had."""
        rows = self._ask(
            "select * from public.claim_dreamcut_asset(%s, %s, %s)", [worker_id, lease_seconds, asset_id]
        )
        return as_lease(rows[0]) if rows else None

    def renew(self, lease: Lease, *, lease_seconds: int) -> Lease:
        """Hold a lease for longer from now on; raises LeaseLost when it is another's."""
        [row] = self._ask(
            "select public.renew_dreamcut_lease(%s, %s) as expires_at", [lease.token, lease_seconds]
        )
        return lease.model_copy(update={"expires_at": row["expires_at"]})

    def release(self, lease: Lease) -> bool:
        """Give a lease back; returns False when it was lost already."""
        return self._write("select public.release_dreamcut_lease(%s) as changed", [lease.token])

    def release_worker(self, worker_id: str) -> int:
        """Take back all leases of a worker that is known to be dead; returns how many there were."""
        [row] = self._ask("select public.release_dreamcut_worker(%s) as released", [worker_id])
        return int(row["released"])

    def holding(self, lease: Lease) -> Self:
        """Return this store for the holder of a lease: its writes are refused once the lease is lost."""
        return type(self)(self._conninfo, lease=lease)

    def import_legacy_briefs(
        self, *, limit: int, owner_if_none: str, after: UUID | None = None
    ) -> list[LegacyBrief]:
        """Make ended briefs of the predecessor queries; returns the next ones that were looked at, by id."""
        rows = self._ask(
            """
            select * from public.import_legacy_dreamcut_briefs(
                p_limit => %s, p_after => %s, p_owner_if_none => %s
            )
            """,
            [limit, after, _unchanged(owner_if_none, "the owner of briefs without one")],
        )
        return [LegacyBrief.model_validate(row) for row in rows]

    def close(self) -> None:
        """Stop listening. The connections belong to the process and are closed with it."""
        self._changes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _report(
        self,
        asset_id: UUID,
        *,
        status: AssetStatus,
        progress: int,
        analysis: Mapping[str, Any] | None,
        outcome: AssetOutcome,
        message: NewMessage | None,
        begins: bool = False,
    ) -> bool:
        return self._write(
            _UPDATE_ASSET,
            {
                "asset_id": asset_id,
                "status": status.value,
                "progress": progress,
                "analysis": None if analysis is None else storable_json(analysis),
                "worker_id": worker_name(),
                "lease_token": self._lease_token,
                "begins": begins,
                **outcome.model_dump(),
                "error_message": _storable_or_none(outcome.error_message),
                **_message_parameters(message, key_if_none=None),
            },
        )

    def _one(self, statement: LiteralString, row_id: UUID, *, noun: str = "query") -> dict[str, Any]:
        rows = self._ask(statement, [row_id])
        if not rows:
            raise NotFound(f"there is no {noun} {row_id}")
        return rows[0]

    def _write(self, statement: LiteralString, parameters: Mapping[str, Any] | Sequence[Any]) -> bool:
        [row] = self._ask(statement, parameters)
        return bool(row["changed"])

    def _ask(
        self, statement: LiteralString, parameters: Mapping[str, Any] | Sequence[Any]
    ) -> list[dict[str, Any]]:
        """Run one statement in a transaction, and again where that can help: all of them may be repeated."""
        for left in reversed(range(_TRIES)):
            try:
                return self._ask_once(statement, parameters)
            except PoolTimeout as error:
                raise StoreUnavailable(self._why_no_connection()) from error
            except psycopg.Error as error:
                if not (left and _may_pass(error)):
                    raise as_store_error(error) from error
                if not isinstance(error, RACES):
                    shared_pool(self._conninfo).check()  # drop what a restart of the server has cut off
                time.sleep(_RETRY_SECONDS)
        raise AssertionError("the last try returns or raises")

    def _ask_once(
        self, statement: LiteralString, parameters: Mapping[str, Any] | Sequence[Any]
    ) -> list[dict[str, Any]]:
        # The pipeline sends the role and the statement in one go.
        with (
            shared_pool(self._conninfo).connection() as connection,
            connection.pipeline(),
            connection.transaction(),
            connection.cursor(row_factory=dict_row) as cursor,
        ):
            connection.execute("set local role service_role")
            return cursor.execute(statement, parameters).fetchall()

    def _why_no_connection(self) -> str:
        try:
            psycopg.connect(self._conninfo, connect_timeout=3).close()
        except psycopg.OperationalError as error:
            return str(as_store_error(error))
        return "every connection to the database is busy"


def _may_pass(error: psycopg.Error) -> bool:
    lost = isinstance(error, errors.AdminShutdown | errors.CrashShutdown | errors.CannotConnectNow)
    unspoken = isinstance(error, psycopg.OperationalError) and error.sqlstate is None  # the connection itself
    return isinstance(error, RACES) or lost or unspoken


def as_lease(row: Mapping[str, Any]) -> Lease:
    """Return the lease in a row of `dreamcut_leases`."""
    return Lease(
        query_id=row["query_id"],
        asset_id=row["asset_id"],
        token=row["token"],
        worker_id=row["worker_id"],
        attempts=row["attempts"],
        expires_at=row["free_at"],
    )


def _as_query(row: dict[str, Any]) -> Query:
    return Query.model_validate(row)


def _asset_row(asset: NewAsset) -> dict[str, Any]:
    return {
        "url": _unchanged(asset.url, "the address of an asset"),
        "type": asset.kind.value,
        "filename": asset.filename,
        "description": asset.description,
        "file_size_bytes": asset.file_size_bytes,
        "metadata": asset.metadata,
    }


def _message_parameters(message: NewMessage | None, *, key_if_none: str | None) -> dict[str, Any]:
    if message is None:
        return {
            "type": "asset_progress",
            "content": None,
            "emoji": None,
            "key": None,
            "data": storable_json({}),
        }
    return {
        "type": message.type.value,
        "content": storable(message.content),
        "emoji": _storable_or_none(message.emoji),
        "key": _storable_or_none(message.key) or key_if_none,
        "data": storable_json(message.data),
    }


def _storable_or_none(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _unchanged(text: str, noun: str) -> str:
    """Return the text itself: what names something must not be changed to fit.

    Raises:
        InvalidRequest: Postgres cannot hold it.
    """
    if storable(text) != text:
        raise InvalidRequest(f"{noun} holds a character that cannot be stored: {storable(text)}")
    return text
