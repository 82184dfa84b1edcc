"""Download one file: streamed, hashed on the way, capped, and gone on with where a connection broke."""

import hashlib
import json
import logging
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

import httpx

from dreamcut.backoff import delays, pause
from dreamcut.errors import AssetNotFound, AssetUnreachable, MediaTooLarge, ServiceUnavailable, printable
from dreamcut.models import Record

MAX_REDIRECTS = 5
FRUITLESS_TRIES = 5  # without a byte more than before; a host that is gone is not asked for half an hour
LONGEST_DELAY_SECONDS = 30.0
_EXPLANATION_BYTES = 4096
# Too early, too many, timed out: the same request may succeed later, as after any 5xx.
_TRANSIENT_STATUS = {408, 425, 429}

# Its lines at level INFO hold whole addresses, and some of them are signed.
logging.getLogger("httpx").setLevel(logging.WARNING)


class FetchLimits(Record):
    """What a download may take."""

    scratch: Path  # folder for the copy
    max_bytes: int
    idle_seconds: float  # without a byte from the host
    total_seconds: float  # all tries together
    first_delay_seconds: float = 0.5  # before the second try; doubled each time


@dataclass(frozen=True)
class Source:
    """Where a file comes from. Addresses may be signed and headers hold keys: neither is ever shown."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    is_storage: bool = False  # Supabase Storage: no redirects, and its refusals have the real status inside


class _Interrupted(Exception):
    """This try failed, the next one may not."""

    def __init__(self, reason: str, *, after_seconds: float = 0.0) -> None:
        self.after_seconds = after_seconds
        super().__init__(reason)


def download(source: Source, copy: Path, *, limits: FetchLimits, check: Callable[[], None]) -> str:
    """Write a file and return its SHA-256.

    Args:
        copy: its name is what errors call the file.
        check: called with each piece and while waiting; may raise to stop.

    Raises:
        AssetNotFound: the host says that there is no such file, or not for us; never worth a retry.
        AssetUnreachable: the host did not answer properly, and did not for several tries.
        MediaTooLarge: over `limits.max_bytes`.
        ServiceUnavailable: there is no room for the copy.
    """
    try:
        with copy.open("wb") as output:
            return _Download(source, output, copy, limits=limits, check=check).run()
    except OSError as error:
        raise ServiceUnavailable(
            f"{copy.name}: no room for a copy in {limits.scratch} ({error.strerror}); "
            "set DREAMCUT_SCRATCH to a folder on a larger disk"
        ) from error


class _Download:
    """One file on its way: what is there already, and what proves that the rest belongs to it."""

    def __init__(
        self,
        source: Source,
        output: BinaryIO,
        copy: Path,
        *,
        limits: FetchLimits,
        check: Callable[[], None],
    ) -> None:
        self._source, self._output, self._copy = source, output, copy
        self._limits, self._check = limits, check
        self._deadline = time.monotonic() + limits.total_seconds
        self._start_over()

    def _start_over(self) -> None:
        self._output.seek(0)
        self._output.truncate()
        self._digest = hashlib.sha256()
        self._received = 0
        self._etag: str | None = None  # of what is there; None: the rest cannot be asked for

    def run(self) -> str:
        """Try until it is there; returns the SHA-256."""
        furthest, fruitless = 0, 0
        waits = self._new_waits()
        with httpx.Client(
            follow_redirects=not self._source.is_storage, max_redirects=MAX_REDIRECTS
        ) as client:
            while True:
                try:
                    self._try(client)
                    return self._digest.hexdigest()
                except _Interrupted as problem:
                    fruitless += 1
                    if self._received > furthest:
                        furthest, fruitless, waits = self._received, 0, self._new_waits()
                    wait_seconds = max(next(waits), problem.after_seconds)
                    if fruitless >= FRUITLESS_TRIES or time.monotonic() + wait_seconds > self._deadline:
                        raise self._unreachable(str(problem)) from problem
                pause(wait_seconds, check=self._check)

    def _try(self, client: httpx.Client) -> None:
        left_seconds = self._deadline - time.monotonic()
        timeout = max(0.001, min(self._limits.idle_seconds, left_seconds))
        headers = {"Accept-Encoding": "identity", **self._source.headers}
        if self._etag is None:
            self._start_over()
        else:
            headers |= {"Range": f"bytes={self._received}-", "If-Range": self._etag}
        try:
            with client.stream("GET", self._source.url, headers=headers, timeout=timeout) as response:
                self._take(response)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise AssetNotFound(
                f"{self._copy.name}: its address leads nowhere ({type(error).__name__})"
            ) from error
        except httpx.HTTPError as error:
            if _is_about_certificates(error):
                raise AssetNotFound(f"{self._copy.name}: the host's certificate is not valid") from error
            raise _Interrupted(type(error).__name__) from error

    def _take(self, response: httpx.Response) -> None:
        total = self._expected_bytes(response)
        if total is not None and total > self._limits.max_bytes:
            raise self._too_large()
        is_encoded = "Content-Encoding" in response.headers  # though asked not to
        # As it arrives: with a size httpx would hold a slow host's bytes back, and lose them in a reset.
        for chunk in response.iter_bytes() if is_encoded else response.iter_raw():
            self._check()
            self._received += len(chunk)
            if self._received > self._limits.max_bytes:
                raise self._too_large()
            if time.monotonic() > self._deadline:
                raise self._unreachable(f"not there after {self._limits.total_seconds:.0f} s")
            self._output.write(chunk)
            self._digest.update(chunk)
        if total is not None and self._received != total:
            raise _Interrupted(f"it ended after {self._received} of {total} bytes")

    def _expected_bytes(self, response: httpx.Response) -> int | None:
        """Return the size of the whole file, if the answer says; what it does not go on with is dropped."""
        if response.status_code == HTTPStatus.PARTIAL_CONTENT:
            return self._size_of_the_rest(response)
        if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and self._etag is not None:
            self._start_over()
            raise _Interrupted("the file changed meanwhile")
        if not response.is_success:
            raise self._refusal(response)
        self._start_over()
        if "Content-Encoding" in response.headers:
            return None  # the length is that of the encoded form
        etag = response.headers.get("ETag", "")
        if etag.startswith('"') and response.headers.get("Accept-Ranges") != "none":  # W/ is no proof
            self._etag = etag
        length = response.headers.get("Content-Length", "")
        return int(length) if length.isdigit() else None

    def _size_of_the_rest(self, response: httpx.Response) -> int | None:
        unit, _, place = response.headers.get("Content-Range", "").partition(" ")
        span, _, total = place.partition("/")
        same = response.headers.get("ETag", self._etag) == self._etag
        if unit != "bytes" or span.partition("-")[0] != str(self._received) or not same:
            self._start_over()
            raise _Interrupted("the host sent another part than asked for")
        return int(total) if total.isdigit() else None

    def _refusal(self, response: httpx.Response) -> Exception:
        status, words = response.status_code, ""
        if self._source.is_storage and status == HTTPStatus.BAD_REQUEST:
            status, words = _storage_refusal(response)
        said = f"the host answered {status}{words}"
        if status in _TRANSIENT_STATUS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _Interrupted(said, after_seconds=_retry_after_seconds(response))
        return AssetNotFound(f"{self._copy.name}: {said}")

    def _new_waits(self) -> Iterator[float]:
        return delays(first_seconds=self._limits.first_delay_seconds, longest_seconds=LONGEST_DELAY_SECONDS)

    def _unreachable(self, reason: str) -> AssetUnreachable:
        return AssetUnreachable(f"{self._copy.name}: the host did not answer properly ({reason})")

    def _too_large(self) -> MediaTooLarge:
        return MediaTooLarge(self._copy, f"larger than {self._limits.max_bytes} bytes")


def _storage_refusal(response: httpx.Response) -> tuple[int, str]:
    """Return the status and the words inside a refusal of Supabase Storage."""
    body = b""
    for chunk in response.iter_raw(_EXPLANATION_BYTES):
        body += chunk
        if len(body) >= _EXPLANATION_BYTES:
            break
    try:
        said = json.loads(body)
        status, message = int(said["statusCode"]), printable(str(said["message"]))
    except (ValueError, KeyError, TypeError):
        return response.status_code, ""
    return (status if 400 <= status < 600 else response.status_code), f" ({message[:200]})"


def _retry_after_seconds(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        when = parsedate_to_datetime(asked)
    except (TypeError, ValueError):
        return 0.0
    now = datetime.now(UTC)
    return max(0.0, (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now.timestamp())


def _is_about_certificates(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
