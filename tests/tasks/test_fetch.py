"""Bringing assets here: what is fetched, what is refused, how often it is tried, and that nothing stays."""

import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from dreamcut.errors import (
    AnalysisCancelled,
    AssetNotFound,
    AssetUnreachable,
    DreamCutError,
    MediaTooLarge,
    ServiceUnavailable,
)
from tasks.download import FRUITLESS_TRIES
from tasks.fetch import FetchLimits, local_file

BODY = bytes(range(256)) * 400  # 100 kB
HALF = len(BODY) // 2
Answer = Callable[["Handler"], None]


class Host:
    """A host that answers each request with the next of its answers, and with the last one from then on."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[dict[str, str]] = []  # headers
        self.paths: list[str] = []
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    host: Host

    def do_GET(self) -> None:
        self.host.asked.append(dict(self.headers))
        self.host.paths.append(self.path)
        number = min(len(self.host.asked), len(self.host.answers)) - 1
        self.host.answers[number](self)

    def begin(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()

    def break_off(self) -> None:
        """Reset the connection: with a linger of zero the kernel sends no orderly end."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, *[0] * 7]))
        self.connection.shutdown(socket.SHUT_RD)
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()

    class Handles(Handler):
        pass

    Handles.host = host
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handles)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield host
    server.shutdown()
    server.server_close()


def whole(handler: Handler) -> None:
    handler.begin(200, Content_Length=str(len(BODY)), ETag='"one"')
    handler.wfile.write(BODY)


def status(number: int, **headers: str) -> Answer:
    return lambda handler: handler.begin(number, Content_Length="0", **headers)


def half(etag: str = '"one"', *, length: int = len(BODY), reset: bool = False) -> Answer:
    """Send the first half and break off."""

    def answer(handler: Handler) -> None:
        handler.begin(200, Content_Length=str(length), ETag=etag, Accept_Ranges="bytes")
        handler.wfile.write(BODY[:HALF])
        if reset:
            handler.break_off()

    return answer


def rest(handler: Handler) -> None:
    """Answer a request for a part as the standard has it."""
    first = int(handler.headers["Range"].removeprefix("bytes=").rstrip("-"))
    assert handler.headers["If-Range"] == '"one"'
    place = f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"
    handler.begin(206, Content_Range=place, Content_Length=str(len(BODY) - first), ETag='"one"')
    handler.wfile.write(BODY[first:])


def reset(handler: Handler) -> None:
    handler.break_off()


def limits(scratch: Path, **wanted: Any) -> FetchLimits:
    known = {"max_bytes": 1 << 20, "idle_seconds": 5, "total_seconds": 20, "first_delay_seconds": 0.001}
    return FetchLimits(scratch=scratch, **(known | wanted))


def fetched(url: str, scratch: Path, *, name: str = "clip.mp4", local: bool = False, **wanted: Any) -> bytes:
    with local_file(url, filename=name, local_files=local, limits=limits(scratch, **wanted)) as file:
        assert file.path.name == name.replace("/", "_") or local
        content = file.path.read_bytes()
        assert local or file.sha256 == hashlib.sha256(content).hexdigest()
        return content


def test_a_download_is_complete_and_removed(host: Host, tmp_path: Path) -> None:
    host.answers = [whole]
    assert fetched(f"{host.url}/clip?signature=abc", tmp_path) == BODY
    assert host.paths == ["/clip?signature=abc"]
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_is_followed_and_not_to_other_schemes(host: Host, tmp_path: Path) -> None:
    host.answers = [status(302, Location="/elsewhere"), whole]
    assert fetched(f"{host.url}/clip", tmp_path) == BODY
    assert host.paths == ["/clip", "/elsewhere"]
    host.answers = [status(302, Location="file:///etc/passwd")]
    with pytest.raises(AssetNotFound, match="leads nowhere"):
        fetched(f"{host.url}/clip", tmp_path)
    host.answers = [status(302, Location="/again")]
    with pytest.raises(AssetNotFound, match="leads nowhere"):
        fetched(f"{host.url}/clip", tmp_path)


def test_a_copy_is_removed_when_its_reader_fails(host: Host, tmp_path: Path) -> None:
    host.answers = [whole]
    with (
        pytest.raises(ZeroDivisionError),
        local_file(f"{host.url}/ok", filename="a", local_files=False, limits=limits(tmp_path)),
    ):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [400, 401, 403, 404, 410, 451])
def test_a_refusal_is_not_asked_again(host: Host, tmp_path: Path, number: int) -> None:
    host.answers = [status(number), whole]
    with pytest.raises(AssetNotFound, match=rf"^clip\.mp4: the host answered {number}$") as caught:
        fetched(f"{host.url}/x?signature=secret", tmp_path)
    assert len(host.asked) == 1
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "failure",
    [
        status(500),
        status(502),
        status(503),
        status(504),
        status(408),
        status(425),
        status(429),
        reset,
        half(),
    ],
)
def test_what_may_pass_is_asked_again(host: Host, tmp_path: Path, failure: Answer) -> None:
    host.answers = [failure, failure, lambda h: rest(h) if "Range" in h.headers else whole(h)]
    assert fetched(f"{host.url}/x", tmp_path) == BODY
    assert len(host.asked) == 3


@pytest.mark.parametrize(
    ("failure", "fruitful"),
    [(status(500), 0), (status(429), 0), (reset, 0), (half(""), 1), (half('W/"one"'), 1)],
)
def test_what_does_not_pass_is_given_up(host: Host, tmp_path: Path, failure: Answer, fruitful: int) -> None:
    host.answers = [failure]
    with pytest.raises(AssetUnreachable, match=r"^clip\.mp4: the host did not answer properly") as caught:
        fetched(f"{host.url}/x?signature=secret", tmp_path)
    # the first half is progress, the same half again is none
    assert len(host.asked) == fruitful + FRUITLESS_TRIES
    assert caught.value.retryable
    assert "secret" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("breaks", [half(), half(reset=True)])
def test_a_broken_download_goes_on_where_it_broke(host: Host, tmp_path: Path, breaks: Answer) -> None:
    host.answers = [breaks, status(503), rest]
    assert fetched(f"{host.url}/x", tmp_path) == BODY
    ranges = [asked.get("Range") for asked in host.asked]
    assert ranges[0] is None
    begins = [int((part or "").removeprefix("bytes=").rstrip("-")) for part in ranges[1:]]
    assert begins[0] == begins[1]
    assert 0 < begins[0] <= HALF  # a reset may cost what the kernel had not handed over


def test_a_file_that_changed_meanwhile_is_taken_anew(host: Host, tmp_path: Path) -> None:
    def other(handler: Handler) -> None:
        assert handler.headers["If-Range"] == '"old"'
        whole(handler)  # 200: the validator does not hold any more

    host.answers = [half('"old"'), other]
    assert fetched(f"{host.url}/x", tmp_path) == BODY


@pytest.mark.parametrize(
    "answer",
    [
        lambda h: h.begin(206, Content_Range=f"bytes 5-9/{len(BODY)}", Content_Length="0", ETag='"one"'),
        lambda h: h.begin(
            206, Content_Range=f"bytes {HALF}-{len(BODY) - 1}/*", Content_Length="0", ETag='"x"'
        ),
        lambda h: h.begin(206, Content_Length="0"),
        status(416),
    ],
)
def test_a_part_that_does_not_fit_is_thrown_away(host: Host, tmp_path: Path, answer: Answer) -> None:
    host.answers = [half(), answer, whole]
    assert fetched(f"{host.url}/x", tmp_path) == BODY
    assert "Range" in host.asked[1]
    assert "Range" not in host.asked[2]


def test_progress_is_worth_more_tries_than_a_dead_host(host: Host, tmp_path: Path) -> None:
    size = 1000

    def piece(handler: Handler) -> None:
        first = int(handler.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        place = f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"
        left = str(len(BODY) - first)
        if first:
            handler.begin(206, Content_Range=place, Content_Length=left, ETag='"one"')
        else:
            handler.begin(200, Content_Length=left, ETag='"one"')
        handler.wfile.write(BODY[first : first + size])

    host.answers = [piece]
    assert fetched(f"{host.url}/x", tmp_path) == BODY
    assert len(host.asked) == -(-len(BODY) // size)


def test_the_host_says_when_to_come_back(host: Host, tmp_path: Path) -> None:
    host.answers = [status(429, Retry_After="1"), whole]
    began = time.monotonic()
    assert fetched(f"{host.url}/x", tmp_path) == BODY
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("when", ["3600", formatdate(time.time() + 3600, usegmt=True)])
def test_a_time_after_our_own_is_not_waited_for(host: Host, tmp_path: Path, when: str) -> None:
    host.answers = [status(503, Retry_After=when), whole]
    with pytest.raises(AssetUnreachable, match="503"):
        fetched(f"{host.url}/x", tmp_path)
    assert len(host.asked) == 1


def test_a_host_that_falls_silent_is_given_up(host: Host, tmp_path: Path) -> None:
    silent = threading.Event()

    def stall(handler: Handler) -> None:
        handler.begin(200, Content_Length=str(len(BODY)))
        handler.wfile.write(BODY[:10])
        silent.wait(30)

    host.answers = [stall]
    try:
        with pytest.raises(AssetUnreachable, match="ReadTimeout"):
            fetched(f"{host.url}/x", tmp_path, idle_seconds=0.05)
    finally:
        silent.set()


def test_all_tries_share_one_time(host: Host, tmp_path: Path) -> None:
    dribbles = threading.Event()

    def dribble(handler: Handler) -> None:
        handler.begin(200, Content_Length=str(len(BODY)), ETag='"one"')
        for n in range(len(BODY)):
            if dribbles.wait(0.01):
                return
            try:
                handler.wfile.write(BODY[n : n + 1])
            except OSError:  # it hung up
                return

    host.answers = [dribble]
    try:
        with pytest.raises(AssetUnreachable):
            fetched(f"{host.url}/x", tmp_path, total_seconds=0.3)
    finally:
        dribbles.set()


def test_nobody_listening_is_worth_a_retry(tmp_path: Path) -> None:
    with pytest.raises(AssetUnreachable, match="ConnectError"):
        fetched("http://127.0.0.1:1/ok", tmp_path)


def test_the_limit_is_the_last_byte_that_fits(host: Host, tmp_path: Path) -> None:
    def unannounced(handler: Handler) -> None:
        handler.begin(200)
        handler.wfile.write(BODY)

    for answer in (whole, unannounced):
        host.answers = [answer]
        assert fetched(f"{host.url}/ok", tmp_path, max_bytes=len(BODY)) == BODY
        with pytest.raises(MediaTooLarge, match=r"^clip\.mp4: "):
            fetched(f"{host.url}/ok", tmp_path, max_bytes=len(BODY) - 1)
    assert list(tmp_path.iterdir()) == []


def test_a_stated_length_over_the_limit_is_refused_before_the_first_byte(host: Host, tmp_path: Path) -> None:
    def promise(handler: Handler) -> None:
        handler.begin(200, Content_Length=str(1 << 40))  # and nothing follows

    host.answers = [promise]
    with pytest.raises(MediaTooLarge):
        fetched(f"{host.url}/x", tmp_path)
    assert len(host.asked) == 1


def test_what_is_packed_on_the_way_is_counted_unpacked(host: Host, tmp_path: Path) -> None:
    def packed(handler: Handler) -> None:
        body = gzip.compress(BODY)
        handler.begin(200, Content_Length=str(len(body)), Content_Encoding="gzip", ETag='"one"')
        handler.wfile.write(body)

    host.answers = [packed]
    assert fetched(f"{host.url}/x", tmp_path) == BODY
    assert host.asked[0]["Accept-Encoding"] == "identity"
    with pytest.raises(MediaTooLarge):
        fetched(f"{host.url}/x", tmp_path, max_bytes=len(BODY) - 1)


def test_a_download_can_be_stopped(host: Host, tmp_path: Path) -> None:
    def stop() -> None:
        raise AnalysisCancelled("the query was cancelled")

    host.answers = [whole]
    with (
        pytest.raises(AnalysisCancelled),
        local_file(f"{host.url}/x", filename="a", local_files=False, limits=limits(tmp_path), check=stop),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_no_place_for_a_copy_is_said(host: Host, tmp_path: Path) -> None:
    host.answers = [whole]
    with pytest.raises(ServiceUnavailable, match="DREAMCUT_SCRATCH"):
        fetched(f"{host.url}/x", tmp_path / "missing")


def test_a_name_cannot_leave_the_scratch_folder(host: Host, tmp_path: Path) -> None:
    host.answers = [whole]
    with local_file(
        f"{host.url}/ok", filename="../../x.mp4", local_files=False, limits=limits(tmp_path)
    ) as file:
        assert file.path.parent.parent == tmp_path


def test_local_files_need_permission(tmp_path: Path) -> None:
    mine = tmp_path / "a b#c.bin"
    mine.write_bytes(BODY)
    for address in (mine.as_uri(), str(mine)):
        assert fetched(address, tmp_path, local=True) == BODY
        with pytest.raises(AssetNotFound, match="only http and https"):
            fetched(address, tmp_path)
    assert mine.exists()  # not a copy: nothing is removed


@pytest.mark.parametrize(
    "url", ["ftp://host/x", "data:text/plain,x", "file://elsewhere/x", "x.png", "javascript:x", "http://[::1"]
)
def test_other_addresses_are_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(AssetNotFound):
        fetched(url, tmp_path, local=True)


def test_errors_are_all_ours(host: Host, tmp_path: Path) -> None:
    def nonsense(handler: Handler) -> None:
        handler.wfile.write(b"this is no HTTP\r\n\r\n")

    host.answers = [nonsense]
    with pytest.raises(DreamCutError):
        fetched(f"{host.url}/x", tmp_path)
