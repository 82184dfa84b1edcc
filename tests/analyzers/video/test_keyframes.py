"""Which frame stands for a shot."""

from analyzers.look.phash import hash_distance
from analyzers.video.keyframes import choose_keyframe, keyframe_at
from analyzers.video.signals import measured
from analyzers.video.track import CANDIDATE_FRAMES, Track, TrackRecorder
from tests.support import clips
from tests.support.clips import Picture

FRAME_RATE = 24.0


def test_the_sharpest_frame_is_chosen() -> None:
    soft = clips.pan(1, 1, px_per_frame=0, blur_px=9)
    clip = soft * 30 + clips.still(1, 4) + soft * 30
    chosen = choose_keyframe(_track(clip), first=0, after=64)
    assert chosen is not None
    assert 30 <= chosen < 34


def test_the_ends_of_a_shot_are_left_alone() -> None:
    soft = clips.pan(1, 1, px_per_frame=0, blur_px=9)
    chosen = choose_keyframe(_track(clips.still(1, 8) + soft * 56), first=0, after=64)
    assert chosen is not None
    assert 64 * 0.15 <= chosen < 64 * 0.85


def test_a_flash_does_not_stand_for_a_shot() -> None:
    soft = clips.pan(1, 1, px_per_frame=0, blur_px=9)
    clip = clips.brightened(soft * 30 + clips.still(1, 3) + soft * 30, first=30, frames=3, by=0.5)
    chosen = choose_keyframe(_track(clip), first=0, after=63)
    assert chosen is not None
    assert not 30 <= chosen < 33


def test_a_black_shot_has_no_keyframe() -> None:
    track = _track(clips.plain(0, 40) + clips.still(2, 40))
    assert choose_keyframe(track, first=0, after=40) is None
    assert choose_keyframe(track, first=40, after=80) is not None


def test_the_hash_tells_pictures_apart() -> None:
    track = _track(clips.still(3, 16) + clips.still(4, 16))
    hashes = [keyframe_at(track, int(frame)).perceptual_hash for frame in track.candidates]
    assert len(hashes) == 32 // CANDIDATE_FRAMES
    assert hash_distance(hashes[0], hashes[1]) <= 6
    assert hash_distance(hashes[1], hashes[2]) >= 16


def _track(clip: list[Picture]) -> Track:
    recorder = TrackRecorder()
    for signals in measured(clips.planar(clip, frame_rate=FRAME_RATE)):
        recorder.add(signals)
    return recorder.track()
