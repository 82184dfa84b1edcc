"""How far two palettes are apart."""

from math import cos, radians, sin, sqrt
from typing import NamedTuple

from dreamcut.findings.look import Palette, Swatch


class Lab(NamedTuple):
    """A colour in CIELAB."""

    lightness: float
    a: float
    b: float


class Shift(NamedTuple):
    """How one palette has to move to the other, share-weighted means, in CIELAB."""

    lightness: float
    chroma: float
    a: float  # towards red, away from green
    b: float  # towards yellow, away from blue


def lab(swatch: Swatch) -> Lab:
    """Return a swatch in CIELAB."""
    angle = radians(swatch.hue_degrees)
    return Lab(swatch.lightness, swatch.chroma * cos(angle), swatch.chroma * sin(angle))


PALETTE_METHOD = (
    "each colour to the nearest of the other palette by CIEDE2000, weighted by share, both ways, averaged"
)


def palette_distance(one: Palette, other: Palette) -> float:
    """Return how far two palettes are apart, in CIEDE2000 units, >= 0; symmetric, 0 for equal palettes."""
    return (_one_way(one, other) + _one_way(other, one)) / 2


def _one_way(one: Palette, other: Palette) -> float:
    whole = sum(colour.share for colour in one.colours)
    if whole == 0:
        return 0.0
    import numpy as np

    from dreamcut.lab import delta_e_2000

    here, there = (np.array([lab(colour) for colour in palette.colours]) for palette in (one, other))
    nearest = delta_e_2000(here[:, np.newaxis], there[np.newaxis]).min(axis=1)
    return float(nearest @ [colour.share for colour in one.colours]) / whole


def palette_shift(source: Palette, target: Palette) -> Shift:
    """Return how the mean of one palette has to move to the mean of the other."""
    here, there = _mean(source), _mean(target)
    return Shift(
        lightness=there[0] - here[0], chroma=there[1] - here[1], a=there[2] - here[2], b=there[3] - here[3]
    )


def _mean(palette: Palette) -> tuple[float, float, float, float]:
    """Return share-weighted L*, C*, a*, b*."""
    whole = sum(colour.share for colour in palette.colours) or 1.0
    rows = [(colour.share / whole, lab(colour), colour.chroma) for colour in palette.colours]
    return (
        sum(share * point.lightness for share, point, _ in rows),
        sum(share * chroma for share, _, chroma in rows),
        sum(share * point.a for share, point, _ in rows),
        sum(share * point.b for share, point, _ in rows),
    )


def telling_colours(palette: Palette) -> list[int]:
    """Return the places of the colours, most telling first: by share and chroma, black last."""
    order = range(len(palette.colours))
    return sorted(order, key=lambda i: -palette.colours[i].share * sqrt(palette.colours[i].chroma))
