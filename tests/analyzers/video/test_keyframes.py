"""Which frame stands for a shot, and that few stills are held for it."""

import numpy as np

from analyzers.look.phash import hash_distance
from analyzers.video.keyframes import MOST_STILLS, OPEN_STILLS, KeyframeKeeper, choose_keyframe
from analyzers.video.shots import Transition
from analyzers.video.signals import measured
from analyzers.video.track import Track, TrackRecorder
from dreamcut.findings.video import TransitionKind
from tests.support import clips
from tests.support.clips import Picture

FRAME_RATE = 24.0
STILL_EVERY = 12  # frames
SOFT = clips.pan(1, 1, px_per_frame=0, blur_px=9)


def test_the_sharpest_frame_is_chosen() -> None:
    clip = SOFT * 30 + clips.still(1, 4) + SOFT * 30
    chosen = choose_keyframe(_track(clip), np.arange(64), first=0, after=64)
    assert chosen is not None
    assert 30 <= chosen < 34


def test_the_ends_of_a_shot_are_left_alone() -> None:
    chosen = choose_keyframe(_track(clips.still(1, 8) + SOFT * 56), np.arange(64), first=0, after=64)
    assert chosen is not None
    assert 64 * 0.15 <= chosen < 64 * 0.85


def test_a_flash_does_not_stand_for_a_shot() -> None:
    clip = clips.brightened(SOFT * 30 + clips.still(1, 3) + SOFT * 30, first=30, frames=3, by=0.5)
    chosen = choose_keyframe(_track(clip), np.arange(63), first=0, after=63)
    assert chosen is not None
    assert not 30 <= chosen < 33


def test_a_black_shot_has_no_keyframe() -> None:
    kept = _kept(clips.plain(0, 40) + clips.still(2, 40), cuts=[40])
    assert 0 not in kept.keyframes
    assert 0 not in kept.stills
    assert 40 / FRAME_RATE <= kept.keyframes[1].at_seconds < 80 / FRAME_RATE


def test_every_shot_gets_its_own_still() -> None:
    clip = clips.still(3, 48) + clips.still(4, 48)
    kept = _kept(clip, cuts=[48])
    assert sorted(kept.stills) == [0, 1]
    np.testing.assert_allclose(kept.stills[1], clip[60], atol=10)  # noise aside
    assert hash_distance(kept.keyframes[0].perceptual_hash, kept.keyframes[1].perceptual_hash) >= 16


def test_a_shot_between_two_stills_has_a_keyframe_without_a_picture() -> None:
    kept = _kept(clips.still(3, 25) + clips.still(4, 10) + clips.still(5, 37), cuts=[25, 35])
    assert sorted(kept.keyframes) == [0, 1, 2]
    assert sorted(kept.stills) == [0, 2]


def test_stills_of_many_shots_are_thinned_evenly() -> None:
    clip = [picture for seed in range(100) for picture in clips.still(seed, 12, size=(16, 32))]
    kept = _kept(clip, cuts=list(range(12, 1200, 12)))
    assert len(kept.keyframes) == 100
    assert MOST_STILLS / 2 <= len(kept.stills) <= MOST_STILLS
    assert len(set(np.diff(sorted(kept.stills)))) == 1


def test_a_long_take_holds_few_stills() -> None:
    clip = clips.still(6, 60 * STILL_EVERY, size=(16, 32))
    keeper = KeyframeKeeper()
    for frame in range(0, len(clip), STILL_EVERY):
        keeper.add(frame, clip[frame].astype(np.uint8))
    keeper.close_shots(_track(clip), [], judged=len(clip))
    assert keeper.waiting <= OPEN_STILLS


def _kept(clip: list[Picture], *, cuts: list[int]) -> KeyframeKeeper:
    track, keeper = _track(clip), KeyframeKeeper()
    for frame in range(0, len(clip), STILL_EVERY):
        keeper.add(frame, clip[frame].astype(np.uint8))
    keeper.close_last(track, [Transition(TransitionKind.CUT, cut, cut, 1.0) for cut in cuts])
    return keeper


def _track(clip: list[Picture]) -> Track:
    recorder = TrackRecorder()
    for signals in measured(clips.planar(clip, frame_rate=FRAME_RATE)):
        recorder.add(signals)
    return recorder.track()
