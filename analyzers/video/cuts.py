"""Hard cuts and flashes: isolated jumps of the picture, told apart by what comes after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzers.video.likeness import consecutive_unlikeness, unlikeness
from analyzers.video.signals import Signals

CUT_UNLIKENESS = (
    0.16  # of neighbouring frames; camera motion and grain stay below 0.1, most cuts lie above 0.3
)
SPIKE_RATIO = 2.5  # a cut stands out of its surroundings; shaking and whip pans do not
# A jump cut stays in its scene: colours barely change, so only a lonely jump of the structure tells.
JUMP_CUT_UNLIKENESS = 0.08
JUMP_CUT_STRUCTURE = 0.1  # flashes stay below 0.05
JUMP_CUT_RATIO = 4.0  # to the largest step around: what moves fast moves in other frames, too
JUMP_CUT_CONFIDENCE = 0.55
SURROUNDINGS_FRAMES = 8  # each side
WHIP_SHIFT = 0.05  # of the width from frame to frame: a whip pan, whose blur starts and stops at once
WHIP_UNLIKENESS = 0.45  # needed for a cut beside a whip pan
ALIKE_SHARE = 0.45  # frames around a flash differ by less than this share of the jump
FLASH_SECONDS = 0.3  # strobes and lightning are shorter, also with afterglow
GLITCH_FRAMES = 3  # a picture shown for no longer is no shot

_F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Jump:
    """A frame that starts a new picture."""

    frame: int
    confidence: float  # 0 to 1


@dataclass(frozen=True)
class Jumps:
    """What `find_jumps` found, in order."""

    cuts: tuple[Jump, ...]
    flashes: tuple[tuple[int, int], ...]  # first frame, first frame after


def find_jumps(signals: Signals, *, frame_rate: float) -> Jumps:
    """Find hard cuts and flashes.

    A jump is a frame much less like the one before than frames around it are like theirs (adaptive
    threshold, as in Yusoff et al., BMVC 2000). It is a flash or a glitch, not a cut, when the picture
    from before the jump comes back at once.
    """
    steps = consecutive_unlikeness(signals)
    frames = [f for f in _spikes(steps) if steps[f] > WHIP_UNLIKENESS or not _beside_whip(signals.shift, f)]
    reach = max(GLITCH_FRAMES, round(FLASH_SECONDS * frame_rate))
    flashes: list[tuple[int, int]] = []
    cuts: list[int] = []
    resume = 0
    for frame in frames:
        if frame < resume:
            continue
        end = _return_of_the_picture(signals, frame, reach=reach, jump=float(steps[frame]))
        if end is None:
            cuts.append(frame)
            continue
        resume = end + 1
        if signals.mean[frame:end].max() > max(signals.mean[frame - 1], signals.mean[end]) + 12:
            flashes.append((frame, end))
    found = [Jump(f, _confidence(steps, f)) for f in _without_glitches(signals, cuts)]
    found += _jump_cuts(signals, steps, known=[*frames, *(f for flash in flashes for f in flash)])
    return Jumps(tuple(sorted(found, key=lambda jump: jump.frame)), tuple(flashes))


def _jump_cuts(signals: Signals, steps: _F32, *, known: list[int]) -> list[Jump]:
    """Find cuts within a scene: one lonely change of the structure that stays."""
    found: list[Jump] = []
    reach = SURROUNDINGS_FRAMES
    for frame in (int(f) for f in np.flatnonzero(steps > JUMP_CUT_UNLIKENESS)):
        low, high = max(0, frame - reach), min(len(steps), frame + reach + 1)
        around = np.delete(steps[low:high], frame - low)
        if frame < reach or steps[frame] < JUMP_CUT_RATIO * around.max(initial=0.01):
            continue
        if any(abs(frame - other) <= reach for other in known) or _beside_whip(signals.shift, frame):
            continue
        if signals.held[frame - 2 : frame].all():
            continue  # a stutter: the picture was held, then caught up with its motion
        later = np.array([frame, min(frame + 2, high - 1), high - 1])
        apart = unlikeness(signals, np.full(3, frame - 1), later)
        if apart.structure.min() > JUMP_CUT_STRUCTURE and apart.total.min() > JUMP_CUT_UNLIKENESS:
            found.append(Jump(frame, JUMP_CUT_CONFIDENCE))
    return found


def _surroundings(steps: _F32) -> _F32:
    """Return the third largest step among the neighbours of each frame: two other cuts may be near."""
    reach = SURROUNDINGS_FRAMES
    padded = np.pad(steps, reach)
    views = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    others = np.delete(views, reach, axis=1)
    return np.asarray(np.partition(others, -3, axis=1)[:, -3])


def _spikes(steps: _F32) -> list[int]:
    high = steps > np.maximum(CUT_UNLIKENESS, SPIKE_RATIO * _surroundings(steps))
    return [int(f) for f in np.flatnonzero(high)]


def _beside_whip(shift: _F32, frame: int) -> bool:
    """Return whether the camera whips right before or right after a frame."""
    speed = np.abs(shift[:, 0])
    before, after = speed[max(0, frame - 4) : frame], speed[frame + 1 : frame + 5]
    return any(len(side) == 4 and float(np.median(side)) > WHIP_SHIFT for side in (before, after))


def _return_of_the_picture(signals: Signals, frame: int, *, reach: int, jump: float) -> int | None:
    """Return the first frame after a jump that looks like the frame before it again, or None."""
    later = np.arange(frame + 1, min(len(signals), frame + 1 + reach))
    if frame < 1 or not len(later):
        return None
    apart = unlikeness(signals, np.full(len(later), frame - 1), later).total
    back = np.flatnonzero(apart < ALIKE_SHARE * jump)
    if not len(back):
        return None
    end = int(later[back[0]])
    brighter = bool(signals.mean[frame:end].max() > signals.mean[frame - 1] + 12)
    # Longer than a glitch, only light that fades again is a flash; another picture is a short shot.
    return end if brighter or end - frame <= GLITCH_FRAMES else None


def _without_glitches(signals: Signals, cuts: list[int]) -> list[int]:
    """Keep one of two cuts that enclose only a few frames: the one where the new picture begins."""
    kept: list[int] = []
    for cut in cuts:
        if kept and cut - kept[-1] <= GLITCH_FRAMES and kept[-1] > 0:
            between = np.array([kept[-1], cut - 1])
            to_old = unlikeness(signals, between, np.full(2, kept[-1] - 1)).structure.mean()
            to_new = unlikeness(signals, between, np.full(2, cut)).structure.mean()
            if to_new >= to_old:
                kept[-1] = cut
            continue
        kept.append(cut)
    return kept


def _confidence(steps: _F32, frame: int) -> float:
    """Map the height of a jump over its threshold to 0.5 to 1."""
    around = np.delete(steps[max(0, frame - 8) : frame + 9], min(8, frame))
    floor = max(CUT_UNLIKENESS, SPIKE_RATIO * float(np.sort(around)[-3]) if len(around) > 2 else 0.0)
    margin = (float(steps[frame]) - floor) / floor
    return float(np.clip(0.5 + 0.5 * margin / (margin + 0.5), 0.5, 1)) if margin > 0 else 0.5
