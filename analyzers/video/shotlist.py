"""Shots as findings: from boundaries and the numbers of all frames."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from analyzers.video.keyframes import clean_part
from analyzers.video.motion import motion_kind, motion_per_second, shake
from analyzers.video.shots import Boundaries, Transition
from analyzers.video.track import Track
from dreamcut.findings.video import Keyframe, Shot, TransitionKind

SECONDS_PER_MINUTE = 60.0


def list_shots(
    track: Track, boundaries: Boundaries, *, keyframes: dict[int, Keyframe], duration_seconds: float
) -> tuple[Shot, ...]:
    """Return all shots in order: [start_frame, end_frame) from one transition to the next.

    After a dissolve or fade a shot starts at the middle of the transition. Keyframe, motion and
    shake are measured on the frames that no transition touches.
    """
    edges: list[Transition | None] = [None, *boundaries.transitions, None]
    shots: list[Shot] = []
    for index, (opening, closing) in enumerate(pairwise(edges)):
        start = opening.frame if opening else 0
        end = closing.frame if closing else len(track)
        first, after = clean_part(opening, closing, frames=len(track))
        motion = motion_per_second(track, first=first, after=after)
        shot = Shot(
            index=index,
            start_seconds=float(track.seconds[start]),
            end_seconds=float(track.seconds[end]) if end < len(track) else duration_seconds,
            start_frame=start,
            end_frame=end,
            opens_with=opening.kind if opening else TransitionKind.START,
            confidence=opening.confidence if opening else 1.0,
            transition_seconds=transition_seconds(track, opening) if opening else 0.0,
            keyframe=keyframes.get(index),
            motion=motion,
            motion_kind=motion_kind(motion),
            shake=shake(track, first=first, after=after),
        )
        shots.append(shot)
    return tuple(shots)


def transition_seconds(track: Track, transition: Transition) -> float:
    """Return how long both pictures, or neither, are seen; 0 for a cut."""
    last = min(transition.end, len(track) - 1)
    return float(track.seconds[last] - track.seconds[transition.start])


def cuts_per_minute(shots: tuple[Shot, ...], *, duration_seconds: float) -> float | None:
    """Return how often the picture changes; None for no duration."""
    if duration_seconds <= 0 or not shots:
        return None
    return (len(shots) - 1) * SECONDS_PER_MINUTE / duration_seconds


def mean_motion(shots: tuple[Shot, ...]) -> float | None:
    """Return the motion of all shots, by their length."""
    lengths = [shot.duration_seconds for shot in shots]
    if sum(lengths) <= 0:
        return None
    return float(np.average([shot.motion for shot in shots], weights=lengths))


def flash_seconds(track: Track, boundaries: Boundaries) -> tuple[float, ...]:
    """Return when flashes begin."""
    return tuple(float(track.seconds[frame]) for frame in boundaries.flashes)
