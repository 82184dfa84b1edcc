"""What a channel listens to: the bindings of its join, checked as Realtime checks them.

Known are the event, the schema, the table and one filter `column=operator.value`, with the operators eq, neq,
lt, lte, gt, gte and in. What the hosted server knows beyond that (several filters, `not.`, like, is, match,
`select`) is refused here.
"""

import json
import re
import zlib
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from gateway.project import Connection
from gateway.replication import PUBLICATION

_PARAMETERS = {"event", "schema", "table", "filter"}
_EVENTS = ("*", "INSERT", "UPDATE", "DELETE")
_OPERATORS = {"eq": "=", "neq": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">=", "in": "= any"}
_MAX_IN_VALUES = 100


class BindingRefused(Exception):
    """The server cannot listen to this; the text is for the client."""


@dataclass(frozen=True)
class Filter:
    """A condition on one column of the changed row."""

    column: str
    operator: str
    value: str  # of `in` as the text of an array


@dataclass(frozen=True)
class Binding:
    """What one `postgres_changes` entry asks for."""

    event: str
    schema: str
    table: str
    filter: Filter | None


@dataclass(frozen=True)
class Listener:
    """A binding that was found good: the tables it means, by their number in the database."""

    id: int
    event: str
    filter: Filter | None
    relation_oids: frozenset[int]

    def wants(self, kind: str, relation_oid: int) -> bool:
        """Tell whether it listens to this kind of change of this table."""
        return relation_oid in self.relation_oids and self.event in ("*", kind)


def binding_id(parameters: dict[str, Any]) -> int:
    """Return the number of a binding: the same for the same parameters, never zero."""
    return zlib.crc32(json.dumps(parameters, sort_keys=True).encode()) & 0x7FFFFFF or 1


def read_binding(parameters: Any) -> Binding:
    """Read one entry of `config.postgres_changes`.

    Raises:
        BindingRefused: it is not understood.
    """
    if not isinstance(parameters, dict) or not all(isinstance(value, str) for value in parameters.values()):
        raise BindingRefused(f"No subscription params provided that are text: {json.dumps(parameters)}")
    if unknown := parameters.keys() - _PARAMETERS:
        raise BindingRefused(f"{', '.join(sorted(unknown))}: not known to the test gateway")
    if (event := parameters.get("event", "*")) not in _EVENTS:
        raise BindingRefused(f"event {event!r} is none of {', '.join(_EVENTS)}")
    schema, table = parameters.get("schema"), parameters.get("table")
    if (schema is None and table is None) or ("filter" in parameters and not (schema and table)):
        raise BindingRefused(
            "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to: "
            + json.dumps(parameters)
        )
    return Binding(event, schema or "public", table or "*", _read_filter(parameters.get("filter", "")))


def _read_filter(text: str) -> Filter | None:
    if not text.strip():
        return None
    match = re.fullmatch(r"(?P<column>[^=,]+)=(?P<operator>[a-z]+)\.(?P<value>.*)", text.strip(), re.DOTALL)
    if match is None or match["operator"] not in _OPERATORS:
        raise BindingRefused(f"Error parsing `filter` params: {text!r} is not known to the test gateway")
    column, operator, value = match.group("column", "operator", "value")
    if operator == "in":
        if not (value.startswith("(") and value.endswith(")")):
            raise BindingRefused(
                "Error parsing `filter` params: `in` filter value must be wrapped by parentheses"
            )
        value = f"{{{value[1:-1]}}}"
    elif "," in value or value.startswith('"'):
        raise BindingRefused(
            f"Error parsing `filter` params: {text!r}: the test gateway knows one filter, unquoted"
        )
    return Filter(column, operator, value)


async def find_listener(connection: Connection, binding: Binding, *, role: str, id: int) -> Listener:
    """Find the published tables of a binding and try its filter on them.

    Raises:
        BindingRefused: no such table is published, or the filter does not fit the table or the role.
    """
    told = (
        f"[event: {binding.event}, schema: {binding.schema}, table: {binding.table},"
        f" filters: {'[]' if binding.filter is None else repr(binding.filter)}, select: nil]"
    )
    found = await connection.execute(
        "select format('%%I.%%I', schemaname, tablename)::regclass::oid from pg_publication_tables"
        " where pubname = %s and %s::text in ('*', schemaname::text) and %s::text in ('*', tablename::text)",
        [PUBLICATION, binding.schema, binding.table],
    )
    oids = frozenset(row[0] for row in await found.fetchall())
    if not oids:
        raise BindingRefused(
            "Unable to subscribe to changes with given parameters."
            f" Please check Realtime is enabled for the given connect parameters: {told}"
        )
    for oid in oids:
        if binding.filter is not None:
            try:
                await _try_filter(connection, binding.filter, relation_oid=oid, role=role)
            except (psycopg.DataError, psycopg.ProgrammingError, BindingRefused) as error:
                reason = str(error).splitlines()[0]
                raise BindingRefused(
                    "Unable to subscribe to changes with given parameters. An exception happened so please"
                    f" check your connect parameters: {told}. Exception: {reason}"
                ) from error
    return Listener(id, binding.event, binding.filter, oids)


async def _try_filter(connection: Connection, wanted: Filter, *, relation_oid: int, role: str) -> None:
    found = await connection.execute(
        "select atttypid::regtype::text from pg_attribute where attrelid = %s and attname = %s"
        " and attnum > 0 and not attisdropped and has_column_privilege(%s, attrelid, attnum, 'select')",
        [relation_oid, wanted.column, role],
    )
    row = await found.fetchone()
    if row is None:
        raise BindingRefused(f"ERROR P0001 (raise_exception) invalid column for filter {wanted.column}")
    tried = sql.SQL("select null::{} {}").format(sql.SQL(row[0]), condition(wanted, cast=row[0]))
    await connection.execute(tried)
    if wanted.operator == "in":
        count = await connection.execute("select cardinality(%s::text[])", [wanted.value])
        if ((await count.fetchone()) or (0,))[0] > _MAX_IN_VALUES:
            raise BindingRefused("ERROR P0001 (raise_exception) too many values for `in` filter. Maximum 100")


def condition(wanted: Filter, *, cast: str) -> sql.Composed:
    """Return the right side of a comparison with a column of this type, operator included."""
    return sql.SQL("{} ({}::{})").format(
        sql.SQL(_OPERATORS[wanted.operator]),
        sql.Literal(wanted.value),
        sql.SQL(cast + "[]" if wanted.operator == "in" else cast),
    )
