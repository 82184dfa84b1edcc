"""The manager for applications without an event loop."""

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from dreamcut.models import Intent, Query
from dreamcut.realtime.asynchronous import (
    AsyncDreamCutManager,
    AsyncSubscription,
    OnAsset,
    OnError,
    OnMessage,
    OnQuery,
)
from dreamcut.realtime.project import Project
from dreamcut.realtime.requests import GivenAsset, GivenOptions, as_uuid, initialize_parameters
from dreamcut.realtime.rest import AtOnce, Rest, at_once
from dreamcut.realtime.rows import QuerySnapshot

# For a callback that is running when its subscription is ended from elsewhere; it may wait for a lock
# that the one who ends it holds.
_PATIENCE_SECONDS = 5.0


class _CallbackThread:
    """Runs the callbacks of one subscription one after the other, off the event loop."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._context = contextvars.copy_context()
        self.thread = threading.Thread(target=self._work, name="dreamcut-callbacks", daemon=True)
        self.thread.start()

    def wrapped(self, callback: Callable[[Any], object] | None) -> Callable[[Any], object] | None:
        """Return the callback as a coroutine function that returns when it has returned in the thread."""
        if callback is None:
            return None

        async def call(argument: object) -> None:
            loop = asyncio.get_running_loop()
            done: asyncio.Future[None] = loop.create_future()

            def run() -> None:
                try:
                    self._context.run(callback, argument)
                except Exception as error:  # noqa: BLE001 - handed over
                    loop.call_soon_threadsafe(_fail, done, error)
                else:
                    loop.call_soon_threadsafe(_finish, done)

            self._calls.put(run)
            await done

        return call

    def end(self) -> None:
        """Let it end when the callback that is running returns."""
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _finish(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)


def _fail(done: asyncio.Future[None], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)


class _Background:
    """An event loop in a thread of its own, while there are subscriptions."""

    def __init__(self, project: Project) -> None:
        self.is_ending = False
        self._project = project
        self._begun: Future[AsyncDreamCutManager] = Future()
        self.thread = threading.Thread(target=self._work, name="dreamcut-realtime", daemon=True)
        self.thread.start()
        self.manager = self._begun.result()

    def submit(self, work: Coroutine[Any, Any, None]) -> "Future[None]":
        """Run a coroutine on the loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def call(self, function: Callable[[], object]) -> None:
        """Call a function on the loop, soon; where that has just ended there is nothing to call it for."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function)

    def end(self) -> None:
        """Let the loop and its thread end, soon."""
        self.is_ending = True
        self._loop.call_soon_threadsafe(self._is_over.set)

    def _work(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._begun.done():
                raise
            self._begun.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_over = asyncio.Event()
        async with AsyncDreamCutManager(self._project) as manager:
            self._begun.set_result(manager)
            await self._is_over.wait()


class Subscription:
    """Ends a subscription when called: from any thread, also from inside a callback, and again."""

    def __init__(self, background: _Background, callbacks: _CallbackThread) -> None:
        self._background = background
        self._callbacks = callbacks
        self._following: AsyncSubscription | None = None  # of the loop, like the next
        self._is_ending = False
        self._is_over = threading.Event()

    def __call__(self) -> None:
        """Call no callback any more, and clean up.

        Waits for a callback that is running, for five seconds at most; from inside a callback it returns at
        once, and the subscription ends when the callback returns.
        """
        if not self._is_over.is_set():
            self._background.call(self._stop)
        if threading.current_thread() in (self._callbacks.thread, self._background.thread):
            return
        if self.wait(_PATIENCE_SECONDS):
            self._callbacks.thread.join(_PATIENCE_SECONDS)
            if self._background.is_ending:
                self._background.thread.join(_PATIENCE_SECONDS)

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait until it is over, by a call or by an error that does not pass; returns whether it is."""
        return self._is_over.wait(timeout_seconds)

    async def follow(self, subscribing: Coroutine[Any, Any, AsyncSubscription]) -> None:
        """Subscribe and stay until it is over; runs on the background's loop."""
        self._following = await subscribing
        if self._is_ending:  # already
            self._following()
        await self._following.wait()

    def note_end(self) -> None:
        """Learn that it is over."""
        self._callbacks.end()
        self._is_over.set()

    def _stop(self) -> None:
        self._is_ending = True
        if self._following is not None:
            self._following()


class DreamCutManager:
    """Starts queries and follows them. Safe to use from many threads; made by `create_dreamcut_manager`.

    Requests are sent from the thread that calls. Subscriptions share an event loop in a thread that lives as
    long as there are any; the callbacks of each run one at a time in a thread of their own.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._wire = AtOnce(project)
        self._rest = Rest(self._wire, url=project.url)
        self._lock = threading.Lock()
        self._background: _Background | None = None
        self._subscriptions: set[Subscription] = set()

    def initialize_query(
        self,
        user_id: str,
        prompt: str,
        assets: Sequence[GivenAsset] = (),
        *,
        intent: Intent | str | None = None,
        options: GivenOptions | None = None,
        idempotency_key: str | None = None,
    ) -> UUID:
        """Start a query and return its id; see `AsyncDreamCutManager.initialize_query`."""
        parameters = initialize_parameters(
            user_id, prompt, assets, intent=intent, options=options, idempotency_key=idempotency_key
        )
        return at_once(self._rest.initialize(parameters))

    def get_query(self, query_id: UUID | str) -> QuerySnapshot:
        """Return everything about a query; see `AsyncDreamCutManager.get_query`."""
        return at_once(self._rest.snapshot(as_uuid(query_id, "query_id")))

    def get_user_queries(self, user_id: str, *, limit: int = 20) -> list[Query]:
        """Return a user's newest queries, newest first."""
        return at_once(self._rest.queries(str(user_id), limit=limit))

    def get_analysis(self, asset_id: UUID | str) -> dict[str, Any] | None:
        """Return the whole findings of an asset, where its row may hold an outline; None before the first."""
        return at_once(self._rest.analysis(as_uuid(asset_id, "asset_id")))

    def subscribe_to_query(
        self,
        query_id: UUID | str,
        on_query_update: OnQuery | None = None,
        on_asset_update: OnAsset | None = None,
        on_new_message: OnMessage | None = None,
        on_error: OnError | None = None,
        *,
        after_seq: int = 0,
    ) -> Subscription:
        """Follow a query; see `AsyncDreamCutManager.subscribe_to_query`. Callbacks are plain functions."""
        as_uuid(query_id, "query_id")
        callbacks = _CallbackThread()
        with self._lock:
            if self._background is None:
                self._background = _Background(self._project)
            background = self._background
            subscription = Subscription(background, callbacks)
            self._subscriptions.add(subscription)
        following = background.submit(
            subscription.follow(
                background.manager.subscribe_to_query(
                    query_id,
                    on_query_update=callbacks.wrapped(on_query_update),
                    on_asset_update=callbacks.wrapped(on_asset_update),
                    on_new_message=callbacks.wrapped(on_new_message),
                    on_error=callbacks.wrapped(on_error),
                    after_seq=after_seq,
                )
            )
        )
        following.add_done_callback(lambda _: self._forget(subscription, background))
        return subscription

    def close(self) -> None:
        """End all subscriptions and close the connections."""
        for subscription in list(self._subscriptions):
            subscription()
        self._wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _forget(self, subscription: Subscription, background: _Background) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)
            is_last = not self._subscriptions
            if is_last:
                self._background = None
        if is_last:
            background.end()
        subscription.note_end()
