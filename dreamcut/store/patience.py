"""Waiting for a database that is away. Every call of a store may be repeated, so results are never lost."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from dreamcut.backoff import delays, never, pause
from dreamcut.errors import StoreUnavailable

QUICK_SECONDS = 1.0  # also for the impatient: connections that a restart has cut off are replaced meanwhile
RACE_TRIES = 5
_FIRST_DELAY_SECONDS = 0.05
_LONGEST_DELAY_SECONDS = 2.0  # so soon after it is back, the work goes on

Answer = TypeVar("Answer")
log = logging.getLogger(__name__)


class LostRace(StoreUnavailable):
    """Another writer won (deadlock, serialization): the same call, repeated, sees what the other one did."""


@dataclass(frozen=True)
class Patience:
    """For how long a database may be away before a call fails."""

    seconds: float = 0.0
    check: Callable[[], None] = never  # called while waiting; may raise to stop

    def ask(self, once: Callable[[], Answer]) -> Answer:
        """Return what `once` returns, and call it again where that can help.

        Raises:
            StoreUnavailable: the database did not answer for all of the time.
        """
        began = time.monotonic()
        waits = delays(first_seconds=_FIRST_DELAY_SECONDS, longest_seconds=_LONGEST_DELAY_SECONDS)
        waited, races = False, 0
        while True:
            try:
                answer = once()
            except LostRace:
                races += 1
                if races == RACE_TRIES:
                    raise
            except StoreUnavailable as error:
                gone = time.monotonic() - began
                if gone > max(self.seconds, QUICK_SECONDS):
                    _outage.forget()
                    raise
                if gone > QUICK_SECONDS:
                    waited = True
                    _outage.begins(error, patience_seconds=self.seconds)
            else:
                if waited:
                    _outage.ends()
                return answer
            pause(next(waits), check=self.check)


IMPATIENT = Patience()


class _Outage:
    """Tells of an outage once, however many threads of this process wait for its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began: float | None = None

    def begins(self, error: StoreUnavailable, *, patience_seconds: float) -> None:
        with self._lock:
            is_known, self._began = self._began is not None, self._began or time.monotonic()
        if not is_known:
            log.warning("waiting up to %.0f s for the database: %s", patience_seconds, error)

    def ends(self) -> None:
        with self._lock:
            began, self._began = self._began, None
        if began is not None:
            log.warning("the database is back after %.1f s", time.monotonic() - began)

    def forget(self) -> None:
        with self._lock:
            self._began = None


_outage = _Outage()
