"""What a task writes while it works, on a real database."""

from pathlib import Path

import pytest

from analyzers.steps import Step
from dreamcut.errors import UnreadableMedia
from dreamcut.models import Asset, AssetKind, AssetStatus, Intent, MessageType, NewAsset, NewQuery
from dreamcut.store.postgres import PostgresStore
from tasks import report


@pytest.fixture
def asset(store: PostgresStore) -> Asset:
    wanted = tuple(
        NewAsset(url="file:///x", kind=AssetKind.IMAGE, filename=name) for name in ("a.png", "b.png")
    )
    query_id = store.initialize_query(NewQuery(user_id="u", prompt="p", assets=wanted), intent=Intent.IMAGE)
    return store.assets(query_id)[0]


def stored(store: PostgresStore, asset: Asset) -> Asset:
    return next(row for row in store.assets(asset.query_id) if row.id == asset.id)


def test_steps_move_forward_and_name_themselves_once(
    store: PostgresStore, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MIN_SECONDS_BETWEEN_REPEATS", 0.0)
    report.report_start(store, asset)
    on_step = report.step_reporter(store, asset, check=lambda: None)
    for name, progress in (("frames", 10), ("frames", 40), ("late", 20), ("shots", 60)):
        on_step(Step(name, progress, None))
    assert stored(store, asset).progress == 60
    said = [m.content for m in store.messages(asset.query_id) if m.type is MessageType.ASSET_PROGRESS]
    assert said == ["a.png: frames", "a.png: shots"]


def test_a_burst_of_steps_is_thinned(
    store: PostgresStore, asset: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "MIN_SECONDS_BETWEEN_REPEATS", 3600.0)
    on_step = report.step_reporter(store, asset, check=lambda: None)
    for progress in range(1, 50):
        on_step(Step("frames", progress, None))
    assert stored(store, asset).progress == 1


def test_a_step_may_be_the_moment_to_stop(store: PostgresStore, asset: Asset) -> None:
    def refuse() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        report.step_reporter(store, asset, check=refuse)(Step("palette", 30, None))
    assert stored(store, asset).progress == 0


def test_a_failure_tells_its_user_what_the_error_says(store: PostgresStore, asset: Asset) -> None:
    report.report_failure(store, asset, UnreadableMedia(Path("a.png"), "is empty"))
    row = stored(store, asset)
    assert (row.status, row.error_message) == (AssetStatus.FAILED, "a.png: is empty")


def test_an_error_of_ours_does_not_show_its_insides(store: PostgresStore, asset: Asset) -> None:
    report.report_failure(store, asset, KeyError("secret"))
    assert stored(store, asset).error_message == "KeyError in the analysis"
