"""Lights in the dark, and what is no light."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzers.look.lights import TILE_PX, Lights, measure_lights
from analyzers.look.tone import luma_of

MAGENTA, CYAN, FIRE = (255, 0, 220), (0, 240, 255), (255, 120, 0)
EDGE = TILE_PX * 16


def lights_of(rgb: NDArray[np.uint8]) -> Lights:
    return measure_lights(rgb, luma=luma_of(rgb), visible=np.ones(rgb.shape[:2], dtype=np.bool_))


def night_with_signs(colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """16 signs of 4 x 4 px, each in a dark tile of its own."""
    picture = np.full((EDGE, EDGE, 3), 12, dtype=np.uint8)
    for row in range(4):
        for column in range(4):
            y, x = row * 64 + 6, column * 64 + 6
            picture[y : y + 4, x : x + 4] = colour
    return picture


@pytest.mark.parametrize(("colour", "electric"), [(MAGENTA, True), (CYAN, True), (FIRE, False)])
def test_signs_in_the_dark_glow_and_fire_is_not_electric(
    colour: tuple[int, int, int], electric: bool
) -> None:
    lights, area = lights_of(night_with_signs(colour)), 16 * 16 / EDGE**2
    assert lights.neon_share == pytest.approx(area)
    assert lights.electric_share == pytest.approx(area if electric else 0)


def test_the_same_colour_by_day_or_over_a_large_area_is_no_neon() -> None:
    day = night_with_signs(MAGENTA)
    day[day.max(axis=2) == 12] = 170
    assert lights_of(day).neon_share == 0
    assert lights_of(np.full((EDGE, EDGE, 3), CYAN, dtype=np.uint8)).neon_share == 0


def test_dark_tiles_with_a_point_of_light_are_counted() -> None:
    # white signs, one tile of 16 x 16 each
    assert lights_of(night_with_signs((255, 255, 255))).lit_tile_share == pytest.approx(16 / 16**2)
    assert lights_of(np.full((EDGE, EDGE, 3), 255, dtype=np.uint8)).lit_tile_share == 0


def test_hidden_lights_do_not_count() -> None:
    picture = night_with_signs(MAGENTA)
    hidden = measure_lights(picture, luma=luma_of(picture), visible=picture.max(axis=2) < 100)
    assert hidden == Lights(neon_share=0, electric_share=0, lit_tile_share=0)


@pytest.mark.parametrize("shape", [(1, 1), (17, 5), (33, 47)])
def test_any_size_can_be_measured(shape: tuple[int, int]) -> None:
    black = np.zeros((*shape, 3), dtype=np.uint8)
    assert lights_of(black).neon_share == 0
