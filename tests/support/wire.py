"""A wire to an HTTP server that fails when it is told to: between a client and the gateway, or any host."""

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

_NOT_FORWARDED = {"host", "connection", "transfer-encoding", "content-length", "keep-alive"}


class Wire:
    """Forwards requests; each fault in `faults` is met by one request, in order."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target)
        self.faults: list[Callable[[Any], None]] = []
        self.max_rows: int | None = None  # as a project's setting of that name: no answer has more rows
        self.met = 0  # faults
        self.url = ""

    def next_fault(self) -> Callable[[Any], None] | None:
        """Take the fault of this request, if any."""
        if not self.faults:
            return None
        self.met += 1
        return self.faults.pop(0)


def lose_request(handler: Any) -> None:
    """Reset the connection before anything reaches the server."""
    _reset(handler)


def lose_answer(handler: Any) -> None:
    """Let the server do it, and reset the connection instead of answering."""
    handler.forward()
    _reset(handler)


def answer(status: int, body: bytes = b"", *, content_type: str = "text/html") -> Callable[[Any], None]:
    """Answer as something between the client and the server does."""

    def reply(handler: Any) -> None:
        handler.reply(status, {"Content-Type": content_type}, body)

    return reply


@contextmanager
def wire_to(target: str) -> Iterator[Wire]:
    """Run a wire on a port of its own."""
    wire = Wire(target)

    class Handler(_Handler):
        pass

    Handler.wire = wire
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    wire: Wire
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (fault := self.wire.next_fault()) is not None:
            fault(self)
            return
        self.reply(*self.forward())

    do_GET = do_POST = do_HEAD = do_PATCH = do_DELETE = _handle  # noqa: N815 - names of the standard library

    def forward(self) -> tuple[int, dict[str, str], bytes]:
        path = self.path
        if self.wire.max_rows is not None and self.command == "GET":
            path = _limited(path, self.wire.max_rows)
        target = self.wire.target
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=30)
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _NOT_FORWARDED}
        try:
            connection.request(self.command, path, body=self.body or None, headers=headers)
            answered = connection.getresponse()
            return answered.status, dict(answered.getheaders()), answered.read()
        finally:
            connection.close()

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, text in headers.items():
            if name.lower() not in _NOT_FORWARDED | {"date", "server"}:
                self.send_header(name, text)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _limited(path: str, max_rows: int) -> str:
    address, _, query = path.partition("?")
    parts = [part for part in query.split("&") if part]
    asked = [int(part.partition("=")[2]) for part in parts if part.startswith("limit=")]
    limit = min([max_rows, *asked])
    return f"{address}?{'&'.join([*(p for p in parts if not p.startswith('limit=')), f'limit={limit}'])}"


def _reset(handler: Any) -> None:
    # A pending linger of zero makes the kernel send RST, not FIN.
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    handler.close_connection = True
    handler.connection.close()
