"""The token that a request or a socket carries: asked for once, kept until shortly before it expires."""

import asyncio
import base64
import binascii
import inspect
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import cast

from dreamcut.errors import DreamCutError, InvalidRequest, StoreRefused, StoreUnavailable

Ask = Callable[[], str | None] | Callable[[], Awaitable[str | None]]

_LONGEST_MARGIN_SECONDS = 30.0  # a renewed token must reach every channel before the old one ends
_MARGIN = 0.2  # of the lifetime, for tokens that live shorter


def seconds_left(token: str) -> float | None:
    """Return for how long a token says that it holds; None where it does not say. It is not verified."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return float(claims["exp"]) - time.time()
    except (ValueError, TypeError, KeyError, binascii.Error):
        return None


class HeldToken:
    """A token and when to ask for the next one."""

    def __init__(self, ask: Ask, *, key: str) -> None:
        self._ask = ask
        self._key = key  # stands in for a user that is not signed in
        self._held: str | None = None
        self._margin_seconds = _LONGEST_MARGIN_SECONDS
        self._in_threads = threading.Lock()
        self._in_tasks = asyncio.Lock()

    @property
    def renew_in_seconds(self) -> float | None:
        """When the next token is due; None where this one never ends or there is none."""
        left = seconds_left(self._held) if self._held is not None else None
        return None if left is None else max(0.0, left - self._margin_seconds)

    def usable(self, refused: str | None = None) -> str | None:
        """Return the token at hand, if it is good for a while and not the refused one."""
        if self._held is None or self._held == refused or self.renew_in_seconds == 0:
            return None
        return self._held

    async def at_once(self, refused: str | None = None) -> str:
        """Return a token without ever suspending, for whoever has no event loop."""
        return self.usable(refused) or self._renewed(refused)

    async def on_loop(self, refused: str | None = None) -> str:
        """Return a token; what asks for a new one may block, and does so in a thread."""
        if (token := self.usable(refused)) is not None:
            return token
        if not inspect.iscoroutinefunction(self._ask):
            return await asyncio.to_thread(self._renewed, refused)
        async with self._in_tasks:
            return self.usable(refused) or self._keep(await _answer(self._ask), refused)

    def _renewed(self, refused: str | None) -> str:
        with self._in_threads:  # a session may be refreshed once only: the second finds it done
            return self.usable(refused) or self._keep(_answer_now(self._ask), refused)

    def _keep(self, token: object, refused: str | None) -> str:
        if token is None:
            token = self._key
        if not isinstance(token, str) or not token:
            raise InvalidRequest("access_token must give a token as text")
        if token == refused:
            raise StoreRefused(
                "the project refuses the access token, and there is no other: sign in again, "
                "or pass a callable that gives a fresh one"
            )
        if token != self._held:
            left = seconds_left(token) or 0.0
            self._margin_seconds = min(_LONGEST_MARGIN_SECONDS, max(0.0, _MARGIN * left))
        self._held = token
        return token


def _answer_now(ask: Ask) -> object:
    try:
        return ask()
    except DreamCutError:
        raise
    except Exception as error:  # the application's own code
        raise StoreUnavailable(_failed(error)) from error


async def _answer(ask: Ask) -> object:
    try:
        return await cast("Awaitable[object]", ask())
    except DreamCutError:
        raise
    except Exception as error:  # the application's own code
        raise StoreUnavailable(_failed(error)) from error


def _failed(error: Exception) -> str:
    return f"no access token could be had ({type(error).__name__}): see the cause"
