"""All measures of one picture in one call."""

import numpy as np
from numpy.typing import NDArray

from analyzers.look.bins import count_colours
from analyzers.look.colour import measure_colour
from analyzers.look.detail import measure_detail
from analyzers.look.lights import measure_lights
from analyzers.look.palette import measure_palette
from analyzers.look.tone import luma_of, measure_tone
from dreamcut.findings.look import Look

ANALYSIS_EDGE_PX = 512  # long edge of the picture that is measured


def measure_look(rgb: NDArray[np.uint8], *, visible: NDArray[np.bool_] | None = None) -> Look:
    """Measure palette, tone, colour and detail of a picture.

    Args:
        rgb: sRGB, shape (height, width, 3). A long edge above ANALYSIS_EDGE_PX is first reduced to
            it, as `analyzers.media` does; smaller pictures are measured as they are, for enlarging would
            invent smoothness.
        visible: shape (height, width); pixels that do not count, such as transparent ones or the
            bars around a letterboxed frame, are False. None: all count.

    Returns:
        The look; its detail is None where no pixel has eight visible neighbours.

    Raises:
        ValueError: the shape is not (height, width, 3), or no pixel is visible.
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
        raise ValueError(f"a picture of shape (height, width, 3) is needed, not {rgb.shape}")
    seen = np.ones(rgb.shape[:2], dtype=np.bool_) if visible is None else visible
    if max(seen.shape) > ANALYSIS_EDGE_PX:
        rgb, seen = _reduced(rgb, seen)
    pixels = rgb.reshape(-1, 3) if visible is None else rgb[seen]
    colours = count_colours(pixels)
    luma = luma_of(rgb)
    lights = measure_lights(rgb, luma=luma, visible=seen)
    return Look(
        palette=measure_palette(colours),
        tone=measure_tone(luma.ravel() if visible is None else luma[seen], lights=lights),
        colour=measure_colour(pixels, colours=colours, lights=lights),
        detail=measure_detail(luma, visible=seen),
    )


def _reduced(
    rgb: NDArray[np.uint8], visible: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return picture and mask with a long edge of ANALYSIS_EDGE_PX."""
    from PIL import Image

    height, width = visible.shape
    scale = ANALYSIS_EDGE_PX / max(height, width)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    mask = np.asarray(Image.fromarray(visible).resize(size, Image.Resampling.NEAREST), dtype=np.bool_)
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)), mask
