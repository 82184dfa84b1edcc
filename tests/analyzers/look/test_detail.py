"""Sharpness, blur and noise of synthetic planes."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from analyzers.look.detail import blur_effect, laplacian_variance, measure_detail, noise_sigma
from dreamcut.findings.look import Detail


def checkerboard(edge: int) -> NDArray[np.float32]:
    y, x = np.indices((edge, edge))
    return ((x + y) % 2).astype(np.float32)


def ramp(edge: int = 256) -> NDArray[np.float32]:
    return np.tile(np.linspace(0, 1, edge, dtype=np.float32), (edge, 1))


def everywhere(plane: NDArray[np.float32]) -> NDArray[np.bool_]:
    return np.ones(plane.shape, dtype=np.bool_)


def detail_of(plane: NDArray[np.float32]) -> Detail:
    detail = measure_detail(plane, visible=everywhere(plane))
    assert detail is not None
    return detail


def bars() -> NDArray[np.uint8]:
    """Black and white boxes of 64 px."""
    y, x = np.indices((256, 256))
    return (((x // 64) % 2 ^ (y // 64) % 2) * 255).astype(np.uint8)


def test_checkerboard_scores_the_analytic_value() -> None:
    # every pixel differs from its four neighbours by 1, so the Laplacian is ±4
    assert laplacian_variance(checkerboard(34)) == pytest.approx(16.0)
    assert detail_of(checkerboard(34)).sharpness == pytest.approx(16.0)


@pytest.mark.parametrize("shape", [(2, 9), (9, 2), (1, 1)])
def test_planes_below_3_x_3_are_refused(shape: tuple[int, int]) -> None:
    plane = np.zeros(shape, dtype=np.float32)
    with pytest.raises(ValueError, match="3 x 3"):
        laplacian_variance(plane)
    assert measure_detail(plane, visible=everywhere(plane)) is None


def test_a_plane_of_3_x_3_has_one_pixel_to_measure() -> None:
    assert detail_of(np.eye(3, dtype=np.float32)).edge_px == 3


def test_a_flat_plane_has_no_detail_and_no_blur_to_tell() -> None:
    detail = detail_of(np.full((40, 60), 0.5, dtype=np.float32))
    assert (detail.sharpness, detail.edge_share, detail.noise_sigma, detail.flat_share) == (0, 0, 0, 1)
    assert detail.blur is None
    assert detail.edge_px == 60


@pytest.mark.parametrize("sigma", [0.01, 0.03, 0.08])
@pytest.mark.parametrize("ground", ["flat", "ramp"])
def test_the_sigma_of_gaussian_noise_is_recovered_within_a_tenth(sigma: float, ground: str) -> None:
    base = np.full((256, 256), 0.5, dtype=np.float32) if ground == "flat" else ramp()
    noise = np.random.default_rng(11).normal(0, sigma, base.shape).astype(np.float32)
    assert noise_sigma(base + noise) == pytest.approx(sigma, rel=0.1)


def test_edges_do_not_count_as_noise() -> None:
    assert noise_sigma(bars().astype(np.float32) / 255) == 0


def test_blur_grows_with_every_step_of_blurring() -> None:
    scores = []
    for radius in (0, 1, 2, 4, 8):
        blurred = Image.fromarray(bars()).filter(ImageFilter.GaussianBlur(radius))
        plane = np.asarray(blurred, dtype=np.float32) / 255
        score = blur_effect(plane, visible=everywhere(plane))
        assert score is not None
        scores.append(score)
    assert scores == sorted(scores)
    # a step between flat areas: the 9-tap mean leaves 1/9 of it at the step itself
    assert scores[0] == pytest.approx(1 / 9, abs=0.02)
    assert scores[-1] > 0.7


def test_flat_share_counts_pixels_alike_with_all_neighbours() -> None:
    plane = np.zeros((10, 10), dtype=np.float32)
    plane[:, 5:] = 1
    # of the 8 inner columns, the two at the step have another neighbour
    assert detail_of(plane).flat_share == pytest.approx(6 / 8)


def test_hidden_pixels_and_their_neighbours_do_not_count() -> None:
    plane = np.full((20, 20), 0.25, dtype=np.float32)
    plane[:, 10:] = checkerboard(20)[:, 10:]
    visible = np.zeros(plane.shape, dtype=np.bool_)
    visible[:, :10] = True
    detail = measure_detail(plane, visible=visible)
    assert detail is not None
    assert detail.sharpness == 0
    assert detail_of(plane).sharpness > 1  # the same plane, all of it


def test_single_visible_pixels_have_no_neighbourhood() -> None:
    plane = np.zeros((9, 9), dtype=np.float32)
    assert measure_detail(plane, visible=checkerboard(9) > 0) is None
