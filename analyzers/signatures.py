"""What a file is by its first bytes. Apart from `analyzers.media`, as a door asks before it needs numpy."""

import os
import stat
from pathlib import Path

from dreamcut.errors import UnreadableMedia
from dreamcut.models import AssetKind


def sniff(path: Path) -> AssetKind | None:
    """Tell the kind of a file by its first bytes; None when no signature of ours matches.

    A container with sound only (M4A, Matroska audio) is told apart by the analyzer, not here.
    """
    import filetype

    with os.fdopen(open_regular(path), "rb", buffering=0) as file:
        head = file.read(8192)
    guess = filetype.guess(head)
    family = guess.mime.partition("/")[0] if guess else ""
    if head[4:8] == b"ftyp" and head[8:11] in (b"M4A", b"M4B"):
        return AssetKind.AUDIO
    if head[:4] == b"OggS" and b"\x80theora" not in head and b"fishead" not in head:
        return AssetKind.AUDIO
    return AssetKind(family) if family in set(AssetKind) else None


def open_regular(path: Path) -> int:
    """Return a descriptor of a regular, non-empty file; never blocks on a pipe or device."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UnreadableMedia(path, "does not exist") from error
    except PermissionError as error:
        raise UnreadableMedia(path, "may not be read by this user") from error
    except OSError as error:
        raise UnreadableMedia(path, f"cannot be opened ({error.strerror})") from error
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_size > 0:
        return descriptor
    os.close(descriptor)
    raise UnreadableMedia(
        path, "is empty (0 bytes)" if stat.S_ISREG(status.st_mode) else "is not a regular file"
    )
