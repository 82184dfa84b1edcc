"""Bring an asset to this machine, for as long as it is analysed."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit
from urllib.request import url2pathname

from dreamcut.backoff import never
from dreamcut.errors import AssetNotFound, ServiceUnavailable, printable
from tasks.download import FetchLimits, Source, download
from tasks.storage import SCHEME, StorageAccess, storage_source

__all__ = ["FetchLimits", "LocalFile", "local_file"]

MAX_NAME_BYTES = 200  # file systems allow 255


@dataclass(frozen=True)
class LocalFile:
    """A file of this machine that holds an asset."""

    path: Path
    sha256: str | None = None  # where it was hashed on its way here


@contextmanager
def local_file(
    url: str,
    *,
    filename: str,
    local_files: bool,
    limits: FetchLimits,
    storage: StorageAccess | None = None,
    check: Callable[[], None] = never,
) -> Iterator[LocalFile]:
    """Yield a file that holds the asset; a downloaded copy is gone afterwards, whatever happens.

    Args:
        url: a path, or a `file:`, `http:`, `https:` or `storage:` address.
        filename: name of the copy, so that errors name what the user knows.
        local_files: paths and `file:` addresses are for the user of this machine only: a remote
            caller could read any file with them.
        storage: what of Supabase Storage may be read; none: nothing.
        check: called while downloading; may raise to stop.

    Raises:
        AssetNotFound: nothing is there, or the address is of a kind that is not allowed.
        AssetUnreachable: the host did not answer properly; worth a retry.
        MediaTooLarge: over `limits.max_bytes`.
        ServiceUnavailable: there is no room for a copy.
    """
    address = _split(url, filename)
    if address.scheme in {"http", "https"} or url.startswith(SCHEME):
        is_public = not url.startswith(SCHEME)
        source = Source(url) if is_public else storage_source(url, filename=filename, access=storage)
        with _downloaded(source, filename=filename, limits=limits, check=check) as copy:
            yield copy
        return
    path = _local_path(url, address)
    if path is None or not local_files:
        raise AssetNotFound(
            f"{printable(filename)}: only http and https addresses are fetched, and storage: ones"
        )
    if not path.exists():
        raise AssetNotFound(f"{printable(filename)}: no such file")
    yield LocalFile(path)


def _split(url: str, filename: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise AssetNotFound(f"{printable(filename)}: its address cannot be read") from error


def _local_path(url: str, address: SplitResult) -> Path | None:
    if address.scheme == "file":
        return Path(url2pathname(address.path)) if address.netloc in {"", "localhost"} else None
    return Path(url) if Path(url).is_absolute() else None


@contextmanager
def _downloaded(
    source: Source, *, filename: str, limits: FetchLimits, check: Callable[[], None]
) -> Iterator[LocalFile]:
    try:
        folder = Path(tempfile.mkdtemp(prefix="dreamcut-", dir=limits.scratch))
    except OSError as error:
        raise ServiceUnavailable(
            f"{limits.scratch}: {error.strerror}; set DREAMCUT_SCRATCH to a folder that you may write to"
        ) from error
    try:
        copy = folder / _safe_name(filename)
        yield LocalFile(copy, sha256=download(source, copy, limits=limits, check=check))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _safe_name(filename: str) -> str:
    name = printable(filename).replace("/", "_").replace("\\", "_").strip(". ")
    return name.encode()[-MAX_NAME_BYTES:].decode(errors="ignore") or "asset"
