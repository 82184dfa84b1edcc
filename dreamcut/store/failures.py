"""What the database said, as one of our errors; the same for every way to ask it."""

import re

import psycopg

from dreamcut.errors import (
    InvalidRequest,
    LeaseLost,
    NotFound,
    SchemaMismatch,
    StateConflict,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from dreamcut.store.patience import LostRace

# A code of SQLSTATE or, where the first two characters say enough, its class.
_BY_SQLSTATE: dict[str, type[StoreError] | type[InvalidRequest]] = {
    "P0002": NotFound,
    "55000": StateConflict,
    "55006": LeaseLost,
    "42P01": SchemaMismatch,
    "42883": SchemaMismatch,
    "42703": SchemaMismatch,
    "42704": SchemaMismatch,
    "3F000": SchemaMismatch,
    "40001": LostRace,
    "40P01": LostRace,
    "22": InvalidRequest,
    "23": InvalidRequest,
    "54": InvalidRequest,  # over a limit of the server: the same call is so the next time
    "28": StoreRefused,
    "3D": StoreRefused,
    "08": StoreUnavailable,
    "25006": StoreUnavailable,  # read-only: a standby before it takes over, or a full disk
    "53": StoreUnavailable,
    "55P03": StoreUnavailable,
    "57": StoreUnavailable,
    "58": StoreUnavailable,
}
# A refused connection carries no code. These do not change by waiting.
_REFUSED = re.compile(
    r"password authentication failed|no password supplied|SASL authentication failed|no pg_hba\.conf entry"
    r'|(database|role|user) "[^"]*" does not exist|Tenant or user not found|server does not support SSL'
    r"|certificate verify failed|not currently accepting connections.*template",
    re.IGNORECASE,
)


def as_store_error(error: psycopg.Error) -> StoreError | InvalidRequest:
    """Return our error for one of the driver; its text is the database's own first line."""
    said = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
    if error.sqlstate is not None:
        return store_error(error.sqlstate, said)
    if _REFUSED.search(said):
        return StoreRefused(said)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return StoreUnavailable(said)
    if isinstance(error, psycopg.DataError):
        return InvalidRequest(said)
    return StoreError(said)


def store_error(sqlstate: str, said: str) -> StoreError | InvalidRequest:
    """Return our error for a SQLSTATE and the text that came with it."""
    kind = _BY_SQLSTATE.get(sqlstate) or _BY_SQLSTATE.get(sqlstate[:2], StoreError)
    if kind is SchemaMismatch:
        return SchemaMismatch(f"{said}: run `dreamcut up`, which applies the missing migrations")
    if sqlstate == "42501":
        return StoreError(f"the database user may not do that: {said}")
    return kind(said)
