"""Cuts that something measured leads: the voice, the beat, the reference, the motion."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from dreamcut.brief import words
from dreamcut.brief.colour import telling_colours
from dreamcut.brief.cuts.stage import MOST_BEATS, Cut, Stage, blend, by_rank, distance_evidence, near, sharp
from dreamcut.brief.evidence import Statement, measured
from dreamcut.brief.layout import SPARE, Placed, lay_between, lay_in_order
from dreamcut.brief.sound import Spoken, as_spoken, spread
from dreamcut.brief.stretches import SHORTEST_SECONDS, Stretch, one_per_shot
from dreamcut.brief.voice import Phrase

SEEN_DIFFERENCE = 3.0  # CIEDE2000 between shots; below it nobody sees a way from one look to another
QUICKER_SHARE = 0.75  # the last shot against the first: more does not feel faster
SHOWN_SECONDS = 1.25  # the shortest average shot that a cut in order goes down to
SEEN_MOTION = 0.02  # picture widths per second between the calmest and the liveliest shot


def follow_the_voice(stage: Stage) -> Cut | None:
    """Every phrase opens a new shot; the pauses between phrases grow to fill the length."""
    if stage.material.voice is None or len(stage.phrases) < 2:
        return None
    spoken = spread(stage.phrases, frames=stage.frames, rate=stage.rate)
    if not spoken:
        return None
    prefer = blend((0.6, sharp), (0.4, near))
    edges = _phrase_edges(spoken, stage)
    placed = lay_between(
        one_per_shot(stage.pool, seconds=SPARE * stage.seconds),
        edges,
        stage.frames,
        rate=stage.rate,
        score=lambda stretch: prefer(stretch, 0.0),
    )
    by = "0.6 × sharpness rank + 0.4 × nearness to the reference" if stage.material.reference else "sharpness"
    return Cut(
        key="voice",
        name="The voice leads",
        placed=placed,
        spoken=spoken,
        logline=_voice_logline(stage, spoken, opened=sum(one.phrase is not None for one in placed)),
        measure="sharpness",
        scoring=("the order of the material", f"weak shots are passed over while enough remain, by {by}"),
        bed=stage.bed,
    )


def _phrase_edges(spoken: Sequence[Spoken], stage: Stage) -> list[tuple[int, int | None]]:
    """Return the cuts at phrase starts that leave every shot long enough to be seen."""
    shortest = stage.shot_frames(SHORTEST_SECONDS)
    edges: list[tuple[int, int | None]] = []
    for one in spoken:
        start = 0 if not edges and one.start_frame < shortest else one.start_frame
        if (not edges or start - edges[-1][0] >= shortest) and (
            start == 0 or stage.frames - start >= shortest
        ):
            edges.append((start, one.index))
    return edges


def _voice_logline(stage: Stage, spoken: Sequence[Spoken], *, opened: int) -> Statement:
    voice = stage.material.voice
    if voice is None:
        raise ValueError("no voice leads here")
    silence = stage.seconds - sum(one.phrase.seconds for one in spoken)
    phrases = words.count(opened, "phrase")
    text = f"{phrases} of {voice.name} {'opens' if opened == 1 else 'each open'} a new shot"
    if len(spoken) > 1 and spoken[0].phrase.text and spoken[-1].phrase.text:
        text += f", from {_quoted(spoken[0], stage)} to {_quoted(spoken[-1], stage)}"
    text += f"; the picture has {words.seconds(silence)} of {words.seconds(stage.seconds)} to itself."
    evidence = tuple(measured(voice.report, one.phrase.metric, time_range=one.phrase.range) for one in spoken)
    return Statement(text=text, evidence=evidence)


def _quoted(one: Spoken, stage: Stage) -> str:
    return f"“{one.phrase.text}” at {words.timecode(one.start_frame / stage.rate)}"


def continuous(stage: Stage) -> tuple[Spoken, ...]:
    """Return the voice with its pauses as recorded."""
    phrases: tuple[Phrase, ...] = stage.phrases
    return as_spoken(phrases, frames=stage.frames, rate=stage.rate)


def follow_the_beat(stage: Stage) -> Cut | None:
    """Cuts fall on every n-th measured beat; the picture gets livelier towards the end."""
    bed = stage.bed
    tempo = bed.audio.tempo if bed else None
    if bed is None or tempo is None or not stage.pool:
        return None
    beats = sorted(at for at in tempo.beats_seconds if 0 <= at < bed.audio.duration_seconds - 1)
    if len(beats) < 5:
        return None
    period = 60 / tempo.bpm
    step = _beats_between_cuts(period, stage)
    grid = [edge for edge, _ in _beat_edges(beats[::step], stage)]
    if len(grid) < 3:
        return None
    shots = by_rank(stage, lambda stretch: stretch.motion_rank, most=len(grid))
    placed = lay_in_order(shots, stage.frames, rate=stage.rate, grid=grid[1:])
    if not _keeps(placed, shots) or any(one.start_frame not in grid for one in placed):
        return None
    often = "every beat" if step == 1 else f"every {'2nd' if step == 2 else f'{step}th'} beat"
    music = f"{bed.part.name}’s own music" if bed.root else bed.part.name
    text = (
        f"Cuts fall on {often} of {music}, {words.number(tempo.bpm)} BPM, one every "
        f"{words.seconds(step * period)} or a multiple; the calmest shots come first, the liveliest last."
    )
    evidence = measured(bed.part.report, f"{bed.root}tempo.bpm", confidence=tempo.confidence)
    return Cut(
        key="beat",
        name=f"On the beat, {words.number(tempo.bpm, 0)} BPM",
        placed=placed,
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=(evidence,)),
        measure="motion",
        scoring=("motion, rising", "the sharpest where there are more than cuts"),
        bed=replace(bed, start=round(beats[0], 3)),
    )


def _keeps(placed: Sequence[Placed], order: Sequence[Stretch]) -> bool:
    """Whether what was laid follows the order asked for, nothing twice, nothing left to be made."""
    places = [order.index(one.stretch) for one in placed if one.stretch]
    return len(places) == len(placed) and all(before < after for before, after in pairwise(places))


def _beats_between_cuts(period: float, stage: Stage) -> int:
    """Return the beats from one possible cut to the next: as many as let most shots hold two such steps."""
    longest = max(SHORTEST_SECONDS, stage.typical_seconds / 2, stage.seconds / MOST_BEATS)
    return max((n for n in (1, 2, 4, 8) if n * period <= longest), default=1)


def _beat_edges(beats: Sequence[float], stage: Stage) -> list[tuple[int, int | None]]:
    """Return the cuts on some beats, the first of which falls on the start of the timeline."""
    shortest = stage.shot_frames(SHORTEST_SECONDS)
    edges: list[tuple[int, int | None]] = [(0, None)]
    for at in beats[1:]:
        frame = round((at - beats[0]) * stage.rate)
        if frame - edges[-1][0] >= shortest and stage.frames - frame >= shortest:
            edges.append((frame, None))
    return edges


def arrive_at_the_reference(stage: Stage) -> Cut | None:
    """Shots in the order of their palette: from the farthest to the nearest to the reference."""
    reference = stage.material.reference
    known = [stretch for stretch in stage.pool if stretch.distance is not None and stretch.root]
    if reference is None or reference.look is None or len(known) < 3:
        return None
    farthest = max(known, key=lambda stretch: stretch.distance or 0.0)
    nearest = min(known, key=lambda stretch: stretch.distance or 0.0)
    far, close = farthest.distance or 0.0, nearest.distance or 0.0
    if far - close < SEEN_DIFFERENCE:
        return None
    shots = by_rank(stage, lambda stretch: stretch.nearness_rank, most=round(stage.seconds / SHOWN_SECONDS))
    placed = lay_in_order(shots, stage.frames, rate=stage.rate)
    if not _keeps(placed, shots):
        return None
    index = telling_colours(reference.look.palette)[0]
    colour = reference.look.palette.colours[index].name
    text = (
        f"Opens on what looks least like {reference.name} (ΔE {far:.0f}) and closes on what looks most "
        f"like it (ΔE {close:.0f}), so that the piece arrives at its {colour}."
    )
    evidence = (
        distance_evidence(stage, farthest),
        distance_evidence(stage, nearest),
        measured(reference.report, f"look.palette.colours[{index}].name"),
    )
    return Cut(
        key="reference",
        name=f"Arriving at {colour}",
        placed=placed,
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=evidence),
        measure="distance",
        scoring=("nearness to the reference palette, rising", "the sharpest where there are more than cuts"),
        bed=stage.bed,
    )


def quicken(stage: Stage) -> Cut | None:
    """Shots shorten while their motion grows."""
    moving = [stretch for stretch in stage.pool if stretch.motion is not None and stretch.root]
    if len(moving) < 3:
        return None
    calm = min(moving, key=lambda stretch: stretch.motion or 0.0)
    lively = max(moving, key=lambda stretch: stretch.motion or 0.0)
    low, high = calm.motion or 0.0, lively.motion or 0.0
    if high - low < SEEN_MOTION:
        return None
    shots = by_rank(stage, lambda stretch: stretch.motion_rank, most=round(stage.seconds / SHOWN_SECONDS))
    weights = [1.5 - i / max(1, len(shots) - 1) for i in range(len(shots))]
    placed = lay_in_order(shots, stage.frames, rate=stage.rate, weights=weights)
    if not _keeps(placed, shots) or placed[-1].frames > QUICKER_SHARE * placed[0].frames:
        return None
    text = (
        f"The first shot holds for {words.seconds(placed[0].frames / stage.rate)}, the last for "
        f"{words.seconds(placed[-1].frames / stage.rate)}, while motion grows from {words.small(low)} to "
        f"{words.small(high)} picture widths a second."
    )
    evidence = tuple(measured(s.part.report, f"{s.root}.motion") for s in (calm, lively))
    return Cut(
        key="quicken",
        name="From calm to fast",
        placed=placed,
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=evidence),
        measure="motion",
        scoring=("motion, rising", "the sharpest where there are more than cuts"),
        bed=stage.bed,
    )
