"""Palettes of pictures whose colours are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzers.look.bins import count_colours
from analyzers.look.palette import MAX_SWATCHES, measure_palette
from dreamcut.findings.look import Palette


def palette_of(*areas: tuple[tuple[int, int, int], int]) -> Palette:
    pixels = np.concatenate([np.tile(np.array(rgb, dtype=np.uint8), (count, 1)) for rgb, count in areas])
    return measure_palette(count_colours(pixels))


def gradient() -> NDArray[np.uint8]:
    ramp = np.linspace(0, 255, 4096).astype(np.uint8)
    return np.stack([ramp, ramp[::-1], np.full_like(ramp, 90)], axis=1)


def test_two_colours_have_their_shares_names_and_values() -> None:
    palette = palette_of(((0, 128, 128), 7000), ((255, 140, 0), 3000))
    assert [(s.hex, s.name) for s in palette.colours] == [("#008080", "teal"), ("#ff8c00", "orange")]
    assert [s.share for s in palette.colours] == pytest.approx([0.7, 0.3])


def test_black_and_white_have_the_highest_contrast_there_is() -> None:
    # WCAG: (1 + 0.05) / (0 + 0.05)
    assert palette_of(((0, 0, 0), 1), ((255, 255, 255), 1)).contrast == pytest.approx(21.0)


def test_one_colour_has_no_contrast_and_the_whole_area() -> None:
    palette = palette_of(((200, 30, 30), 10))
    assert palette.contrast == 1.0
    assert [s.share for s in palette.colours] == [1.0]


def test_a_swatch_tells_its_cielab_lightness_chroma_and_hue() -> None:
    red = palette_of(((255, 0, 0), 1)).colours[0]
    # sRGB red is L* 53.24, a* 80.09, b* 67.20 (Lindbloom): chroma and hue follow
    assert red.lightness == pytest.approx(53.24, abs=0.01)
    assert red.chroma == pytest.approx(np.hypot(80.09, 67.20), abs=0.02)
    assert red.hue_degrees == pytest.approx(np.degrees(np.arctan2(67.20, 80.09)), abs=0.02)


def test_a_small_strong_accent_is_kept() -> None:
    palette = palette_of(((8, 8, 10), 9900), ((255, 0, 200), 100))
    assert [s.name for s in palette.colours] == ["black", "magenta"]
    assert palette.colours[1].share == pytest.approx(0.01)


def test_shades_of_one_colour_are_one_swatch() -> None:
    assert len(palette_of(((60, 60, 60), 50), ((64, 64, 64), 50)).colours) == 1


def test_shares_sum_to_one_sorted_and_names_are_said_once() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (20000, 3), dtype=np.uint8)
    for pixels in (noise, gradient()):
        colours = measure_palette(count_colours(pixels)).colours
        shares = [s.share for s in colours]
        assert sum(shares) == pytest.approx(1.0)
        assert shares == sorted(shares, reverse=True)
        assert len({s.name for s in colours}) == len(colours) <= MAX_SWATCHES


def test_the_order_of_pixels_changes_nothing() -> None:
    pixels = gradient()
    shuffled = np.random.default_rng(1).permutation(pixels)
    assert measure_palette(count_colours(pixels)) == measure_palette(count_colours(shuffled))
