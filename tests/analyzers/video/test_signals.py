"""Per-frame signals on pictures with known answers."""

import numpy as np
import pytest

from analyzers.video.signals import CHUNK_FRAMES, Signals, cell_means, joined, measured
from tests.support import clips


def test_cells_hold_the_mean_of_their_samples() -> None:
    plane = np.arange(24, dtype=np.uint8).reshape(1, 4, 6)
    # the top left 2 x 2 cell holds 0, 1, 6, 7
    assert cell_means(plane, 2)[0, 0, 0] == pytest.approx(3.5)
    assert cell_means(plane, 2).shape == (1, 2, 3)


def test_lines_that_fill_no_cell_are_left_out() -> None:
    assert cell_means(np.zeros((1, 5, 7), np.uint8), 2).shape == (1, 2, 3)


def test_a_roll_of_the_picture_is_its_shift() -> None:
    base = clips.scene(1)
    frames = clips.planar([base, np.roll(base, (6, -8), axis=(0, 1))], frame_rate=25)
    right, down = joined(list(measured(frames))).shift[1]
    assert right == pytest.approx(-8 / 256, abs=0.5 / 256)
    assert down == pytest.approx(6 / 256, abs=0.5 / 256)


def test_a_slow_pan_flows_at_its_speed() -> None:
    # 2 px of 256 a frame; flat areas rest, so the mean over the picture lies below
    signals = _signals(clips.pan(2, 20, px_per_frame=2.0))
    assert 0.3 * 2 / 256 < np.median(signals.flow[1:]) <= 1.2 * 2 / 256


def test_noise_is_no_motion() -> None:
    signals = _signals(clips.still(3, 20))
    assert signals.flow[1:].max() < 0.1 / 256
    assert np.abs(signals.shift[1:]).max() < 0.1 / 256


def test_a_repeated_frame_is_held_and_a_moving_one_is_not() -> None:
    assert _signals([clips.scene(4)] * 10).held.tolist() == [False] + [True] * 9
    assert not _signals(clips.pan(4, 10, px_per_frame=1.0)).held.any()


def test_a_blurred_picture_is_less_sharp() -> None:
    sharp, soft = clips.pan(5, 1, px_per_frame=0), clips.pan(5, 1, px_per_frame=0, blur_px=12)
    assert _signals(sharp).sharpness[0] > 2 * _signals(soft).sharpness[0]


def test_signals_do_not_depend_on_where_chunks_end() -> None:
    frames = clips.planar(clips.pan(6, CHUNK_FRAMES + 10, px_per_frame=1.5), frame_rate=25)
    whole = joined(list(measured(frames)))
    assert len(whole) == CHUNK_FRAMES + 10
    later = joined(list(measured(frames[30:])))
    for name in ("grid", "histogram", "mean", "sharpness"):
        np.testing.assert_allclose(getattr(whole, name)[30:], getattr(later, name), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(whole.shift[31:], later.shift[1:], atol=1e-5)


def test_time_never_runs_back() -> None:
    frames = clips.planar(clips.still(1, 4, size=(16, 16)), frame_rate=25)
    broken = [frames[0], frames[2], frames[1], frames[3]]
    assert joined(list(measured(broken))).seconds.tolist() == [0, 0.08, 0.08, 0.12]


@pytest.mark.parametrize("size", [(2, 2), (4, 256), (256, 4), (16, 16), (90, 160), (256, 144)])
def test_any_size_of_frame_is_measured(size: tuple[int, int]) -> None:
    signals = _signals(clips.still(7, 3, size=size))
    assert len(signals) == 3
    assert all(np.isfinite(getattr(signals, name)).all() for name in Signals.__dataclass_fields__)


def _signals(clip: list[clips.Picture]) -> Signals:
    return joined(list(measured(clips.planar(clip, frame_rate=25))))
