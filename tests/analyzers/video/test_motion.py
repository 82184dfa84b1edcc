"""Motion and shake of clips that move at a known speed."""

import numpy as np
import pytest

from analyzers.video.motion import motion_kind, motion_per_second, shake
from analyzers.video.signals import measured
from analyzers.video.track import Track, TrackRecorder
from dreamcut.findings.video import CameraMotion
from tests.support import clips
from tests.support.clips import Picture

FRAME_RATE = 24.0


def test_a_pan_moves_at_its_speed() -> None:
    # 4 px a frame at 24 frames a second on 256 px: 0.375 widths a second
    track = _track(clips.pan(1, 48, px_per_frame=4.0))
    assert motion_per_second(track, first=0, after=48) == pytest.approx(0.375, rel=0.15)


def test_a_still_shot_does_not_move() -> None:
    track = _track(clips.still(2, 48))
    assert motion_per_second(track, first=0, after=48) < 0.01
    assert shake(track, first=0, after=48) == pytest.approx(0, abs=0.05)


def test_motion_does_not_reach_over_a_cut() -> None:
    track = _track(clips.still(2, 24) + clips.still(3, 24))
    assert motion_per_second(track, first=24, after=48) < 0.01


def test_a_smooth_pan_is_not_shaken_and_a_jittering_camera_is() -> None:
    rng = np.random.default_rng(4)
    jitter = rng.integers(0, 2, (48, 2)) * 6  # px: steps of 0 or 6 in each direction
    wide = clips.scene(5, size=(160, 272))
    shaken = _track([wide[y : y + 144, x : x + 256] for y, x in jitter])
    steps = np.diff(jitter, axis=0)
    expected = 100 * np.sqrt((steps**2).sum(axis=1).mean()) / 256
    assert shake(shaken, first=0, after=48) == pytest.approx(expected, rel=0.25)
    assert (shake(_track(clips.pan(6, 48, px_per_frame=4.0)), first=0, after=48) or 0) < 0.15


def test_too_few_frames_tell_no_shake() -> None:
    track = _track(clips.still(2, 24))
    assert shake(track, first=0, after=5) is None
    assert motion_per_second(track, first=5, after=6) == 0


@pytest.mark.parametrize(
    ("speed", "kind"),
    [
        (0.0, CameraMotion.STILL),
        (0.02, CameraMotion.CALM),
        (0.2, CameraMotion.LIVELY),
        (0.5, CameraMotion.FAST),
    ],
)
def test_speeds_have_names(speed: float, kind: CameraMotion) -> None:
    assert motion_kind(speed) is kind


def _track(clip: list[Picture]) -> Track:
    recorder = TrackRecorder()
    for signals in measured(clips.planar(clip, frame_rate=FRAME_RATE)):
        recorder.add(signals)
    return recorder.track()
