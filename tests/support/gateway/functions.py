"""Functions under /rest/v1/rpc: called by name, with arguments from a JSON body or the query string."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from gateway.answers import Refused, json_response, not_in_subset
from gateway.catalog import Function
from gateway.claims import Caller
from gateway.project import Project
from gateway.query import Column, Field, Query
from gateway.rest import (
    Rows,
    Wish,
    applied,
    check_singular,
    fetch,
    json_body,
    query_of,
    rows_response,
    rows_sql,
    wish_of,
)
from gateway.statements import MAX_ROWS, Statement, qualified, quoted, read_sql

_ALL = (Column(Field("*")),)


async def serve_function(request: Request, project: Project, caller: Caller) -> Response:
    """Answer a call."""
    if request.method not in ("GET", "HEAD", "POST"):
        raise Refused(405, "PGRST101", f"Cannot use the {request.method} method on RPC")
    by_get = request.method != "POST"
    wish = wish_of(request)
    query = query_of(request, is_call_by_get=by_get)
    if query.columns or query.on_conflict or wish.preferences.resolution or wish.preferences.max_affected:
        raise not_in_subset("columns, on_conflict, resolution or max-affected with a function")
    text, data = (
        (json.dumps(query.arguments), query.arguments) if by_get else await json_body(request, empty={})
    )
    names = set(data) if isinstance(data, dict) else {""}
    catalog = await project.catalog()
    function = catalog.function(
        request.path_params["function"], names, unnamed_type=None if by_get else "json"
    )
    if function.is_variadic:
        raise not_in_subset("a variadic function")
    statement = Statement(catalog, query)
    call = _call_sql(statement, function, text, data, by_get=by_get)
    sql = _answer_sql(statement, function, call, wish)
    # A function that promises not to write is held to it, and GET never writes.
    async with project.session(caller, read_only=by_get or function.volatility != "v") as connection:
        row = await fetch(connection, sql, statement.values)
        rows = Rows(*row)
        check_singular(rows, wish)
    return _response(rows, function, query, wish, has_body=request.method != "HEAD")


def _call_sql(statement: Statement, function: Function, text: str, data: Any, *, by_get: bool) -> str:
    """Return the call as something to select from: its rows, or its one value as the column `value`."""
    if [argument.name for argument in function.arguments] == [""]:
        given, arguments = "", f"{statement.value(text)}::{function.arguments[0].type}"
    else:
        passed = [argument for argument in function.arguments if argument.name in data]
        given, arguments = _arguments_sql(statement, passed, text, data, by_get=by_get)
    called = f"{qualified(function.name)}({arguments})"
    if function.is_composite:
        return f"(select c.* from {given + ', lateral ' if given else ''}{called} as c)"
    return f"(select {called} as value{' from ' + given if given else ''})"


def _arguments_sql(
    statement: Statement, passed: list[Any], text: str, data: dict[str, Any], *, by_get: bool
) -> tuple[str, str]:
    """Return a row of typed arguments to select from, and the list that passes them by name."""
    if not passed:
        return "", ""
    if by_get:
        listed = (f"{quoted(a.name)} := {statement.value(data[a.name])}::{a.type}" for a in passed)
        return "", ", ".join(listed)
    typed = ", ".join(f"{quoted(a.name)} {a.type}" for a in passed)
    given = f"json_to_record({statement.value(text)}::json) as given ({typed})"
    return given, ", ".join(f"{quoted(a.name)} := given.{quoted(a.name)}" for a in passed)


def _answer_sql(statement: Statement, function: Function, call: str, wish: Wish) -> str:
    """Return the statement whose one row is (result as JSON, number of rows, number of all)."""
    query = statement.query
    if function.is_composite and function.returns_set:
        return rows_sql(statement, source=call, table=function.table, counts=wish.preferences.counts)
    if function.is_composite:
        page = read_sql(statement, source=call, table=function.table)
        return f"select coalesce(json_agg(t) -> 0, 'null')::text, 1, 1 from ({page}) t"
    if query.select != _ALL or query.paths():
        raise not_in_subset("select, filters, order or limit on a value")
    if function.is_void:
        return f"select '', 1, 1 from {call} t"
    values = (
        "coalesce(json_agg(t.value), '[]')"
        if function.returns_set
        else "coalesce(json_agg(t.value) -> 0, 'null')"
    )
    return f"select {values}::text, count(*), count(*) from (select * from {call} c limit {MAX_ROWS}) t"


def _response(rows: Rows, function: Function, query: Query, wish: Wish, *, has_body: bool) -> Response:
    if function.is_void:
        return Response(status_code=204, headers=applied(wish))
    if function.returns_set:
        return rows_response(rows, query, wish, has_body=has_body)
    headers = {"Content-Range": "0-0/*"} | applied(wish)
    return json_response(rows.text if has_body else "", headers=headers, media_type=wish.media_type)
