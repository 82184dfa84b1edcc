"""Bring an asset to this machine, for as long as it is analysed."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import url2pathname

import httpx

from dreamcut.errors import AssetNotFound, AssetUnreachable, MediaTooLarge, printable
from dreamcut.models import Record

CHUNK_BYTES = 1 << 20
MAX_REDIRECTS = 5
MAX_NAME_BYTES = 200  # file systems allow 255
# Too early, too many, timed out: the same request may succeed later, as after any 5xx.
_TRANSIENT_STATUS = {408, 425, 429}


class FetchLimits(Record):
    """What a download may take."""

    scratch: Path  # folder for the copy
    max_bytes: int
    idle_seconds: float  # without a byte from the host
    total_seconds: float


@contextmanager
def local_file(url: str, *, filename: str, local_files: bool, limits: FetchLimits) -> Iterator[Path]:
    """Yield a path that holds the asset; a downloaded copy is gone afterwards, whatever happens.

    Args:
        url: a path, or a `file:`, `http:` or `https:` address.
        filename: name of the copy, so that errors name what the user knows.
        local_files: paths and `file:` addresses are for the user of this machine only: a remote
            caller could read any file with them.

    Raises:
        AssetNotFound: nothing is there, or the address is of a kind that is not allowed.
        AssetUnreachable: the host did not answer properly; worth a retry.
        MediaTooLarge: over `limits.max_bytes`.
    """
    address = urlsplit(url)
    if address.scheme in {"http", "https"}:
        with _downloaded(url, filename=filename, limits=limits) as copy:
            yield copy
        return
    path = _local_path(url, address)
    if path is None or not local_files:
        raise AssetNotFound(f"{printable(filename)}: only http and https addresses are fetched")
    if not path.exists():
        raise AssetNotFound(f"{printable(filename)}: no such file")
    yield path


def _local_path(url: str, address: SplitResult) -> Path | None:
    if address.scheme == "file":
        return Path(url2pathname(address.path)) if address.netloc in {"", "localhost"} else None
    return Path(url) if Path(url).is_absolute() else None


@contextmanager
def _downloaded(url: str, *, filename: str, limits: FetchLimits) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="dreamcut-", dir=limits.scratch))
    try:
        copy = folder / _safe_name(filename)
        _download(url, copy, limits=limits)
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _download(url: str, copy: Path, *, limits: FetchLimits) -> None:
    name = copy.name  # never the address: it may be signed
    try:
        with (
            httpx.Client(
                timeout=limits.idle_seconds, follow_redirects=True, max_redirects=MAX_REDIRECTS
            ) as client,
            client.stream("GET", url) as response,
        ):
            _check_status(response, name=name)
            _write(response, copy, limits=limits)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
        raise AssetNotFound(f"{name}: its address leads nowhere ({error})") from error
    except httpx.HTTPError as error:
        raise AssetUnreachable(
            f"{name}: the host did not answer properly ({type(error).__name__})"
        ) from error


def _check_status(response: httpx.Response, *, name: str) -> None:
    status = response.status_code
    if response.is_success:
        return
    if status in _TRANSIENT_STATUS or response.is_server_error:
        raise AssetUnreachable(f"{name}: the host answered {status}")
    raise AssetNotFound(f"{name}: the host answered {status}")


def _write(response: httpx.Response, copy: Path, *, limits: FetchLimits) -> None:
    deadline = time.monotonic() + limits.total_seconds
    written = 0
    with copy.open("wb") as output:
        for chunk in response.iter_bytes(CHUNK_BYTES):
            written += len(chunk)
            if written > limits.max_bytes:
                raise MediaTooLarge(copy, f"larger than {limits.max_bytes} bytes")
            if time.monotonic() > deadline:
                raise AssetUnreachable(f"{copy.name}: not there after {limits.total_seconds:.0f} s")
            output.write(chunk)


def _safe_name(filename: str) -> str:
    name = printable(filename).replace("/", "_").replace("\\", "_").strip(". ")
    return name.encode()[-MAX_NAME_BYTES:].decode(errors="ignore") or "asset"
