"""Colour names: the words people use for the colours everybody agrees on."""

import re

import numpy as np
import pytest

from analyzers.look.names import COLOUR_NAMES, colour_names
from dreamcut.lab import delta_e_2000, srgb_to_lab


def name_of(hex_colour: str) -> str:
    rgb = np.array([list(bytes.fromhex(hex_colour.removeprefix("#")))], dtype=np.float64)
    return colour_names(srgb_to_lab(rgb))[0]


@pytest.mark.parametrize(
    ("hex_colour", "word"),
    [
        ("#000000", "black"),
        ("#ffffff", "white"),
        ("#808080", "grey"),
        ("#ff0000", "red"),
        ("#00ff00", "green"),
        ("#0000ff", "blue"),
        ("#ffff00", "yellow"),
        ("#00ffff", "cyan"),
        ("#ff00ff", "magenta"),
        ("#ffa500", "orange"),
        ("#800080", "purple"),
        ("#008080", "teal"),
        ("#000080", "navy|dark blue"),
        ("#ffc0cb", "pink"),
        ("#a52a2a", "brown|brick red"),
        ("#808000", "olive"),
        ("#4b0082", "indigo"),
        ("#40e0d0", "turquoise"),
        ("#ff7f50", "coral"),
        ("#f5f5dc", "cream|beige"),
        ("#228b22", "green"),
        ("#87ceeb", "sky blue"),
        ("#4682b4", "steel blue"),
        ("#e6e6fa", "lavender"),
        ("#fa8072", "salmon|coral"),
        ("#800000", "maroon|dark red"),
        ("#8b4513", "brown|rust"),
        ("#d2691e", "orange|copper|ochre"),
    ],
)
def test_css_colours_are_called_what_css_calls_them(hex_colour: str, word: str) -> None:
    assert re.search(word, name_of(hex_colour)), name_of(hex_colour)


def test_every_sample_is_called_by_its_own_name() -> None:
    wrong = {s: name_of(s) for name, samples in COLOUR_NAMES.items() for s in samples if name_of(s) != name}
    assert wrong == {}


def test_no_common_colour_is_far_from_its_name() -> None:
    """A name more than 20 away would be a guess; the strongest screen colours are the farthest."""
    grid = np.stack(np.meshgrid(*[np.arange(0, 256, 17)] * 3), axis=-1).reshape(-1, 3).astype(np.float64)
    samples = [list(bytes.fromhex(s[1:])) for group in COLOUR_NAMES.values() for s in group]
    lab, known = srgb_to_lab(grid), srgb_to_lab(np.array(samples, dtype=np.float64))
    nearest = np.array([delta_e_2000(colour, known).min() for colour in lab])
    assert nearest.max() < 20
    assert np.median(nearest) < 8
