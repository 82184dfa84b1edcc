"""Ways to cut: each turns the material into a filled timeline with a reason of its own."""

from collections.abc import Iterator

from dreamcut.brief.cuts.led import arrive_at_the_reference, follow_the_beat, follow_the_voice, quicken
from dreamcut.brief.cuts.plain import (
    arrive_at_the_material,
    as_recorded,
    cold_open,
    few_long_takes,
    from_dark_to_light,
    in_miniature,
    strongest_first,
)
from dreamcut.brief.cuts.stage import Cut, Stage

LED = (follow_the_voice, follow_the_beat, arrive_at_the_reference, quicken)
PLAIN = (from_dark_to_light, few_long_takes, in_miniature, cold_open, arrive_at_the_material)
LEAST_DIRECTIONS, MOST_DIRECTIONS = 2, 3


def ways_to_cut(stage: Stage) -> Iterator[Cut]:
    """Yield two or three ways to cut picture: those that something measured leads, then the plain ones."""
    led = [cut for way in LED if (cut := way(stage))][:MOST_DIRECTIONS]
    plain = [cut for way in PLAIN if (cut := way(stage))] if len(led) < LEAST_DIRECTIONS else []
    yield from led
    yield from plain[: LEAST_DIRECTIONS - len(led)]


def ways_to_cut_sound(stage: Stage) -> Iterator[Cut]:
    """Yield two ways to cut a piece of sound."""
    yield as_recorded(stage)
    yield strongest_first(stage)


__all__ = ["Cut", "Stage", "ways_to_cut", "ways_to_cut_sound"]
