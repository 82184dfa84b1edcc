"""Transitions on clips whose transitions were put there, each claim with its counterpart."""

import numpy as np
import pytest

from analyzers.video.shots import Boundaries, BoundaryFinder, Transition, boundaries
from analyzers.video.signals import measured
from dreamcut.findings.video import TransitionKind
from tests.support import clips
from tests.support.clips import Picture

FRAME_RATE = 24.0


def test_a_cut_is_found_at_its_frame() -> None:
    found = _boundaries(clips.still(1, 40) + clips.still(2, 35) + clips.still(3, 40))
    assert _kinds(found) == [TransitionKind.CUT, TransitionKind.CUT]
    assert [t.frame for t in found.transitions] == [40, 75]


def test_one_shot_has_no_transition() -> None:
    assert _boundaries(clips.still(1, 80)).transitions == ()


def test_cuts_between_dark_scenes_are_found() -> None:
    dark = [p * 0.12 for p in clips.still(4, 40) + clips.still(5, 40)]
    assert [t.frame for t in _boundaries(dark).transitions] == [40]


def test_fast_cutting_is_followed() -> None:
    montage = [picture for seed in range(10, 20) for picture in clips.still(seed, 8)]
    assert [t.frame for t in _boundaries(montage).transitions] == list(range(8, 80, 8))


def test_a_cut_between_moving_shots_is_found() -> None:
    moving = clips.pan(6, 40, px_per_frame=3) + clips.pan(7, 40, px_per_frame=5)
    assert [t.frame for t in _boundaries(moving).transitions] == [40]


def test_black_with_hard_edges_is_a_shot_of_its_own() -> None:
    found = _boundaries(clips.still(8, 40) + clips.plain(0, 24) + clips.still(9, 40))
    assert [(t.kind, t.frame) for t in found.transitions] == [
        (TransitionKind.CUT, 40),
        (TransitionKind.CUT, 64),
    ]


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_a_flash_is_no_cut_but_is_told(frames: int) -> None:
    found = _boundaries(clips.brightened(clips.still(1, 80), first=30, frames=frames))
    assert found.transitions == ()
    assert found.flashes == (30,)


def test_a_cut_out_of_a_flash_is_one_cut() -> None:
    clip = clips.brightened(clips.still(1, 40) + clips.still(2, 40), first=38, frames=2, by=1.0)
    (cut,) = _boundaries(clip).transitions
    assert abs(cut.frame - 40) <= 2


def test_a_glitch_of_two_frames_is_no_shot() -> None:
    clip = clips.still(1, 40)
    assert _boundaries([*clip[:20], *clips.still(2, 2), *clip[20:]]).transitions == ()


def test_flicker_is_no_cut() -> None:
    assert _boundaries(clips.flickering(clips.still(3, 80), depth=0.2)).transitions == ()


def test_a_whip_pan_is_no_transition() -> None:
    # still, then a quarter of the width a frame with its smear, then still on what was reached
    wide = clips.scene(4, margin=6 * 64)
    smeared = np.cumsum(np.pad(wide, ((0, 0), (64, 0), (0, 0)), mode="edge"), axis=1)
    smeared = (smeared[:, 64:] - smeared[:, :-64]) / 64
    whip = [smeared[:, left : left + 256] for left in range(32, 6 * 64, 64)]
    clip = [wide[:, :256]] * 30 + whip + [wide[:, -256:]] * 30
    assert _boundaries(clip).transitions == ()


def test_a_shaken_camera_makes_no_cut() -> None:
    rng = np.random.default_rng(5)
    wide = clips.scene(5, size=(176, 296))
    offsets = rng.integers(0, 24, (80, 2))
    assert _boundaries([wide[y : y + 144, x : x + 256] for y, x in offsets]).transitions == ()


def test_a_changing_exposure_is_no_dissolve() -> None:
    gains = np.interp(np.arange(90), [20, 50, 80], [1, 0.4, 1])
    clip = [p * g for p, g in zip(clips.still(6, 90), gains, strict=True)]
    assert _boundaries(clip).transitions == ()


@pytest.mark.parametrize("frames", [8, 14, 24, 40])
def test_a_dissolve_is_found_from_start_to_end(frames: int) -> None:
    found = _boundaries(clips.dissolve(clips.still(1, 70), clips.still(2, 70), frames))
    assert _kinds(found) == [TransitionKind.DISSOLVE]
    start, end = 70 - frames, 70
    assert abs(found.transitions[0].start - start) <= 2
    assert abs(found.transitions[0].end - end) <= 2
    assert found.transitions[0].frame == pytest.approx((start + end) / 2, abs=2)


def test_a_dissolve_between_moving_shots_is_found() -> None:
    moving = clips.dissolve(clips.pan(3, 60, px_per_frame=0.5), clips.pan(4, 60, px_per_frame=0.5), 16)
    assert _kinds(_boundaries(moving)) == [TransitionKind.DISSOLVE]


@pytest.mark.parametrize("level", [0.0, 255.0])
@pytest.mark.parametrize("frames", [6, 12])
def test_a_fade_through_a_plain_level_is_one_transition(frames: int, level: float) -> None:
    found = _boundaries(clips.fade(clips.still(1, 50), clips.still(2, 50), frames, level=level))
    assert _kinds(found) == [TransitionKind.FADE]
    assert abs(found.transitions[0].start - (50 - frames)) <= 2
    assert abs(found.transitions[0].end - (50 + frames)) <= 2


def test_a_long_black_hold_between_fades_is_a_shot() -> None:
    out = clips.fade(clips.still(1, 50), clips.plain(0, 80), 10)
    found = _boundaries(clips.fade(out, clips.still(2, 50), 10))
    assert _kinds(found) == [TransitionKind.FADE, TransitionKind.FADE]


def test_fading_in_and_out_of_a_clip_is_no_transition() -> None:
    ends = clips.fade(clips.fade(clips.plain(0, 12), clips.still(1, 60), 10), clips.plain(0, 12), 10)
    assert _boundaries(ends).transitions == ()


def test_a_long_clip_is_judged_as_a_short_one() -> None:
    # cuts every 130 frames, so that some stand near the edges of the windows that are judged at once
    shots = [clips.still(seed, 130, size=(36, 64)) for seed in range(20)]
    found = _boundaries([picture for shot in shots for picture in shot])
    assert [t.frame for t in found.transitions] == list(range(130, 2600, 130))


def test_only_a_window_of_signals_is_held() -> None:
    finder, held = BoundaryFinder(), []
    for chunk in measured(clips.planar(clips.still(1, 4000, size=(8, 16)), frame_rate=FRAME_RATE)):
        finder.add(chunk)
        held.append(finder.held_frames)
    assert max(held) < 1024 + 2 * 6 * FRAME_RATE + 64
    assert finder.finish().transitions == ()


def test_a_transition_is_centred_on_its_middle() -> None:
    assert Transition(TransitionKind.DISSOLVE, start=10, end=21, confidence=1).frame == 15


def _boundaries(clip: list[Picture]) -> Boundaries:
    return boundaries(measured(clips.planar(clip, frame_rate=FRAME_RATE)))


def _kinds(found: Boundaries) -> list[TransitionKind]:
    return [transition.kind for transition in found.transitions]
