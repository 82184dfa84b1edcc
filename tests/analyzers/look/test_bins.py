"""Counting colours keeps shares and flat colours exact."""

import numpy as np
import pytest

from analyzers.look.bins import count_colours


def test_flat_colours_keep_their_exact_values_and_shares() -> None:
    pixels = np.array([[10, 20, 30]] * 7 + [[250, 128, 3]] * 3, dtype=np.uint8)
    bins = count_colours(pixels)
    assert bins.rgb.tolist() == [[10, 20, 30], [250, 128, 3]]
    assert bins.share.tolist() == pytest.approx([0.7, 0.3])


def test_every_pixel_of_any_picture_is_counted_once() -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (5000, 3), dtype=np.uint8)
    bins = count_colours(pixels)
    assert bins.share.sum() == pytest.approx(1.0)
    assert bins.share @ bins.rgb == pytest.approx(pixels.mean(axis=0))


def test_no_pixel_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="no visible pixel"):
        count_colours(np.empty((0, 3), dtype=np.uint8))
