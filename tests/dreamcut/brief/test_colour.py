"""Distances between palettes."""

from itertools import pairwise

import pytest

from dreamcut.brief.colour import palette_distance, palette_shift
from dreamcut.findings.look import Palette, Swatch


def grey(lightness: float, share: float) -> Swatch:
    return Swatch(hex="#777777", name="grey", share=share, lightness=lightness, chroma=0, hue_degrees=0)


def test_equal_palettes_are_0_apart_and_distance_is_symmetric() -> None:
    one = Palette(colours=(grey(50, 0.7), grey(80, 0.3)), contrast=3)
    other = Palette(colours=(grey(50, 1.0),), contrast=1)
    assert palette_distance(one, one) == 0
    assert palette_distance(one, other) == palette_distance(other, one)
    # one way only the 30 % at L* 80 are off, the other way nothing is
    step = 30 / (1 + 0.015 * 15**2 / (20 + 15**2) ** 0.5)  # CIEDE2000 of greys: lightness alone
    assert palette_distance(one, other) == pytest.approx(0.3 * step / 2)


def test_distance_grows_with_lightness() -> None:
    base = Palette(colours=(grey(20, 1.0),), contrast=1)
    distances = [
        palette_distance(base, Palette(colours=(grey(light, 1.0),), contrast=1)) for light in (20, 30, 50, 90)
    ]
    assert all(before < after for before, after in pairwise(distances))


def test_shift_is_the_difference_of_the_weighted_means() -> None:
    source = Palette(colours=(grey(20, 0.5), grey(40, 0.5)), contrast=2)
    target = Palette(colours=(grey(60, 1.0),), contrast=1)
    assert palette_shift(source, target).lightness == pytest.approx(30)
