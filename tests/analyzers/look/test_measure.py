"""All measures of one picture in one call."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzers.look import ANALYSIS_EDGE_PX, measure_look


def halves(height: int = 64, width: int = 64) -> NDArray[np.uint8]:
    """Teal on the left, orange on the right."""
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[:, : width // 2], picture[:, width // 2 :] = (0, 128, 128), (255, 140, 0)
    return picture


def test_hidden_pixels_change_nothing() -> None:
    teal = np.zeros((64, 64), dtype=np.bool_)
    teal[:, :32] = True
    part, whole = measure_look(halves(), visible=teal), measure_look(halves()[:, :32])
    assert (part.palette, part.tone, part.colour) == (whole.palette, whole.tone, whole.colour)
    assert part.detail is not None
    assert part.detail.edge_share == 0


def test_a_picture_of_one_pixel_has_colours_but_no_detail() -> None:
    look = measure_look(np.array([[[255, 0, 0]]], dtype=np.uint8))
    assert look.detail is None
    assert [s.name for s in look.palette.colours] == ["red"]


def test_large_pictures_are_measured_at_the_analysis_edge() -> None:
    large = measure_look(halves(600, 2 * ANALYSIS_EDGE_PX))
    assert large.detail is not None
    assert large.detail.edge_px == ANALYSIS_EDGE_PX
    assert [s.share for s in large.palette.colours] == pytest.approx([0.5, 0.5], abs=0.01)


def test_the_same_picture_gives_the_same_look() -> None:
    noise = np.random.default_rng(5).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    assert measure_look(noise) == measure_look(noise.copy())


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (0, 4, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        measure_look(np.zeros(shape, dtype=np.uint8))


def test_a_picture_without_visible_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="no visible pixel"):
        measure_look(halves(), visible=np.zeros((64, 64), dtype=np.bool_))
