"""The store on Postgres: each write is one call of a SQL function, as the service role."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, Self
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from psycopg_pool import PoolTimeout

from dreamcut.errors import NotFound, StoreUnavailable
from dreamcut.models import Asset, Message, Query
from dreamcut.store.changes import Changes
from dreamcut.store.conninfo import CONNECT_SECONDS
from dreamcut.store.failures import as_store_error
from dreamcut.store.patience import IMPATIENT, LostRace, Patience
from dreamcut.store.pools import shared_pool
from dreamcut.store.protocol import Lease
from dreamcut.store.storable import Json, unchanged
from dreamcut.store.writes import Parameters, Writes

Statement = LiteralString | sql.Composed

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
# Arguments whose type Postgres cannot guess: it takes no binary fraction for an exact one.
_CASTS = dict.fromkeys(("p_quality_score", "p_confidence_score"), sql.SQL("::numeric"))
_AS_IT_IS = sql.SQL("")


class PostgresStore(Writes):
    """Queries, assets and messages in Postgres; see `Store`. Safe to use from many threads at once."""

    def __init__(self, conninfo: str, *, lease: Lease | None = None, patience: Patience = IMPATIENT) -> None:
        self._conninfo = conninfo
        self._patience = patience
        self._changes = Changes(conninfo)
        self._lease_token = None if lease is None else lease.token

    def check_schema(self) -> None:
        """Raise unless the database has exactly the migrations of this code; changes nothing."""
        from dreamcut.store.migrations import check_schema

        self._patience.ask(lambda: check_schema(self._conninfo))

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
            {"user": user_id and unchanged(user_id, "the user id"), "limit": limit},
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
        return self._changes.wait(
            query_id, timeout_seconds=timeout_seconds, is_patient=self._patience.seconds > 0
        )

    def holding(self, lease: Lease) -> Self:
        """Return this store for the holder of a lease: its writes are refused once the lease is lost."""
        return type(self)(self._conninfo, lease=lease, patience=self._patience)

    def close(self) -> None:
        """Stop listening. The connections belong to the process and are closed with it."""
        self._changes.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _one(self, statement: LiteralString, row_id: UUID, *, noun: str = "query") -> dict[str, Any]:
        rows = self._ask(statement, [row_id])
        if not rows:
            raise NotFound(f"there is no {noun} {row_id}")
        return rows[0]

    def _call(self, function: str, parameters: Parameters) -> Any:  # Any: as the function returns
        [row] = self._call_for_rows(function, parameters)
        return row[function]

    def _call_for_rows(self, function: str, parameters: Parameters) -> list[dict[str, Any]]:
        arguments = sql.SQL(", ").join(
            sql.SQL("{} => {}{}").format(
                sql.Identifier(name), sql.Placeholder(name), _CASTS.get(name, _AS_IT_IS)
            )
            for name in parameters
        )
        statement = sql.SQL("select * from public.{}({})").format(sql.Identifier(function), arguments)
        return self._ask(statement, {name: _as_argument(value) for name, value in parameters.items()})

    def _ask(
        self, statement: Statement, parameters: Mapping[str, Any] | Sequence[Any]
    ) -> list[dict[str, Any]]:
        """Run one statement in a transaction, and again where that can help: all of them may be repeated."""
        is_away = False

        def once() -> list[dict[str, Any]]:
            nonlocal is_away
            if is_away:  # the pool would wait between its own tries
                self._try_to_connect()
            try:
                return self._ask_or_complain(statement, parameters)
            except LostRace:
                raise
            except StoreUnavailable:
                is_away = True
                raise

        return self._patience.ask(once)

    def _ask_or_complain(
        self, statement: Statement, parameters: Mapping[str, Any] | Sequence[Any]
    ) -> list[dict[str, Any]]:
        try:
            return self._ask_once(statement, parameters)
        except PoolTimeout as error:
            self._try_to_connect()
            raise StoreUnavailable("every connection to the database is busy") from error
        except psycopg.Error as error:
            failure = as_store_error(error)
            if isinstance(failure, StoreUnavailable) and not isinstance(failure, LostRace):
                shared_pool(self._conninfo).check()  # drop what a restart of the server has cut off
            raise failure from error

    def _ask_once(
        self, statement: Statement, parameters: Mapping[str, Any] | Sequence[Any]
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

    def _try_to_connect(self) -> None:
        try:
            psycopg.connect(self._conninfo, connect_timeout=CONNECT_SECONDS).close()
        except psycopg.Error as error:
            raise as_store_error(error) from error


def _as_argument(value: Any) -> Any:  # Any: what psycopg knows
    return Jsonb(value.text, dumps=lambda text: text) if isinstance(value, Json) else value


def _as_query(row: dict[str, Any]) -> Query:
    return Query.model_validate(row)
