"""Cuts that any material allows, and cuts of sound alone."""

from collections.abc import Sequence
from dataclasses import replace

from dreamcut.brief import words
from dreamcut.brief.cuts.led import continuous
from dreamcut.brief.cuts.stage import MOST_BEATS, Cut, Stage, blend, length_evidence, rising
from dreamcut.brief.evidence import Statement, measured
from dreamcut.brief.layout import (
    FRAME_SLACK,
    Placed,
    Slot,
    even_slots,
    fill,
    lay_in_order,
    level_lengths,
    shifted,
)
from dreamcut.brief.stretches import LONGEST_STILL_SECONDS, SHORTEST_SECONDS, Stretch

MADE_SHOT_SECONDS = 3.0  # the pulse of shots that are still to be made
HOOK_SECONDS = 6.0  # a step of a piece of sound
HELD_SHARE = 1 / 3  # of the piece, for a picture that opens or closes it
SPARE_SHARE = 1.05  # material from here on can be chosen from
COLD_OPEN_SHARE = 0.2  # of the piece, taken from the end


def few_long_takes(stage: Stage) -> Cut:
    """As few cuts as the material allows, in its own order."""
    pool = stage.pool or _reference_held(stage)
    held = bool(pool) and all(stretch.still for stretch in pool)
    if held and sum(stretch.seconds for stretch in pool) >= stage.seconds >= len(pool) * SHORTEST_SECONDS:
        return _in_the_order_given(pool, stage)
    if held:
        pool = _held_for_a_share(pool, stage)
    placed = _longest_in_order(pool, stage)
    names = words.listing(list(dict.fromkeys(stretch.part.name for stretch in pool)))
    name = f"Open on {names}" if held else "Few cuts, long takes" if pool else "As few shots as hold"
    return Cut(
        key="long",
        name=name,
        placed=placed,
        spoken=continuous(stage),
        logline=_long_logline(placed, stage),
        measure="length",
        scoring=("the longest usable stretches, in the order of the material",) if pool and not held else (),
        bed=stage.bed,
    )


def _in_the_order_given(pool: Sequence[Stretch], stage: Stage) -> Cut:
    """Return pictures that fill the piece, each for the same time."""
    each = words.seconds(stage.seconds / len(pool))
    names = words.listing([stretch.part.name for stretch in pool])
    text = f"{names}, {each} each, in the order you gave them."
    if len(pool) == 1:
        text = f"{names} holds for {each} without a cut."
    return Cut(
        key="order",
        name=f"Hold {names}" if len(pool) == 1 else "In the order given",
        placed=lay_in_order(pool, stage.frames, rate=stage.rate),
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=tuple(length_evidence(stretch) for stretch in pool)),
        measure="light",
        scoring=(),
        bed=stage.bed,
    )


def _long_logline(placed: tuple[Placed, ...], stage: Stage) -> Statement:
    shown = [(one, one.stretch) for one in placed if one.stretch]
    whole = words.seconds(stage.seconds)
    if not shown:
        text = f"Nothing given can be shown: all {whole} are to be made, in as few shots as hold."
        return Statement(text=text, evidence=stage.nothing_to_show())
    names = words.listing(list(dict.fromkeys(stretch.part.name for _, stretch in shown)))
    filled = sum(one.frames for one, _ in shown) / stage.rate
    if stage.seconds - filled >= 1 / stage.rate:
        made = words.seconds(stage.seconds - filled)
        text = f"{words.seconds(filled)} of {names} open the piece, then {made} follow that are to be made"
    elif len(shown) == 1:
        text = f"{names} holds for {whole} without a cut"
    else:
        text = f"The {len(shown)} longest usable takes of {names}, in their own order, fill {whole}"
    return Statement(text=f"{text}.", evidence=tuple(length_evidence(stretch) for _, stretch in shown))


def _reference_held(stage: Stage) -> tuple[Stretch, ...]:
    """Return the reference picture as something to be shown, where nothing else is."""
    reference = stage.material.reference
    if reference is None or reference.report.asset.kind != "image":
        return ()
    return (Stretch(part=reference, start=0.0, end=LONGEST_STILL_SECONDS, root="", still=True),)


def _held_for_a_share(pool: Sequence[Stretch], stage: Stage) -> tuple[Stretch, ...]:
    """Return pictures that together hold for a third of the piece at most."""
    each = max(SHORTEST_SECONDS, min(LONGEST_STILL_SECONDS, HELD_SHARE * stage.seconds / len(pool)))
    return tuple(replace(stretch, end=each) for stretch in pool)


def _longest_in_order(pool: Sequence[Stretch], stage: Stage) -> tuple[Placed, ...]:
    """Take the longest stretches until the timeline is full, and lay them in the order of the material."""
    shortest = stage.shot_frames(SHORTEST_SECONDS)
    sized = [(int(stretch.seconds * stage.rate + FRAME_SLACK), -i) for i, stretch in enumerate(pool)]
    chosen: list[tuple[int, int]] = []
    for length, place in sorted(sized, reverse=True):
        if (
            length < shortest
            or sum(frames for frames, _ in chosen) >= stage.frames
            or len(chosen) == MOST_BEATS
        ):
            break
        chosen.append((length, place))
    chosen.sort(key=lambda pair: -pair[1])
    placed: list[Placed] = []
    edge = 0
    for (_, place), frames in zip(chosen, level_lengths([f for f, _ in chosen], stage.frames), strict=True):
        if frames > 0:
            (one,) = fill([Slot(frames)], [pool[-place]], rate=stage.rate, prefer=lambda _stretch, _at: 0.0)
            placed.append(replace(one, start_frame=edge, end_frame=edge + frames))
            edge += frames
    if edge < stage.frames:
        placed.append(Placed(edge, stage.frames, None))
    return tuple(placed)


def in_miniature(stage: Stage) -> Cut | None:
    """Every shot of the footage, in its own order and proportions, shortened to fit."""
    moving = [stretch for stretch in stage.pool if not stretch.still]
    have = sum(stretch.seconds for stretch in moving)
    if have < SPARE_SHARE * stage.seconds:
        return None
    pieces = _divided(moving, each=stage.typical_seconds * have / stage.seconds)
    if len(pieces) < 2 or stage.seconds < len(pieces) * SHORTEST_SECONDS:
        return None
    placed = lay_in_order(pieces, stage.frames, rate=stage.rate, weights=[piece.seconds for piece in pieces])
    names = words.listing(list(dict.fromkeys(stretch.part.name for stretch in moving)))
    text = (
        f"{words.seconds(have)} of usable {names} shrink to {words.seconds(stage.seconds)}: "
        f"{words.count(len(placed), 'look')} at it in its own order, each keeping "
        f"{words.percent(stage.seconds / have)}."
    )
    return Cut(
        key="miniature",
        name=f"The whole in {words.seconds(stage.seconds)}",
        placed=placed,
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=tuple(length_evidence(stretch) for stretch in moving)),
        measure="length",
        scoring=("every usable stretch, in the order of the material",),
        bed=stage.bed,
    )


def _divided(pool: Sequence[Stretch], *, each: float) -> list[Stretch]:
    """Return stretches, the long ones divided evenly into pieces of about one length."""
    pieces = []
    for stretch in pool:
        parts = max(1, round(stretch.seconds / each))
        step = stretch.seconds / parts
        edges = [round(stretch.start + step * i, 6) for i in range(parts)] + [stretch.end]
        pieces += [replace(stretch, start=edges[i], end=edges[i + 1]) for i in range(parts)]
    return pieces


def from_dark_to_light(stage: Stage) -> Cut | None:
    """Pictures in the order of their light, an even pulse."""
    lit = [stretch for stretch in stage.pool if stretch.still and stretch.light is not None]
    lights = sorted({stretch.light for stretch in lit if stretch.light is not None})
    if len(lights) < 2 or len(lit) < len(stage.pool):
        return None
    if stage.seconds > len(lit) * LONGEST_STILL_SECONDS or stage.seconds < len(lit) * SHORTEST_SECONDS:
        return None
    slots = even_slots(stage.frames, len(lit))
    placed = fill(slots, stage.pool, rate=stage.rate, prefer=blend((1.0, rising(lambda s: s.light_rank))))
    each = words.seconds(stage.seconds / len(lit))
    text = (
        f"A new picture every {each}, from the darkest (luma {lights[0]:.2f}) to the lightest "
        f"({lights[-1]:.2f})."
    )
    evidence = tuple(measured(stretch.part.report, "look.tone.mean_luma") for stretch in lit)
    return Cut(
        key="light",
        name="From dark to light",
        placed=placed,
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=evidence),
        measure="light",
        scoring=("mean luma, rising",),
        bed=stage.bed,
    )


def cold_open(stage: Stage) -> Cut | None:
    """The end of the footage first, then from its start."""
    moving = [stretch for stretch in stage.pool if not stretch.still]
    opening = COLD_OPEN_SHARE * stage.seconds
    if not moving or sum(s.seconds for s in moving) < stage.seconds or opening < SHORTEST_SECONDS:
        return None
    last = moving[-1]
    length = min(opening, last.seconds / 2)
    if length < SHORTEST_SECONDS:
        return None
    edge = round(last.end - length, 6)
    order = [replace(last, start=edge), *moving[:-1], replace(last, end=edge)]
    frames = int(length * stage.rate + FRAME_SLACK)
    first = fill([Slot(frames)], order[:1], rate=stage.rate, prefer=lambda _stretch, _at: 0.0)
    rest = lay_in_order(
        order[1:], stage.frames - frames, rate=stage.rate, weights=[s.seconds for s in order[1:]]
    )
    text = (
        f"Opens with the last {words.seconds(length)} of {last.part.name}, then goes back to "
        f"{words.timecode(moving[0].start)} and works towards them."
    )
    return Cut(
        key="cold",
        name="Start at the end",
        placed=(*first, *shifted(rest, frames)),
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=(length_evidence(last),)),
        measure="length",
        scoring=("the end first, then the order of the material",),
        bed=stage.bed,
    )


def arrive_at_the_material(stage: Stage) -> Cut:
    """Shots to be made first, what is given last; nothing given: an even pulse of shots to be made."""
    pool = stage.pool or _reference_held(stage)
    shown = _held_for_a_share(pool, stage) if pool and all(stretch.still for stretch in pool) else tuple(pool)
    given = [one for one in _longest_in_order(shown, stage) if one.stretch]
    made = stage.frames - sum(one.frames for one in given)
    slots = even_slots(made, max(1, round(made / stage.rate / MADE_SHOT_SECONDS))) if made else []
    placed = _to_be_made(slots)
    start = given[0].start_frame if given else 0
    placed += shifted(given, made - start)
    names = words.listing(list(dict.fromkeys(one.stretch.part.name for one in given if one.stretch)))
    shots = words.count(len(slots), "shot")
    text = (
        f"{shots} to be made, {words.seconds(made / stage.rate)} in all, lead to "
        f"{words.seconds((stage.frames - made) / stage.rate)} of {names}."
    )
    evidence = tuple(length_evidence(one.stretch) for one in given if one.stretch)
    if not given:
        each = words.seconds(stage.seconds / max(1, len(slots)))
        text = f"{shots} of {each} to be made, an even pulse through {words.seconds(stage.seconds)}."
    return Cut(
        key="arrive",
        name=f"Arrive at {names}" if given else "An even pulse",
        placed=tuple(placed),
        spoken=continuous(stage),
        logline=Statement(text=text, evidence=evidence or stage.nothing_to_show()),
        measure="length",
        scoring=(),
        bed=stage.bed,
    )


def _to_be_made(slots: Sequence[Slot]) -> list[Placed]:
    """Return slots as they are, one shot to be made in each."""
    edge, placed = 0, []
    for slot in slots:
        placed.append(Placed(edge, edge + slot.frames, None))
        edge += slot.frames
    return placed


def as_recorded(stage: Stage) -> Cut:
    """A piece of sound: what was recorded, in its order, without its silences."""
    placed = _longest_in_order(stage.pool, stage)
    heard = [one.stretch for one in placed if one.stretch]
    stretches = "1 stretch" if len(heard) == 1 else f"{len(heard)} stretches"
    text = f"{stretches} of sound in the order recorded, silences of a second and more taken out."
    evidence = tuple(length_evidence(stretch) for stretch in heard)
    if not evidence:
        text = f"No sound is given: all {words.seconds(stage.seconds)} are to be made, in one piece."
    return Cut(
        key="recorded",
        name="As recorded, tightened" if heard else "In one piece",
        placed=placed,
        spoken=(),
        logline=Statement(text=text, evidence=evidence or stage.nothing_to_show()),
        measure="length",
        scoring=("the longest stretches, in the order recorded",) if heard else (),
    )


def strongest_first(stage: Stage) -> Cut:
    """A piece of sound that opens with its strongest moment."""
    steps = max(1, min(round(stage.seconds / HOOK_SECONDS), MOST_BEATS))
    slots = even_slots(stage.frames, steps)
    prefer = blend((1.0, rising(_quietness)))
    placed = (
        fill(slots, stage.pool, rate=stage.rate, prefer=prefer) if stage.pool else tuple(_to_be_made(slots))
    )
    heard = [one.stretch for one in placed if one.stretch]
    text = f"The loudest stretch opens and the level falls from there, in {words.count(len(placed), 'step')}."
    if not heard:
        parts = words.count(len(placed), "part")
        text = f"No sound is given: {parts} of about {HOOK_SECONDS:g} s are to be made."
    evidence = tuple(length_evidence(stretch) for stretch in heard) or stage.nothing_to_show()
    return Cut(
        key="hook",
        name="Strongest moment first" if heard else "In short parts",
        placed=placed,
        spoken=(),
        logline=Statement(text=text, evidence=evidence),
        measure="level",
        scoring=("level rank, falling",) if heard else (),
    )


def _quietness(stretch: Stretch) -> float | None:
    return None if stretch.level_rank is None else 1 - stretch.level_rank
