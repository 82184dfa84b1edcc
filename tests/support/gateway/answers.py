"""Answers of the REST half: PostgREST's error bodies, and which HTTP status a SQLSTATE becomes."""

import json
from collections.abc import Mapping
from typing import Any

import psycopg
from starlette.responses import Response

_STATUS_BY_STATE = {
    "23503": 409,  # foreign_key_violation
    "23505": 409,  # unique_violation
    "25006": 405,  # read_only_sql_transaction: a GET that would write
    "42883": 404,  # undefined_function
    "42P01": 404,  # undefined_table
    "42P17": 500,  # infinite recursion in a policy
    "53400": 500,  # configuration_limit_exceeded
    "57P01": 503,  # admin_shutdown
    "P0001": 400,  # raise exception without a code
}
_STATUS_BY_CLASS = {
    "08": 503,
    "09": 500,
    "0L": 403,
    "0P": 403,
    "25": 500,
    "28": 403,
    "2D": 500,
    "38": 500,
    "39": 500,
    "3B": 500,
    "40": 500,
    "53": 503,
    "54": 500,
    "55": 500,
    "57": 500,
    "58": 500,
    "F0": 500,
    "HV": 500,
    "P0": 500,
    "XX": 500,
}


class Refused(Exception):
    """The request gets PostgREST's error body instead of an answer."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Any = None,  # text mostly; a list of candidates for PGRST201
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.headers = headers
        self.body = {"code": code, "details": details, "hint": hint, "message": message}
        super().__init__(f"{code} {message}")

    def response(self) -> Response:
        """Return the error as it goes over the wire."""
        return json_response(json.dumps(self.body), status=self.status, headers=self.headers)


def json_response(
    text: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = "application/json",
) -> Response:
    """Return JSON that is text already, as the database made it."""
    return Response(text, status_code=status, headers=headers, media_type=f"{media_type}; charset=utf-8")


def status_of(sqlstate: str, message: str, *, role: str) -> int:
    """Return the HTTP status of an error of the database, as PostgREST maps it."""
    if sqlstate == "42501":
        return 401 if role == "anon" else 403
    if sqlstate == "21000":
        return 400 if message.endswith("requires a WHERE clause") else 500
    if sqlstate.startswith("PT"):
        return int(sqlstate[2:]) if sqlstate[2:].isdigit() else 500
    return _STATUS_BY_STATE.get(sqlstate) or _STATUS_BY_CLASS.get(sqlstate[:2], 400)


def refusal_of(error: psycopg.Error, *, role: str) -> Refused:
    """Return the answer to a request whose statement the database refused, or that lost its connection."""
    if error.sqlstate is None and isinstance(error, psycopg.DataError):
        return Refused(400, "22021", str(error))  # psycopg itself refuses a zero byte
    if error.sqlstate is None:
        return Refused(503, "PGRST001", "Database client error. Retrying the connection.")
    diagnosis = error.diag
    message = diagnosis.message_primary or ""
    status = status_of(error.sqlstate, message, role=role)
    return Refused(
        status,
        error.sqlstate,
        message,
        details=diagnosis.message_detail,
        hint=diagnosis.message_hint,
        headers={"WWW-Authenticate": "Bearer"} if status == 401 else None,
    )


def not_in_subset(what: str) -> Refused:
    """Return the answer to something that PostgREST has and this gateway has not."""
    return Refused(
        400, "PGRST127", "Feature not implemented", details=f"{what} is not part of the test gateway"
    )
