"""Reads PostgREST's query strings: what is selected, under which conditions, in which order.

Text that the grammar does not know is refused with PGRST100; nothing is ignored.
"""

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from gateway.answers import Refused
from gateway.query import (
    OPERATORS,
    Column,
    Condition,
    Embed,
    Field,
    Filter,
    JsonStep,
    Logic,
    Order,
    Path,
    Query,
)

_T = TypeVar("_T")

_NAME = re.compile(r"[\w $]+(?:-(?!>)[\w $]+)*")
_JSON_KEY = re.compile(r"[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*")
_JSON_INDEX = re.compile(r"-?\d+(?=->|::|\.|,|\)|$)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)

_QUANTIFIED = {"eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"}
_IS_VALUES = ("null", "not_null", "true", "false", "unknown")


def parse(parameters: Iterable[tuple[str, str]], *, is_call_by_get: bool = False) -> Query:
    """Parse the decoded parameters of a query string.

    Raises:
        Refused: PGRST100, it is not in the grammar.
    """
    query = Query()
    seen: set[str] = set()
    for key, value in parameters:
        last = key.rpartition(".")[2]
        if key in ("select", "columns", "on_conflict") or last in ("order", "limit", "offset"):
            if key in seen:
                raise _refusal(key, 0, f'"{key}" is given twice')
            seen.add(key)
        if key == "select":
            query.select = _whole(value, "select parameter", _Reader.select_items)
        elif key == "columns":
            query.columns = _whole(value, "columns parameter", _Reader.names)
        elif key == "on_conflict":
            query.on_conflict = _whole(value, "on_conflict parameter", _Reader.names)
        elif last == "order":
            query.orders[_path(key)] = _whole(value, "order", _Reader.orders)
        elif last in ("limit", "offset"):
            (query.limits if last == "limit" else query.offsets)[_path(key)] = _count(last, value)
        elif last in ("and", "or"):
            path, logic = _logic(key, value)
            query.conditions.setdefault(path, []).append(logic)
        else:
            _add_filter(query, key, value, is_call_by_get=is_call_by_get)
    return query


def _add_filter(query: Query, key: str, value: str, *, is_call_by_get: bool) -> None:
    path, name = _whole(key, "tree path", _Reader.path_and_field)
    try:
        operation = _whole(value, "filter", lambda reader: reader.operation(name, inside_logic=False))
    except Refused:
        if not is_call_by_get or path or name.path:
            raise
        query.arguments[key] = value
    else:
        query.conditions.setdefault(path, []).append(operation)


def _path(key: str) -> Path:
    return _whole(key, "tree path", _Reader.dotted)[:-1]


def _logic(key: str, value: str) -> tuple[Path, Logic]:
    *path, operator = _whole(key, "logic path", _Reader.dotted)
    is_negated = bool(path) and path[-1] == "not"
    if is_negated:
        path.pop()
    parts = _whole(value, "logic tree", _Reader.logic_parts)
    return tuple(path), Logic(operator, parts, is_negated)


def _count(name: str, value: str) -> int:
    if not re.fullmatch(r"-?\d+", value):
        raise _refusal(f"{name} ({value})", 0, "expecting an integer")
    count = int(value)
    if count < 0:
        details = (
            "Limit should be greater than or equal to zero." if name == "limit" else "Offset is negative."
        )
        raise Refused(416, "PGRST103", "Requested range not satisfiable", details=details)
    return count


def _whole(text: str, what: str, read: Callable[["_Reader"], _T]) -> _T:
    """Apply a rule to a text, all of it."""
    reader = _Reader(text, what)
    result = read(reader)
    if not reader.is_at_end():
        raise reader.unexpected("end of input")
    return result


def _refusal(what: str, position: int, details: str) -> Refused:
    message = f'"failed to parse {what}" (line 1, column {position + 1})'
    return Refused(400, "PGRST100", message, details=details)


class _Reader:
    """A text and how far it was read. Each rule reads on from there, or refuses."""

    def __init__(self, text: str, what: str) -> None:
        self._text = text
        self._what = what
        self._at = 0

    def is_at_end(self) -> bool:
        return self._at == len(self._text)

    def unexpected(self, expected: str) -> Refused:
        found = repr(self._text[self._at]).replace("'", '"') if not self.is_at_end() else "end of input"
        return _refusal(f"{self._what} ({self._text})", self._at, f"unexpected {found} expecting {expected}")

    def _next_is(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        if not self._next_is(text):
            return False
        self._at += len(text)
        return True

    def _must_take(self, text: str) -> None:
        if not self._take(text):
            raise self.unexpected(f'"{text}"')

    def _match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def _word(self) -> str:
        return self._match(re.compile(r"[a-z_]*")) or ""

    def _quoted(self) -> str | None:
        found = _QUOTED.match(self._text, self._at)
        if found is None:
            return None
        self._at = found.end()
        return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL)

    def _separated(self, item: Callable[[], _T], separator: str = ",") -> tuple[_T, ...]:
        items = [item()]
        while self._take(separator):
            items.append(item())
        return tuple(items)

    def name(self) -> str:
        quoted = self._quoted()
        if quoted is not None:
            return quoted
        plain = (self._match(_NAME) or "").strip()
        if not plain:
            raise self.unexpected("field name (* or [a..z0..9_$])")
        return plain

    def names(self) -> tuple[str, ...]:
        return self._separated(self.name)

    def dotted(self) -> Path:
        return self._separated(self.name, ".")

    def field(self) -> Field:
        return Field(self.name(), self._json_path())

    def path_and_field(self) -> tuple[Path, Field]:
        *path, last = self.dotted()
        return tuple(path), Field(last, self._json_path())

    def _json_path(self) -> tuple[JsonStep, ...]:
        steps = []
        while self._take("->"):
            as_text = self._take(">")
            index = self._match(_JSON_INDEX)
            if index is not None:
                steps.append(JsonStep(int(index), as_text))
                continue
            key = self._quoted()
            if key is None:
                key = (self._match(_JSON_KEY) or "").strip()
            if not key:
                raise self.unexpected("any non reserved character different from: .,>()")
            steps.append(JsonStep(key, as_text))
        return tuple(steps)

    def select_items(self) -> tuple[Column | Embed, ...]:
        return self._separated(self._select_item)

    def _select_item(self) -> Column | Embed:
        if self._take("*"):
            return Column(Field("*"))
        alias = None
        name = self.name()
        if self._next_is(":") and not self._next_is("::"):
            self._take(":")
            alias, name = name, self.name()
        if self._next_is("!") or self._next_is("("):
            return self._embed(name, alias)
        column = Field(name, self._json_path())
        cast = None
        if self._take("::"):
            cast = self._match(re.compile(r"\w+"))
            if cast is None:
                raise self.unexpected("a type")
        return Column(column, alias, cast)

    def _embed(self, name: str, alias: str | None) -> Embed:
        hint, is_inner = None, False
        while self._take("!"):
            word = self.name()
            if word in ("inner", "left"):
                is_inner = word == "inner"
            elif hint is None:
                hint = word
            else:
                raise self.unexpected('"("')
        self._must_take("(")
        items = self.select_items()
        self._must_take(")")
        return Embed(name, alias, hint, is_inner, items)

    def orders(self) -> tuple[Order, ...]:
        return self._separated(self._order)

    def _order(self) -> Order:
        column = self.field()
        is_descending, nulls_first = False, None
        words = []
        while self._take("."):
            words.append(self._word())
        if words and words[0] in ("asc", "desc"):
            is_descending = words.pop(0) == "desc"
        if words and words[0] in ("nullsfirst", "nullslast"):
            nulls_first = words.pop(0) == "nullsfirst"
        if words:
            raise self.unexpected('"asc", "desc", "nullsfirst" or "nullslast"')
        return Order(column, is_descending, nulls_first)

    def logic_parts(self) -> tuple[Condition, ...]:
        self._must_take("(")
        parts = self._separated(self._logic_part)
        self._must_take(")")
        return parts

    def _logic_part(self) -> Condition:
        group = re.compile(r"\s*(not\.)?(and|or)(?=\()").match(self._text, self._at)
        if group is not None:
            self._at = group.end()
            return Logic(group[2], self.logic_parts(), group[1] is not None)
        column = self.field()
        self._must_take(".")
        return self.operation(column, inside_logic=True)

    def operation(self, column: Field, *, inside_logic: bool) -> Filter:
        is_negated = self._take("not.")
        begins = self._at
        operator = self._word()
        quantifier = None
        if operator in _QUANTIFIED:
            quantifier = next((word for word in ("any", "all") if self._take(f"({word})")), None)
        if operator not in (*OPERATORS, "in", "is"):
            self._at = begins
            raise self.unexpected('"not" or operator (eq, gt, ...)')
        self._must_take(".")
        if operator == "in":
            return Filter(column, operator, self._list(), is_negated)
        if operator == "is":
            return Filter(column, operator, self._is_value(), is_negated)
        value = self._logic_value() if inside_logic else self._rest()
        return Filter(column, operator, value, is_negated, quantifier)

    def _is_value(self) -> str:
        found = (self._match(re.compile(r"[A-Za-z_]+")) or "").lower()
        if found not in _IS_VALUES:
            raise self.unexpected("isVal: (null, not_null, true, false, unknown)")
        return found

    def _rest(self) -> str:
        rest = self._text[self._at :]
        self._at = len(self._text)
        return rest

    def _list(self) -> tuple[str, ...]:
        self._must_take("(")
        values = self._separated(self._list_value)
        self._must_take(")")
        return () if values == ("",) else values

    def _list_value(self) -> str:
        begins = self._at
        quoted = self._quoted()
        if quoted is not None and (self.is_at_end() or self._text[self._at] in ",)"):
            return quoted
        self._at = begins
        return self._match(re.compile(r"[^,)]*")) or ""

    def _logic_value(self) -> str:
        return self._match(re.compile(r"\{[^{}]*\}")) or self._list_value()
