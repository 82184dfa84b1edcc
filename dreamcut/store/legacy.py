"""What became of the predecessor's briefs when they were to be imported."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import Field

from dreamcut.models import Record

OWNER_IF_NONE = "legacy_user"  # as the predecessor calls those who did not sign in
MAX_REMARKS = 1000


class LegacyOutcome(StrEnum):
    """What became of one brief."""

    IMPORTED = "imported"  # it is a query now, with the id of the brief
    KNOWN = "known"  # another run has imported it in the same moment
    WAITING = "waiting"  # the predecessor works on it
    REFUSED = "refused"  # no query can be made of it


class LegacyBrief(Record):
    """One brief that was looked at."""

    brief_id: UUID
    outcome: LegacyOutcome
    note: str = ""  # why it was refused, or what of it was left out


class LegacyImport(Record):
    """What one run did. Briefs that were imported by earlier runs do not count."""

    imported: int = Field(default=0, ge=0)
    known: int = Field(default=0, ge=0)
    waiting: int = Field(default=0, ge=0)
    refused: int = Field(default=0, ge=0)
    remarks: tuple[LegacyBrief, ...] = ()  # the first MAX_REMARKS that have a note
    next_after: UUID | None = None  # where the next run may go on; None: all were looked at

    @property
    def looked_at(self) -> int:
        """How many briefs were looked at."""
        return self.imported + self.known + self.waiting + self.refused

    @property
    def summary(self) -> str:
        """The counts as one line."""
        counts = f"{self.imported} imported, {self.waiting} not ended yet, {self.refused} refused"
        return counts if self.next_after is None else f"{counts}; go on after {self.next_after}"

    def with_batch(self, briefs: Sequence[LegacyBrief]) -> Self:
        """Return this with one more batch counted; an empty one was the last."""
        counts = {outcome.value: getattr(self, outcome.value) for outcome in LegacyOutcome}
        for brief in briefs:
            counts[brief.outcome.value] += 1
        noted = (*self.remarks, *(brief for brief in briefs if brief.note))
        return type(self)(
            **counts, remarks=noted[:MAX_REMARKS], next_after=briefs[-1].brief_id if briefs else None
        )
