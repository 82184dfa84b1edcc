"""What a subscriber was told, in order, and ways to wait for it."""

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from gateway.faults import FaultProxy
from queries import feed, report, start_query, value
from supabase_project import SupabaseProject

from dreamcut.realtime import AssetUpdate, FeedMessage, QueryUpdate, create_dreamcut_manager

WAIT_SECONDS = 30.0


class Recorder:
    """Callbacks that remember. Each call is checked against the ones before."""

    def __init__(self) -> None:
        self.told: list[QueryUpdate | AssetUpdate | FeedMessage] = []
        self.errors: list[Exception] = []
        self._changed = threading.Condition()
        self._calling = threading.Lock()

    @property
    def callbacks(self) -> dict[str, Callable[[Any], None]]:
        """Keyword arguments of `subscribe_to_query`."""
        return {
            "on_query_update": self._remember,
            "on_asset_update": self._remember,
            "on_new_message": self._remember,
            "on_error": self._remember_error,
        }

    @property
    def queries(self) -> list[QueryUpdate]:
        """What it was told of the query."""
        return [news for news in self.told if isinstance(news, QueryUpdate)]

    @property
    def assets(self) -> dict[str, AssetUpdate]:
        """The last it was told of each asset."""
        return {str(news.id): news for news in self.told if isinstance(news, AssetUpdate)}

    @property
    def messages(self) -> list[FeedMessage]:
        """The feed."""
        return [news for news in self.told if isinstance(news, FeedMessage)]

    @property
    def feed(self) -> list[tuple[int, str, str]]:
        """Number, type and content of the messages, as `queries.feed` reads them from the database."""
        return [(message.seq, message.type.value, message.content) for message in self.messages]

    def wait(self, condition: Callable[["Recorder"], object], *, seconds: float = WAIT_SECONDS) -> None:
        """Return once the condition holds; fails after a while."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), seconds):
                raise AssertionError(f"told {len(self.told)}, last {self.told[-1:]}, errors {self.errors}")

    def wait_for_messages(self, count: int, *, seconds: float = WAIT_SECONDS) -> None:
        """Return once so many messages were told."""
        self.wait(lambda told: len(told.messages) >= count, seconds=seconds)

    def wait_for_end(self, *, seconds: float = WAIT_SECONDS) -> None:
        """Return once the query's end was told."""
        self.wait(lambda told: told.queries and told.queries[-1].ended, seconds=seconds)

    def _remember(self, news: Any) -> None:
        assert self._calling.acquire(blocking=False), "two callbacks at once"
        with self._changed:
            self.told.append(news)
            self._changed.notify_all()
        self._calling.release()

    def _remember_error(self, error: Exception) -> None:
        with self._changed:
            self.errors.append(error)
            self._changed.notify_all()


def live_through(seed: int, project: SupabaseProject, worker: psycopg.Connection[Any]) -> int:
    """Follow a query over a network that drops, doubles, reorders, delays and breaks; returns how often.

    Every second query does not end, so that no closing read makes up for what was missed. What was told is
    what the database holds, or this fails.
    """
    user_id = str(UUID(int=seed + 1))
    query = start_query(worker, user_id=user_id)
    heard = Recorder()
    token = project.keys.token(role="authenticated", user_id=user_id)
    with (
        FaultProxy(project.url, seed=seed) as proxy,
        create_dreamcut_manager(proxy.url, project.keys.anon, access_token=token) as manager,
    ):
        manager.subscribe_to_query(query.id, **heard.callbacks)
        heard.wait_for_messages(1)
        for n in range(40):
            findings = {"at": n} if n % 3 else None
            report(worker, query.assets[n % 2], "analyzing", n, message=f"step {n}", analysis=findings)
        if seed % 2:
            for asset in query.assets:
                report(worker, asset, "completed", 100)
            value(worker, "select public.finish_dreamcut_query(%s, '{}')", query.id)
        proxy.calm()
        proxy.disconnect()
        written = feed(worker, query.id)
        assets = {
            key: (revision, analysis)
            for key, revision, analysis in worker.execute(
                "select id::text, revision, analysis from public.dreamcut_assets where query_id = %s",
                [query.id],
            )
        }
        heard.wait(
            lambda told: (
                len(told.messages) >= len(written)
                and {key: (known.revision, known.analysis) for key, known in told.assets.items()} == assets
                and told.queries[-1].ended == bool(seed % 2)
            )
        )
        counts = proxy.counts()
    assert heard.feed == written, f"seed {seed}"
    assert not seed % 2 or heard.told[-1] is heard.queries[-1], f"seed {seed}"
    return counts.faults
