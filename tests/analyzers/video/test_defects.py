"""Black, frozen and boxed clips, and clips that only look like them."""

import numpy as np
import pytest

from analyzers.video.defects import MatteMeter, black_ranges, frozen_ranges
from analyzers.video.signals import measured
from analyzers.video.track import Track, TrackRecorder
from dreamcut.findings.video import Matte
from tests.support import clips
from tests.support.clips import Picture

FRAME_RATE = 24.0


def test_black_stretches_are_found_to_the_frame() -> None:
    track = _track(clips.plain(0, 24) + clips.still(1, 24) + clips.plain(3, 12))
    found = black_ranges(track, duration_seconds=60 / FRAME_RATE)
    assert [t for r in found for t in (r.start_seconds, r.end_seconds)] == pytest.approx([0, 1, 2, 2.5])


def test_a_blink_and_white_are_not_black() -> None:
    track = _track(clips.still(1, 24) + clips.plain(0, 8) + clips.still(2, 24) + clips.plain(255, 24))
    assert black_ranges(track, duration_seconds=80 / FRAME_RATE) == ()


def test_a_dark_scene_is_not_black() -> None:
    track = _track([p * 0.1 for p in clips.still(3, 48)])
    assert black_ranges(track, duration_seconds=2.0) == ()


def test_a_freeze_is_found_to_the_frame() -> None:
    moving = clips.pan(4, 48, px_per_frame=2)
    track = _track([*moving[:24], *[moving[24]] * 48, *moving[25:]])
    (found,) = frozen_ranges(track, duration_seconds=95 / FRAME_RATE)
    assert found.start_seconds == pytest.approx(1.0)
    assert found.end_seconds == pytest.approx(3.0)


def test_slow_motion_and_black_are_no_freeze() -> None:
    slow = clips.pan(5, 72, px_per_frame=0.1)
    assert frozen_ranges(_track(slow), duration_seconds=3.0) == ()
    assert frozen_ranges(_track(clips.plain(0, 72)), duration_seconds=3.0) == ()


def test_letterbox_bars_are_measured() -> None:
    # 18 of 144 lines at each side of a frame that is shown with 1080 lines: 135 px
    matte = _matte(clips.letterboxed(clips.pan(6, 12, px_per_frame=2), bar_px=18))
    assert matte is not None
    assert matte.kind == "letterbox"
    assert (matte.top_px, matte.bottom_px) == pytest.approx((135, 135), abs=8)
    assert matte.active_aspect_ratio == pytest.approx(1920 / (1080 - 270), rel=0.02)


def test_pillarbox_bars_are_measured() -> None:
    turned = [
        np.swapaxes(p, 0, 1) for p in clips.letterboxed([clips.scene(7, size=(256, 144))] * 4, bar_px=32)
    ]
    matte = _matte(turned)
    assert matte is not None
    assert matte.kind == "pillarbox"


def test_a_full_picture_has_no_bars() -> None:
    assert _matte(clips.pan(8, 12, px_per_frame=2)) is None


def test_a_bright_thing_on_black_has_no_bars() -> None:
    y, x = np.mgrid[:144, :256]
    globe = np.where(np.hypot(y - 72, x - 128) < 50, 180.0, 0.0)[..., None].repeat(3, axis=2)
    assert _matte([globe.astype(np.float32)] * 8) is None


def test_bars_that_come_and_go_are_none() -> None:
    clip = clips.pan(9, 12, px_per_frame=2)
    assert _matte(clips.letterboxed(clip[:6], bar_px=18) + clip[6:]) is None


def test_black_frames_tell_nothing_about_bars() -> None:
    assert _matte(clips.plain(0, 6)) is None
    boxed = clips.letterboxed(clips.pan(6, 12, px_per_frame=2), bar_px=18)
    assert _matte(clips.plain(0, 20) + boxed) is not None


def _matte(clip: list[Picture]) -> Matte | None:
    meter = MatteMeter(clip[0].shape[:2])
    for frame in clips.planar(clip, frame_rate=FRAME_RATE):
        meter.add(frame.luma)
    return meter.matte(width_px=1920, height_px=1080)


def _track(clip: list[Picture]) -> Track:
    recorder = TrackRecorder()
    for signals in measured(clips.planar(clip, frame_rate=FRAME_RATE)):
        recorder.add(signals)
    return recorder.track()
