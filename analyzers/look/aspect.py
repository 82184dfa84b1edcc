"""The name under which a creative knows a picture's shape."""

import math

COMMON_RATIOS: dict[str, float] = {
    "1:1": 1.0,
    "5:4": 5 / 4,
    "4:3": 4 / 3,
    "3:2": 3 / 2,
    "16:10": 16 / 10,
    "16:9": 16 / 9,
    "1.85:1": 1.85,  # cinema, flat
    "2:1": 2.0,  # Univisium
    "21:9": 21 / 9,
    "2.39:1": 2.39,  # cinema, scope
    "32:9": 32 / 9,
    "4:5": 4 / 5,
    "3:4": 3 / 4,
    "2:3": 2 / 3,
    "10:16": 10 / 16,
    "9:16": 9 / 16,
    "1:2": 1 / 2,
    "9:21": 9 / 21,
}
TOLERANCE = 0.02  # a common size such as 1366 x 768 misses its ratio by less


def aspect_name(ratio: float) -> str:
    """Return the nearest common ratio within 2 %, else the ratio itself, like "1.83:1" or "1:1.83".

    Raises:
        ValueError: the ratio is not a positive number.
    """
    if not (math.isfinite(ratio) and ratio > 0):
        raise ValueError(f"an aspect ratio is a positive number, not {ratio}")
    name, common = min(COMMON_RATIOS.items(), key=lambda item: abs(math.log(ratio / item[1])))
    if abs(ratio / common - 1) <= TOLERANCE:
        return name
    return f"{ratio:.2f}:1" if ratio >= 1 else f"1:{1 / ratio:.2f}"
