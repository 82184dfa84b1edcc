"""Colour differences against the published test data."""

from itertools import pairwise

import pytest

from dreamcut.brief.colour import Lab, ciede2000, palette_distance, palette_shift
from dreamcut.findings.look import Palette, Swatch

# Sharma, Wu, Dalal 2005, table 1: pairs chosen to trip every branch of the formula
PAIRS = (
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (56.0, -27.0, -3.0), 31.9030),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)


@pytest.mark.parametrize(("one", "other", "expected"), PAIRS)
def test_ciede2000_gives_the_published_differences(
    one: tuple[float, float, float], other: tuple[float, float, float], expected: float
) -> None:
    assert ciede2000(Lab(*one), Lab(*other)) == pytest.approx(expected, abs=5e-5)
    assert ciede2000(Lab(*other), Lab(*one)) == pytest.approx(expected, abs=5e-5)


def grey(lightness: float, share: float) -> Swatch:
    return Swatch(hex="#777777", name="grey", share=share, lightness=lightness, chroma=0, hue_degrees=0)


def test_equal_palettes_are_0_apart_and_distance_is_symmetric() -> None:
    one = Palette(colours=(grey(50, 0.7), grey(80, 0.3)), contrast=3)
    other = Palette(colours=(grey(50, 1.0),), contrast=1)
    assert palette_distance(one, one) == 0
    assert palette_distance(one, other) == palette_distance(other, one)
    # one way only the 30 % at L* 80 are off, the other way nothing is
    step = ciede2000(Lab(80, 0, 0), Lab(50, 0, 0))
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
