"""One subscription: listens, reads what is wished, and tells what is due, one thing after the other."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, assert_never
from uuid import UUID

from dreamcut.errors import DreamCutError, SchemaMismatch, StoreRefused
from dreamcut.realtime.agenda import Agenda, Check, Job, retries
from dreamcut.realtime.ears import Lost, listening
from dreamcut.realtime.line import Line, Lines
from dreamcut.realtime.merge import Change, Delivery, Feed, ReadBrief, ReadRows
from dreamcut.realtime.rest import Rest
from dreamcut.realtime.sequence import Gap

log = logging.getLogger(__name__)

_STEADY_SECONDS = 5.0  # ears that held for so long were good ones


@dataclass(frozen=True, slots=True)
class _Listening:
    """The server listens from now on; what happened before it may not have told."""


@dataclass(frozen=True, slots=True)
class _Deaf:
    """The server does not listen any more, or could not be brought to: then `error` says why."""

    error: DreamCutError | None


@dataclass(frozen=True, slots=True)
class _Stop:
    """Nobody wants to hear more."""


@dataclass(frozen=True, slots=True)
class _Done:
    """A job is over; `take` hands its answer to the feed."""

    job: Job
    take: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Failed:
    """A job could not be done."""

    job: Job
    error: DreamCutError


@dataclass(frozen=True, slots=True)
class _Crashed:
    """A task of ours ended by a mistake of ours."""

    error: BaseException


_Item = Change | _Listening | _Deaf | _Stop | _Done | _Failed | _Crashed


class Watch:
    """Follows one query until it is stopped or cannot go on.

    Args:
        tell: called with each delivery, and with each error that the subscriber should know of; one
            call is over before the next one begins.
        is_lasting: a refused token will not be followed by a better one.
    """

    def __init__(
        self,
        query_id: UUID,
        *,
        rest: Rest,
        lines: Lines,
        tell: Callable[[Delivery | DreamCutError], Awaitable[None]],
        is_lasting: bool,
        after_seq: int = 0,
    ) -> None:
        self._query_id = query_id
        self._rest = rest
        self._lines = lines
        self._tell = tell
        self._is_lasting = is_lasting
        self._feed = Feed(query_id, after_seq=after_seq)
        self._inbox: asyncio.Queue[_Item] = asyncio.Queue()
        self._is_stopped = False
        self._end: DreamCutError | None = None  # why it cannot go on
        self._complaints: list[DreamCutError] = []
        self._troubles: set[str] = set()  # told, and not over yet
        self._lost: Lost | None = None  # while listening
        self._heard = 0  # events since the last check
        self._reading: asyncio.Task[None] | None = None
        self._agenda = Agenda(self._feed, now=_now())

    def stop(self) -> None:
        """Tell nothing more; `run` ends as soon as the call that is telling something returns."""
        self._is_stopped = True
        self._inbox.put_nowait(_Stop())

    async def run(self) -> None:
        """Follow the query."""
        line = self._lines.take(self._query_id)
        ears = self._started(self._keep_listening(line))
        try:
            while not self._is_stopped and self._end is None:
                self._start_reading()
                await self._take_next()
                await self._tell_all()
            if self._end is not None and not self._is_stopped:
                await self._tell(self._end)
        finally:
            tasks = [task for task in (ears, self._reading) if task is not None]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._lines.leave(line, self._query_id)

    async def _tell_all(self) -> None:
        while not self._is_stopped and (delivery := self._next_delivery()) is not None:
            await self._tell(delivery)
            self._take_waiting()
            self._start_reading()

    def _next_delivery(self) -> Delivery | DreamCutError | None:
        return self._complaints.pop(0) if self._complaints else self._feed.next_delivery()

    # what comes in

    async def _take_next(self) -> None:
        # Whatever is being read comes in by itself.
        seconds = None if self._reading is not None else self._agenda.seconds_until_due(_now())
        item: _Item | None = None
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                item = await self._inbox.get()
        if item is not None:
            self._take(item)
            self._take_waiting()

    def _take_waiting(self) -> None:
        while not self._inbox.empty():
            self._take(self._inbox.get_nowait())

    def _take(self, item: _Item) -> None:
        match item:
            case Change():
                self._heard += 1
                self._feed.take_change(item)
            case _Listening():
                self._troubles.discard("socket")
                self._agenda.note_listening()
            case _Deaf(error):
                self._agenda.note_deaf(now=_now())
                if error is not None:
                    self._take_trouble("socket", error)
            case _Done():
                self._take_answer(item)
            case _Failed():
                self._take_failure(item)
            case _Crashed(error):
                raise error
            case _Stop():
                pass
            case _:
                assert_never(item)

    def _take_answer(self, done: _Done) -> None:
        self._reading = None
        self._troubles.discard("tables")
        try:
            done.take()
        except SchemaMismatch as error:
            self._end = error
        if isinstance(done.job, Check):
            if self._feed.wishes() and not self._heard and not done.job.is_first:
                self._listen_anew("nothing was heard of what happened")
            self._heard = 0
        self._agenda.finish(done.job, now=_now())

    def _take_failure(self, failed: _Failed) -> None:
        self._reading = None
        if isinstance(failed.job, ReadBrief) and not failed.error.retryable:
            self._complaints.append(failed.error)
            self._feed.take_brief(None)
        else:
            self._agenda.fail(failed.job, now=_now())
            self._take_trouble("tables", failed.error)

    def _take_trouble(self, where: str, error: DreamCutError) -> None:
        """Report what may pass once, and end with what does not."""
        may_pass = error.retryable or (isinstance(error, StoreRefused) and not self._is_lasting)
        if not may_pass and isinstance(error, StoreRefused) and self._feed.is_complete:
            self._is_stopped = True  # there was nothing left to hear
        elif not may_pass:
            self._end = error
        elif where not in self._troubles:
            self._troubles.add(where)
            self._complaints.append(error)

    # what goes out

    def _start_reading(self) -> None:
        if self._reading is None and (job := self._agenda.next_job(_now())) is not None:
            self._agenda.begin(job)
            self._reading = self._started(self._do(job))

    async def _do(self, job: Job) -> None:
        try:
            take = await self._answer(job)
        except DreamCutError as error:
            self._inbox.put_nowait(_Failed(job, error))
        else:
            self._inbox.put_nowait(_Done(job, take))

    async def _answer(self, job: Job) -> Callable[[], None]:
        feed, rest = self._feed, self._rest
        match job:
            case ReadRows():
                query, assets = await rest.rows(self._query_id)
                return lambda: feed.take_rows(query, assets)
            case Gap(after_seq=after_seq):
                reached_seq = 0
                if not (rows := await rest.messages(self._query_id, after_seq=after_seq)):
                    reached_seq = (await rest.marks(self._query_id)).last_message_seq
                    rows = await rest.messages(self._query_id, after_seq=after_seq)
                return lambda: feed.take_messages(rows, reached_seq=reached_seq)
            case ReadBrief():
                brief = await rest.brief(self._query_id)
                return lambda: feed.take_brief(brief)
            case Check():
                marks = await rest.marks(self._query_id)
                return lambda: feed.take_marks(marks)
            case _:
                assert_never(job)

    async def _keep_listening(self, line: Line) -> None:
        waits = retries()
        while True:
            error: DreamCutError | None = None
            began = _now()
            try:
                async with listening(
                    line,
                    self._query_id,
                    self._inbox.put_nowait,
                    note_listening=lambda: self._inbox.put_nowait(_Listening()),
                ) as lost:
                    self._lost, began = lost, _now()
                    log.info("query=%s lost its ears: %s", self._query_id, await lost)
            except DreamCutError as failure:
                error = failure
            self._lost = None
            self._inbox.put_nowait(_Deaf(error))
            if error is None and _now() - began > _STEADY_SECONDS:
                waits = retries()
            await asyncio.sleep(next(waits))

    def _listen_anew(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _started(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._note_crash)
        return task

    def _note_crash(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._inbox.put_nowait(_Crashed(error))


def _now() -> float:
    return asyncio.get_running_loop().time()
