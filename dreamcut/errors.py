"""Everything that DreamCut raises on purpose.

    DreamCutError
    ├── InvalidRequest            the prompt or an option cannot be used
    ├── MediaError                about one file; never worth a retry
    │   ├── UnreadableMedia       not media, broken, or empty
    │   ├── UnsupportedMedia      media, but of no kind that we analyse
    │   ├── MediaTooLarge         over a stated limit (bytes, pixels, seconds, memory)
    │   └── AnalysisTimedOut      the decoder took longer than its limit
    ├── AnalysisCancelled         somebody asked us to stop
    ├── AssetNotFound             the file or URL does not exist
    ├── AssetUnreachable          the host did not answer properly            (retryable)
    ├── WeightsUnavailable        a model's file is missing or not the pinned one
    ├── ServiceUnavailable        a local service does not start
    └── StoreError
        ├── StoreUnavailable      the database did not answer                 (retryable)
        ├── StoreRefused          it does not accept our address, key or password
        ├── SchemaMismatch        the database lacks a migration that this code needs
        ├── NotFound              no such query or asset
        ├── StateConflict         the state machine refuses this step
        └── LeaseLost             another worker has the work, or it has ended

`retryable` says whether the same call may succeed later; the same bytes never do.
"""

from pathlib import Path
from typing import ClassVar


class DreamCutError(Exception):
    """Base of all errors that a user may read: one line, names the thing, says what to do."""

    retryable: ClassVar[bool] = False


class InvalidRequest(DreamCutError):
    """The request itself cannot be used."""


class MediaError(DreamCutError):
    """One file cannot be analysed. The message starts with its name."""

    def __init__(self, path: Path, reason: str) -> None:
        self.file_name = printable(path.name)
        self.reason = reason
        super().__init__(f"{self.file_name}: {reason}")


class UnreadableMedia(MediaError):
    """The bytes are no media, are broken, or are missing."""


class UnsupportedMedia(MediaError):
    """Readable, but of no kind that we analyse."""


class MediaTooLarge(MediaError):
    """Over a stated limit."""


class AnalysisTimedOut(MediaError):
    """The decoder took longer than its limit."""


class AnalysisCancelled(DreamCutError):
    """Somebody asked us to stop."""


class AssetNotFound(DreamCutError):
    """The file or URL does not exist."""


class AssetUnreachable(DreamCutError):
    """The host of an asset did not answer properly."""

    retryable = True


class WeightsUnavailable(DreamCutError):
    """A model's file is missing, or is not the pinned one."""


class ServiceUnavailable(DreamCutError):
    """A local service does not start."""


class StoreError(DreamCutError):
    """The database refused or could not answer."""


class StoreUnavailable(StoreError):
    """The database did not answer."""

    retryable = True


class StoreRefused(StoreError):
    """What answers does not accept our address, key or password; waiting does not help."""


class SchemaMismatch(StoreError):
    """The database lacks a migration that this code needs, or is newer than it."""


class NotFound(StoreError):
    """No such query or asset."""


class StateConflict(StoreError):
    """The state machine refuses this step."""


class LeaseLost(StoreError):
    """Another worker has the work, or it has ended: stop, and write nothing more."""


def printable(name: str) -> str:
    """Return a file name that stays on one line of a terminal or a log."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
