"""How far two palettes are apart."""

from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
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


def ciede2000(one: Lab, other: Lab) -> float:
    """Return the CIEDE2000 difference, >= 0; about 1 is just visible side by side.

    Source: Sharma, Wu, Dalal 2005, "The CIEDE2000 color-difference formula".
    """
    mean_chroma7 = ((hypot(one.a, one.b) + hypot(other.a, other.b)) / 2) ** 7
    g = 0.5 * (1 - sqrt(mean_chroma7 / (mean_chroma7 + 25.0**7)))
    a1, a2 = (1 + g) * one.a, (1 + g) * other.a
    c1, c2 = hypot(a1, one.b), hypot(a2, other.b)
    h1, h2 = degrees(atan2(one.b, a1)) % 360, degrees(atan2(other.b, a2)) % 360
    achromatic = c1 * c2 == 0
    dh = 0.0 if achromatic else (h2 - h1 + 180) % 360 - 180
    if not achromatic and dh == -180 and h2 > h1:
        dh = 180.0
    dl, dc = other.lightness - one.lightness, c2 - c1
    dh_term = 2 * sqrt(c1 * c2) * sin(radians(dh / 2))
    mean_l, mean_c = (one.lightness + other.lightness) / 2, (c1 + c2) / 2
    mean_h = h1 + h2 if achromatic else _mean_hue(h1, h2)
    t = (
        1
        - 0.17 * cos(radians(mean_h - 30))
        + 0.24 * cos(radians(2 * mean_h))
        + 0.32 * cos(radians(3 * mean_h + 6))
        - 0.20 * cos(radians(4 * mean_h - 63))
    )
    rotation = 30 * exp(-(((mean_h - 275) / 25) ** 2))
    rc = 2 * sqrt(mean_c**7 / (mean_c**7 + 25.0**7))
    sl = 1 + 0.015 * (mean_l - 50) ** 2 / sqrt(20 + (mean_l - 50) ** 2)
    sc, sh = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * t
    rt = -sin(radians(2 * rotation)) * rc
    square = (dl / sl) ** 2 + (dc / sc) ** 2 + (dh_term / sh) ** 2 + rt * (dc / sc) * (dh_term / sh)
    return sqrt(max(square, 0.0))


def _mean_hue(h1: float, h2: float) -> float:
    """Return the mean of two hues, degrees, the short way round."""
    if abs(h1 - h2) <= 180:
        return (h1 + h2) / 2
    return (h1 + h2 + 360) / 2 if h1 + h2 < 360 else (h1 + h2 - 360) / 2


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
    targets = [lab(colour) for colour in other.colours]
    return sum(c.share * min(ciede2000(lab(c), target) for target in targets) for c in one.colours) / whole


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
