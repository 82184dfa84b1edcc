"""What every way to cut starts from, and what it comes to."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from dreamcut.brief.evidence import Evidence, Statement, computed, measured, whole_prompt
from dreamcut.brief.layout import Placed, Prefer
from dreamcut.brief.material import Material
from dreamcut.brief.sound import Bed, Spoken
from dreamcut.brief.stretches import SHORTEST_SECONDS, Stretch, one_per_shot
from dreamcut.brief.target import Target
from dreamcut.brief.voice import Phrase

MOST_BEATS = 120
SHORTEST_TYPICAL_SECONDS, LONGEST_TYPICAL_SECONDS = 1.5, 5.0

Measure = Callable[[Stretch, float], float | None]  # a stretch and a place on the timeline, both 0 to 1


@dataclass(frozen=True)
class Stage:
    """The material, the target and the timeline to be filled."""

    material: Material
    target: Target
    frames: int
    pool: tuple[Stretch, ...]
    phrases: tuple[Phrase, ...]
    bed: Bed | None

    @property
    def rate(self) -> float:
        """Frames per second of the timeline."""
        return self.target.rate

    @property
    def seconds(self) -> float:
        """Length of the timeline."""
        return self.frames / self.rate

    @property
    def typical_seconds(self) -> float:
        """The shot length that the footage itself has: the median of its usable stretches, 1.5 to 5 s."""
        lengths = [stretch.seconds for stretch in self.pool if not stretch.still]
        if not lengths:
            return 4.0
        return min(LONGEST_TYPICAL_SECONDS, max(SHORTEST_TYPICAL_SECONDS, median(lengths)))

    def shot_frames(self, seconds: float) -> int:
        """Return a shot length in frames, longer where the piece would get more than MOST_BEATS."""
        return max(1, round(max(seconds, SHORTEST_SECONDS, self.seconds / MOST_BEATS) * self.rate))

    def nothing_to_show(self) -> tuple[Evidence, ...]:
        """Return the evidence for what has no material: the request itself."""
        return (whole_prompt(self.material.request.reading.prompt),)


@dataclass(frozen=True)
class Cut:
    """One way to cut, carried out."""

    key: str
    name: str
    placed: tuple[Placed, ...]
    spoken: tuple[Spoken, ...]
    logline: Statement
    measure: str  # what to say of each shot: "sharpness", "motion", "distance", "light", "level", "length"
    scoring: tuple[str, ...]
    bed: Bed | None = None


def blend(*parts: tuple[float, Measure]) -> Prefer:
    """Return a preference: the weighted mean of the values that are known."""

    def prefer(stretch: Stretch, at: float) -> float:
        known = [(weight, value) for weight, part in parts if (value := part(stretch, at)) is not None]
        whole = sum(weight for weight, _ in known)
        return sum(weight * value for weight, value in known) / whole if whole else 0.0

    return prefer


def sharp(stretch: Stretch, _at: float) -> float | None:
    """Prefer sharp stretches."""
    return stretch.sharpness_rank


def near(stretch: Stretch, _at: float) -> float | None:
    """Prefer stretches that look like the reference."""
    return stretch.nearness_rank


def rising(rank: Callable[[Stretch], float | None]) -> Measure:
    """Prefer low ranks at the start and high ranks at the end."""

    def measure(stretch: Stretch, at: float) -> float | None:
        value = rank(stretch)
        return None if value is None else 1 - abs(value - at)

    return measure


def by_rank(stage: Stage, rank: Callable[[Stretch], float | None], *, most: int) -> tuple[Stretch, ...]:
    """Return stretches in the order of a rank, lowest first; the sharpest `most` where there are more.

    More are kept where the sharpest alone would not fill the timeline.
    """
    pool = one_per_shot(stage.pool, seconds=stage.seconds)
    known = [stretch for stretch in pool if rank(stretch) is not None]
    kept: list[Stretch] = []
    length = 0.0
    for stretch in sorted(known, key=lambda one: -(one.sharpness_rank or 0.0)):
        if len(kept) >= max(3, min(most, MOST_BEATS)) and length >= stage.seconds:
            break
        kept.append(stretch)
        length += stretch.seconds
    return tuple(sorted(kept, key=lambda one: rank(one) or 0.0))


def distance_evidence(stage: Stage, stretch: Stretch) -> Evidence:
    """Return evidence for how far one shot is from the reference."""
    reference = stage.material.reference
    other = reference.name if reference else "the reference"
    root = f"{stretch.root}." if stretch.root else ""
    return computed(
        stretch.part.report,
        "palette_distance",
        round(stretch.distance or 0.0, 1),
        unit="ΔE00",
        method=f"shot against {other}: nearest colours by CIEDE2000, weighted by share, both ways, averaged",
        inputs=(f"{root}look.palette.colours[0].hex",),
    )


def length_evidence(stretch: Stretch) -> Evidence:
    """Return evidence for how long something is."""
    report = stretch.part.report
    if stretch.root:
        return measured(report, f"{stretch.root}.end_seconds")
    metrics = {"video": "timing.duration_seconds", "audio": "duration_seconds"}
    return measured(report, metrics.get(report.asset.kind, "asset.kind"))
