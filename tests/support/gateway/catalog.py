"""What the exposed schema holds: tables, foreign keys, functions. What PostgREST calls its schema cache."""

from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from gateway.answers import Refused
from gateway.project import Connection
from gateway.query import Embed

SCHEMA = "public"

_TABLES = """
select c.relname,
       array(select array[a.attname,
                          case t.typname when 'bpchar' then 'character varying'
                                         when 'bit' then 'bit varying'
                                         else format_type(a.atttypid, null) end,
                          case a.attgenerated when '' then pg_get_expr(d.adbin, d.adrelid) end]
                 from pg_attribute a
                 join pg_type t on t.oid = a.atttypid
                 left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
                where a.attrelid = c.oid
                  and a.attnum > 0
                  and not a.attisdropped
                order by a.attnum),
       array(select a.attname::text
               from pg_index i
               cross join unnest(i.indkey::int2[]) with ordinality k (attnum, position)
               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
              where i.indrelid = c.oid
                and i.indisprimary
              order by k.position)
  from pg_class c
 where c.relnamespace = %(schema)s::regnamespace
   and c.relkind in ('r', 'v', 'm', 'f', 'p')
"""

_FOREIGN_KEYS = """
select k.conname::text,
       s.relname::text,
       array(select a.attname::text from unnest(k.conkey) with ordinality x (attnum, position)
               join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.attnum order by x.position),
       t.relname::text,
       array(select a.attname::text from unnest(k.confkey) with ordinality x (attnum, position)
               join pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.attnum order by x.position),
       exists (select 1 from pg_constraint u
                where u.conrelid = k.conrelid
                  and u.contype in ('p', 'u')
                  and u.conkey <@ k.conkey)
  from pg_constraint k
  join pg_class s on s.oid = k.conrelid
  join pg_class t on t.oid = k.confrelid
 where k.contype = 'f'
   and s.relnamespace = %(schema)s::regnamespace
   and t.relnamespace = %(schema)s::regnamespace
"""

_FUNCTIONS = """
select p.proname::text,
       array(select array[coalesce(a.name, ''),
                          format_type(a.type, null),
                          (row_number() over (order by a.n) > p.pronargs - p.pronargdefaults)::text]
               from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargnames, p.proargmodes)
                    with ordinality a (type, name, mode, n)
              where coalesce(a.mode, 'i') in ('i', 'b', 'v')
              order by a.n),
       p.provariadic <> 0,
       p.proretset,
       format_type(p.prorettype, null),
       t.typtype = 'c' or coalesce(p.proargmodes && '{t,o,b}'::"char"[], false),
       r.relname::text,
       p.provolatile::text
  from pg_proc p
  join pg_type t on t.oid = p.prorettype
  left join pg_class r on r.oid = t.typrelid and r.relnamespace = %(schema)s::regnamespace
 where p.pronamespace = %(schema)s::regnamespace
   and p.prokind = 'f'
 order by p.proname, p.oid
"""


@dataclass(frozen=True)
class TableColumn:
    """A column: its type as SQL names it, and the expression of its default."""

    name: str
    type: str
    default: str | None


@dataclass(frozen=True)
class Table:
    """A table or view."""

    name: str
    columns: dict[str, TableColumn]
    primary_key: tuple[str, ...]

    def column(self, name: str) -> TableColumn:
        """Return one of its columns, or refuse with PGRST204."""
        if name not in self.columns:
            message = f"Could not find the '{name}' column of '{self.name}' in the schema cache"
            raise Refused(400, "PGRST204", message)
        return self.columns[name]


@dataclass(frozen=True)
class ForeignKey:
    """`source (columns)` references `target (target_columns)`."""

    name: str
    source: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    is_one_to_one: bool


@dataclass(frozen=True)
class Relationship:
    """How the rows of one table belong to those of another: pairs of columns, ours first."""

    table: str
    pairs: tuple[tuple[str, str], ...]
    is_to_one: bool
    foreign_key: ForeignKey


@dataclass(frozen=True)
class Argument:
    """An argument that a caller may name."""

    name: str
    type: str
    is_optional: bool


@dataclass(frozen=True)
class Function:
    """A function of the schema, and how its result looks."""

    name: str
    arguments: tuple[Argument, ...]
    is_variadic: bool
    returns_set: bool
    return_type: str
    is_composite: bool  # its result has columns
    table: str | None  # whose rows it returns
    volatility: str  # "i", "s" or "v"

    @property
    def is_void(self) -> bool:
        return self.return_type == "void"

    @property
    def is_scalar(self) -> bool:
        """One value, no row."""
        return not self.returns_set and not self.is_composite

    def takes(self, names: set[str]) -> bool:
        """Tell whether exactly these arguments can be passed."""
        required = {argument.name for argument in self.arguments if not argument.is_optional}
        return required <= names <= {argument.name for argument in self.arguments}


@dataclass(frozen=True)
class Catalog:
    """The schema at one moment."""

    tables: dict[str, Table]
    foreign_keys: tuple[ForeignKey, ...]
    functions: dict[str, tuple[Function, ...]]

    def table(self, name: str) -> Table:
        """Return a table, or refuse with PGRST205."""
        if name not in self.tables:
            message = f"Could not find the table '{SCHEMA}.{name}' in the schema cache"
            raise Refused(404, "PGRST205", message)
        return self.tables[name]

    def function(self, name: str, names: set[str], *, unnamed_type: str | None) -> Function:
        """Return the function that takes these arguments, or refuse with PGRST202 or PGRST203.

        `unnamed_type` is "json" where a body may be passed whole to a single argument without a name.
        """
        overloads = self.functions.get(name, ())
        found = [function for function in overloads if function.takes(names)]
        if not found and unnamed_type == "json":
            found = [
                function
                for function in overloads
                if [(a.name, a.type) for a in function.arguments] in ([("", "json")], [("", "jsonb")])
            ]
        if len(found) == 1:
            return found[0]
        raise _ambiguous_function(found) if found else _no_function(name, names)

    def relationship(self, origin: str, embed: Embed) -> Relationship:
        """Return the relationship that an embed means, or refuse with PGRST200 or PGRST201."""
        found = [
            relationship for relationship in self._relationships(origin) if _is_meant(relationship, embed)
        ]
        if len(found) == 1:
            return found[0]
        raise _ambiguous_relationship(origin, embed, found) if found else _no_relationship(origin, embed)

    def _relationships(self, origin: str) -> list[Relationship]:
        found = []
        for key in self.foreign_keys:
            if key.source == origin:
                pairs = tuple(zip(key.columns, key.target_columns, strict=True))
                found.append(Relationship(key.target, pairs, is_to_one=True, foreign_key=key))
            if key.target == origin:
                pairs = tuple(zip(key.target_columns, key.columns, strict=True))
                found.append(Relationship(key.source, pairs, is_to_one=key.is_one_to_one, foreign_key=key))
        return found


async def read_catalog(connection: Connection) -> Catalog:
    """Read the exposed schema; the connection sees all of it, whatever the callers may see."""
    where = {"schema": SCHEMA}
    tables = {
        name: Table(name, {row[0]: TableColumn(*row) for row in columns}, tuple(primary_key))
        for name, columns, primary_key in await (await connection.execute(_TABLES, where)).fetchall()
    }
    keys = await (await connection.execute(_FOREIGN_KEYS, where)).fetchall()
    functions = [
        Function(name, tuple(Argument(a, t, o == "true") for a, t, o in arguments), *rest)
        for name, arguments, *rest in await (await connection.execute(_FUNCTIONS, where)).fetchall()
    ]
    return Catalog(
        tables=tables,
        foreign_keys=tuple(
            ForeignKey(name, source, tuple(columns), target, tuple(target_columns), one_to_one)
            for name, source, columns, target, target_columns, one_to_one in keys
        ),
        functions={name: tuple(group) for name, group in groupby(functions, attrgetter("name"))},
    )


def _is_meant(relationship: Relationship, embed: Embed) -> bool:
    key = relationship.foreign_key
    names_of_key = {key.name, key.columns[0]} if len(key.columns) == 1 else {key.name}
    goes_out = relationship.pairs[0][0] == key.columns[0] and relationship.is_to_one
    if embed.relation != relationship.table and not (goes_out and embed.relation in names_of_key):
        return False
    return embed.hint is None or embed.hint in names_of_key


def _no_function(name: str, names: set[str]) -> Refused:
    listed = ", ".join(sorted(names))
    called = f"{SCHEMA}.{name}({listed})" if names else f"{SCHEMA}.{name} without parameters"
    plural = "s" if len(names) > 1 else ""
    searched = f"{SCHEMA}.{name} with parameter{plural} {listed}" if names else called
    return Refused(
        404,
        "PGRST202",
        f"Could not find the function {called} in the schema cache",
        details=f"Searched for the function {searched}"
        + (" or with a single unnamed json/jsonb parameter" if names else "")
        + ", but no matches were found in the schema cache.",
    )


def _ambiguous_function(functions: list[Function]) -> Refused:
    candidates = ", ".join(
        f"{SCHEMA}.{function.name}({', '.join(f'{a.name} => {a.type}' for a in function.arguments)})"
        for function in functions
    )
    return Refused(
        300,
        "PGRST203",
        f"Could not choose the best candidate function between: {candidates}",
        hint="Try renaming the parameters or the function itself in the database "
        "so function overloading can be resolved",
    )


def _no_relationship(origin: str, embed: Embed) -> Refused:
    hinted = f" using the hint '{embed.hint}'" if embed.hint else ""
    return Refused(
        400,
        "PGRST200",
        f"Could not find a relationship between '{origin}' and '{embed.relation}' in the schema cache",
        details=f"Searched for a foreign key relationship between '{origin}' and '{embed.relation}'{hinted} "
        f"in the schema '{SCHEMA}', but no matches were found.",
    )


def _ambiguous_relationship(origin: str, embed: Embed, found: list[Relationship]) -> Refused:
    choices = ", ".join(f"'{each.table}!{each.foreign_key.name}'" for each in found)
    return Refused(
        300,
        "PGRST201",
        f"Could not embed because more than one relationship was found for '{origin}' and '{embed.relation}'",
        details=[
            {
                "cardinality": "many-to-one" if each.is_to_one else "one-to-many",
                "embedding": f"{origin} with {each.table}",
                "relationship": f"{each.foreign_key.name} using {_listed(origin, each.pairs, 0)} "
                f"and {_listed(each.table, each.pairs, 1)}",
            }
            for each in found
        ],
        hint=f"Try changing '{embed.relation}' to one of the following: {choices}. "
        "Find the desired relationship in the 'details' key.",
    )


def _listed(table: str, pairs: tuple[tuple[str, str], ...], side: int) -> str:
    return f"{table}({', '.join(pair[side] for pair in pairs)})"
