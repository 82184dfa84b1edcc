"""What a subscription reads next, and when. Pure: the time, in seconds of some clock, comes in."""

from collections.abc import Iterator
from dataclasses import dataclass

from dreamcut.backoff import delays
from dreamcut.realtime.merge import Feed, Wish
from dreamcut.realtime.sequence import Gap

GRACE_SECONDS = 0.1  # an event tells of a message whose own event is mostly on the way, on another channel
CHECK_SECONDS = 20.0  # between looks for what the socket lost without a word
DEAF_CHECK_SECONDS = 5.0  # the same while there is no socket
_FIRST_DELAY_SECONDS = 0.2
_LONGEST_DELAY_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Check:
    """Look how far the tables are."""

    is_first: bool = False  # since the server listens


Job = Wish | Check


class Agenda:
    """Knows what failed lately, what is given time to arrive by itself, and when to look for silent losses.

    A query that has ended and was told whole is looked at once more when the server listens anew, and else
    never.
    """

    def __init__(self, feed: Feed, *, now: float) -> None:
        self._feed = feed
        self._is_heard = False
        self._must_check = False
        self._check_at = now + CHECK_SECONDS
        self._retries = retries()
        self._retry_at = now
        self._gap: tuple[int, float] | None = None  # after which message, since when

    def next_job(self, now: float) -> Job | None:
        """Return what to read now, or None."""
        if now < self._retry_at:
            return None
        wishes = self._feed.wishes()
        if (sure := _sure(wishes)) is not None:
            return sure
        if self._must_check or (now >= self._check_at and not self._feed.is_complete):
            return Check(is_first=self._must_check)
        if (gap := _hinted(wishes)) is not None and now >= self._grace_ends(gap, now):
            return gap
        return None

    def seconds_until_due(self, now: float) -> float | None:
        """Return for how long there is nothing to read unless something comes in; None: for ever."""
        wishes = self._feed.wishes()
        if self._must_check or _sure(wishes) is not None:
            due = now
        elif self._feed.is_complete:
            return None
        elif (gap := _hinted(wishes)) is not None:
            due = min(self._check_at, self._grace_ends(gap, now))
        else:
            due = self._check_at
        return max(due, self._retry_at) - now

    def begin(self, job: Job) -> None:
        """Learn that a job has begun."""
        if isinstance(job, Check):
            self._must_check = False

    def finish(self, job: Job, *, now: float) -> None:
        """Learn that a job is over and its answer with the feed."""
        if isinstance(job, Check):
            self._check_at = now + (CHECK_SECONDS if self._is_heard else DEAF_CHECK_SECONDS)
        if job in self._feed.wishes():  # answered by a copy of the database that lags
            self._retry_at = now + next(self._retries)
        else:
            self._retries, self._retry_at = retries(), now

    def fail(self, job: Job, *, now: float) -> None:
        """Learn that a job could not be done."""
        self._must_check |= isinstance(job, Check)
        self._retry_at = now + next(self._retries)

    def note_listening(self) -> None:
        """Learn that the server listens from now on; what happened before it may not have told."""
        self._is_heard = True
        self._must_check = True

    def note_deaf(self, *, now: float) -> None:
        """Learn that the server does not listen."""
        self._is_heard = False
        self._check_at = min(self._check_at, now + DEAF_CHECK_SECONDS)

    def _grace_ends(self, gap: Gap, now: float) -> float:
        if self._gap is None or self._gap[0] != gap.after_seq:
            self._gap = (gap.after_seq, now)
        return self._gap[1] + GRACE_SECONDS


def retries() -> Iterator[float]:
    """Yield the seconds before each next try."""
    return delays(first_seconds=_FIRST_DELAY_SECONDS, longest_seconds=_LONGEST_DELAY_SECONDS)


def _sure(wishes: tuple[Wish, ...]) -> Wish | None:
    return next((wish for wish in wishes if not isinstance(wish, Gap) or wish.is_proved), None)


def _hinted(wishes: tuple[Wish, ...]) -> Gap | None:
    return next((wish for wish in wishes if isinstance(wish, Gap)), None)
