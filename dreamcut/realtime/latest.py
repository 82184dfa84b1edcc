"""The newest state of one row, out of events that are late, doubled, or lack columns."""

from dreamcut.errors import SchemaMismatch
from dreamcut.realtime.rows import Row


class LatestRow:
    """One row by its `revision`, which grows by one with every change."""

    def __init__(self, needed: frozenset[str]) -> None:
        self._needed = needed  # columns without which the row is not whole
        self._wanted = 0
        self.row: Row | None = None
        self.revision = 0  # of the row above; 0: none known

    @property
    def is_behind(self) -> bool:
        """Whether a newer state is known to exist than the one at hand."""
        return self.row is None or self._wanted > self.revision

    def hear(self, row: Row, *, unabridged: bool = True) -> bool:
        """Take the row of an event; returns whether it brought a newer state.

        An UPDATE carries no large column that it left as it was. Such a row completes the state that
        directly precedes it; on any other, what changed in between would be missed, so it is only noted
        that a newer state exists. `unabridged` is False where the server dropped values for their size.
        """
        revision = row.get("revision")
        if not isinstance(revision, int):
            self._wanted = max(self._wanted, self.revision + 1)
            return False
        if self._needed <= row.keys() and unabridged:
            return self._move(revision, row)
        if unabridged and self.row is not None and revision == self.revision + 1:
            return self._move(revision, {**self.row, **row})
        self.expect(revision)
        return False

    def read(self, row: Row) -> bool:
        """Take the row as the table has it; returns whether it brought a newer state.

        Raises:
            SchemaMismatch: the table lacks a column.
        """
        revision = row.get("revision")
        if not isinstance(revision, int) or (missing := sorted(self._needed - row.keys())):
            names = "revision" if not isinstance(revision, int) else ", ".join(missing)
            raise SchemaMismatch(
                f"the database has no column {names}, which this client needs: apply the missing migrations"
            )
        return self._move(revision, row)

    def expect(self, revision: int) -> None:
        """Learn that the row has got as far as this revision."""
        self._wanted = max(self._wanted, revision)

    def _move(self, revision: int, row: Row) -> bool:
        if revision <= self.revision:
            return False
        self.row, self.revision = row, revision
        return True
