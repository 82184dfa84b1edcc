"""When a token is asked for, and by how many at once."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from dreamcut.errors import InvalidRequest, StoreRefused, StoreUnavailable
from dreamcut.realtime.rest import at_once
from dreamcut.realtime.tokens import HeldToken, seconds_left

KEY = "the-key"


def token(seconds: float, **claims: object) -> str:
    return jwt.encode({"exp": time.time() + seconds, **claims}, "a-secret-of-at-least-32-characters", "HS256")


class Giver:
    """Gives a new token each time, and counts."""

    def __init__(self, seconds: float = 3600) -> None:
        self.seconds = seconds
        self.given: list[str] = []

    def __call__(self) -> str:
        time.sleep(0.01)  # long enough for two threads to meet
        self.given.append(token(self.seconds, n=len(self.given)))
        return self.given[-1]

    async def later(self) -> str:
        await asyncio.sleep(0.01)
        return self()


def test_a_token_says_for_how_long_it_holds() -> None:
    left = seconds_left(token(100))
    assert left is not None
    assert 98 < left <= 100
    assert seconds_left("sb_publishable_x") is None
    assert seconds_left("a.b.c") is None
    assert seconds_left(jwt.encode({}, "a-secret-of-at-least-32-characters", "HS256")) is None


def test_a_token_is_asked_for_once_while_it_holds() -> None:
    giver = Giver()
    held = HeldToken(giver, key=KEY)
    assert {at_once(held.at_once()) for _ in range(5)} == set(giver.given)
    assert len(giver.given) == 1


def test_a_token_is_asked_for_again_before_it_ends() -> None:
    giver = Giver(seconds=-1)
    held = HeldToken(giver, key=KEY)
    at_once(held.at_once())
    at_once(held.at_once())
    assert len(giver.given) == 2


def test_many_threads_refresh_a_session_once() -> None:
    giver = Giver()
    held = HeldToken(giver, key=KEY)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: at_once(held.at_once()), range(8)))
    assert len(giver.given) == 1


@pytest.mark.parametrize("is_coroutine", [True, False])
def test_many_tasks_refresh_a_session_once(is_coroutine: bool) -> None:
    giver = Giver()
    held = HeldToken(giver.later if is_coroutine else giver, key=KEY)

    async def ask() -> list[str]:
        return await asyncio.gather(*(held.on_loop() for _ in range(8)))

    assert set(asyncio.run(ask())) == set(giver.given)
    assert len(giver.given) == 1


def test_a_refused_token_is_followed_by_another() -> None:
    giver = Giver()
    held = HeldToken(giver, key=KEY)
    first = at_once(held.at_once())
    assert at_once(held.at_once(first)) != first
    assert len(giver.given) == 2


def test_a_refused_token_without_another_is_refused() -> None:
    only = token(100)
    held = HeldToken(lambda: only, key=KEY)
    assert at_once(held.at_once()) == only
    with pytest.raises(StoreRefused, match="sign in again") as caught:
        at_once(held.at_once(only))
    assert only not in str(caught.value)


def test_who_is_not_signed_in_asks_with_the_key() -> None:
    assert at_once(HeldToken(lambda: None, key=KEY).at_once()) == KEY


def test_a_failure_of_the_application_may_pass() -> None:
    def fail() -> str:
        raise LookupError("no network")

    with pytest.raises(StoreUnavailable, match="LookupError") as caught:
        at_once(HeldToken(fail, key=KEY).at_once())
    assert isinstance(caught.value.__cause__, LookupError)


def test_something_else_than_text_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="access_token"):
        at_once(HeldToken(lambda: 5, key=KEY).at_once())  # type: ignore[arg-type,return-value]  # the point
