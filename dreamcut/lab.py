"""CIELAB under D65, and CIEDE2000: the difference between two colours as people see it."""

import numpy as np
from numpy.typing import NDArray

_BYTES = np.arange(256) / 255
# sRGB to linear light, IEC 61966-2-1
_LINEAR = np.where(_BYTES <= 0.04045, _BYTES / 12.92, ((_BYTES + 0.055) / 1.055) ** 2.4)
# linear sRGB to CIE XYZ, D65, each row divided by the white point so that white is (1, 1, 1)
_RGB_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_RGB_TO_XYZ = _RGB_TO_XYZ / _RGB_TO_XYZ.sum(axis=1, keepdims=True)
_XYZ_TO_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_CUBE_ROOT_FROM = (6 / 29) ** 3
_POW7_25 = 25.0**7


def linear_light(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB values 0 to 255 as linear light 0 to 1, any shape; fractions are interpolated."""
    return np.interp(rgb, np.arange(256), _LINEAR)


def srgb_to_lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIELAB (L* 0 to 100, a*, b*) of sRGB values 0 to 255, shape (..., 3)."""
    xyz = linear_light(rgb) @ _RGB_TO_XYZ.T
    folded = np.where(xyz > _CUBE_ROOT_FROM, np.cbrt(xyz), xyz * (841 / 108) + 4 / 29)
    lab: NDArray[np.float64] = folded @ _XYZ_TO_LAB.T
    lab[..., 0] -= 16
    return lab


def chroma(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return C*ab, the distance from grey, >= 0."""
    return np.hypot(lab[..., 1], lab[..., 2])


def hue_degrees(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return h_ab, 0 <= h < 360; meaningless below a chroma of about 5."""
    degrees = np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360
    # a tiny negative angle rounds up to exactly 360
    return np.where(degrees >= 360, 0.0, degrees)


def delta_e_2000(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIEDE2000 between CIELAB colours, shapes (..., 3) that broadcast.

    Returns:
        Difference >= 0; about 1 is just noticeable, above 10 is another colour at a glance.

    Source: Sharma, Wu and Dalal, Color Research & Application 30 (1), 2005.
    """
    mean_chroma = (chroma(first) + chroma(second)) / 2
    stretch = 1.5 - 0.5 * _saturating(mean_chroma)
    a1, a2 = first[..., 1] * stretch, second[..., 1] * stretch
    c1, c2 = np.hypot(a1, first[..., 2]), np.hypot(a2, second[..., 2])
    h1 = np.degrees(np.arctan2(first[..., 2], a1)) % 360
    h2 = np.degrees(np.arctan2(second[..., 2], a2)) % 360

    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, (h2 - h1 + 180) % 360 - 180)
    # exactly opposite hues: the formula counts +180, the modulo gives -180
    turn = np.where((turn == -180) & (h2 > h1), 180.0, turn)
    delta_lightness = second[..., 0] - first[..., 0]
    delta_chroma = c2 - c1
    delta_hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))

    lightness, c_mean = (first[..., 0] + second[..., 0]) / 2, (c1 + c2) / 2
    wraps = np.abs(h1 - h2) > 180
    h_mean = np.where(grey, h1 + h2, np.where(wraps, (h1 + h2 + 360) / 2 % 360, (h1 + h2) / 2))

    weight = (
        1
        - 0.17 * np.cos(np.radians(h_mean - 30))
        + 0.24 * np.cos(np.radians(2 * h_mean))
        + 0.32 * np.cos(np.radians(3 * h_mean + 6))
        - 0.20 * np.cos(np.radians(4 * h_mean - 63))
    )
    off_middle = (lightness - 50) ** 2
    s_lightness = 1 + 0.015 * off_middle / np.sqrt(20 + off_middle)
    s_chroma = 1 + 0.045 * c_mean
    s_hue = 1 + 0.015 * c_mean * weight
    blue_turn = np.radians(60 * np.exp(-(((h_mean - 275) / 25) ** 2)))
    rotation = -np.sin(blue_turn) * 2 * _saturating(c_mean)

    l_term, c_term, h_term = delta_lightness / s_lightness, delta_chroma / s_chroma, delta_hue / s_hue
    squared = l_term**2 + c_term**2 + h_term**2 + rotation * c_term * h_term
    difference: NDArray[np.float64] = np.sqrt(np.maximum(squared, 0))
    return difference


def _saturating(chroma_mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """The formula's chroma weight, 0 for greys towards 1 for strong colours."""
    seventh = chroma_mean**7
    return np.sqrt(seventh / (seventh + _POW7_25))
