"""Where the request and the material disagree, each with what will be done about it."""

from collections import Counter

from dreamcut.brief.conflicts.lengths import duration_conflicts, frame_rate_conflicts, request_conflicts
from dreamcut.brief.conflicts.missing import missing_conflicts
from dreamcut.brief.conflicts.pictures import aspect_conflicts, palette_conflicts, resolution_conflicts
from dreamcut.brief.conflicts.quality import quality_conflicts
from dreamcut.brief.conflicts.sounds import loudness_conflicts, sound_conflicts
from dreamcut.brief.material import Material
from dreamcut.brief.model import Conflict, Direction, Severity
from dreamcut.brief.target import Target

_ORDER = list(Severity)


def conflicts_of(material: Material, target: Target, direction: Direction) -> tuple[Conflict, ...]:
    """Return every conflict, the gravest first.

    Args:
        direction: the recommended direction, whose source ranges show what a trim keeps.
    """
    found = [
        *missing_conflicts(material),
        *request_conflicts(material),
        *duration_conflicts(material, target, direction),
        *aspect_conflicts(material, target),
        *resolution_conflicts(material, target),
        *frame_rate_conflicts(material, target),
        *palette_conflicts(material),
        *sound_conflicts(material, target),
        *loudness_conflicts(material, target),
        *quality_conflicts(material),
    ]
    found.sort(key=lambda conflict: _ORDER.index(conflict.severity))
    numbers: Counter[str] = Counter()
    named = []
    for conflict in found:
        numbers[conflict.kind] += 1
        named.append(conflict.model_copy(update={"id": f"{conflict.kind}-{numbers[conflict.kind]}"}))
    return tuple(named)


__all__ = ["conflicts_of"]
