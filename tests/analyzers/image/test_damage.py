"""What a decoder filled in is no part of the picture."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzers.image.damage import decoded_part


def noise(height: int = 60, width: int = 80) -> NDArray[np.uint8]:
    pixels = np.random.default_rng(2).integers(0, 100, (height, width, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    return pixels


@pytest.mark.parametrize("turns", range(4))
def test_the_filled_side_is_found_on_any_side(turns: int) -> None:
    pixels = noise()
    pixels[40:, :, :3] = 128
    part = decoded_part(np.rot90(pixels, turns))
    expected = np.zeros((60, 80), dtype=np.bool_)
    expected[:40] = True
    assert np.array_equal(part, np.rot90(expected, turns))


def test_a_row_of_blocks_that_was_filled_in_part_is_found_too() -> None:
    pixels = noise()
    pixels[40:, :, :3] = 128
    pixels[32:40, 50:, :3] = 128  # the file ended within a row of blocks
    part = decoded_part(pixels)
    assert not part[32:40, 50:].any()
    assert part[32:40, :50].all()


def test_a_picture_without_filler_is_whole() -> None:
    assert decoded_part(noise()).all()


def test_nothing_but_filler_is_nothing() -> None:
    assert not decoded_part(np.full((8, 8, 4), 128, dtype=np.uint8)).any()
