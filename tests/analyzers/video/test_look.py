"""Looks of keyframes, alone and together."""

import numpy as np
import pytest

from analyzers.look import measure_look
from analyzers.video.look import look_at_shots, mean_detail, shots_to_look_at, together, without_bars
from dreamcut.findings.video import Geometry, Matte, Shot, TransitionKind

FULL_HD = Geometry(
    stored_width_px=1920,
    stored_height_px=1080,
    sample_aspect_ratio=1,
    rotation_degrees=0,
    width_px=1920,
    height_px=1080,
    aspect_ratio=16 / 9,
    aspect_name="16:9",
)


def test_every_shot_is_looked_at_while_there_are_few() -> None:
    assert shots_to_look_at([4, 0, 2], duration_seconds=30) == [0, 2, 4]


def test_a_fast_montage_gets_looks_by_its_length_evenly() -> None:
    chosen = shots_to_look_at(range(60), duration_seconds=10)
    assert len(chosen) == 4 + 5
    assert (chosen[0], chosen[-1]) == (0, 59)
    assert set(np.diff(chosen)) <= {7, 8}


def test_looks_go_to_their_shots() -> None:
    shots = tuple(_shot(index) for index in range(3))
    red = np.tile(np.uint8((200, 20, 20)), (90, 160, 1))
    looked, whole = look_at_shots(shots, {1: red}, geometry=FULL_HD, matte=None)
    assert [shot.look is not None for shot in looked] == [False, True, False]
    assert whole is not None
    assert look_at_shots(shots, {}, geometry=FULL_HD, matte=None) == (shots, None)


def test_bars_are_cut_off() -> None:
    picture = np.zeros((288, 512, 3), np.uint8)
    picture[36:-36] = 200  # 135 of 1080 lines at each side
    matte = Matte(
        top_px=135, bottom_px=135, left_px=0, right_px=0, kind="letterbox", active_aspect_ratio=1920 / 810
    )
    assert without_bars(picture, geometry=FULL_HD, matte=matte).shape == (216, 512, 3)
    assert without_bars(picture, geometry=FULL_HD, matte=matte).min() == 200
    assert without_bars(picture, geometry=FULL_HD, matte=None) is picture


def test_the_clip_has_the_colours_of_its_shots_by_their_length() -> None:
    red, blue = (np.tile(np.uint8(colour), (90, 160, 1)) for colour in ((200, 20, 20), (20, 20, 200)))
    look = together([red, blue], [measure_look(red), measure_look(blue)], np.array([0.75, 0.25]))
    shares = {colour.hex: colour.share for colour in look.palette.colours}
    assert shares == pytest.approx({"#c81414": 0.75, "#1414c8": 0.25}, abs=0.001)


def test_detail_is_averaged_not_pooled() -> None:
    rng = np.random.default_rng(1)
    rough = rng.integers(0, 255, (90, 160, 3), dtype=np.uint8)
    flat = np.full((90, 160, 3), 100, np.uint8)
    looks = [measure_look(rough), measure_look(flat)]
    details = [look.detail for look in looks]
    assert details[0] is not None
    mean = mean_detail(details, np.array([0.25, 0.75]))
    assert mean is not None
    assert mean.sharpness == pytest.approx(0.25 * details[0].sharpness)
    assert together([rough, flat], looks, np.array([0.25, 0.75])).detail == mean
    assert mean_detail([None, None], np.array([0.5, 0.5])) is None


def _shot(index: int) -> Shot:
    return Shot(
        start_seconds=index,
        end_seconds=index + 1,
        index=index,
        start_frame=index * 24,
        end_frame=index * 24 + 24,
        opens_with=TransitionKind.CUT,
        confidence=1,
    )
