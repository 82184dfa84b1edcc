"""Messages in the order of their numbers, each once, out of events that come late, doubled or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass

from dreamcut.realtime.rows import FeedMessage, Row, columns_of

_NEEDED = columns_of(FeedMessage)


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages are missing after this number."""

    after_seq: int
    is_proved: bool  # a read told of them; else an event did, and theirs may be on the way


class MessageSequence:
    """Rows of `dreamcut_messages` of one query; their `seq` has no gaps in the table."""

    def __init__(self, *, after_seq: int) -> None:
        self._released = after_seq
        self._held: dict[int, Row] = {}
        self._announced = 0  # highest number that an event told of
        self._proved = 0  # highest number that a read told of

    @property
    def gap(self) -> Gap | None:
        """What is missing, or None."""
        known = max(self._announced, self._proved, max(self._held, default=0))
        if known <= self._released:
            return None
        return Gap(after_seq=self._released, is_proved=self._proved > self._released)

    def announce(self, seq: object) -> None:
        """Learn from an event that there are messages up to this number."""
        if isinstance(seq, int):
            self._announced = max(self._announced, seq)

    def prove(self, seq: int) -> None:
        """Learn from a read that there are messages up to this number."""
        self._proved = max(self._proved, seq)

    def hear(self, row: Row, *, unabridged: bool = True) -> list[Row]:
        """Take the row of an event; returns the messages that can now be told, in order."""
        seq = row.get("seq")
        if not isinstance(seq, int):
            self.announce(self._released + 1)
            return []
        self.announce(seq)
        if seq > self._released and unabridged and row.keys() >= _NEEDED:
            self._held[seq] = row
        return self._release()

    def read(self, rows: Sequence[Row], *, reached_seq: int = 0) -> list[Row]:
        """Take what the table has after a gap, lowest first; returns the messages that can now be told.

        There may be more beyond the last row. A number that is absent before it was deleted: numbers are
        given in the order of commit, so whoever sees one sees all below it. `reached_seq` says so where
        there are no rows: it is what the query counted before they were read. Without it nothing follows
        from an empty answer, as a copy of the database may lag behind the event that told of more.
        """
        fresh = {row["seq"]: row for row in rows if row["seq"] > self._released}
        last = max(fresh, default=0 if rows else reached_seq)
        if last <= self._released:
            return []
        self.prove(last)
        self._held |= fresh
        told = [self._held.pop(seq) for seq in sorted(self._held) if seq <= last]
        self._released = last
        return told + self._release()

    def _release(self) -> list[Row]:
        told = []
        while (row := self._held.pop(self._released + 1, None)) is not None:
            told.append(row)
            self._released += 1
        return told
