"""Amount and direction of colour in a picture."""

import numpy as np
from numpy.typing import NDArray

from analyzers.look.bins import ColourBins
from analyzers.look.lights import Lights
from dreamcut.findings.look import Colour
from dreamcut.lab import chroma, hue_degrees

_CHROMATIC = 10.0  # C*ab; below, people call a colour grey
# CIE hue angles: sRGB red 40, orange 60, yellow 103, green 136, cyan 196, sky 240, blue 306, magenta 328
_WARM = (345.0, 105.0)
_COOL = (165.0, 320.0)
_ORANGE = (40.0, 90.0)
_TEAL = (180.0, 250.0)
_VIOLET = (295.0, 350.0)
_STRONG = 20.0  # C*ab; the hue of a grade, not of a tinted grey
_VIVID = 30.0  # C*ab
_CLIPPED = 253


def measure_colour(pixels: NDArray[np.uint8], *, colours: ColourBins, lights: Lights) -> Colour:
    """Measure the colour of all visible pixels, shape (n, 3), sRGB, n >= 1, and of the same counted."""
    strength, hue, share = chroma(colours.lab), hue_degrees(colours.lab), colours.share
    brightest, span = colours.rgb.max(axis=1), np.ptp(colours.rgb, axis=1)
    chromatic, strong, vivid = strength > _CHROMATIC, strength > _STRONG, strength > _VIVID
    chromatic_share = _sum(share, chromatic)
    of_chromatic = 1 / chromatic_share if chromatic_share > 0 else 0.0
    light = float(share @ brightest)
    return Colour(
        mean_saturation=min(float(share @ span) / light, 1.0) if light > 0 else 0.0,
        colourfulness=colourfulness(pixels),
        warm_share=min(_sum(share, chromatic & _within(hue, _WARM)) * of_chromatic, 1.0),
        cool_share=min(_sum(share, chromatic & _within(hue, _COOL)) * of_chromatic, 1.0),
        chromatic_share=chromatic_share,
        neon_share=lights.neon_share,
        electric_share=lights.electric_share,
        orange_share=_sum(share, strong & _within(hue, _ORANGE)),
        teal_share=_sum(share, strong & _within(hue, _TEAL)),
        violet_share=_sum(share, vivid & _within(hue, _VIOLET)),
        blown_share=_blown_share(pixels),
    )


def colourfulness(pixels: NDArray[np.uint8]) -> float:
    """Return how colourful people find sRGB pixels, shape (n, 3).

    Returns:
        0 for greys; 15 slightly, 33 moderately, 45 averagely, 59 quite, 82 highly, 109 extremely colourful.

    Source: Hasler and Süsstrunk, "Measuring colourfulness in natural images", SPIE 5007, 2003.
    """
    red, green, blue = (pixels[:, c].astype(np.float32) for c in range(3))
    red_green = red - green
    yellow_blue = 0.5 * (red + green) - blue
    spread = np.hypot(red_green.std(dtype=np.float64), yellow_blue.std(dtype=np.float64))
    offset = np.hypot(red_green.mean(dtype=np.float64), yellow_blue.mean(dtype=np.float64))
    return float(spread + 0.3 * offset)


def _blown_share(pixels: NDArray[np.uint8]) -> float:
    """Return the part of the area that lost its colour to clipping: some channels at the top, not all."""
    red, green, blue = (pixels[:, c] >= _CLIPPED for c in range(3))
    return float(np.count_nonzero((red | green | blue) & ~(red & green & blue))) / len(pixels)


def _within(hue: NDArray[np.float64], band: tuple[float, float]) -> NDArray[np.bool_]:
    """Tell which hues lie in a band; a band whose start is larger than its end goes through 0."""
    start, end = band
    if start <= end:
        return (hue >= start) & (hue < end)
    return (hue >= start) | (hue < end)


def _sum(share: NDArray[np.float64], where: NDArray[np.bool_]) -> float:
    return min(float(share[where].sum()), 1.0)
