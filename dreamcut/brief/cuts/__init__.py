"""Ways to cut: each turns the material into a filled timeline with a reason of its own."""

from collections.abc import Iterator

from dreamcut.brief.cuts.led import arrive_at_the_reference, follow_the_beat, follow_the_voice, quicken
from dreamcut.brief.cuts.plain import as_recorded, even_pulse, few_long_takes, strongest_first
from dreamcut.brief.cuts.stage import Cut, Stage

LED = (follow_the_voice, follow_the_beat, arrive_at_the_reference, quicken)
MOST_DIRECTIONS = 3


def ways_to_cut(stage: Stage) -> Iterator[Cut]:
    """Yield two or three ways to cut picture: those that something measured leads, then the plain ones."""
    led = [cut for way in LED if (cut := way(stage))][:MOST_DIRECTIONS]
    yield from led
    plain = (few_long_takes, even_pulse)
    for way in plain[: max(0, 2 - len(led))]:
        yield way(stage)


def ways_to_cut_sound(stage: Stage) -> Iterator[Cut]:
    """Yield two ways to cut a piece of sound."""
    yield as_recorded(stage)
    yield strongest_first(stage)


__all__ = ["Cut", "Stage", "ways_to_cut", "ways_to_cut_sound"]
