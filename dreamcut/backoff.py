"""How to wait before another try: longer each time, and never all at the same moment."""

import random
import time
from collections.abc import Callable, Iterator

TURN_SECONDS = 0.1  # how soon a wait notices that it shall end


def delays(*, first_seconds: float, longest_seconds: float) -> Iterator[float]:
    """Yield the seconds before each next try: doubled every time, and cut by up to half at random.

    The chance keeps many workers, which all lost the same server, from coming back in one wave.
    """
    longest = first_seconds
    while True:
        yield longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
        longest = min(2 * longest, longest_seconds)


def pause(seconds: float, *, check: Callable[[], None]) -> None:
    """Wait; `check` is called several times a second and may raise to end the wait."""
    ends = time.monotonic() + seconds
    check()
    while (left := ends - time.monotonic()) > 0:
        time.sleep(min(left, TURN_SECONDS))
        check()


def never() -> None:
    """The `check` of a wait that nothing ends early."""
