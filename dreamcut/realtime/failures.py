"""What the project's HTTP side said, as one of our errors. No key or token is ever part of one."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from dreamcut.errors import (
    DreamCutError,
    InvalidRequest,
    NotFound,
    SchemaMismatch,
    StateConflict,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)

if TYPE_CHECKING:
    import httpx
    from postgrest import APIError

_MIGRATE = "apply the missing migrations: `supabase db push` or `dreamcut up`"
_BY_CODE: dict[str, type[DreamCutError]] = {
    "P0002": NotFound,
    "PGRST116": NotFound,
    "55000": StateConflict,
    "42P01": SchemaMismatch,
    "42883": SchemaMismatch,
    "42703": SchemaMismatch,
    "PGRST200": SchemaMismatch,
    "PGRST202": SchemaMismatch,
    "PGRST204": SchemaMismatch,
    "PGRST205": SchemaMismatch,
    "PGRST301": StoreRefused,
    "PGRST302": StoreRefused,
    "PGRST303": StoreRefused,
    "401": StoreRefused,
    "403": StoreRefused,
    "PGRST0": StoreUnavailable,  # PostgREST cannot reach its database
    "22": InvalidRequest,
    "23": InvalidRequest,
    "08": StoreUnavailable,
    "40": StoreUnavailable,
    "53": StoreUnavailable,
    "57": StoreUnavailable,
    "58": StoreUnavailable,
    "5": StoreUnavailable,  # a bare HTTP status of a proxy
    "429": StoreUnavailable,
}
