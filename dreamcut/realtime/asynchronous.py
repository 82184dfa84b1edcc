"""The manager for applications with an event loop."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from dreamcut.errors import DreamCutError
from dreamcut.models import Intent, Query
from dreamcut.realtime.line import Lines
from dreamcut.realtime.merge import Delivery
from dreamcut.realtime.project import Project
from dreamcut.realtime.requests import GivenAsset, GivenOptions, as_uuid, initialize_parameters
from dreamcut.realtime.rest import OnLoop, Rest
from dreamcut.realtime.rows import AssetUpdate, FeedMessage, QuerySnapshot, QueryUpdate
from dreamcut.realtime.watch import Watch

log = logging.getLogger(__name__)

OnQuery = Callable[[QueryUpdate], object]
OnAsset = Callable[[AssetUpdate], object]
OnMessage = Callable[[FeedMessage], object]
OnError = Callable[[Exception], object]

# Watches whose callback the running code is part of; tasks that a callback starts inherit it.
_inside: ContextVar[frozenset[Watch]] = ContextVar("_inside", default=frozenset())


class AsyncSubscription:
    """Ends a subscription when called. It may be called again, and from inside a callback."""

    def __init__(self, watch: Watch, task: "asyncio.Task[None]") -> None:
        self._watch = watch
        self._task = task

    def __call__(self) -> Awaitable[None]:
        """Call no callback any more; await the result to know that everything is cleaned up.

        From inside a callback of the same subscription there is nothing to wait for: it ends when the
        callback returns.
        """
        self._watch.stop()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._task.done() or self._watch in _inside.get():
            done.set_result(None)
        else:
            self._task.add_done_callback(lambda _: _finish(done))
        return done

    async def wait(self) -> None:
        """Return when it is over: ended by somebody, or by an error that does not pass."""
        await asyncio.wait({self._task})


class Callbacks:
    """What an application wants to hear; plain functions or coroutine functions."""

    def __init__(
        self,
        on_query_update: OnQuery | None,
        on_asset_update: OnAsset | None,
        on_new_message: OnMessage | None,
        on_error: OnError | None,
    ) -> None:
        self._by_type: dict[type, Callable[[Any], object] | None] = {
            QueryUpdate: on_query_update,
            AssetUpdate: on_asset_update,
            FeedMessage: on_new_message,
        }
        self._on_error = on_error

    async def tell(self, news: Delivery | DreamCutError) -> None:
        """Call the callback for it; what that raises goes to `on_error`."""
        if isinstance(news, DreamCutError):
            await self.report(news)
        elif (callback := self._by_type[type(news)]) is not None:
            try:
                await _call(callback, news)
            except Exception as error:  # noqa: BLE001 - the application's own code; the feed goes on
                await self.report(error)

    async def report(self, error: Exception) -> None:
        """Call `on_error`, or log where there is none."""
        if self._on_error is None:
            log.warning("a subscription without on_error: %s", error, exc_info=error)
            return
        try:
            await _call(self._on_error, error)
        except Exception:
            log.exception("on_error raised")


class AsyncDreamCutManager:
    """Starts queries and follows them. Belongs to one event loop; made by `acreate_dreamcut_manager`."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._wire = OnLoop(project)
        self._rest = Rest(self._wire, url=project.url)
        self._lines = Lines(project)
        self._subscriptions: dict[asyncio.Task[None], AsyncSubscription] = {}

    async def initialize_query(
        self,
        user_id: str,
        prompt: str,
        assets: Sequence[GivenAsset] = (),
        *,
        intent: Intent | str | None = None,
        options: GivenOptions | None = None,
        idempotency_key: str | None = None,
    ) -> UUID:
        """Start a query and return its id.

        Args:
            assets: `NewAsset`s, or mappings {url, type, filename?, description?, metadata?}.
            intent: image, video, audio or mixed; without it the prompt decides.
            options: `QueryOptions`, or a mapping that may hold more, which is kept.
            idempotency_key: a second call of the same user with the same key returns the first one's id.

        Raises:
            InvalidRequest: something cannot be used; names it.
            StoreError: the project refuses it, or does not answer.
        """
        return await self._rest.initialize(
            initialize_parameters(
                user_id, prompt, assets, intent=intent, options=options, idempotency_key=idempotency_key
            )
        )

    async def get_query(self, query_id: UUID | str) -> QuerySnapshot:
        """Return everything about a query.

        Raises:
            NotFound: there is none, or it belongs to somebody else.
            StoreError: the project refuses it, or does not answer.
        """
        return await self._rest.snapshot(as_uuid(query_id, "query_id"))

    async def get_user_queries(self, user_id: str, *, limit: int = 20) -> list[Query]:
        """Return a user's newest queries, newest first."""
        return await self._rest.queries(str(user_id), limit=limit)

    async def get_analysis(self, asset_id: UUID | str) -> dict[str, Any] | None:
        """Return the whole findings of an asset, where its row may hold an outline; None before the first."""
        return await self._rest.analysis(as_uuid(asset_id, "asset_id"))

    async def subscribe_to_query(
        self,
        query_id: UUID | str,
        on_query_update: OnQuery | None = None,
        on_asset_update: OnAsset | None = None,
        on_new_message: OnMessage | None = None,
        on_error: OnError | None = None,
        *,
        after_seq: int = 0,
    ) -> AsyncSubscription:
        """Follow a query: what it is now, then each change. Returns a function that ends it.

        Callbacks may be plain or coroutine functions. They are called one at a time: messages in order and
        each once, states never older than the one before, and the end of the query last, with the whole
        brief. Trouble that may pass is told to `on_error` once (`error.retryable`), and the subscription
        goes on by itself; any other error of ours is its last word. What a callback raises is told, too.

        Args:
            after_seq: leave out messages up to this number, which the application has already.

        Raises:
            InvalidRequest: the id is none.
        """
        callbacks = Callbacks(on_query_update, on_asset_update, on_new_message, on_error)
        watch = Watch(
            as_uuid(query_id, "query_id"),
            rest=self._rest,
            lines=self._lines,
            tell=callbacks.tell,
            is_lasting=self._project.is_lasting,
            after_seq=after_seq,
        )
        task = asyncio.create_task(self._follow(watch, callbacks))
        self._subscriptions[task] = AsyncSubscription(watch, task)
        task.add_done_callback(self._subscriptions.pop)
        return self._subscriptions[task]

    async def close(self) -> None:
        """End all subscriptions and close the connections."""
        await asyncio.gather(*(end() for end in list(self._subscriptions.values())))
        await self._wire.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @staticmethod
    async def _follow(watch: Watch, callbacks: Callbacks) -> None:
        _inside.set(_inside.get() | {watch})
        try:
            await watch.run()
        except Exception as error:  # a mistake of ours must not end in silence
            await callbacks.report(error)
            raise


def _finish(done: "asyncio.Future[None]") -> None:
    if not done.done():  # it is when whoever waited was cancelled
        done.set_result(None)


async def _call(callback: Callable[[Any], object], argument: object) -> None:
    result = callback(argument)
    if inspect.isawaitable(result):
        await result
