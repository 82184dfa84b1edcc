"""Objects of Supabase Storage: which of them a query may name, and how they are asked for.

The key of the service role reads every object of every user, so it must not read what somebody merely names.
A query reads the objects in the folder of its own user's id, as Supabase's policies for storage have it, and
those of the buckets that the operator shares with everybody.
"""

import re
from urllib.parse import quote

from pydantic import Field

from dreamcut.errors import AssetNotFound, printable
from dreamcut.models import Record
from dreamcut.settings import Settings
from tasks.download import Source

SCHEME = "storage://"
_BUCKET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_NOT_IN_A_NAME = re.compile(r"[%?#\\\x00-\x1f\x7f]")  # another spelling of something, or an end of the path


class StorageAccess(Record):
    """What of a project's storage a query may read."""

    url: str  # of the project
    key: str = Field(repr=False)
    user_id: str
    shared_buckets: tuple[str, ...] = ()


def storage_access(settings: Settings, *, user_id: str) -> StorageAccess | None:
    """Return what a user's query may read, or None where no Supabase project is set."""
    project = settings.supabase
    if project is None:
        return None
    return StorageAccess(
        url=project.url, key=project.key, user_id=user_id, shared_buckets=settings.shared_buckets
    )


def storage_source(url: str, *, filename: str, access: StorageAccess | None) -> Source:
    """Return how to download `storage://bucket/folder/name`.

    Raises:
        AssetNotFound: it is no such address, nothing that the user may read, or there is no project.
    """
    name = printable(filename)
    if access is None:
        raise AssetNotFound(
            f"{name}: storage: addresses need SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY, which are not set"
        )
    bucket, *path = url.removeprefix(SCHEME).split("/")
    if _NOT_IN_A_NAME.search(url) or not _BUCKET.fullmatch(bucket) or not _is_plain(path):
        raise AssetNotFound(
            f"{name}: write its address as storage://bucket/folder/name, plainly: without percent-encoding, "
            "empty parts, `..` or a query string"
        )
    if path[0] != access.user_id and bucket not in access.shared_buckets:
        raise AssetNotFound(
            f"{name}: a query reads objects in its own user's folder, storage://{bucket}/<user id>/..., "
            "and in buckets named in DREAMCUT_SHARED_BUCKETS"
        )
    place = "/".join(quote(part, safe="") for part in [bucket, *path])
    return Source(
        url=f"{access.url.rstrip('/')}/storage/v1/object/authenticated/{place}",
        headers={"Authorization": f"Bearer {access.key}", "apikey": access.key},
        is_storage=True,
    )


def _is_plain(path: list[str]) -> bool:
    return bool(path) and all(part.strip() and part not in {".", ".."} for part in path)
