"""The schema: which migrations there are, which of them a database has, and how it gets the others.

What was applied is recorded as the Supabase CLI records it, so that either of the two may go on where the
other stopped. Other people's migrations in the same database are not our business.
"""

import re
from functools import cache
from pathlib import Path

import psycopg
from psycopg import errors, sql
from psycopg.rows import TupleRow
from pydantic import Field

from dreamcut.errors import SchemaMismatch
from dreamcut.models import Record
from dreamcut.store.conninfo import CONNECT_SECONDS, check_conninfo
from dreamcut.store.failures import as_store_error

_FILE = re.compile(r"(?P<version>\d{14})_(?P<name>\w+)\.sql")
_HERE = Path(__file__).parent
_LOCK = 0x647265616D637574  # "dreamcut"; one migrator at a time in a database

_APPLIED = "select version, name from supabase_migrations.schema_migrations"
# The table as the Supabase CLI makes it. Reading a catalog first makes the session see a schema that another
# one made while this one waited for the lock.
_RECORD = """
    select 1 from pg_namespace limit 1;
    create schema if not exists supabase_migrations;
    create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
    alter table supabase_migrations.schema_migrations add column if not exists statements text[];
    alter table supabase_migrations.schema_migrations add column if not exists name text;
"""
_HAS_SUPABASE_PARTS = """
    select to_regprocedure('auth.uid()') is not null
       and (select count(*) = 3 from pg_roles where rolname in ('anon', 'authenticated', 'service_role'))
       and (select bool_and(pg_has_role(r.oid, 'member'))
              from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role'))
"""


class Migration(Record):
    """One file of `supabase/migrations`."""

    version: str = Field(pattern=r"^\d{14}$")
    name: str
    statements: str = Field(repr=False)


@cache
def known_migrations() -> tuple[Migration, ...]:
    """Return the migrations that this code needs, in the order in which they apply.

    Raises:
        SchemaMismatch: the installation has none.
    """
    inside_wheel, in_checkout = _HERE / "migrations", _HERE.parents[1] / "supabase" / "migrations"
    folder = inside_wheel if inside_wheel.is_dir() else in_checkout
    found = []
    for path in sorted(folder.glob("*.sql")):
        if match := _FILE.fullmatch(path.name):
            found.append(Migration(**match.groupdict(), statements=path.read_text(encoding="utf-8")))
    if not found:
        raise SchemaMismatch(f"no migrations in {folder}: install dreamcut again")
    return tuple(found)


def ensure_schema(database_url: str) -> list[Migration]:
    """Bring a database to the schema that this code needs; one query when it has it already.

    Args:
        database_url: a Postgres connection string or URL. Its user needs CREATE on the database, and on a
            Postgres that is no Supabase also CREATEROLE, both the first time only.

    Returns:
        The migrations that it applied.

    Raises:
        SchemaMismatch: the database has DreamCut migrations that this code does not know.
        StoreRefused, StoreUnavailable: the database cannot be asked.
    """
    try:
        with _connected(database_url) as connection:
            if missing_migrations(connection):
                bootstrap(connection)
                return migrate(connection)
            return []
    except psycopg.Error as error:
        raise as_store_error(error) from error


def check_schema(database_url: str) -> None:
    """Change nothing.

    Raises:
        SchemaMismatch: the database has not exactly the migrations of this code; says what to do.
        StoreUnavailable: the database did not answer.
    """
    try:
        with _connected(database_url) as connection:
            missing = missing_migrations(connection)
    except psycopg.Error as error:
        raise as_store_error(error) from error
    if missing:
        raise SchemaMismatch(
            f"the database lacks {len(missing)} migration(s), first {missing[0].version}_{missing[0].name}: "
            "run `dreamcut up`, or `supabase db push` for a Supabase project"
        )


def _connected(database_url: str) -> "psycopg.Connection[TupleRow]":
    check_conninfo(database_url)
    return psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_SECONDS)


def missing_migrations(connection: psycopg.Connection) -> list[Migration]:
    """Return what the database lacks, in order.

    Raises:
        SchemaMismatch: the database has DreamCut migrations that this code does not know.
    """
    try:
        applied: dict[str, str | None] = dict(connection.execute(_APPLIED).fetchall())
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn):
        return list(known_migrations())
    known = [migration.version for migration in known_migrations()]
    # A project may hold other people's migrations; ours carry the product's name, and so do some of the
    # predecessor's, which came before our first.
    newer = sorted(
        v for v, name in applied.items() if v not in known and v > known[0] and "dreamcut" in (name or "")
    )
    if newer:
        raise SchemaMismatch(
            f"the database has the migration {newer[-1]}_{applied[newer[-1]]}, which this version of "
            "DreamCut does not know: install a newer DreamCut"
        )
    return [migration for migration in known_migrations() if migration.version not in applied]


def bootstrap(connection: psycopg.Connection) -> None:
    """Give a plain Postgres what the migrations find on Supabase; nothing where it is there already."""
    row = connection.execute(_HAS_SUPABASE_PARTS).fetchone()
    if row and row[0]:
        return
    with connection.transaction():
        connection.execute(sql.SQL("select pg_advisory_xact_lock({})").format(_LOCK))
        connection.execute((_HERE / "bootstrap.sql").read_bytes())


def migrate(connection: psycopg.Connection) -> list[Migration]:
    """Apply what is missing, each migration in a transaction of its own, and return it.

    The lock is of the transaction, not of the session, so it also holds behind a pooler; the version is
    looked up again under it, so of two migrators at once each migration is applied by one.
    """
    with connection.transaction():
        connection.execute(sql.SQL("select pg_advisory_xact_lock({})").format(_LOCK))
        connection.execute(_RECORD)
    done = []
    for migration in missing_migrations(connection):
        with connection.transaction():
            connection.execute(sql.SQL("select pg_advisory_xact_lock({})").format(_LOCK))
            if migration in missing_migrations(connection):
                connection.execute(migration.statements.encode())
                connection.execute(
                    "insert into supabase_migrations.schema_migrations (version, name, statements) "
                    "values (%s, %s, %s)",
                    [migration.version, migration.name, [migration.statements]],
                )
                done.append(migration)
    return done
