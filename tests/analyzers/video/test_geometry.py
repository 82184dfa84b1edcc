"""Displayed size from stored size, sample aspect ratio and rotation."""

import pytest

from analyzers.media import VideoStreamInfo
from analyzers.video.geometry import measure_geometry


@pytest.mark.parametrize(
    ("stored", "sample_aspect", "rotation", "displayed", "name"),
    [
        ((1920, 1080), 1.0, 0, (1920, 1080), "16:9"),
        ((1920, 1080), 1.0, 90, (1080, 1920), "9:16"),
        ((1920, 1080), 1.0, 180, (1920, 1080), "16:9"),
        ((720, 576), 64 / 45, 0, (1024, 576), "16:9"),  # PAL widescreen
        ((1440, 1080), 4 / 3, 0, (1920, 1080), "16:9"),  # HDV
        ((720, 480), 32 / 27, 270, (480, 853), "9:16"),  # NTSC widescreen, held upright
    ],
)
def test_the_picture_has_the_size_that_players_show(
    stored: tuple[int, int],
    sample_aspect: float,
    rotation: int,
    displayed: tuple[int, int],
    name: str,
) -> None:
    geometry = measure_geometry(_stream(stored, sample_aspect, rotation))
    assert (geometry.width_px, geometry.height_px) == displayed
    assert geometry.aspect_name == name
    assert geometry.aspect_ratio == pytest.approx(displayed[0] / displayed[1])
    assert (geometry.stored_width_px, geometry.stored_height_px) == stored


def _stream(stored: tuple[int, int], sample_aspect: float, rotation: int) -> VideoStreamInfo:
    return VideoStreamInfo(
        codec="h264",
        pixel_format="yuv420p",
        width_px=stored[0],
        height_px=stored[1],
        sample_aspect_ratio=sample_aspect,
        rotation_degrees=rotation,
        nominal_frame_rate=25.0,
        colour_range=None,
        colour_transfer=None,
        time_base=(1, 25),
        frames_claimed=0,
    )
