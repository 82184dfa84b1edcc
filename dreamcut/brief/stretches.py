"""The usable stretches of the material and what was measured of each."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor

from dreamcut.brief.colour import palette_distance
from dreamcut.brief.material import Material, Part
from dreamcut.findings import TimeRange
from dreamcut.findings.audio import SegmentKind
from dreamcut.findings.look import Look

SHORTEST_SECONDS = 0.5  # below this a shot reads as a flash
FLASH_MARGIN_SECONDS = 0.15  # kept clear on both sides of a flash
LONGEST_STILL_SECONDS = 10.0
SHORT_STILL_SECONDS = 4.0  # beside footage


@dataclass(frozen=True, eq=False)
class Stretch:
    """A stretch of one asset without black, freeze, flash or transition; ranks run from 0 to 1."""

    part: Part
    start: float
    end: float
    root: str  # path of the shot in the findings, "" where the whole file is meant
    still: bool = False
    sharpest_at: float | None = None
    sharpness: float | None = None
    motion: float | None = None
    distance: float | None = None  # CIEDE2000 to the reference
    light: float | None = None  # mean luma
    level: float | None = None  # dBFS, of sound
    sharpness_rank: float | None = None
    motion_rank: float | None = None
    nearness_rank: float | None = None  # 1: nearest to the reference
    light_rank: float | None = None
    level_rank: float | None = None

    @property
    def seconds(self) -> float:
        """Usable length."""
        return self.end - self.start

    @property
    def shot_number(self) -> int | None:
        """Number of the shot as people count, from 1."""
        return int(self.root[len("shots[") : -1]) + 1 if self.root.startswith("shots[") else None


def stretches(material: Material) -> tuple[Stretch, ...]:
    """Return the usable stretches of footage and pictures, in the order of the assets, ranked."""
    reference = material.reference.look if material.reference else None
    found: list[Stretch] = []
    for part in material.footage:
        found += _of_video(part, reference)
    hold = SHORT_STILL_SECONDS if found else LONGEST_STILL_SECONDS
    for part in material.stills:
        look = part.look
        found.append(
            Stretch(
                part=part,
                start=0.0,
                end=hold,
                root="",
                still=True,
                sharpness=look.detail.sharpness if look and look.detail else None,
                motion=0.0,
                distance=_distance(look, reference),
                light=look.tone.mean_luma if look else None,
            )
        )
    return ranked(found)


def usable_seconds(part: Part) -> float:
    """Return how much of a video shows one picture: without transitions, black, freezes and flashes."""
    return sum(stretch.seconds for stretch in _of_video(part, None))


def sound_stretches(material: Material) -> tuple[Stretch, ...]:
    """Return the stretches of audio files that are not silent, ranked by level: for a piece of sound."""
    found: list[Stretch] = []
    for part in material.parts:
        if part.report.asset.kind != "audio":
            continue
        audio = part.audio
        silent = [s for s in audio.segments if s.kind is SegmentKind.SILENCE and s.duration_seconds >= 1]
        whole = TimeRange(start_seconds=0, end_seconds=audio.duration_seconds)
        for start, end in _without(whole, silent):
            levels = audio.energy_curve_db[floor(start) : ceil(end)]
            level = sum(levels) / len(levels) if levels else None
            found.append(Stretch(part=part, start=start, end=end, root="", level=level))
    return ranked(found)


def _of_video(part: Part, reference: Look | None) -> list[Stretch]:
    """Return the usable stretches of one video."""
    video = part.video
    whole = TimeRange(start_seconds=0, end_seconds=video.timing.duration_seconds)
    if whole.end_seconds <= 0:
        return []
    unusable = _unusable(part)
    if not video.shots:
        distance = _distance(video.look, reference)
        pieces = _without(whole, unusable)
        return [
            Stretch(part=part, start=start, end=end, root="", motion=video.motion, distance=distance)
            for start, end in pieces
        ]
    found = []
    for index in range(len(video.shots)):
        found += _of_shot(part, index, unusable=unusable, reference=reference)
    return found


def _of_shot(
    part: Part, index: int, *, unusable: Sequence[TimeRange], reference: Look | None
) -> list[Stretch]:
    """Return the usable stretches of one shot, clear of the transitions at both ends."""
    shots = part.video.shots
    shot, following = shots[index], shots[index + 1] if index + 1 < len(shots) else None
    # A shot begins in the middle of its transition: half of that lies inside it.
    start = shot.start_seconds + shot.transition_seconds / 2
    end = shot.end_seconds - (following.transition_seconds / 2 if following else 0.0)
    end = min(end, part.video.timing.duration_seconds)
    if end <= start:
        return []
    key = shot.keyframe
    return [
        Stretch(
            part=part,
            start=left,
            end=right,
            root=f"shots[{index}]",
            sharpest_at=key.at_seconds if key and left <= key.at_seconds <= right else None,
            sharpness=key.sharpness if key else None,
            motion=shot.motion,
            distance=_distance(shot.look, reference),
            light=shot.look.tone.mean_luma if shot.look else None,
        )
        for left, right in _without(TimeRange(start_seconds=start, end_seconds=end), unusable)
    ]


def _unusable(part: Part) -> list[TimeRange]:
    """Return black, frozen and flashing stretches."""
    defects = part.video.defects
    if not defects:
        return []
    flashes = [
        TimeRange(
            start_seconds=max(0.0, at - FLASH_MARGIN_SECONDS), end_seconds=max(0.0, at) + FLASH_MARGIN_SECONDS
        )
        for at in defects.flashes_seconds
    ]
    return [*defects.black, *defects.frozen, *flashes]


def _without(whole: TimeRange, holes: Iterable[TimeRange]) -> list[tuple[float, float]]:
    """Return what remains of a range, in whole microseconds, too short pieces left out."""
    edge, pieces = whole.start_seconds, []
    for hole in sorted(holes, key=lambda hole: hole.start_seconds):
        if hole.end_seconds <= edge or hole.start_seconds >= whole.end_seconds:
            continue
        pieces.append((edge, hole.start_seconds))
        edge = max(edge, hole.end_seconds)
    pieces.append((edge, whole.end_seconds))
    rounded = [(ceil(start * 1e6 - 1e-3) / 1e6, floor(end * 1e6 + 1e-3) / 1e6) for start, end in pieces]
    return [(start, end) for start, end in rounded if end - start >= SHORTEST_SECONDS]


def _distance(look: Look | None, reference: Look | None) -> float | None:
    if look is None or reference is None:
        return None
    return palette_distance(look.palette, reference.palette)


def ranked(found: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Return the stretches with their ranks: the share of the others that a value exceeds."""
    sharpness = _ranks([stretch.sharpness for stretch in found])
    motion = _ranks([stretch.motion for stretch in found])
    distance = _ranks([stretch.distance for stretch in found])
    light = _ranks([stretch.light for stretch in found])
    level = _ranks([stretch.level for stretch in found])
    return tuple(
        replace(
            stretch,
            sharpness_rank=sharpness[i],
            motion_rank=motion[i],
            nearness_rank=None if (rank := distance[i]) is None else 1 - rank,
            light_rank=light[i],
            level_rank=level[i],
        )
        for i, stretch in enumerate(found)
    )


def _ranks(values: Sequence[float | None]) -> list[float | None]:
    """Return mid-ranks from 0 to 1; 0.5 where all are equal."""
    known = sorted(value for value in values if value is not None)
    ranks: list[float | None] = []
    for value in values:
        if value is None:
            ranks.append(None)
        elif len(known) == 1:
            ranks.append(0.5)
        else:
            below = bisect_left(known, value)
            equal = known.count(value)
            ranks.append((below + (equal - 1) / 2) / (len(known) - 1))
    return ranks


def one_per_shot(pool: Sequence[Stretch], *, seconds: float) -> tuple[Stretch, ...]:
    """Return the longest stretch of each shot; the others too where those alone are shorter than `seconds`.

    Two stretches of one shot side by side would jump.
    """
    longest: dict[tuple[object, str], Stretch] = {}
    for stretch in pool:
        key = (stretch.part.id, stretch.root or str(stretch.start))
        if key not in longest or stretch.seconds > longest[key].seconds:
            longest[key] = stretch
    kept = [stretch for stretch in pool if any(stretch is one for one in longest.values())]
    return tuple(kept) if sum(stretch.seconds for stretch in kept) >= seconds else tuple(pool)
