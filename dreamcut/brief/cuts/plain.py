"""Cuts that any material allows, and cuts of sound alone."""

from dataclasses import replace

from dreamcut.brief import words
from dreamcut.brief.cuts.led import continuous
from dreamcut.brief.cuts.stage import MOST_BEATS, Cut, Stage, blend, length_evidence, rising, sharp
from dreamcut.brief.evidence import Statement, measured
from dreamcut.brief.layout import FRAME_SLACK, Placed, Slot, even_slots, fill, level_lengths
from dreamcut.brief.stretches import LONGEST_STILL_SECONDS, SHORTEST_SECONDS, Stretch

MADE_SHOT_SECONDS = 3.0  # the pulse of shots that are still to be made
HOOK_SECONDS = 6.0


def few_long_takes(stage: Stage) -> Cut:
    """As few cuts as the material allows, in its own order."""
    pool = stage.pool or _reference_held(stage)
    placed = _longest_in_order(pool, stage)
    name = (
        "Few cuts, long takes" if stage.pool else "Open on the reference" if pool else "As few shots as hold"
    )
    return Cut(
        key="long",
        name=name,
        placed=placed,
        spoken=continuous(stage),
        logline=_long_logline(placed, stage),
        measure="length",
        scoring=("the longest usable stretches, in the order of the material",) if pool else (),
        bed=stage.bed,
    )


def _long_logline(placed: tuple[Placed, ...], stage: Stage) -> Statement:
    shown = [(one, one.stretch) for one in placed if one.stretch]
    whole = words.seconds(stage.seconds)
    if not shown:
        text = f"Nothing given can be shown: all {whole} are to be made, in as few shots as hold."
        return Statement(text=text, evidence=stage.nothing_to_show())
    names = words.listing(list(dict.fromkeys(stretch.part.name for _, stretch in shown)))
    if len(shown) == 1:
        text = f"{names} holds for {words.seconds(shown[0][0].frames / stage.rate)} without a cut"
    else:
        text = f"The {len(shown)} longest usable takes of {names} in their own order fill {whole}"
    made = stage.seconds - sum(one.frames for one, _ in shown) / stage.rate
    if made >= 1 / stage.rate:
        filled = words.seconds(stage.seconds - made)
        text = f"{filled} of picture from {names}; {words.seconds(made)} of {whole} are to be made"
    return Statement(text=f"{text}.", evidence=tuple(length_evidence(stretch) for _, stretch in shown))


def _reference_held(stage: Stage) -> tuple[Stretch, ...]:
    """Return the reference picture as something to be shown, where nothing else is."""
    reference = stage.material.reference
    if reference is None or reference.report.asset.kind != "image":
        return ()
    hold = min(LONGEST_STILL_SECONDS / 2, stage.seconds / 3)
    return (Stretch(part=reference, start=0.0, end=hold, root="", still=True),)


def _longest_in_order(pool: tuple[Stretch, ...], stage: Stage) -> tuple[Placed, ...]:
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


def even_pulse(stage: Stage) -> Cut:
    """An even pulse; pictures from dark to light where their light was measured."""
    stills_only = bool(stage.pool) and all(stretch.still for stretch in stage.pool)
    each = stage.typical_seconds if stage.pool else MADE_SHOT_SECONDS
    shots = max(1, min(round(stage.seconds / each), MOST_BEATS))
    if stills_only and stage.seconds / len(stage.pool) <= LONGEST_STILL_SECONDS:
        shots = len(stage.pool)
    prefer = blend((0.8, rising(lambda stretch: stretch.light_rank)), (0.2, sharp))
    slots = even_slots(stage.frames, shots)
    placed = fill(slots, stage.pool, rate=stage.rate, prefer=prefer) if stage.pool else _to_be_made(slots)
    lit = [one.stretch for one in placed if one.stretch and one.stretch.light is not None]
    return Cut(
        key="even",
        name="From dark to light" if lit else "An even pulse",
        placed=placed,
        spoken=continuous(stage),
        logline=_even_logline(placed, lit, stage),
        measure="light",
        scoring=("0.8 × mean luma rank, rising", "0.2 × sharpness rank") if lit else (),
        bed=stage.bed,
    )


def _to_be_made(slots: list[Slot]) -> tuple[Placed, ...]:
    """Return slots as they are, one shot to be made in each."""
    edge, placed = 0, []
    for slot in slots:
        placed.append(Placed(edge, edge + slot.frames, None))
        edge += slot.frames
    return tuple(placed)


def _even_logline(placed: tuple[Placed, ...], lit: list[Stretch], stage: Stage) -> Statement:
    each = words.seconds(stage.seconds / len(placed))
    if lit:
        dark, light = min(s.light or 0.0 for s in lit), max(s.light or 0.0 for s in lit)
        text = (
            f"A new picture about every {each}, from the darkest (luma {dark:.2f}) to the lightest "
            f"({light:.2f})."
        )
        evidence = tuple(
            measured(s.part.report, f"{s.root}.look.tone.mean_luma" if s.root else "look.tone.mean_luma")
            for s in lit
        )
        return Statement(text=text, evidence=evidence)
    shown = [one.stretch for one in placed if one.stretch]
    if shown:
        text = f"A new picture about every {each}, in the order given."
        return Statement(text=text, evidence=tuple(length_evidence(stretch) for stretch in shown))
    shots = words.count(len(placed), "shot")
    text = f"{shots} of {each} to be made, an even pulse through {words.seconds(stage.seconds)}."
    return Statement(text=text, evidence=stage.nothing_to_show())


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


def _quietness(stretch: Stretch) -> float | None:
    return None if stretch.level_rank is None else 1 - stretch.level_rank


def strongest_first(stage: Stage) -> Cut:
    """A piece of sound that opens with its strongest moment."""
    steps = max(1, min(round(stage.seconds / HOOK_SECONDS), MOST_BEATS))
    slots = even_slots(stage.frames, steps)
    prefer = blend(
        (1.0, rising(lambda stretch: None if stretch.level_rank is None else 1 - stretch.level_rank))
    )
    placed = fill(slots, stage.pool, rate=stage.rate, prefer=prefer) if stage.pool else _to_be_made(slots)
    heard = [one.stretch for one in placed if one.stretch]
    text = f"The loudest stretch opens and the level falls from there, in {words.count(len(placed), 'step')}."
    if not heard:
        text = (
            f"No sound is given: {words.count(len(placed), 'part')} of about {HOOK_SECONDS:g} s are to be "
            "made."
        )
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
