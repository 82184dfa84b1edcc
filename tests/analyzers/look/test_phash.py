"""Perceptual hashes: near for copies, far for other pictures."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from analyzers.look.phash import HASH_BITS, hash_distance, perceptual_hash


def scene(seed: int, edge: int = 256) -> NDArray[np.float32]:
    """Soft blobs, different for every seed."""
    rough = np.random.default_rng(seed).integers(0, 256, (12, 12), dtype=np.uint8)
    big = Image.fromarray(rough).resize((edge, edge), Image.Resampling.BICUBIC)
    return np.asarray(big.filter(ImageFilter.GaussianBlur(3)), dtype=np.float32) / 255


def resized(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))


def as_jpeg(plane: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    stream = io.BytesIO()
    Image.fromarray((plane * 255).astype(np.uint8)).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream), dtype=np.float32) / 255


@pytest.mark.parametrize("seed", range(5))
def test_copies_are_near(seed: int) -> None:
    original = perceptual_hash(scene(seed))
    assert hash_distance(original, perceptual_hash(resized(scene(seed), (100, 100)))) <= 4
    assert hash_distance(original, perceptual_hash(resized(scene(seed), (400, 300)))) <= 4
    assert hash_distance(original, perceptual_hash(as_jpeg(scene(seed), 30))) <= 4
    assert hash_distance(original, perceptual_hash(scene(seed) * 0.7 + 0.1)) <= 2  # brightness, contrast


def test_other_pictures_are_far() -> None:
    hashes = [perceptual_hash(scene(seed)) for seed in range(12)]
    apart = [hash_distance(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(apart) > 12
    assert np.mean(apart) == pytest.approx(HASH_BITS / 2, abs=3)  # unrelated bits agree by halves


@pytest.mark.parametrize("level", [0.0, 0.3, 1 / 3, 1.0])
def test_a_flat_picture_has_the_zero_hash(level: float) -> None:
    assert perceptual_hash(np.full((50, 80), level, dtype=np.float32)) == "0" * 16


def test_distance_counts_bits() -> None:
    assert hash_distance("0" * 16, "f" * 16) == 64
    assert hash_distance("000000000000000b", "0000000000000008") == 2  # 1011 and 1000
