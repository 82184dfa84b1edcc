"""Size as stored and as displayed."""

from __future__ import annotations

from analyzers.look.aspect import aspect_name
from analyzers.media import VideoStreamInfo
from dreamcut.findings.video import Geometry


def measure_geometry(stream: VideoStreamInfo) -> Geometry:
    """Apply sample aspect ratio, then rotation.

    The height in samples is kept and the width is stretched, as players do.
    """
    width = max(1, round(stream.width_px * stream.sample_aspect_ratio))
    height = stream.height_px
    if stream.rotation_degrees % 180 == 90:
        width, height = height, width
    return Geometry(
        stored_width_px=stream.width_px,
        stored_height_px=stream.height_px,
        sample_aspect_ratio=stream.sample_aspect_ratio,
        rotation_degrees=stream.rotation_degrees,
        width_px=width,
        height_px=height,
        aspect_ratio=width / height,
        aspect_name=aspect_name(width / height),
    )
