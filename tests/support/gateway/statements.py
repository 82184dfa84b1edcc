"""The SQL of a request: reading with embeds and conditions, writing from a JSON body."""

from dataclasses import dataclass, field

from gateway.answers import Refused, not_in_subset
from gateway.catalog import SCHEMA, Catalog, Relationship, Table
from gateway.query import OPERATORS, Column, Condition, Embed, Field, Filter, Logic, Order, Path, Query

MAX_ROWS = 1000  # of one answer, as on a hosted project


@dataclass
class Statement:
    """SQL that is being written, and the values of its `$1`, `$2`, …"""

    catalog: Catalog
    query: Query
    values: list[str | int] = field(default_factory=list)
    aliases: int = 0

    def value(self, value: str | int) -> str:
        """Add a value and return its placeholder; texts get the type that their place asks for."""
        self.values.append(value)
        return f"${len(self.values)}"

    def new_alias(self, name: str) -> str:
        self.aliases += 1
        return quoted(f"{name}_{self.aliases}")


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace("\0", "").replace('"', '""') + '"'


def qualified(name: str) -> str:
    """Return the name of something in the exposed schema."""
    return f"{quoted(SCHEMA)}.{quoted(name)}"


def read_sql(statement: Statement, *, source: str, table: str | None, is_paged: bool = True) -> str:
    """Return the select that reads `source`, rows of `table`, as the query asks."""
    check_paths(statement.query)
    return _select_sql(
        statement, statement.query.select, (), source=source, alias='"base"', table=table, is_paged=is_paged
    )


def count_sql(statement: Statement, *, source: str, table: str | None) -> str:
    """Return the number of rows that the conditions let through, whatever the page."""
    where = _where(statement, (), alias='"base"', table=table)
    joins = [
        sql
        for item in statement.query.select
        if isinstance(item, Embed) and item.is_inner
        for sql in [_embed_sql(statement, item, (), alias='"base"', table=table)[1]]
    ]
    return f'select 1 from {source} as "base" {" ".join(joins)} {where}'


def check_paths(query: Query) -> None:
    """Refuse conditions, orders and limits on a relation that is not selected (PGRST108)."""
    for path in query.paths():
        items = query.select
        for name in path:
            embed = next(
                (item for item in items if isinstance(item, Embed) and name in (item.name, item.relation)),
                None,
            )
            if embed is None:
                raise Refused(
                    400,
                    "PGRST108",
                    f"'{name}' is not an embedded resource in this request",
                    hint=f"Verify that '{name}' is included in the 'select' query parameter.",
                )
            items = embed.items


def condition_sql(statement: Statement, conditions: list[Condition], alias: str, table: str | None) -> str:
    """Return conditions on the rows of `alias`, joined by `and`; "" when there are none."""
    return " and ".join(_condition(statement, each, alias, table) for each in conditions)


def _select_sql(
    statement: Statement,
    items: tuple[Column | Embed, ...],
    path: Path,
    *,
    source: str,
    alias: str,
    table: str | None,
    relationship: tuple[Relationship, str] | None = None,
    is_paged: bool = True,
) -> str:
    outputs, joins = [], []
    for item in items:
        if isinstance(item, Embed):
            output, join = _embed_sql(statement, item, path, alias=alias, table=table)
            outputs.append(output)
            joins.append(join)
        else:
            outputs.append(_output(statement, item, alias, table))
    where = _where(statement, path, alias=alias, table=table, relationship=relationship)
    order = _order_by(statement, statement.query.orders.get(path, ()), alias, table)
    page = _page(statement, path) if is_paged else ""
    return f"select {', '.join(outputs)} from {source} as {alias} {' '.join(joins)} {where} {order} {page}"


def _embed_sql(
    statement: Statement, embed: Embed, path: Path, *, alias: str, table: str | None
) -> tuple[str, str]:
    """Return the output and the join of an embedded relation."""
    if table is None:
        raise Refused(400, "PGRST200", f"Could not find a relationship with '{embed.relation}'")
    relationship = statement.catalog.relationship(table, embed)
    inside = _inner_path(statement.query, path, embed)
    inner_alias, outer_alias = statement.new_alias(relationship.table), statement.new_alias("embed")
    sql = _select_sql(
        statement,
        embed.items,
        inside,
        source=qualified(relationship.table),
        alias=inner_alias,
        table=relationship.table,
        relationship=(relationship, alias),
    )
    if relationship.is_to_one:
        kind = "join" if embed.is_inner else "left join"
        join = f"{kind} lateral ({sql}) as {outer_alias} on true"
        return f"row_to_json({outer_alias}.*)::jsonb as {quoted(embed.name)}", join
    aggregate = f"select json_agg(x.*)::jsonb as rows from ({sql}) as x"
    if embed.is_inner:
        join = f"join lateral ({aggregate}) as {outer_alias} on {outer_alias}.rows is not null"
    else:
        join = f"left join lateral ({aggregate}) as {outer_alias} on true"
    return f"coalesce({outer_alias}.rows, '[]') as {quoted(embed.name)}", join


def _inner_path(query: Query, path: Path, embed: Embed) -> Path:
    """Return the path under which conditions speak of an embed: its alias, or the relation's own name."""
    by_relation = (*path, embed.relation)
    if embed.alias and any(each[: len(by_relation)] == by_relation for each in query.paths()):
        return by_relation
    return (*path, embed.name)


def _where(
    statement: Statement,
    path: Path,
    *,
    alias: str,
    table: str | None,
    relationship: tuple[Relationship, str] | None = None,
) -> str:
    parts = [_condition(statement, each, alias, table) for each in statement.query.conditions.get(path, [])]
    if relationship is not None:
        pairs, outer = relationship[0].pairs, relationship[1]
        parts += [f"{alias}.{quoted(inner)} = {outer}.{quoted(own)}" for own, inner in pairs]
    return f"where {' and '.join(parts)}" if parts else ""


def _output(statement: Statement, column: Column, alias: str, table: str | None) -> str:
    if column.field.name == "*":
        return f"{alias}.*"
    sql = _field(statement, column.field, alias, table)
    if column.cast:
        sql = f"cast({sql} as {column.cast})"
    name = column.alias or _json_name(column.field)
    return f"{sql} as {quoted(name)}"


def _json_name(column: Field) -> str:
    """Return the key of a part of JSON: the last one of its path that is a name."""
    return next((step.key for step in reversed(column.path) if isinstance(step.key, str)), column.name)


def _field(statement: Statement, column: Field, alias: str, table: str | None) -> str:
    sql = f"{alias}.{quoted(column.name)}"
    if not column.path:
        return sql
    known = statement.catalog.tables[table].columns.get(column.name) if table else None
    if known is not None and known.type not in ("json", "jsonb"):
        sql = f"to_jsonb({sql})"
    for step in column.path:
        place = statement.value(str(step.key)) + ("::int" if isinstance(step.key, int) else "::text")
        sql += ("->>" if step.as_text else "->") + place
    return f"({sql})"


def _condition(statement: Statement, condition: Condition, alias: str, table: str | None) -> str:
    if isinstance(condition, Logic):
        joined = f" {condition.operator} ".join(
            _condition(statement, part, alias, table) for part in condition.parts
        )
        return f"{'not ' if condition.is_negated else ''}({joined})"
    sql = f"{_field(statement, condition.field, alias, table)} {_comparison(statement, condition)}"
    return f"not ({sql})" if condition.is_negated else sql


def _comparison(statement: Statement, condition: Filter) -> str:
    if isinstance(condition.value, tuple):
        return f"= any ({statement.value(_array(condition.value))})"
    if condition.operator == "is":
        return f"is {condition.value.replace('_', ' ')}"
    value = condition.value
    if condition.operator in ("like", "ilike"):
        value = value.replace("*", "%")
    place = statement.value(value)
    if condition.quantifier:
        place = f"{condition.quantifier} ({place})"
    return f"{OPERATORS[condition.operator]} {place}"


def _array(values: tuple[str, ...]) -> str:
    """Return the text of an array, so that its type comes from the other side of the comparison."""
    escaped = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return "{" + ",".join(f'"{value}"' for value in escaped) + "}"


def _order_by(statement: Statement, orders: tuple[Order, ...], alias: str, table: str | None) -> str:
    if not orders:
        return ""
    parts = []
    for order in orders:
        sql = _field(statement, order.field, alias, table) + (" desc" if order.is_descending else "")
        if order.nulls_first is not None:
            sql += " nulls first" if order.nulls_first else " nulls last"
        parts.append(sql)
    return f"order by {', '.join(parts)}"


def _page(statement: Statement, path: Path) -> str:
    query = statement.query
    limit = min(query.limits.get(path, MAX_ROWS), MAX_ROWS)
    return f"limit {limit} offset {query.offsets.get(path, 0)}"


def insert_sql(
    statement: Statement, table: Table, *, body: str, is_array: bool, columns: tuple[str, ...]
) -> str:
    """Return the insert of a JSON body without its end: no conflict clause, no returning."""
    if not columns:
        if is_array:
            raise not_in_subset("an insert of several rows without columns")
        return f'insert into {qualified(table.name)} as "base" default values'
    names = ", ".join(quoted(name) for name in columns)
    rows = _rows_sql(statement.value(body), table, columns, is_array=is_array)
    return f'insert into {qualified(table.name)} as "base" ({names}) select {names} from {rows} where true'


def insert_with_defaults_sql(
    statement: Statement, table: Table, *, body: str, columns: tuple[str, ...]
) -> str:
    """Return such an insert in which what a row leaves out gets the column's default, not null."""
    names = ", ".join(quoted(name) for name in columns)
    defaults = ", ".join(
        f"{_literal(name)}, {default}"
        for name in columns
        if (default := table.column(name).default) is not None
    )
    place = statement.value(body)
    whole = (
        f"(select jsonb_agg(jsonb_build_object({defaults}) || x) from jsonb_array_elements({place}::jsonb) x)"
    )
    typed = ", ".join(f"{quoted(name)} {table.column(name).type}" for name in columns)
    return (
        f'insert into {qualified(table.name)} as "base" ({names}) '
        f"select {names} from jsonb_to_recordset({whole}) as body ({typed}) where true"
    )


def update_sql(statement: Statement, table: Table, *, body: str, columns: tuple[str, ...]) -> str:
    """Return the update of the rows that the conditions let through, without its end."""
    names = ", ".join(f"{quoted(name)} = body.{quoted(name)}" for name in columns)
    rows = _rows_sql(statement.value(body), table, columns, is_array=False)
    where = condition_sql(statement, statement.query.conditions.get((), []), '"base"', table.name)
    return f'update {qualified(table.name)} as "base" set {names} from {rows} where {where}'


def delete_sql(statement: Statement, table: Table) -> str:
    """Return the delete of the rows that the conditions let through, without its end."""
    where = condition_sql(statement, statement.query.conditions.get((), []), '"base"', table.name)
    return f'delete from {qualified(table.name)} as "base" where {where}'


def _rows_sql(place: str, table: Table, columns: tuple[str, ...], *, is_array: bool) -> str:
    typed = ", ".join(f"{quoted(name)} {table.column(name).type}" for name in columns)
    function = "json_to_recordset" if is_array else "json_to_record"
    return f"{function}({place}::json) as body ({typed})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
