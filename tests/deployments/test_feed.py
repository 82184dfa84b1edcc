"""The feed: answers under their questions, one bar an unfinished asset, nothing that moves a terminal."""

from datetime import UTC, datetime
from io import StringIO
from uuid import UUID, uuid4

from rich.console import Console

from deployments.feed import FeedState, print_messages, render
from dreamcut.models import Asset, AssetKind, AssetStatus, Message, MessageType

QUERY = uuid4()
ONE, TWO = uuid4(), uuid4()


def asset(
    asset_id: UUID, position: int, *, progress: int = 0, status: AssetStatus = AssetStatus.PENDING
) -> Asset:
    return Asset(
        id=asset_id,
        query_id=QUERY,
        position=position,
        url="file:///x",
        filename=f"{position}.png",
        kind=AssetKind.IMAGE,
        description=None,
        status=status,
        progress=progress,
        error_message=None,
        processing_time_ms=None,
        model_used=None,
        cost_estimate=None,
        worker_id=None,
        attempts=0,
    )


def message(seq: int, kind: MessageType, content: str, asset_id: UUID | None = None) -> Message:
    return Message(
        id=uuid4(),
        query_id=QUERY,
        seq=seq,
        type=kind,
        content=content,
        emoji=None,
        asset_id=asset_id,
        data={},
        created_at=datetime.now(UTC),
    )


def state_of(*messages: Message) -> FeedState:
    state = FeedState(assets={ONE: asset(ONE, 0), TWO: asset(TWO, 1)})
    state.take(messages)
    return state


def contents(messages: list[Message]) -> list[str]:
    return [m.content for m in messages]


INTERLEAVED = (
    message(1, MessageType.STATUS, "hello"),
    message(2, MessageType.ASSET_START, "start one", ONE),
    message(3, MessageType.ASSET_START, "start two", TWO),
    message(4, MessageType.ASSET_PROGRESS, "palette", ONE),
    message(5, MessageType.ASSET_COMPLETE, "done two", TWO),
    message(6, MessageType.ERROR, "broken one", ONE),
    message(7, MessageType.MERGE, "merging"),
)


def test_an_answer_stands_under_its_question() -> None:
    settled = contents(state_of(*INTERLEAVED).settled(with_head=False))
    assert settled == ["hello", "start one", "broken one", "start two", "done two", "merging"]


def test_a_line_is_settled_when_all_above_it_are() -> None:
    state = state_of(*INTERLEAVED[:5])  # two is done, one above it is not
    assert contents(state.settled(with_head=False)) == ["hello"]
    state.take([INTERLEAVED[5]])
    assert contents(state.settled(with_head=False)) == ["start one", "broken one", "start two", "done two"]


def test_the_first_open_question_is_told_once() -> None:
    state = state_of(*INTERLEAVED[:3])
    state.assets = {i: asset(i, n, status=AssetStatus.ANALYZING) for n, i in enumerate((ONE, TWO))}
    assert contents(state.settled(with_head=True)) == ["hello", "start one"]
    assert state.settled(with_head=True) == []
    state.take([INTERLEAVED[5]])
    assert contents(state.settled(with_head=True)) == ["broken one", "start two"]


def test_assets_that_begin_together_keep_the_users_order() -> None:
    state = state_of(
        message(1, MessageType.ASSET_START, "start two", TWO),
        message(2, MessageType.ASSET_START, "start one", ONE),
    )
    assert [block.first.content for block in state.blocks] == ["start one", "start two"]


def test_a_question_waits_for_those_before_it() -> None:
    state = state_of(message(1, MessageType.ASSET_START, "start two", TWO))  # one is still pending
    assert state.settled(with_head=True) == []
    state.take([message(2, MessageType.ASSET_START, "start one", ONE)])
    assert contents(state.settled(with_head=True)) == ["start one"]


def test_progress_counts_assets_for_four_fifths() -> None:
    state = FeedState(
        assets={
            ONE: asset(ONE, 0, progress=50, status=AssetStatus.ANALYZING),
            TWO: asset(TWO, 1, progress=30, status=AssetStatus.FAILED),  # ended counts as whole
        }
    )
    assert state.progress == 0.8 * (50 + 100) / 2


def test_a_bar_an_unfinished_asset_and_one_for_all() -> None:
    state = state_of(*INTERLEAVED[:4])
    state.settled(with_head=False)
    console = Console(file=StringIO(), width=80, force_terminal=False)
    console.print(render(state, elapsed_seconds=1.0))
    assert isinstance(console.file, StringIO)
    text = console.file.getvalue()
    assert text.count(" %") == 3  # two assets and the whole
    assert "0 %  palette" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_control_characters_do_not_reach_the_terminal() -> None:
    output = StringIO()
    evil = message(1, MessageType.ERROR, "a\x1b[2J.png\nsecond \u202eline", ONE)
    print_messages([evil], [asset(ONE, 0)], console=Console(file=output, force_terminal=False, width=80))
    assert output.getvalue() == "a�[2J.png second �line\n"
