"""One frame that stands for each shot, chosen while the clip runs past."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzers.look.phash import perceptual_hash
from analyzers.look.tone import luma_of
from analyzers.video.shots import Transition
from analyzers.video.track import Track
from dreamcut.findings.video import Keyframe

EDGE_SHARE = 0.15  # of a shot, at either end, where a keyframe is not taken if there is a choice
USUAL_LIGHT = 12.0  # luma steps from the shot's median: a flash is not what the shot looks like
MOST_STILLS = 40  # of different shots, kept for a closer look; 0.4 MB each
OPEN_STILLS = 16  # of a shot that still runs
SHARPEST_STILLS = 8  # of those, when they become too many

_Picture = NDArray[np.uint8]


def clean_part(opening: Transition | None, closing: Transition | None, *, frames: int) -> tuple[int, int]:
    """Return the frames [first, after) of a shot that no transition touches; at least one frame."""
    first = 0 if opening is None else opening.end
    after = frames if closing is None else closing.start
    if after <= first:  # both transitions meet: the shot is never seen alone
        first = 0 if opening is None else opening.frame
        after = max(first + 1, frames if closing is None else closing.frame)
    return first, after


def choose_keyframe(track: Track, candidates: NDArray[np.intp], *, first: int, after: int) -> int | None:
    """Return which of the candidates stands for the frames [first, after), which hold no transition.

    The sharpest of those that are lit as the shot usually is, away from its ends. None where no
    candidate shows anything but black or white.
    """
    frames = candidates[(candidates >= first) & (candidates < after)]
    frames = frames[~track.blank[frames]]
    if not len(frames):
        return None
    edge = EDGE_SHARE * (after - first)
    inner = (frames >= first + edge) & (frames < after - edge)
    frames = frames[inner] if inner.any() else frames
    usual = np.abs(track.mean[frames] - np.median(track.mean[first:after])) <= USUAL_LIGHT
    frames = frames[usual] if usual.any() else frames
    return int(frames[track.sharpness[frames].argmax()])


class KeyframeKeeper:
    """Takes the larger stills that come along with the frames, and keeps one for each shot."""

    def __init__(self) -> None:
        self.keyframes: dict[int, Keyframe] = {}  # by shot
        self.stills: dict[int, _Picture] = {}  # by shot, RGB; evenly chosen, at most MOST_STILLS
        self._stride = 1  # every so manieth shot keeps its still
        self._waiting: dict[int, _Picture] = {}  # by frame, not yet given to a shot
        self._shots = 0

    def add(self, frame: int, still: _Picture) -> None:
        """Take a still."""
        self._waiting[frame] = still

    @property
    def waiting(self) -> int:
        """How many stills are held that belong to no shot yet."""
        return len(self._waiting)

    def close_shots(self, track: Track, transitions: list[Transition], *, judged: int) -> None:
        """Give stills to the shots that ended with the final transitions so far.

        Args:
            track: of all frames so far.
            transitions: all that are final.
            judged: no transition before this frame will be added.
        """
        while self._shots < len(transitions):
            opening = transitions[self._shots - 1] if self._shots else None
            self._close(track, opening, transitions[self._shots])
        waiting = [frame for frame in self._waiting if frame < judged]
        if len(waiting) > OPEN_STILLS:
            by_sharpness = sorted(waiting, key=lambda f: -float(track.sharpness[f] * ~track.blank[f]))
            for frame in by_sharpness[SHARPEST_STILLS:]:
                del self._waiting[frame]

    def close_last(self, track: Track, transitions: list[Transition]) -> None:
        """Give stills to the shots that are left at the end of the clip."""
        self.close_shots(track, transitions, judged=0)
        self._close(track, transitions[-1] if transitions else None, None)

    def _close(self, track: Track, opening: Transition | None, closing: Transition | None) -> None:
        first, after = clean_part(opening, closing, frames=len(track))
        stills = np.array(sorted(self._waiting), dtype=np.intp)
        chosen = choose_keyframe(track, stills, first=first, after=after)
        if chosen is not None:
            self._keep(track, chosen)
        else:  # a shot between two stills: its thumbnail gives a keyframe, but no look
            chosen = choose_keyframe(track, track.candidates, first=first, after=after)
            if chosen is not None:
                thumbnail = track.thumbnails[np.searchsorted(track.candidates, chosen)]
                self.keyframes[self._shots] = _keyframe(track, chosen, thumbnail.astype(np.float32) / 255)
        self._shots += 1
        done = closing.frame if closing else len(track)
        self._waiting = {frame: still for frame, still in self._waiting.items() if frame >= done}

    def _keep(self, track: Track, frame: int) -> None:
        still = self._waiting[frame]
        self.keyframes[self._shots] = _keyframe(track, frame, luma_of(still))
        if self._shots % self._stride == 0:
            self.stills[self._shots] = still
        if len(self.stills) > MOST_STILLS:
            self._stride *= 2
            self.stills = {shot: s for shot, s in self.stills.items() if shot % self._stride == 0}


def _keyframe(track: Track, frame: int, luma: NDArray[np.float32]) -> Keyframe:
    """Describe a keyframe; `luma` is 0 to 1, any size."""
    return Keyframe(
        at_seconds=float(track.seconds[frame]),
        sharpness=float(track.sharpness[frame]) / 255**2,
        perceptual_hash=perceptual_hash(luma),
    )
