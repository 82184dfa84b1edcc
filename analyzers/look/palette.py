"""The dominant colours of a picture, its accents included."""

import numpy as np
from numpy.typing import NDArray

from analyzers.look.bins import ColourBins, weighted_count
from analyzers.look.names import colour_names
from dreamcut.findings.look import Palette, Swatch
from dreamcut.lab import chroma, delta_e_2000, hue_degrees, linear_light, srgb_to_lab

MAX_SWATCHES = 6
_CANDIDATES = 24  # clusters from which the swatches are chosen
_ROUNDS = 8  # of k-means; later ones move the centres by less than can be seen
_SAME_COLOUR_DELTA_E = 10.0  # nearer candidates are one colour at a glance
_FAMILY_DELTA_E = 15.0  # candidates this near are shades of one colour
_FAMILY_LIMIT = 8.0  # times the area of the candidate itself
_LEAST_SHARE = 0.003  # of the visible area: 440 px of a 512 x 288 frame
_LEAST_GAIN = 4.5  # the grey rims of black letters on white stay below, a lava stream above
_ACCENT_CHROMA = 30.0  # a colour this strong counts as much as twice its area in grey
_VIVID_CHROMA = 60.0  # beyond it stronger colours are not seen sooner
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # BT.709


def measure_palette(colours: ColourBins) -> Palette:
    """Return up to six colours that stand for a picture.

    k-means in CIELAB finds candidates; then, from the largest on, the candidate is taken that
    adds most: the root of its area times its difference from all taken before. So a small
    neon sign counts as well as the night around it. Deterministic: no random start.

    Shares sum to 1: every candidate not taken adds its area to the nearest swatch (CIEDE2000).
    The colour of a swatch is the mean of its own candidate, not of that wider area.
    """
    lab, rgb, share = _candidates(colours)
    taken = _choose(lab, share)
    nearest = delta_e_2000(lab[:, None, :], lab[None, taken, :]).argmin(axis=1)
    area = weighted_count(nearest, share, kinds=len(taken))
    order = np.argsort(-area, kind="stable")
    chosen = np.array(taken)[order]
    luminance = linear_light(rgb[chosen]) @ _LUMINANCE
    return Palette(
        colours=_swatches(lab[chosen], rgb[chosen], area[order]),
        contrast=wcag_contrast(float(luminance.min()), float(luminance.max())),
    )


def wcag_contrast(darker: float, lighter: float) -> float:
    """Return the WCAG 2.2 contrast ratio, 1 to 21, of two relative luminances 0 to 1."""
    return min((lighter + 0.05) / (darker + 0.05), 21.0)


def _swatches(
    lab: NDArray[np.float64], rgb: NDArray[np.float64], share: NDArray[np.float64]
) -> tuple[Swatch, ...]:
    names, hues, chromas = colour_names(lab), hue_degrees(lab), chroma(lab)
    return tuple(
        Swatch(
            hex="#{:02x}{:02x}{:02x}".format(*(round(float(c)) for c in rgb[i])),
            name=names[i],
            share=min(float(share[i]), 1.0),
            lightness=min(max(float(lab[i, 0]), 0.0), 100.0),
            chroma=float(chromas[i]),
            hue_degrees=float(hues[i]),
        )
        for i in range(len(names))
    )


def _candidates(
    colours: ColourBins,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return CIELAB, sRGB and share of k-means clusters, (k, 3), (k, 3) and (k,); k <= _CANDIDATES."""
    eye = _weight_to_the_eye(colours.lab, colours.share)
    centres = _spread_start(colours, eye)
    owner = np.zeros(len(colours.share), dtype=np.intp)
    for _ in range(_ROUNDS):
        # the squared norm of the bins is the same for every centre
        owner = ((centres**2).sum(axis=1) - 2 * colours.lab @ centres.T).argmin(axis=1)
        weight = weighted_count(owner, eye, kinds=len(centres))
        moved = _means(colours.lab, eye, owner, weight)
        centres = np.where(weight[:, None] > 0, moved, centres)
    weight = weighted_count(owner, colours.share, kinds=len(centres))
    kept = weight > 0
    rgb = _means(colours.rgb, colours.share, owner, weight)[kept]
    return srgb_to_lab(rgb), rgb, weight[kept]


def _spread_start(colours: ColourBins, eye: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return starting centres: the commonest colour, then those farthest from all before, by area."""
    picked = [int(colours.share.argmax())]
    distance = np.full(len(colours.share), np.inf)
    while len(picked) < min(_CANDIDATES, len(colours.share)):
        distance = np.minimum(distance, ((colours.lab - colours.lab[picked[-1]]) ** 2).sum(axis=1))
        gain = distance * np.sqrt(eye)
        if gain.max() <= 0:
            break
        picked.append(int(gain.argmax()))
    return colours.lab[picked]


def _means(
    values: NDArray[np.float64],
    share: NDArray[np.float64],
    owner: NDArray[np.intp],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the weighted mean of the values of each owner, (k, 3); rows of weight 0 are 0."""
    sums = [weighted_count(owner, share * values[:, c], kinds=len(weight)) for c in range(3)]
    return np.stack(sums, axis=1) / np.where(weight > 0, weight, 1.0)[:, None]


def _choose(lab: NDArray[np.float64], share: NDArray[np.float64]) -> list[int]:
    """Return the candidates that stand for the picture, largest first, at least one."""
    apart = delta_e_2000(lab[:, None, :], lab[None, :, :])
    kin = (apart < _FAMILY_DELTA_E).astype(np.float64)
    names = np.array(colour_names(lab))
    taken = [int(share.argmax())]
    while len(taken) < MAX_SWATCHES:
        nearest = apart[:, taken].min(axis=1)
        # a glow falls into several candidates: together they count as one colour,
        # but a rare outlier may not speak for a large area
        other = nearest >= _SAME_COLOUR_DELTA_E
        family = np.minimum(kin @ np.where(other, share, 0.0), _FAMILY_LIMIT * share)
        fresh = other & (family >= _LEAST_SHARE) & ~np.isin(names, names[taken])
        gain = np.where(fresh, nearest * np.sqrt(_weight_to_the_eye(lab, family)), 0.0)
        if gain.max() < _LEAST_GAIN:
            break
        taken.append(int(gain.argmax()))
    return taken


def _weight_to_the_eye(lab: NDArray[np.float64], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return area that counts for more the stronger its colour is: a red sign is seen before a wall."""
    return share * (1 + (np.minimum(chroma(lab), _VIVID_CHROMA) / _ACCENT_CHROMA) ** 2)
