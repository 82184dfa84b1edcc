"""One frame that stands for a shot."""

from __future__ import annotations

import numpy as np

from analyzers.look.phash import perceptual_hash
from analyzers.video.track import Track
from dreamcut.findings.video import Keyframe

EDGE_SHARE = 0.15  # of a shot, at either end, where a keyframe is not taken if there is a choice
USUAL_LIGHT = 12.0  # luma steps from the shot's median: a flash is not what the shot looks like
NEAR_BEST = 0.9  # of the sharpest; among those, the frame that costs least to decode is taken


def choose_keyframe(track: Track, *, first: int, after: int) -> int | None:
    """Return the frame number that stands for the frames [first, after), which hold no transition.

    The sharpest of the frames that are lit as the shot usually is, away from its ends. Among nearly
    equal ones the first that decodes alone is taken. None where the track holds no candidate, and for
    a shot that is all black or white.
    """
    low, high = np.searchsorted(track.candidates, [first, after])
    frames = track.candidates[low:high]
    frames = frames[~track.blank[frames]]
    if not len(frames):
        return None
    edge = EDGE_SHARE * (after - first)
    inner = (frames >= first + edge) & (frames < after - edge)
    frames = frames[inner] if inner.any() else frames
    light = track.mean[frames]
    usual = np.abs(light - np.median(track.mean[first:after])) <= USUAL_LIGHT
    frames = frames[usual] if usual.any() else frames
    sharpness = track.sharpness[frames]
    near_best = frames[sharpness >= NEAR_BEST * sharpness.max()]
    alone = near_best[track.key[near_best]]
    return int(alone[0]) if len(alone) else int(frames[sharpness.argmax()])


def keyframe_at(track: Track, frame: int) -> Keyframe:
    """Describe a candidate; its hash is taken from its thumbnail."""
    thumbnail = track.thumbnails[np.searchsorted(track.candidates, frame)]
    return Keyframe(
        at_seconds=float(track.seconds[frame]),
        sharpness=float(track.sharpness[frame]) / 255**2,
        perceptual_hash=perceptual_hash(thumbnail.astype(np.float32) / 255),
    )
