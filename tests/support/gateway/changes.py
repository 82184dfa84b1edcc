"""A change as Realtime tells it: JSON of what one role may see of one row.

The rules are those of `realtime.apply_rls` in supabase/realtime: columns that the role may not select are
left out, a record of more than 1 MiB loses its long values, a DELETE tells the primary key only.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from psycopg.adapt import Transformer
from psycopg.pq import Format

from gateway.pgoutput import Change, Values

MAX_RECORD_BYTES: Final = 1024 * 1024
_KEPT_VALUE_BYTES: Final = 64  # of a record that is too large
_COLUMN_BYTES: Final = 45  # what wal2json writes around a column's name, type and value

UNAUTHORIZED: Final = "Error 401: Unauthorized"
NO_PRIMARY_KEY: Final = "Error 400: Bad Request, no primary key"
TOO_LARGE: Final = "Error 413: Payload Too Large"

ForeignValue = tuple[int, str]  # type and text of a value that only the server can turn into JSON


@dataclass(frozen=True)
class ViewedColumn:
    """A column of a table as a role sees it."""

    name: str
    type_name: str  # of pg_type: `int4`, `_text`
    cast: str  # as it is written in SQL: `integer`, `text[]`
    is_selectable: bool
    is_key: bool


@dataclass(frozen=True)
class View:
    """A table as a role sees it."""

    schema: str
    table: str
    has_row_security: bool
    columns: tuple[ViewedColumn, ...]

    @property
    def key(self) -> tuple[ViewedColumn, ...]:
        """The columns of the primary key."""
        return tuple(column for column in self.columns if column.is_key)

    @property
    def selectable(self) -> frozenset[str]:
        """Names of the columns that the role may select."""
        return frozenset(column.name for column in self.columns if column.is_selectable)


def fault(change: Change, view: View) -> str | None:
    """Return why the role gets an error instead of the row; None when it gets the row."""
    if change.kind == "DELETE":
        return None
    key = [column for column in view.key if column.name in (change.new or {})]
    if not key:
        return NO_PRIMARY_KEY
    return None if all(column.is_selectable for column in key) else UNAUTHORIZED


def former(change: Change, view: View) -> Values:
    """Return what is told of the row before: the primary key, or all of it under REPLICA IDENTITY FULL."""
    if change.old is not None:
        return change.old
    key = {column.name for column in view.key}
    return {name: value for name, value in (change.new or {}).items() if name in key}


def error_data(change: Change, error: str) -> str:
    """Return the data of an event that tells an error instead of a row."""
    nothing: dict[str, object] = {} if change.kind == "DELETE" else {"record": {}}
    if change.kind != "INSERT":
        nothing["old_record"] = {}
    return json.dumps(_where(change) | {"columns": [], "commit_timestamp": None, "errors": [error]} | nothing)


def change_data(
    change: Change, view: View, *, committed_at: datetime, to_json: Callable[[int, str], str]
) -> str:
    """Return the data of an event as JSON."""
    seen = view.selectable
    is_large = _wal_bytes(change, view) > MAX_RECORD_BYTES
    types = {column.name: column.type_oid for column in change.relation.columns}

    def row(values: Values) -> str:
        parts = {
            name: "null" if value is None else to_json(types[name], value)
            for name, value in values.items()
            if name in seen and not (is_large and value is None)
        }
        kept = (
            f"{json.dumps(name)}:{text}"
            for name, text in parts.items()
            if not is_large or len(text.encode()) <= _KEPT_VALUE_BYTES
        )
        return "{" + ",".join(kept) + "}"

    at = committed_at.astimezone(UTC)
    data = _where(change) | {
        "columns": [{"name": c.name, "type": c.type_name} for c in view.columns if c.is_selectable],
        "commit_timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z",
        "errors": [TOO_LARGE] if is_large else None,
    }
    parts = [json.dumps(data)[:-1]]
    old = former(change, view)
    if change.new is not None:
        # Under REPLICA IDENTITY FULL the former row fills in what the stream leaves out of the new one.
        parts.append(f'"record": {row({**old, **change.new})}')
    if change.kind == "DELETE" and view.has_row_security:
        key = {column.name for column in view.key}
        old = {name: value for name, value in old.items() if name in key}
    if change.kind != "INSERT":
        parts.append(f'"old_record": {row(old)}')
    return ", ".join(parts) + "}"


def foreign_values(change: Change) -> set[ForeignValue]:
    """Return the values of a change that `json_text` does not know."""
    return {
        (column.type_oid, value)
        for column in change.relation.columns
        for values in (change.new, change.old)
        if values and (value := values.get(column.name)) is not None
        if column.type_oid not in _BY_TYPE and column.type_oid not in _ELEMENTS
    }


def json_text(type_oid: int, value: str) -> str:
    """Return what `to_jsonb` makes of a value.

    Raises:
        KeyError: the type is none of those that are known here.
    """
    if type_oid in _ELEMENTS:
        element = _BY_TYPE[_ELEMENTS[type_oid]]
        items = Transformer().get_loader(_TEXT_ARRAY, Format.TEXT).load(value.encode())
        return _array(items, element)
    return _BY_TYPE[type_oid](value)


def _array(items: list[object], element: Callable[[str], str]) -> str:
    written = (
        "null" if item is None else _array(item, element) if isinstance(item, list) else element(str(item))
        for item in items
    )
    return f"[{','.join(written)}]"


def _where(change: Change) -> dict[str, object]:
    return {"schema": change.relation.schema, "table": change.relation.table, "type": change.kind}


def _wal_bytes(change: Change, view: View) -> int:
    """Return about how long wal2json's text of the change is; that is what the limit is compared with."""
    type_names = {column.name: column.cast for column in view.columns}
    return sum(
        _COLUMN_BYTES
        + len(name)
        + len(type_names.get(name, ""))
        + len(json.dumps(value, ensure_ascii=False).encode())
        for values in (change.new, former(change, view))
        for name, value in (values or {}).items()
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _number(text: str) -> str:
    return _quoted(text) if text in ("NaN", "Infinity", "-Infinity") else text


def _time(text: str) -> str:
    return _quoted(text.replace(" ", "T", 1))


def _time_with_zone(text: str) -> str:
    day, has_time, time = text.partition(" ")
    return _quoted(f"{day}T{time}:00" if has_time else day)  # the session's zone is UTC, told as `+00`


_TEXT_ARRAY: Final = 1009
_BY_TYPE: Final[dict[int, Callable[[str], str]]] = {
    16: lambda text: "true" if text == "t" else "false",
    17: lambda text: _quoted(text.removeprefix("\\x")),  # bytea, as wal2json writes it
    **dict.fromkeys((20, 21, 23, 26), str),  # int8, int2, int4, oid
    **dict.fromkeys((700, 701, 1700), _number),  # float4, float8, numeric
    **dict.fromkeys((114, 3802), str),  # json, jsonb
    **dict.fromkeys((18, 19, 25, 1042, 1043, 2950), _quoted),  # "char", name, text, bpchar, varchar, uuid
    **dict.fromkeys((1082, 1083, 1186), _quoted),  # date, time, interval
    1114: _time,
    1184: _time_with_zone,
}
_ELEMENTS: Final = {  # array type: type of its elements
    **{1000: 16, 1005: 21, 1007: 23, 1016: 20, 1021: 700, 1022: 701, 1231: 1700, _TEXT_ARRAY: 25},
    **{
        1015: 1043,
        1014: 1042,
        1003: 19,
        2951: 2950,
        1182: 1082,
        1115: 1114,
        1185: 1184,
        199: 114,
        3807: 3802,
    },
}
