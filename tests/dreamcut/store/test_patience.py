"""How long a call waits for a database that is away, and for what it does not wait."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from dreamcut.errors import AnalysisCancelled, StoreRefused, StoreUnavailable
from dreamcut.store import patience
from dreamcut.store.patience import IMPATIENT, RACE_TRIES, LostRace, Patience


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time that passes only while somebody waits; returns the waits."""
    waits: list[float] = []

    def pause(seconds: float, *, check: Callable[[], None]) -> None:
        waits.append(seconds)
        check()

    monkeypatch.setattr(patience, "pause", pause)
    monkeypatch.setattr(patience, "time", SimpleNamespace(monotonic=lambda: sum(waits)))
    return waits


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def once() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return once


AWAY = StoreUnavailable("away")


def test_it_waits_longer_each_time_and_then_goes_on(clock: list[float]) -> None:
    assert Patience(seconds=60).ask(failing(*[AWAY] * 12)) == "answer"
    assert len(clock) == 12
    longest = [0.05 * 2**n for n in range(12)]
    for waited, most in zip(clock, longest, strict=True):
        assert min(most, 2.0) / 2 <= waited <= min(most, 2.0)


@pytest.mark.parametrize(("seconds", "at_least"), [(0.0, 1.0), (30.0, 30.0)])
def test_it_gives_up_after_its_time(clock: list[float], seconds: float, at_least: float) -> None:
    with pytest.raises(StoreUnavailable, match="away"):
        Patience(seconds=seconds).ask(failing(*[AWAY] * 1000))
    assert at_least < sum(clock) <= at_least + 2.0  # the last wait may begin just before the end


def test_what_waiting_does_not_mend_is_told_at_once(clock: list[float]) -> None:
    with pytest.raises(StoreRefused):
        Patience(seconds=60).ask(failing(StoreRefused("wrong key")))
    assert clock == []


def test_a_lost_race_is_run_again_a_few_times(clock: list[float]) -> None:
    assert IMPATIENT.ask(failing(*[LostRace("deadlock")] * (RACE_TRIES - 1))) == "answer"
    with pytest.raises(LostRace):
        Patience(seconds=60).ask(failing(*[LostRace("deadlock")] * RACE_TRIES))


def test_a_wait_can_be_stopped() -> None:
    def stop() -> None:
        raise AnalysisCancelled("the query was cancelled")

    with pytest.raises(AnalysisCancelled):
        Patience(seconds=60, check=stop).ask(failing(*[AWAY] * 5))


def test_an_outage_is_told_once_by_all_who_wait(caplog: pytest.LogCaptureFixture) -> None:
    def inner() -> str:
        return Patience(seconds=60).ask(failing(*[AWAY] * 9))

    def outer() -> str:
        if outer_left:
            outer_left.pop()
            raise AWAY
        return inner()  # another call, while this one still waits

    outer_left = [1] * 9
    assert Patience(seconds=60).ask(outer) == "answer"
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "waiting up to 60 s for the database: away"
    assert told[1].startswith("the database is back after ")
    assert len(told) == 2
