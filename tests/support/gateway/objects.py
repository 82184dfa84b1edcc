"""Buckets and their objects on disk.

A bucket is a folder with a file `bucket.json`; an object is a file named by the hash of its path, so that no
path can lead out of the folder, with what is known of it in a second file beside it.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4


@dataclass(frozen=True)
class Bucket:
    """A bucket; of a public one everybody may read the objects."""

    id: str
    public: bool
    file_size_limit: int | None = None  # bytes


@dataclass(frozen=True)
class Stored:
    """What is known of an object."""

    id: str
    bucket_id: str
    name: str  # its path in the bucket
    size: int  # bytes
    etag: str
    content_type: str
    cache_control: str
    updated_at: str


class ObjectStore:
    """All buckets of a project, in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def buckets(self) -> list[Bucket]:
        """Return all buckets by name."""
        return [Bucket(**json.loads(path.read_text())) for path in sorted(self._folder.glob("*/bucket.json"))]

    def bucket(self, bucket_id: str) -> Bucket | None:
        """Return a bucket; None when there is none of that name."""
        return next((bucket for bucket in self.buckets() if bucket.id == bucket_id), None)

    def add_bucket(self, bucket: Bucket) -> None:
        """Make a bucket."""
        folder = self._folder / bucket.id
        folder.mkdir(parents=True)
        (folder / "bucket.json").write_text(json.dumps(asdict(bucket)))

    def find(self, bucket_id: str, name: str) -> Stored | None:
        """Return what is known of an object; None when it is not there."""
        about = self.path(bucket_id, name).with_suffix(".json")
        return Stored(**json.loads(about.read_text())) if about.exists() else None

    def path(self, bucket_id: str, name: str) -> Path:
        """Return the file of an object, there or not."""
        return self._folder / bucket_id / (hashlib.sha256(name.encode()).hexdigest() + ".data")

    def put(
        self, bucket_id: str, name: str, content: bytes, *, content_type: str, cache_control: str
    ) -> Stored:
        """Write an object; one that is there is replaced."""
        stored = Stored(
            id=str(uuid4()),
            bucket_id=bucket_id,
            name=name,
            size=len(content),
            etag=f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"',
            content_type=content_type,
            cache_control=cache_control,
            updated_at=datetime.now(UTC).isoformat(),
        )
        path = self.path(bucket_id, name)
        _write(path, content)
        _write(path.with_suffix(".json"), json.dumps(asdict(stored)).encode())
        return stored

    def remove(self, bucket_id: str, name: str) -> None:
        """Remove an object that is there."""
        path = self.path(bucket_id, name)
        path.with_suffix(".json").unlink()
        path.unlink()

    def objects(self, bucket_id: str) -> Iterator[Stored]:
        """Yield the objects of a bucket."""
        for path in (self._folder / bucket_id).glob("*.json"):
            if path.name != "bucket.json":
                yield Stored(**json.loads(path.read_text()))


def _write(path: Path, content: bytes) -> None:
    # Whoever reads meanwhile has the old file or the new one, never half of it.
    new = path.with_name(f"{path.name}.{uuid4().hex}")
    new.write_bytes(content)
    new.replace(path)
