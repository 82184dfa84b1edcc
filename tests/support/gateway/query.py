"""What a query string asks for, as data."""

from collections.abc import Sequence
from dataclasses import dataclass, field

Path = tuple[str, ...]  # names of embedded relations, outermost first; () is the table itself

# The operators that take one value, and the SQL for them.
OPERATORS = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "like",
    "ilike": "ilike",
    "match": "~",
    "imatch": "~*",
    "cs": "@>",
    "cd": "<@",
    "ov": "&&",
    "isdistinct": "is distinct from",
}


@dataclass(frozen=True)
class JsonStep:
    """`->key`, `->0`, or with `->>` as text."""

    key: str | int
    as_text: bool


@dataclass(frozen=True)
class Field:
    """A column, perhaps a part of its JSON."""

    name: str
    path: tuple[JsonStep, ...] = ()


@dataclass(frozen=True)
class Column:
    """A selected field; `*` stands for all columns."""

    field: Field
    alias: str | None = None
    cast: str | None = None


@dataclass(frozen=True)
class Embed:
    """A selected relation: its rows come as an array or an object inside each row."""

    relation: str
    alias: str | None
    hint: str | None
    is_inner: bool
    items: tuple["Column | Embed", ...]

    @property
    def name(self) -> str:
        """Key under which it comes."""
        return self.alias or self.relation


@dataclass(frozen=True)
class Filter:
    """A condition on one field. `value` is a tuple for `in` alone."""

    field: Field
    operator: str  # a key of OPERATORS, "in" or "is"
    value: str | tuple[str, ...]
    is_negated: bool = False
    quantifier: str | None = None  # "any" or "all": value is an array then


@dataclass(frozen=True)
class Logic:
    """Conditions joined by `and` or `or`."""

    operator: str
    parts: tuple["Filter | Logic", ...]
    is_negated: bool = False


Condition = Filter | Logic


@dataclass(frozen=True)
class Order:
    """A sort key."""

    field: Field
    is_descending: bool = False
    nulls_first: bool | None = None


@dataclass
class Query:
    """A whole query string."""

    select: tuple[Column | Embed, ...] = (Column(Field("*")),)
    conditions: dict[Path, list[Condition]] = field(default_factory=dict)
    orders: dict[Path, tuple[Order, ...]] = field(default_factory=dict)
    limits: dict[Path, int] = field(default_factory=dict)
    offsets: dict[Path, int] = field(default_factory=dict)
    columns: tuple[str, ...] | None = None
    on_conflict: tuple[str, ...] = ()
    arguments: dict[str, str] = field(default_factory=dict)  # of a function called by GET

    def paths(self) -> set[Path]:
        """Return all paths that something is said about."""
        return {*self.conditions, *self.orders, *self.limits, *self.offsets}


def names_of(items: Sequence[Column | Embed]) -> set[str]:
    """Return the columns that a selection reads itself; "*" when it is all of them."""
    return {item.field.name for item in items if isinstance(item, Column)}
