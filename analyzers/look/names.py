"""Colour names that a creative would use, by the nearest of a curated list."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from dreamcut.lab import delta_e_2000, srgb_to_lab

# Every name keeps its base colour word, so that "dark teal" answers a search for "teal".
# Several samples for one name cover the region in which people use it.
COLOUR_NAMES: dict[str, tuple[str, ...]] = {
    # neutrals
    "black": ("#000000", "#0b0b0b", "#151515", "#100c09", "#0a0d12"),
    "charcoal grey": ("#262626", "#383838", "#2b2f33", "#33302d"),
    "dark grey": ("#4d4d4d", "#5e5e5e"),
    "grey": ("#757575", "#8c8c8c"),
    "light grey": ("#a6a6a6", "#bfbfbf", "#d4d4d4"),
    "off-white": ("#ebebe9", "#f3f0ea"),
    "white": ("#ffffff", "#f9f9f9"),
    "dark slate grey": ("#2f3b42", "#3d474f"),
    "slate grey": ("#56626c", "#6d7983"),
    "blue-grey": ("#8d9aa6", "#a7b3bd"),
    "pale blue-grey": ("#c6ced6", "#d6dde3"),
    "warm grey": ("#8a827b", "#a39a92"),
    "dark taupe": ("#453f3a", "#564e48"),
    "taupe": ("#736a61", "#857a70"),
    "dark purple-grey": ("#2b2530", "#453f4d"),
    "purple-grey": ("#6b6575", "#8f8896"),
    "pinkish grey": ("#a3989b", "#c1b2b3"),
    "stone": ("#b3a899", "#c4bbae"),
    # browns
    "dark brown": ("#241610", "#36231a", "#3f2a14", "#2f2918", "#403430"),
    "brown": ("#5a3a24", "#6f4526", "#7b5233", "#534232"),
    "muted brown": ("#604846", "#7b6451", "#6e5a4a"),
    "light brown": ("#9f8060", "#ab8a68"),
    "chestnut brown": ("#7a3f28", "#8c5138"),
    "golden brown": ("#8f6524", "#a37a3d"),
    "tan": ("#c4a27e", "#cfae88"),
    "sand": ("#d6bd94", "#dcc7a5"),
    "beige": ("#e3d7c1", "#ece2d0"),
    "cream": ("#f8f0da", "#fdf6e0", "#fbeede"),
    "ochre": ("#b87f2a", "#c28d35"),
    "khaki": ("#a39562", "#b5aa7e"),
    "copper": ("#a9663a", "#b87548"),
    # reds
    "red": ("#ff0000", "#e5231d", "#d3161c", "#f23a30"),
    "crimson": ("#b3122d", "#c21f43"),
    "dark red": ("#6e0f12", "#8b1a17"),
    "dark maroon": ("#2a0a10", "#380e14"),
    "maroon": ("#4d1219", "#5e1a22"),
    "brick red": ("#96382a", "#a8483a", "#a52a2a"),
    "rust": ("#9c4a1a", "#8f3e14"),
    "terracotta": ("#c4694a", "#b85c3e"),
    "coral": ("#ff7452", "#f9826c"),
    "salmon pink": ("#f4a08a", "#eeb1a2"),
    "dusty red": ("#a85a58", "#8d4a4a"),
    # pinks
    "pink": ("#f58fb8", "#f7a8c4", "#ffc0cb"),
    "hot pink": ("#ff4596", "#fb5fa9"),
    "pale pink": ("#f5d5d9", "#f3c9cf"),
    "rose pink": ("#dd4f70", "#e0718a"),
    "dusty pink": ("#c48c93", "#d3a5a8"),
    "dusty rose": ("#a86c76", "#94616c"),
    "raspberry": ("#a51d53", "#bd2d63"),
    "magenta": ("#ff00ff", "#e3189b", "#d420b8", "#c2188a"),
    "deep magenta": ("#85105c", "#9b1670"),
    # purples
    "purple": ("#7a29a3", "#8a3fb0", "#6d2a8c", "#800080"),
    "bright purple": ("#a040e0", "#b44be8"),
    "violet": ("#7a45f0", "#8f5cff", "#6b4fc9"),
    "deep purple": ("#3e1260", "#4c1b6e", "#46205f"),
    "dark purple": ("#150726", "#1f0d36", "#2a1440"),
    "indigo": ("#33148f", "#3f2a9b", "#4b0082"),
    "dark indigo": ("#1b1450", "#251d5e"),
    "lavender": ("#b9a7e3", "#cdc0ec"),
    "pale lavender": ("#dfe0f9", "#e4def4"),
    "lilac": ("#c79ad6", "#d8b4e0"),
    "orchid purple": ("#b95cc9", "#a253a1"),
    "orchid pink": ("#cc70d4", "#cb7eb6"),
    "plum": ("#5f2550", "#74365f"),
    "dark plum": ("#2a0f26", "#3a1832"),
    "mauve": ("#8f7190", "#a588a3"),
    "muted purple": ("#5d4d7a", "#77669a"),
    "dark muted purple": ("#352d48", "#443a58"),
    # blues
    "blue": ("#0000ff", "#1545e0", "#2458d8", "#1a5fb4"),
    "dark blue": ("#101f6b", "#12307a", "#0d2a66"),
    "navy blue": ("#0e1a45", "#131f4f", "#000066"),
    "midnight blue": ("#080e26", "#0d1530", "#101a38"),
    "azure blue": ("#2a86f0", "#1f75d6"),
    "bright blue": ("#2ea3ff", "#1f97f5"),
    "sky blue": ("#74bdf0", "#87ceeb", "#63afe0"),
    "light blue": ("#a6cfee", "#b9daf2"),
    "pale blue": ("#d9e9f5", "#cfe2f0"),
    "steel blue": ("#3f76a8", "#4a7fae", "#5b8db8", "#4e7d91", "#345f7f"),
    "slate blue": ("#40597a", "#526c8c"),
    "dark slate blue": ("#1f2c40", "#2a3a52"),
    "dusty blue": ("#7f9cb8", "#92adc6"),
    "periwinkle blue": ("#8092e8", "#9aa6ee"),
    "teal blue": ("#0d4663", "#135675", "#1a6682"),
    "deep teal blue": ("#042f48", "#0a3347"),
    # cyans and teals
    "cyan": ("#00ffff", "#00e0f5", "#18cfe8"),
    "pale cyan": ("#aef2f5", "#c9f5f7"),
    "dark cyan": ("#0a8fae", "#1483a0"),
    "turquoise": ("#28c9be", "#40e0d0", "#2fb8b0"),
    "teal": ("#008080", "#0d8c8c", "#167a80"),
    "dark teal": ("#0a4f57", "#0c5f63", "#0f4348"),
    "deep teal": ("#052a33", "#083640", "#0a2026"),
    "muted teal": ("#4f8284", "#649596"),
    "dark muted teal": ("#2c4d50", "#38595c"),
    "pale teal": ("#a9cfcd", "#bfdcd9"),
    # greens
    "green": ("#008000", "#1f9d3a", "#2fae48", "#2e8b3e"),
    "neon green": ("#00ff00", "#39ff14", "#2cf03a"),
    "lime green": ("#a2e800", "#8fdc1e", "#bfff00"),
    "yellow-green": ("#9bb82f", "#b5c94a"),
    "emerald green": ("#0a9c62", "#12b074"),
    "sea green": ("#3c9f7e", "#4fb08f"),
    "mint green": ("#9fe8bd", "#b6f0ce"),
    "pale green": ("#d0e8c6", "#c3deb8"),
    "forest green": ("#1d5a2a", "#2a6632"),
    "dark green": ("#0e3a18", "#0b2c14", "#164020"),
    "deep green": ("#07180c", "#0c2012"),
    "olive green": ("#6b7424", "#7c8434", "#808000"),
    "dark olive green": ("#34381a", "#434722", "#252813"),
    "moss green": ("#566636", "#65753f"),
    "sage green": ("#94a787", "#a6b79b"),
    "muted green": ("#55775a", "#688a6c"),
    "grey-green": ("#74857a", "#8b9a8f"),
    "dark grey-green": ("#2d3a32", "#3b4a41", "#4b5a51"),
    # yellows and oranges
    "yellow": ("#ffff00", "#ffe419", "#f7d81e"),
    "golden yellow": ("#ffc21a", "#f2b21d"),
    "mustard yellow": ("#c9a227", "#b8932a"),
    "pale yellow": ("#fbf2ae", "#f7ecc0"),
    "soft yellow": ("#f0d878", "#ecd089"),
    "orange": ("#ff8c00", "#ffa500", "#f58220"),
    "amber": ("#e39a1e", "#d98e1a"),
    "bright orange": ("#ff6412", "#fb5a1c"),
    "burnt orange": ("#c8551a", "#bf5b16"),
    "soft orange": ("#e8a868", "#e5a45a", "#d99a5b"),
    "pale orange": ("#eecb98", "#f2d2a0"),
    "peach": ("#fac8a4", "#f3c3a2"),
}


def colour_names(lab: NDArray[np.float64]) -> list[str]:
    """Return the name nearest by CIEDE2000 to each CIELAB colour, shape (n, 3)."""
    names, samples = _samples()
    nearest = delta_e_2000(lab[:, None, :], samples[None, :, :]).argmin(axis=1)
    return [names[i] for i in nearest]


@cache
def _samples() -> tuple[list[str], NDArray[np.float64]]:
    """Return the names and the CIELAB colours, one entry a sample."""
    names = [name for name, samples in COLOUR_NAMES.items() for _ in samples]
    rgb = [list(bytes.fromhex(s[1:])) for samples in COLOUR_NAMES.values() for s in samples]
    return names, srgb_to_lab(np.array(rgb, dtype=np.float64))
