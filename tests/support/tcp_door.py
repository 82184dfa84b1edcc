"""A TCP port in front of a server that listens on a socket only, for clients that know nothing else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict


@contextmanager
def tcp_url(conninfo: str) -> Iterator[str]:
    """Yield a URL of the database, with its password, on a port of this machine."""
    with psycopg.connect(conninfo) as known:
        directory, port, user, password = (
            known.info.host,
            known.info.port,
            known.info.user,
            known.info.password,
        )
    path = f"{directory}/.s.PGSQL.{port}"
    database = conninfo_to_dict(conninfo)["dbname"]
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_let_in, args=(door, path), daemon=True).start()
        yield (
            f"postgresql://{user}:{quote(password, safe='')}@127.0.0.1:{door.getsockname()[1]}/{database}"
            "?sslmode=disable"
        )


def _let_in(door: socket.socket, path: str) -> None:
    with suppress(OSError):  # the door is shut
        while True:
            guest, _address = door.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(path)
            for source, target in ((guest, server), (server, guest)):
                threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):  # one of the two has hung up
        while some := source.recv(65536):
            target.sendall(some)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
