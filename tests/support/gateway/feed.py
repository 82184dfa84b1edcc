"""From the write-ahead log to the channels: who gets which change.

There is one slot: made when the first channel listens, dropped when the last one leaves. When the database
goes away the feed waits for it, makes a new slot and tells every channel anew that it listens, as the hosted
server does; what was committed in between is told to nobody.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from typing import Protocol

import psycopg
from psycopg import sql

from gateway import changes
from gateway.bindings import Binding, BindingRefused, Listener, condition, find_listener
from gateway.changes import View, ViewedColumn
from gateway.claims import Caller
from gateway.pgoutput import Change, Transaction
from gateway.project import Connection, DatabaseAway, Project
from gateway.replication import Snapshot, open_stream, take_snapshot

_log = logging.getLogger(__name__)

_RETRY_SECONDS = 0.5

_VIEWS = """
    select c.oid, asked.role, n.nspname, c.relname, c.relrowsecurity, a.attname, t.typname,
           a.atttypid::regtype::text, has_column_privilege(asked.role, c.oid, a.attnum, 'select'),
           coalesce(a.attnum = any (k.conkey), false)
      from pg_class c
      join pg_namespace n on n.oid = c.relnamespace
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
      left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
     cross join unnest(%s::text[]) as asked (role)
     where c.oid = any (%s)
     order by c.oid, asked.role, a.attnum
"""


class Channel(Protocol):
    """What the feed needs of a channel."""

    @property
    def caller(self) -> Caller:
        """Whose rights hold now."""
        ...

    @property
    def bindings(self) -> Sequence[tuple[int, Binding]]:
        """What it listens to, each with its number."""
        ...

    def tell_listening(self) -> None:
        """Every commit from now on is told."""
        ...

    def tell_change(self, ids: Sequence[int], data: str) -> None:
        """A change, as JSON, with the numbers of the bindings that it is for."""
        ...

    def tell_refused(self, reason: str) -> None:
        """The channel does not listen, or does not any longer, for a reason that the client is told."""
        ...


@dataclass
class _Subscription:
    channel: Channel
    listeners: tuple[Listener, ...] = ()
    since: Snapshot | None = None  # what the channel could read for itself; None while it does not listen


@dataclass(frozen=True)
class _Event:
    """A change on its way, with its place in the batch."""

    place: int
    change: Change
    transaction: Transaction


@dataclass
class Feed:
    """The changes of one project. Used by one event loop."""

    project: Project
    _subscriptions: dict[Channel, _Subscription] = field(default_factory=dict)
    _catalog: Connection | None = None  # while the slot exists
    _task: asyncio.Task[None] | None = None
    _ending: asyncio.Task[None] | None = None  # the one before, until its slot is gone
    # Held while a batch is told and while a channel is added, so that none falls between the two.
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def subscribe(self, channel: Channel) -> None:
        """Begin or begin again, with the channel's bindings and rights of this moment.

        The channel is told that it listens now or, when the database is away, later.
        """
        subscription = self._subscriptions.setdefault(channel, _Subscription(channel))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(self._ending))
            self._task.add_done_callback(_complain)
        elif self._catalog is not None:
            with suppress(psycopg.OperationalError):  # the feed itself sees that, too, and begins again
                await self._begin(subscription, self._catalog)

    async def unsubscribe(self, channel: Channel) -> None:
        """Tell the channel nothing more; the last one that leaves takes the slot with it."""
        self._subscriptions.pop(channel, None)
        if self._subscriptions or self._task is None:
            return
        self._ending, self._task = self._task, None
        self._ending.cancel()
        await asyncio.wait([self._ending])

    async def _run(self, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        while True:
            try:
                await self._follow()
            except DatabaseAway:
                pass
            except psycopg.Error as error:
                # 57: the server is being shut down; without a code it is gone. Else it says what is wrong.
                if error.sqlstate and not error.sqlstate.startswith("57"):
                    for channel in list(self._subscriptions):
                        channel.tell_refused(str(error).splitlines()[0])
            await asyncio.sleep(_RETRY_SECONDS)

    async def _follow(self) -> None:
        """Follow one slot to its end."""
        catalog = await self.project.connect()
        try:
            async with open_stream(self.project, catalog) as stream:
                while waiting := [s for s in self._subscriptions.values() if s.since is None]:
                    for subscription in waiting:
                        await self._begin(subscription, catalog)
                self._catalog = catalog
                async for batch in stream.batches():
                    await self._tell(batch, catalog)
        finally:
            self._catalog = None
            for subscription in self._subscriptions.values():
                subscription.since = None
            await catalog.close()

    async def _begin(self, subscription: _Subscription, catalog: Connection) -> None:
        channel = subscription.channel
        async with self._order:
            role, was = channel.caller.role, subscription.since
            try:
                found = [
                    await find_listener(catalog, binding, role=role, id=number)
                    for number, binding in channel.bindings
                ]
            except BindingRefused as error:
                subscription.listeners = ()
                subscription.since = await take_snapshot(catalog)
                channel.tell_refused(str(error))
                return
            subscription.listeners = tuple(found)
            # A channel that only changes its rights goes on where it was.
            subscription.since = was if was is not None else await take_snapshot(catalog)
            if self._subscriptions.get(channel) is subscription:
                channel.tell_listening()

    async def _tell(self, batch: list[Transaction], catalog: Connection) -> None:
        events = [
            _Event(place, change, transaction)
            for place, (transaction, change) in enumerate((t, c) for t in batch for c in t.changes)
        ]
        async with self._order:
            listening = [s for s in self._subscriptions.values() if s.since is not None and s.listeners]
            wanted = {oid for s in listening for listener in s.listeners for oid in listener.relation_oids}
            events = [event for event in events if event.change.relation.oid in wanted]
            # The log may be ahead of what other sessions see, and the rows are looked up below.
            await _wait_until_seen(catalog, {event.transaction.xid for event in events})
            if not events:
                return
            roles = {s.channel.caller.role for s in listening}
            views = await _views(catalog, roles, {event.change.relation.oid for event in events})
            teller = _Teller(events, views, await _foreign_json(catalog, events))
            for _, group in groupby(sorted(listening, key=_whose), key=_whose):
                await teller.tell(self.project, list(group))


@dataclass
class _Teller:
    """Tells one batch. What is told to many in the same role is written once."""

    events: list[_Event]
    views: dict[tuple[int, str], View]
    foreign: dict[changes.ForeignValue, str]
    _written: dict[tuple[int, str], str] = field(default_factory=dict)

    async def tell(self, project: Project, subscriptions: list[_Subscription]) -> None:
        """Tell it to the channels of one caller."""
        caller = subscriptions[0].channel.caller
        while subscriptions:
            try:
                async with project.session(caller, read_only=True) as session:
                    while subscriptions:
                        await self._tell_one(session, subscriptions[0], caller.role)
                        subscriptions.pop(0)
            except psycopg.OperationalError:
                raise
            except psycopg.Error as error:
                # The caller's own fault, such as a policy that raises: it must not silence the others.
                refused = subscriptions.pop(0)
                refused.listeners = ()
                refused.channel.tell_refused(str(error).splitlines()[0])

    async def _tell_one(self, session: Connection, subscription: _Subscription, role: str) -> None:
        ids = await self._ids(session, subscription, role)
        for event in self.events:
            if for_event := ids.get(event.place):
                subscription.channel.tell_change(for_event, self._data(event, role))

    async def _ids(self, session: Connection, subscription: _Subscription, role: str) -> dict[int, list[int]]:
        """Return which bindings each change is for, by its place."""
        found: dict[int, list[int]] = {}
        since = subscription.since
        assert since is not None
        for listener in subscription.listeners:
            for oid in listener.relation_oids:
                events = [
                    event
                    for event in self.events
                    if event.change.relation.oid == oid
                    and listener.wants(event.change.kind, oid)
                    and not since.sees(event.transaction.xid)
                ]
                view = self.views.get((oid, role))
                if not events or view is None:
                    continue
                faulty = [event.place for event in events if changes.fault(event.change, view)]
                sound = [event for event in events if event.place not in faulty]
                for place in [*faulty, *await _visible(session, sound, view, listener)]:
                    if listener.id not in found.setdefault(place, []):
                        found[place].append(listener.id)
        return found

    def _data(self, event: _Event, role: str) -> str:
        key = event.place, role
        if key not in self._written:
            view = self.views[event.change.relation.oid, role]
            error = changes.fault(event.change, view)
            self._written[key] = (
                changes.error_data(event.change, error)
                if error
                else changes.change_data(
                    event.change, view, committed_at=event.transaction.committed_at, to_json=self._json
                )
            )
        return self._written[key]

    def _json(self, type_oid: int, value: str) -> str:
        known = self.foreign.get((type_oid, value))
        return changes.json_text(type_oid, value) if known is None else known


def _complain(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the feed ended", exc_info=error)


def _whose(subscription: _Subscription) -> tuple[str, str]:
    caller = subscription.channel.caller
    return caller.role, caller.claims_json


async def _visible(session: Connection, events: list[_Event], view: View, listener: Listener) -> list[int]:
    """Return the places of the changes that pass the filter and whose row the session sees now.

    As on the hosted server the row's life decides where the table has row security: one that has been deleted
    meanwhile is not told. A DELETE cannot be checked; it passes when its primary key passes the filter.
    """
    checks_rows = view.has_row_security and any(event.change.kind != "DELETE" for event in events)
    if not events or not (checks_rows or listener.filter):
        return [event.place for event in events]
    columns = {column.name: column for column in view.columns}
    names = [column.name for column in view.key]
    if listener.filter:
        names.append(listener.filter.column)
    rows = [[event.place for event in events], [event.change.kind != "DELETE" for event in events]]
    for name in names:
        rows.append([(event.change.new or changes.former(event.change, view)).get(name) for event in events])
    aliases = [sql.Identifier(f"v{number}") for number in range(len(names))]
    tests = []
    if listener.filter:
        cast = columns[listener.filter.column].cast
        tests.append(
            sql.SQL("{}::{} {}").format(aliases[-1], sql.SQL(cast), condition(listener.filter, cast=cast))
        )
    if checks_rows:
        same_key = sql.SQL(" and ").join(
            sql.SQL("e.{} = {}::{}").format(sql.Identifier(column.name), alias, sql.SQL(column.cast))
            for column, alias in zip(view.key, aliases, strict=False)
        )
        tests.append(
            sql.SQL("(not lives or exists (select from {} e where {}))").format(
                sql.Identifier(view.schema, view.table), same_key
            )
        )
    statement = sql.SQL(
        "select place from unnest(%s::int[], %s::bool[], {}) as w (place, lives, {}) where {}"
    ).format(
        sql.SQL(", ").join(sql.SQL("%s::text[]") for _ in names),
        sql.SQL(", ").join(aliases),
        sql.SQL(" and ").join(tests),
    )
    found = await session.execute(statement, rows)
    return [row[0] for row in await found.fetchall()]


async def _wait_until_seen(catalog: Connection, xids: set[int]) -> None:
    while xids:
        snapshot = await take_snapshot(catalog)
        xids = {xid for xid in xids if not snapshot.sees(xid)}


async def _views(catalog: Connection, roles: set[str], oids: set[int]) -> dict[tuple[int, str], View]:
    found = await catalog.execute(_VIEWS, [list(roles), list(oids)])
    views = {}
    for (oid, role), rows in groupby(await found.fetchall(), key=lambda row: (row[0], row[1])):
        columns = list(rows)
        _, _, schema, table, has_row_security = columns[0][:5]
        views[oid, role] = View(
            schema, table, has_row_security, tuple(ViewedColumn(*row[5:]) for row in columns)
        )
    return views


async def _foreign_json(catalog: Connection, events: list[_Event]) -> dict[changes.ForeignValue, str]:
    """Let the server write the values of types that we do not know."""
    values = sorted(set().union(*(changes.foreign_values(event.change) for event in events)))
    written = {}
    for type_oid, group in groupby(values, key=lambda value: value[0]):
        texts = [text for _, text in group]
        row = await (await catalog.execute("select %s::regtype::text", [type_oid])).fetchone()
        assert row is not None
        found = await catalog.execute(
            sql.SQL("select v, to_jsonb(v::{})::text from unnest(%s::text[]) as w (v)").format(
                sql.SQL(row[0])
            ),
            [texts],
        )
        written.update({(type_oid, text): json for text, json in await found.fetchall()})
    return written
