"""Colour measures of pictures whose answer can be derived."""

import numpy as np
import pytest

from analyzers.look.bins import count_colours
from analyzers.look.colour import colourfulness, measure_colour
from analyzers.look.lights import Lights
from dreamcut.findings.look import Colour

NO_LIGHTS = Lights(neon_share=0, electric_share=0, lit_tile_share=0)
RED, TEAL, ORANGE, VIOLET, GREY = (255, 0, 0), (0, 128, 128), (255, 140, 0), (200, 0, 255), (120, 120, 120)


def colour_of(*areas: tuple[tuple[int, int, int], int]) -> Colour:
    pixels = np.concatenate([np.tile(np.array(rgb, dtype=np.uint8), (count, 1)) for rgb, count in areas])
    return measure_colour(pixels, colours=count_colours(pixels), lights=NO_LIGHTS)


def test_greys_have_no_colour_at_all() -> None:
    colour = colour_of((GREY, 5), ((0, 0, 0), 5))
    assert colour.model_dump() == dict.fromkeys(Colour.model_fields, 0.0)


def test_warm_and_cool_share_the_chromatic_area_only() -> None:
    colour = colour_of((ORANGE, 1), (TEAL, 3), (GREY, 4))
    assert colour.chromatic_share == pytest.approx(0.5)
    assert (colour.warm_share, colour.cool_share) == pytest.approx((0.25, 0.75))


def test_bands_of_hue_are_shares_of_the_whole_area() -> None:
    colour = colour_of((ORANGE, 1), (TEAL, 3), (VIOLET, 2), (GREY, 4))
    assert colour.orange_share == pytest.approx(0.1)
    assert colour.teal_share == pytest.approx(0.3)
    assert colour.violet_share == pytest.approx(0.2)


def test_saturation_is_weighted_by_value() -> None:
    # sum of (max - min) over sum of max: (255 + 0) / (255 + 120)
    assert colour_of((RED, 1), (GREY, 1)).mean_saturation == pytest.approx(255 / 375)


def test_colourfulness_of_one_colour_is_three_tenths_of_its_offset() -> None:
    # no spread; rg = 255, yb = 127.5: Hasler and Süsstrunk's second term alone
    pixels = np.array([RED] * 4, dtype=np.uint8)
    assert colourfulness(pixels) == pytest.approx(0.3 * np.hypot(255, 127.5), rel=1e-6)


def test_blown_counts_channels_that_clip_without_the_others() -> None:
    # cyan lost its hue gradations, white is white, and 252 is not clipped
    colour = colour_of(((80, 255, 255), 1), ((255, 255, 255), 2), ((252, 10, 10), 1))
    assert colour.blown_share == pytest.approx(0.25)
