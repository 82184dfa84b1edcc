"""Connection strings, which hold passwords: what is wrong with one is said without showing any of it."""

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dreamcut.errors import InvalidRequest

CONNECT_SECONDS = 10  # a host that swallows packets would take two minutes

_HOW = (
    "no connection string of Postgres: write postgresql://user:password@host:5432/database, "
    "with the special characters of the password percent-encoded (@ is %40, / is %2F)"
)


def check_conninfo(conninfo: str) -> None:
    """Refuse what would be misread: then a part of the password may stand where a host or port is expected.

    Raises:
        InvalidRequest: it is no connection string.
    """
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error:  # its text holds what it could not read
        raise InvalidRequest(_HOW) from None
    ports = str(parts.get("port") or "5432").split(",")
    if "@" in str(parts.get("host") or "") or not all(port.isdigit() for port in ports if port):
        raise InvalidRequest(_HOW)
