"""Slots in, beats out: nothing lost, nothing twice, in the order claimed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamcut.brief.layout import Placed, even_slots, fill, lay_between, lay_in_order, level_lengths
from dreamcut.brief.material import material_of
from dreamcut.brief.stretches import Stretch, stretches
from tests.support.findings import report, request, video

RATE = 24.0


def takes(*seconds: float) -> list[Stretch]:
    """Return stretches of some lengths, one after the other."""
    edges = (0, *(round(sum(seconds[: i + 1]) * RATE) for i in range(len(seconds))))
    found = request("a trailer", report(0, "v.mp4", video(edges=edges)))
    return list(stretches(material_of(found)))


def frames(placed: tuple[Placed, ...]) -> list[int]:
    return [one.frames for one in placed]


def test_level_lengths_caps_all_alike() -> None:
    assert level_lengths([100, 20, 60], 120) == [50, 20, 50]
    assert level_lengths([10, 10], 100) == [10, 10]
    assert sum(level_lengths([7, 7, 7], 20)) == 20


@given(st.lists(st.integers(0, 300), max_size=12), st.integers(0, 2000))
def test_level_lengths_sum_to_what_is_asked_or_there(available: list[int], wanted: int) -> None:
    lengths = level_lengths(available, wanted)
    assert sum(lengths) == min(wanted, sum(available))
    assert all(length <= most for length, most in zip(lengths, available, strict=True))


@given(st.lists(st.floats(0.1, 9), min_size=1, max_size=8), st.integers(1, 900), st.integers(1, 12))
def test_every_way_to_lay_fills_the_timeline_exactly_and_takes_no_frame_twice(
    seconds: list[float], total: int, count: int
) -> None:
    pool = takes(*seconds)
    edges = [(total * i // count, i) for i in range(count)]
    laid = (
        fill(even_slots(total, count), pool, rate=RATE, prefer=lambda _stretch, _at: 0.0),
        lay_in_order(pool, total, rate=RATE),
        lay_in_order(pool, total, rate=RATE, grid=list(range(20, total, 20))),
        lay_between(pool, sorted(dict(edges).items()), total, rate=RATE, score=lambda stretch: stretch.end),
    )
    for placed in laid:
        assert placed[0].start_frame == 0
        assert placed[-1].end_frame == total
        assert all(before.end_frame == after.start_frame for before, after in pairwise(placed))
        used = sorted((one.source_in, one.source_out) for one in placed if one.stretch)
        assert all(before[1] <= after[0] + 1e-6 for before, after in pairwise(used))
        for one in placed:
            if one.stretch:
                assert one.stretch.start - 1e-9 <= one.source_in < one.source_out <= one.stretch.end + 1e-6
                assert one.source_out - one.source_in == pytest.approx(one.frames / RATE, abs=1e-5)


def test_in_order_means_in_order_and_each_once() -> None:
    pool = takes(4, 4, 4, 4)
    placed = lay_in_order(pool, round(10 * RATE), rate=RATE)
    assert [one.stretch for one in placed] == pool
    assert frames(placed) == [60, 60, 60, 60]


def test_a_grid_is_kept_and_short_shots_get_fewer_steps() -> None:
    pool = takes(3, 1.2, 3, 3)  # on a grid of 1 s the second holds one step
    placed = lay_in_order(pool, round(8 * RATE), rate=RATE, grid=[24 * i for i in range(1, 8)])
    assert all(one.start_frame % 24 == 0 for one in placed)
    assert frames(placed) == [48, 24, 48, 72]


def test_weak_shots_are_passed_over_while_enough_remain() -> None:
    pool = takes(3, 3, 3, 3, 3, 3)
    weak = pool[1]
    edges: list[tuple[int, int | None]] = [(0, 0), (48, 1), (96, 2)]

    def score(stretch: Stretch) -> float:
        return 0.0 if stretch is weak else 1.0

    placed = lay_between(pool, edges, 144, rate=RATE, score=score)
    assert weak not in [one.stretch for one in placed]
    kept = lay_between(pool[:3], edges, 144, rate=RATE, score=score)
    assert weak in [one.stretch for one in kept]


def test_what_no_material_fills_stays_empty() -> None:
    placed = lay_in_order(takes(2), 96, rate=RATE)
    assert [(one.stretch is None, one.frames) for one in placed] == [(False, 48), (True, 48)]
