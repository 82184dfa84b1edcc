"""Bringing assets here: what is fetched, what is refused, and that nothing stays behind."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dreamcut.errors import AssetNotFound, AssetUnreachable, DreamCutError, MediaTooLarge
from tasks.fetch import FetchLimits, local_file

BODY = bytes(range(256)) * 40


class Host(BaseHTTPRequestHandler):
    """Answers by path: /ok, /cut (ends too early), /moved, or /<status>."""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/ok")
            self.end_headers()
        elif path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "file:///etc/passwd")
            self.end_headers()
        elif path in {"/ok", "/cut"}:
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY) * (2 if path == "/cut" else 1)))
            self.end_headers()
            self.wfile.write(BODY)
        else:
            self.send_error(int(path[1:]))

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def limits(scratch: Path, *, max_bytes: int = 1 << 20) -> FetchLimits:
    return FetchLimits(scratch=scratch, max_bytes=max_bytes, idle_seconds=5, total_seconds=20)


def fetched(url: str, scratch: Path, *, name: str = "clip.mp4", local: bool = False, **wanted: int) -> bytes:
    with local_file(url, filename=name, local_files=local, limits=limits(scratch, **wanted)) as path:
        assert path.name == name.replace("/", "_") or local
        return path.read_bytes()


@pytest.mark.parametrize("path", ["/ok", "/moved", "/ok?signature=abc"])
def test_a_download_is_complete_and_removed(host: str, tmp_path: Path, path: str) -> None:
    assert fetched(host + path, tmp_path) == BODY
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_removed_when_its_reader_fails(host: str, tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        local_file(f"{host}/ok", filename="a", local_files=False, limits=limits(tmp_path)),
    ):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/404", AssetNotFound),
        ("/410", AssetNotFound),
        ("/403", AssetNotFound),
        ("/500", AssetUnreachable),
        ("/503", AssetUnreachable),
        ("/429", AssetUnreachable),
        ("/cut", AssetUnreachable),
        ("/elsewhere", AssetNotFound),
    ],
)
def test_an_answer_decides_whether_to_try_again(
    host: str, tmp_path: Path, path: str, error: type[DreamCutError]
) -> None:
    with pytest.raises(error) as caught:
        fetched(f"{host}{path}?signature=secret", tmp_path)
    assert str(caught.value).startswith("clip.mp4: ")
    assert "secret" not in str(caught.value)
    assert caught.value.retryable is (error is AssetUnreachable)
    assert list(tmp_path.iterdir()) == []


def test_nobody_listening_is_worth_a_retry(tmp_path: Path) -> None:
    with pytest.raises(AssetUnreachable):
        fetched("http://127.0.0.1:1/ok", tmp_path)


def test_the_limit_is_the_last_byte_that_fits(host: str, tmp_path: Path) -> None:
    assert fetched(f"{host}/ok", tmp_path, max_bytes=len(BODY)) == BODY
    with pytest.raises(MediaTooLarge, match=r"^clip\.mp4: "):
        fetched(f"{host}/ok", tmp_path, max_bytes=len(BODY) - 1)
    assert list(tmp_path.iterdir()) == []


def test_a_name_cannot_leave_the_scratch_folder(host: str, tmp_path: Path) -> None:
    with local_file(f"{host}/ok", filename="../../x.mp4", local_files=False, limits=limits(tmp_path)) as path:
        assert path.parent.parent == tmp_path


def test_local_files_need_permission(tmp_path: Path) -> None:
    mine = tmp_path / "a b#c.bin"
    mine.write_bytes(BODY)
    for address in (mine.as_uri(), str(mine)):
        assert fetched(address, tmp_path, local=True) == BODY
        with pytest.raises(AssetNotFound, match="only http and https"):
            fetched(address, tmp_path)
    assert mine.exists()  # not a copy: nothing is removed


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "data:text/plain,x", "file://elsewhere/x", "x.png", "javascript:x"]
)
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(AssetNotFound):
        fetched(url, tmp_path, local=True)
