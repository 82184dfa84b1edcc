"""The part of a damaged picture that the decoder filled because the file had no data for it."""

import numpy as np
from numpy.typing import NDArray

_CODED_LINES = 17  # at the cut a row of 16 px JPEG blocks may be filled in part; one more for scaling
_NEAR_FILLER = 6  # of 255; scaling rings a little beside the cut


def decoded_part(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which pixels of a damaged picture were decoded, (height, width, 4) to (height, width).

    A decoder fills what is missing with one colour, from the cut to the end of the stored rows;
    turned upright, that may be any side. So the side with the most lines of one colour is taken.
    """
    turned = [np.rot90(pixels, turns) for turns in range(4)]
    depth = [_lines_of_one_colour(picture[::-1]) for picture in turned]
    turns = max(range(4), key=lambda i: depth[i] / len(turned[i]))
    part = np.ones(turned[turns].shape[:2], dtype=np.bool_)
    if cut := depth[turns]:
        picture = turned[turns].astype(np.int16)
        first = max(len(part) - cut, 0)
        part[first:] = False
        beside = slice(max(first - _CODED_LINES, 0), first)
        part[beside] = (np.abs(picture[beside] - picture[-1, 0]) > _NEAR_FILLER).any(axis=-1)
    return np.rot90(part, -turns)


def _lines_of_one_colour(lines: NDArray[np.uint8]) -> int:
    """Return how many lines from the first on hold only the very first pixel's colour."""
    whole = (lines == lines[0, 0]).all(axis=(1, 2))
    return len(whole) if whole.all() else int(whole.argmin())
