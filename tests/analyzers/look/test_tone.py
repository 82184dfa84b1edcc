"""Tone of planes whose answer can be derived."""

import numpy as np
import pytest
from numpy.typing import NDArray

from analyzers.look.lights import Lights
from analyzers.look.tone import luma_of, measure_tone
from dreamcut.findings.look import TonalKey, Tone

NO_LIGHTS = Lights(neon_share=0, electric_share=0, lit_tile_share=0)


def tone_of(luma: NDArray[np.float32]) -> Tone:
    return measure_tone(luma.astype(np.float32).ravel(), lights=NO_LIGHTS)


def test_luma_weighs_channels_as_bt709() -> None:
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    assert luma_of(rgb)[0].tolist() == pytest.approx([0.2126, 0.7152, 0.0722, 1.0], abs=1e-6)


def test_a_gradient_from_black_to_white_is_even() -> None:
    tone = tone_of(np.linspace(0, 1, 100_001))
    assert tone.mean_luma == pytest.approx(0.5, abs=1e-4)
    assert tone.median_luma == pytest.approx(0.5, abs=1e-4)
    assert tone.rms_contrast == pytest.approx(1 / np.sqrt(12), abs=1e-4)  # of an even spread
    assert (tone.p05_luma, tone.p95_luma) == pytest.approx((0.05, 0.95), abs=1e-4)
    assert tone.peak_luma == pytest.approx(0.999, abs=1e-4)
    assert tone.shadow_share == pytest.approx(0.1, abs=1e-4)
    assert tone.key is TonalKey.MID


def test_half_black_half_white_has_the_highest_contrast_and_clips() -> None:
    tone = tone_of(np.repeat([0.0, 1.0], 50))
    assert tone.rms_contrast == pytest.approx(0.5)
    assert (tone.black_clipped_share, tone.white_clipped_share) == (0.5, 0.5)


@pytest.mark.parametrize(("level", "clipped"), [(2, 1.0), (3, 0.0)])
def test_black_clips_up_to_level_2(level: int, clipped: float) -> None:
    rgb = np.full((4, 4, 3), level, dtype=np.uint8)
    assert tone_of(luma_of(rgb)).black_clipped_share == clipped


@pytest.mark.parametrize(("level", "clipped"), [(252, 0.0), (253, 1.0)])
def test_white_clips_from_level_253_on(level: int, clipped: float) -> None:
    rgb = np.full((4, 4, 3), level, dtype=np.uint8)
    assert tone_of(luma_of(rgb)).white_clipped_share == clipped


def test_the_key_follows_the_median() -> None:
    assert tone_of(np.full(10, 0.2)).key is TonalKey.LOW
    assert tone_of(np.full(10, 0.5)).key is TonalKey.MID
    assert tone_of(np.full(10, 0.8)).key is TonalKey.HIGH
    # light, but a tenth of it in deep shadow
    assert tone_of(np.repeat([0.0, 0.8], [1, 9])).key is TonalKey.MID
