"""Names of shapes."""

import math

import pytest

from analyzers.look.aspect import COMMON_RATIOS, TOLERANCE, aspect_name


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((1920, 1080), "16:9"),
        ((1080, 1920), "9:16"),
        ((1366, 768), "16:9"),
        ((640, 480), "4:3"),
        ((1080, 1080), "1:1"),
        ((1080, 1350), "4:5"),
        ((3000, 2000), "3:2"),
        ((2000, 3000), "2:3"),
        ((2100, 900), "21:9"),
        ((2048, 858), "2.39:1"),
        ((1998, 1080), "1.85:1"),
        ((720, 360), "2:1"),
        ((1280, 800), "16:10"),
        ((5120, 1440), "32:9"),
        ((1, 1), "1:1"),
    ],
)
def test_common_sizes_have_their_common_names(size: tuple[int, int], name: str) -> None:
    assert aspect_name(size[0] / size[1]) == name


@pytest.mark.parametrize(
    ("ratio", "name"), [(3.0, "3.00:1"), (1 / 3, "1:3.00"), (1.15, "1.15:1"), (1 / 12, "1:12.00")]
)
def test_other_ratios_say_their_number(ratio: float, name: str) -> None:
    assert aspect_name(ratio) == name


@pytest.mark.parametrize("name", ["1:1", "32:9", "9:21"])
def test_names_hold_up_to_the_tolerance(name: str) -> None:
    ratio = COMMON_RATIOS[name]
    assert aspect_name(ratio * (1 + 0.99 * TOLERANCE)) == name
    assert aspect_name(ratio * (1 + 1.5 * TOLERANCE)) != name


def test_portrait_mirrors_landscape() -> None:
    """Cinema's names have no portrait twin: nobody shoots 1:2.39."""
    for name, ratio in COMMON_RATIOS.items():
        wide, _, high = name.partition(":")
        if "." not in name and name != "5:4" and ratio < 3:
            assert aspect_name(1 / ratio) == f"{high}:{wide}"


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan, math.inf])
def test_no_ratio_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        aspect_name(ratio)
