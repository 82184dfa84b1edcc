"""The director's feed in a terminal: the messages of a query, and how far its assets are.

Assets are analysed side by side, so their messages interleave. A reader wants each answer under its
question: the feed keeps one block an asset, and a block moves to the scroll-back once it and all above
it are finished. The same order holds without a terminal, where only finished lines are printed.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from dreamcut.errors import printable
from dreamcut.models import Asset, AssetStatus, Message, MessageType, Query, QueryStatus
from dreamcut.store.protocol import Store

REFRESHES_PER_SECOND = 10
WAIT_SECONDS = 0.5  # between looks when nothing says that something changed
BAR_COLUMNS = 30
ASSETS_SHARE = 0.8  # of the overall progress: the database sets 80 when the last asset ends

_STYLES: dict[MessageType, str] = {
    MessageType.ASSET_START: "bold",
    MessageType.CONFLICT: "yellow",
    MessageType.ERROR: "red",
    MessageType.FINAL: "bold green",
}


@dataclass
class Block:
    """A line of the feed; for an asset, its start, how far it is, and its end."""

    first: Message
    last: Message | None = None
    shown: bool = False  # its first line stands in the scroll-back

    @property
    def finished(self) -> bool:
        """True when nothing can be added below it."""
        return self.first.type is not MessageType.ASSET_START or self.last is not None

    @property
    def lines(self) -> list[Message]:
        """The messages of this block that are shown as lines."""
        return [self.first] if self.last is None else [self.first, self.last]


@dataclass
class FeedState:
    """What of a query has been seen and not yet moved to the scroll-back."""

    blocks: list[Block] = field(default_factory=list)
    assets: dict[UUID, Asset] = field(default_factory=dict)
    doing: dict[UUID, str] = field(default_factory=dict)  # asset -> its latest progress message
    last_seq: int = 0
    query: Query | None = None

    def take(self, messages: Iterable[Message]) -> None:
        """Add messages in the order of their sequence."""
        for message in messages:
            self.last_seq = message.seq
            self._place(message)

    def _place(self, message: Message) -> None:
        if message.type is MessageType.ASSET_PROGRESS:
            if message.asset_id is not None:
                self.doing[message.asset_id] = str(message.data.get("step", message.content))
            return
        if message.asset_id is not None and message.type in {MessageType.ASSET_COMPLETE, MessageType.ERROR}:
            for block in self.blocks:
                if not block.finished and block.first.asset_id == message.asset_id:
                    block.last = message
                    return
        self.blocks.insert(self._place_of(message), Block(message))

    def _place_of(self, message: Message) -> int:
        """Return where a block belongs: at the end, but assets that began together in the user's order."""
        place = len(self.blocks)
        if message.type is not MessageType.ASSET_START:
            return place
        position = self._position(message)
        while place > 0 and not self.blocks[place - 1].shown:
            before = self.blocks[place - 1].first
            if before.type is not MessageType.ASSET_START or self._position(before) < position:
                break
            place -= 1
        return place

    def _position(self, message: Message) -> int:
        asset = self.assets.get(message.asset_id) if message.asset_id else None
        return asset.position if asset else 0

    def settled(self, *, with_head: bool) -> list[Message]:
        """Take the lines off the top that can no longer change.

        Args:
            with_head: also take the first line of the block that all others wait for.
        """
        done: list[Message] = []
        while self.blocks and self.blocks[0].finished:
            block = self.blocks.pop(0)
            done += block.lines[1:] if block.shown else block.lines
        if with_head and self.blocks and not self.blocks[0].shown and not self._awaits_another():
            self.blocks[0].shown = True
            done.append(self.blocks[0].first)
        return done

    def _awaits_another(self) -> bool:
        """Whether an asset that the user named before the first open one is about to begin."""
        position = self._position(self.blocks[0].first)
        return any(a.position < position and a.status is AssetStatus.PENDING for a in self.assets.values())

    @property
    def progress(self) -> float:
        """Overall progress, 0 to 100."""
        stored = float(self.query.progress) if self.query else 0.0
        if not self.assets:
            return stored
        ended = {AssetStatus.COMPLETED, AssetStatus.FAILED}
        each = [100 if asset.status in ended else asset.progress for asset in self.assets.values()]
        return max(stored, ASSETS_SHARE * sum(each) / len(each))


class Feed:
    """Shows one query while it runs. Use as a context manager; leaving it shows the rest and stops."""

    def __init__(self, query_id: UUID, *, open_store: Callable[[], Store], console: Console) -> None:
        self._query_id = query_id
        self._open_store = open_store
        self._console = console
        self._state = FeedState()
        self._started = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dreamcut-feed", daemon=True)
        self._error: BaseException | None = None

    def __enter__(self) -> "Feed":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def error(self) -> BaseException | None:
        """What ended the feed early; the query goes on without it."""
        return self._error

    def _run(self) -> None:
        try:
            with self._open_store() as store:
                if self._console.is_terminal:
                    self._run_live(store)
                else:
                    self._follow(store, show=self._print_lines)
        except Exception as error:  # noqa: BLE001 - a broken screen must not end the query
            self._error = error

    def _run_live(self, store: Store) -> None:
        with Live(
            console=self._console,
            get_renderable=self._render,
            refresh_per_second=REFRESHES_PER_SECOND,
            transient=True,
        ) as live:

            def show() -> None:
                for message in self._state.settled(with_head=False):
                    live.console.print(_line(message))
                live.refresh()

            self._follow(store, show=show)

    def _follow(self, store: Store, *, show: Callable[[], None]) -> None:
        while True:
            stopping = self._stop.is_set()  # asked before reading: what was written before is then seen
            self._read(store)
            show()
            if stopping or self._ended():
                return
            store.wait_for_change(self._query_id, timeout_seconds=WAIT_SECONDS)

    def _read(self, store: Store) -> None:
        query = store.query(self._query_id)  # first: a final state promises that all messages are there
        messages = store.messages(self._query_id, after_seq=self._state.last_seq)
        self._state.assets = {asset.id: asset for asset in store.assets(self._query_id)}
        self._state.take(messages)
        self._state.query = query

    def _ended(self) -> bool:
        return self._state.query is not None and self._state.query.status is not QueryStatus.PROCESSING

    def _print_lines(self) -> None:
        for message in self._state.settled(with_head=True):
            self._console.print(_line(message), soft_wrap=True)

    def _render(self) -> RenderableType:
        return render(self._state, elapsed_seconds=time.monotonic() - self._started)


def print_messages(messages: Sequence[Message], assets: Sequence[Asset], *, console: Console) -> None:
    """Print the feed of a query from its beginning to now."""
    state = FeedState(assets={asset.id: asset for asset in assets})
    state.take(messages)
    for block in state.blocks:
        for message in block.lines:
            console.print(_line(message), soft_wrap=not console.is_terminal)


def render(state: FeedState, *, elapsed_seconds: float) -> RenderableType:
    """Return the moving part of the feed: unfinished assets with their bars, and the whole."""
    rows: list[RenderableType] = []
    for block in state.blocks:
        rows += [_line(message) for message in block.lines]
        if not block.finished and block.first.asset_id in state.assets:
            rows.append(_asset_bar(state, state.assets[block.first.asset_id]))
    waiting = sum(asset.status is AssetStatus.PENDING for asset in state.assets.values())
    label = f"{state.progress:3.0f} %  {elapsed_seconds:4.1f} s" + (f"  {waiting} waiting" if waiting else "")
    rows.append(_bar("Σ ", state.progress, label, style="magenta"))
    return Group(*rows)


def _asset_bar(state: FeedState, asset: Asset) -> RenderableType:
    doing = printable(state.doing.get(asset.id, ""))
    return _bar("→ ", asset.progress, f"{asset.progress:3d} %  {doing}", style="cyan")


def _bar(head: str, percent: float, label: str, *, style: str) -> RenderableType:
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=2)
    grid.add_column(width=BAR_COLUMNS)
    grid.add_column(no_wrap=True, overflow="ellipsis")
    bar = ProgressBar(total=100, completed=percent, width=BAR_COLUMNS, complete_style=style)
    grid.add_row(Text(head, style="dim"), bar, Text(label, style="dim"))
    return grid


def _line(message: Message) -> RenderableType:
    """Return a message with its wrapped lines indented under its first word."""
    text = " ".join(printable(line) for line in message.line.splitlines())
    return Text(text, style=_STYLES.get(message.type, ""))
