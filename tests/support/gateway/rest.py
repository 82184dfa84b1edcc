"""Tables under /rest/v1: reading and writing rows as PostgREST does."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from psycopg import AsyncRawCursor
from starlette.requests import Request
from starlette.responses import Response

from gateway.answers import Refused, json_response, not_in_subset
from gateway.catalog import SCHEMA, Table
from gateway.claims import Caller
from gateway.grammar import parse
from gateway.preferences import Preferences, preferences
from gateway.project import Connection, Project
from gateway.query import Embed, Query, names_of
from gateway.statements import (
    Statement,
    check_paths,
    count_sql,
    delete_sql,
    insert_sql,
    insert_with_defaults_sql,
    qualified,
    quoted,
    read_sql,
    update_sql,
)

_ROW = "application/vnd.pgrst.object+json"
_ROWS = ("application/json", "*/*")


@dataclass(frozen=True)
class Wish:
    """What the headers of a request ask for."""

    wants_one_row: bool
    preferences: Preferences

    @property
    def media_type(self) -> str:
        return _ROW if self.wants_one_row else "application/json"


@dataclass(frozen=True)
class Rows:
    """Rows as JSON text, how many they are, and how many there are in all where that was asked."""

    text: str
    count: int
    total: int | None = None


def wish_of(request: Request) -> Wish:
    """Read the headers that PostgREST reads.

    Raises:
        Refused: PGRST106 another schema, PGRST107 another media type, PGRST122 an unknown preference,
            PGRST127 something that is not in the subset.
    """
    profile = "content-profile" if request.method in ("POST", "PATCH", "PUT", "DELETE") else "accept-profile"
    schema = request.headers.get(profile, SCHEMA)
    if schema != SCHEMA:
        raise Refused(
            406,
            "PGRST106",
            f"Invalid schema: {schema}",
            hint=f"Only the following schemas are exposed: {SCHEMA}",
        )
    if "range" in request.headers:
        raise not_in_subset("the header Range")
    accepted = request.headers.get("accept", "*/*")
    if accepted not in (_ROW, *_ROWS):
        raise Refused(406, "PGRST107", f"None of these media types are available: {accepted}")
    return Wish(accepted == _ROW, preferences(request.headers.getlist("prefer")))


def query_of(request: Request, *, is_call_by_get: bool = False) -> Query:
    """Parse the query string."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return parse(pairs, is_call_by_get=is_call_by_get)


async def json_body(request: Request, *, empty: Any = None) -> tuple[str, Any]:
    """Return the body as text and as data.

    Raises:
        Refused: PGRST102, it is no JSON.
    """
    sent_as = request.headers.get("content-type", "application/json").partition(";")[0].strip()
    if sent_as != "application/json":
        raise Refused(400, "PGRST102", f"Content-Type not acceptable: {sent_as}")
    body = await request.body()
    if not body and empty is not None:
        return json.dumps(empty), empty
    try:
        text = body.decode()
        return text, json.loads(text)
    except ValueError as error:
        raise Refused(400, "PGRST102", "Empty or invalid json") from error


async def fetch(connection: Connection, sql: str, values: list[Any]) -> tuple[Any, ...]:
    """Execute a statement with `$1`, `$2`, … and return its one row."""
    async with AsyncRawCursor(connection) as cursor:
        await cursor.execute(sql.encode(), values)
        row = await cursor.fetchone()
    if row is None:
        raise psycopg.InternalError("the statement gave no row")
    return row


@dataclass(frozen=True)
class _Work:
    """One request for a table, understood."""

    request: Request
    project: Project
    caller: Caller
    table: Table
    query: Query
    wish: Wish
    statement: Statement

    @property
    def preferences(self) -> Preferences:
        return self.wish.preferences


async def serve_table(request: Request, project: Project, caller: Caller) -> Response:
    """Answer a request for a table."""
    wish, query = wish_of(request), query_of(request)
    catalog = await project.catalog()
    table = catalog.table(request.path_params["table"])
    work = _Work(request, project, caller, table, query, wish, Statement(catalog, query))
    match request.method:
        case "GET" | "HEAD":
            return await _read(work)
        case "POST":
            return await _insert(work)
        case "PATCH":
            return await _update(work)
        case "DELETE":
            return await _delete(work)
        case method:
            raise Refused(405, "PGRST117", f"Unsupported HTTP method: {method}")


async def _read(work: _Work) -> Response:
    query, statement = work.query, work.statement
    _refuse_parts(columns=query.columns, on_conflict=query.on_conflict)
    sql = rows_sql(
        statement,
        source=qualified(work.table.name),
        table=work.table.name,
        counts=work.preferences.counts,
    )
    async with work.project.session(work.caller, read_only=True) as connection:
        rows = Rows(*await fetch(connection, sql, statement.values))
        check_singular(rows, work.wish)
    return rows_response(rows, query, work.wish, has_body=work.request.method == "GET")


def rows_sql(statement: Statement, *, source: str, table: str | None, counts: bool) -> str:
    """Return the statement whose one row is (rows as JSON, their number, number of all)."""
    page = read_sql(statement, source=source, table=table)
    total = "null::bigint"
    if counts:
        total = f"(select count(*) from ({count_sql(statement, source=source, table=table)}) x)"
    return f"select coalesce(json_agg(t), '[]')::text, count(*), {total} from ({page}) t"


def check_singular(rows: Rows, wish: Wish) -> None:
    """Refuse with PGRST116 when one row was asked for and there is none, or more."""
    if wish.wants_one_row and rows.count != 1:
        raise Refused(
            406,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            details=f"The result contains {rows.count} rows",
        )


def rows_response(rows: Rows, query: Query, wish: Wish, *, has_body: bool) -> Response:
    """Return a page of rows with its place among all."""
    first = query.offsets.get((), 0)
    status = 200
    if rows.total is not None:
        if first > rows.total:
            details = f"An offset of {first} was requested, but there are only {rows.total} rows."
            raise Refused(416, "PGRST103", "Requested range not satisfiable", details=details)
        status = 206 if rows.count < rows.total else 200
    headers = {"Content-Range": content_range(first, rows.count, rows.total)} | applied(wish)
    return json_response(
        body_of(rows, wish) if has_body else "", status=status, headers=headers, media_type=wish.media_type
    )


def content_range(first: int, count: int, total: int | None) -> str:
    """Return which of how many rows an answer holds, as `0-9/200`, `*/0` or `0-9/*`."""
    page = f"{first}-{first + count - 1}" if count else "*"
    return f"{page}/{'*' if total is None else total}"


def applied(wish: Wish) -> dict[str, str]:
    """Return the header that repeats the preferences."""
    return {"Preference-Applied": wish.preferences.applied} if wish.preferences.applied else {}


def body_of(rows: Rows, wish: Wish) -> str:
    """Return the rows, or the one row that was asked for, without the array around it."""
    return rows.text.strip()[1:-1] if wish.wants_one_row else rows.text


async def _insert(work: _Work) -> Response:
    query, table, statement, prefer = work.query, work.table, work.statement, work.preferences
    _refuse_parts(filters=query.conditions, limit=query.limits, offset=query.offsets)
    text, data = await json_body(work.request)
    is_array, columns = _columns_of(data, query, table)
    if data == []:
        return _written(Rows("[]", 0), work.wish, {"Content-Range": "*/*"}, status=201, empty_status=201)
    if prefer.fills_defaults and columns:
        body = text if is_array else f"[{text}]"
        sql = insert_with_defaults_sql(statement, table, body=body, columns=columns)
    else:
        sql = insert_sql(statement, table, body=text, is_array=is_array, columns=columns)
    sql += _on_conflict(table, query, columns, resolution=prefer.resolution)
    rows, updated = await _write(work, sql)
    only_updated = prefer.resolution == "merge-duplicates" and rows.count <= updated
    status = 200 if only_updated else 201
    headers = {"Content-Range": f"*/{rows.count if prefer.counts else '*'}"}
    return _written(rows, work.wish, headers, status=status, empty_status=status)


def _columns_of(data: Any, query: Query, table: Table) -> tuple[bool, tuple[str, ...]]:
    """Return whether a body holds several rows, and which columns it sets."""
    is_array = isinstance(data, list)
    rows = data if is_array else [data]
    if not all(isinstance(row, dict) for row in rows):
        raise Refused(400, "PGRST102", "Empty or invalid json")
    if query.columns is not None:
        columns = query.columns
    else:
        columns = tuple(rows[0]) if rows else ()
        if any(set(row) != set(columns) for row in rows):
            raise Refused(400, "PGRST102", "All object keys must match")
    for name in columns:
        table.column(name)
    return is_array, columns


def _on_conflict(table: Table, query: Query, columns: tuple[str, ...], *, resolution: str | None) -> str:
    if resolution is None:
        _refuse_parts(on_conflict=query.on_conflict)
        return ""
    for name in query.on_conflict:
        table.column(name)
    target = ", ".join(quoted(name) for name in query.on_conflict or table.primary_key)
    if not target:
        raise not_in_subset("an upsert into a table without a primary key")
    if resolution == "ignore-duplicates" or not columns:
        return f" on conflict ({target}) do nothing"
    sets = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in columns)
    # Counts the updated rows: what is left of all are the inserted ones.
    return (
        f" on conflict ({target}) do update set {sets} where set_config('gateway.updated',"
        " (coalesce(nullif(current_setting('gateway.updated', true), ''), '0')::int + 1)::text, true) <> ''"
    )


async def _update(work: _Work) -> Response:
    query = work.query
    _refuse_parts(limit=query.limits, offset=query.offsets, on_conflict=query.on_conflict)
    text, data = await json_body(work.request)
    if not isinstance(data, dict):
        raise not_in_subset("an update with an array")
    _, columns = _columns_of(data, query, work.table)
    rows = Rows("[]", 0)
    if columns:
        _check_safe(query, "UPDATE")
        rows, _ = await _write(work, update_sql(work.statement, work.table, body=text, columns=columns))
    total = rows.count if work.preferences.counts else None
    headers = {"Content-Range": content_range(0, rows.count, total)}
    return _written(rows, work.wish, headers, status=200, empty_status=204)


async def _delete(work: _Work) -> Response:
    query = work.query
    _refuse_parts(
        limit=query.limits, offset=query.offsets, on_conflict=query.on_conflict, columns=query.columns
    )
    _check_safe(query, "DELETE")
    rows, _ = await _write(work, delete_sql(work.statement, work.table))
    headers = {"Content-Range": f"*/{rows.count if work.preferences.counts else '*'}"}
    return _written(rows, work.wish, headers, status=200, empty_status=204)


async def _write(work: _Work, sql: str) -> tuple[Rows, int]:
    """Write, and read back what the query selects; also returns how many rows an upsert updated.

    Without `return=representation` nothing is read, so that no right to select is needed.
    """
    statement = work.statement
    updated = "coalesce(nullif(current_setting('gateway.updated', true), ''), '0')::int"
    if work.preferences.wants_rows:
        check_paths(statement.query)
        # The conditions chose the rows to write; they need not hold for what has become of them.
        own = statement.query.conditions.pop((), [])
        page = read_sql(statement, source='"written"', table=work.table.name, is_paged=False)
        statement.query.conditions[()] = own
        returned = _returned(statement, work.table)
        sql = f"""with "written" as ({sql} returning {returned})
                  select coalesce(json_agg(t), '[]')::text, count(*), null::bigint, {updated}
                    from ({page}) t"""
    else:
        sql = f"""with "written" as ({sql} returning 1)
                  select '[]', count(*), null::bigint, {updated} from "written" """
    async with work.project.session(work.caller) as connection:
        *row, updated_count = await fetch(connection, sql, statement.values)
        rows = Rows(*row)
        check_singular(rows, work.wish)
        _check_affected(rows.count, work.preferences.max_affected)
    return rows, updated_count


def _check_affected(count: int, most: int | None) -> None:
    if most is not None and count > most:
        raise Refused(
            400,
            "PGRST124",
            "Query result exceeds max-affected preference constraint",
            details=f"The query affects {count} rows",
        )


def _returned(statement: Statement, table: Table) -> str:
    """Return the columns that the answer needs, so that the right to select is needed for these alone."""
    query = statement.query
    names = names_of(query.select) | {order.field.name for order in query.orders.get((), ())}
    for item in query.select:
        if isinstance(item, Embed):
            names |= {own for own, _ in statement.catalog.relationship(table.name, item).pairs}
    if "*" in names or not names:
        return '"base".*'
    return ", ".join(f'"base".{quoted(name)}' for name in sorted(names))


def _written(rows: Rows, wish: Wish, headers: dict[str, str], *, status: int, empty_status: int) -> Response:
    headers |= applied(wish)
    if not wish.preferences.wants_rows:
        return Response(status_code=empty_status, headers=headers)
    return json_response(body_of(rows, wish), status=status, headers=headers, media_type=wish.media_type)


def _check_safe(query: Query, statement: str) -> None:
    """Refuse to write every row: on a hosted project the extension safeupdate does."""
    if not query.conditions.get(()):
        raise Refused(400, "21000", f"{statement} requires a WHERE clause")


def _refuse_parts(**parts: object) -> None:
    """Refuse parameters that have no meaning for this method."""
    for name, given in parts.items():
        if given:
            raise Refused(400, "PGRST100", f'"{name}" has no meaning for this method')
