"""What the database said, as one of our errors."""

import psycopg
from psycopg import errors

from dreamcut.errors import (
    InvalidRequest,
    LeaseLost,
    NotFound,
    SchemaMismatch,
    StateConflict,
    StoreError,
    StoreUnavailable,
)

# Losing a race with another writer: the same call, repeated, sees what the other one did.
RACES = (errors.DeadlockDetected, errors.SerializationFailure)


def as_store_error(error: psycopg.Error) -> StoreError | InvalidRequest:  # noqa: PLR0911 - a table
    """Return our error for one of the database; its text is the database's own first line."""
    said = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    match error:
        case errors.NoDataFound():
            return NotFound(said)
        case errors.ObjectNotInPrerequisiteState():
            return StateConflict(said)
        case errors.ObjectInUse():
            return LeaseLost(said)
        case errors.UndefinedTable() | errors.UndefinedFunction() | errors.UndefinedColumn():
            return SchemaMismatch(f"{said}: run `dreamcut up`, which applies the missing migrations")
        case errors.InsufficientPrivilege():
            return StoreError(f"the database user may not do that: {said}")
        case psycopg.DataError() | psycopg.IntegrityError():
            return InvalidRequest(said)
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return StoreUnavailable(said)
        case _:
            return StoreError(said)
