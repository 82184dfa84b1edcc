"""Length and rate: the request with itself, with the footage, with the voice."""

from dreamcut.brief import words
from dreamcut.brief.conflicts.claim import conflict
from dreamcut.brief.evidence import Evidence, measured, stated
from dreamcut.brief.material import Material
from dreamcut.brief.model import (
    Action,
    Clip,
    Conflict,
    ConflictKind,
    Constraint,
    ConstraintSource,
    Direction,
    Severity,
    SourceRange,
)
from dreamcut.brief.target import Target, constraint
from dreamcut.models import Intent
from dreamcut.prompt import Bound, Quantity, Ratio, Size

LENGTH_TOLERANCE_SHARE, LENGTH_TOLERANCE_SECONDS = 0.02, 0.5  # the larger of both counts as the same length
ABOUT_TOLERANCE_SHARE = 0.1  # "about 30 seconds"
SPARSE_VOICE_SHARE = 0.6  # a voice-over shorter than this part of the piece leaves it mostly without words
SAME_RATE_SHARE = 0.002  # 23.976 and 24 play as one


def tolerance(asked: Quantity | None, seconds: float) -> float:
    """Return by how many seconds a length may miss and still be the same."""
    share = ABOUT_TOLERANCE_SHARE if asked and asked.bound is Bound.ABOUT else LENGTH_TOLERANCE_SHARE
    return max(share * seconds, LENGTH_TOLERANCE_SECONDS)


def request_conflicts(material: Material) -> list[Conflict]:
    """Return where the request contradicts itself: options against words, length against platform."""
    reading = material.request.reading
    found = []
    for lost in reading.overruled:
        won: Quantity | Ratio | Size | None = getattr(reading, lost.field)
        if won is None:
            continue
        said = lost.reading.span.text if lost.reading.span else lost.field
        what = lost.field.replace("_", " ")
        found.append(
            conflict(
                ConflictKind.REQUEST,
                Severity.MINOR,
                f"Your option sets the {what} to {_worth(won)}, your words say “{said}”.",
                constraint=constraint(won, _value(won), getattr(won, "unit", "")),
                evidence=(stated(won), stated(lost.reading)),
                action=Action.DECIDE,
                resolution=f"The option wins: {what} {_worth(won)}.",
                alternatives=(f"drop the option and follow “{said}”",),
            )
        )
    longest, asked = reading.longest_seconds, reading.duration
    if longest and asked and asked.value > longest.value:
        found.append(
            conflict(
                ConflictKind.DURATION,
                Severity.IMPORTANT,
                f"You ask for {words.seconds(asked.value)}, but {longest.rule}.",
                constraint=constraint(longest, longest.value, "s"),
                evidence=(stated(asked), stated(longest)),
                action=Action.DECIDE,
                resolution=(
                    f"Planned at {words.seconds(asked.value)} as you ask; it cannot be uploaded there in "
                    "one piece."
                ),
                auto=False,
                alternatives=(f"shorten it to {words.seconds(longest.value)}", "split it into parts"),
            )
        )
    return found


def _worth(reading: Quantity | Ratio | Size) -> str:
    if isinstance(reading, Quantity):
        return f"{words.number(reading.value, 3)} {reading.unit}"
    return reading.name if isinstance(reading, Size) else reading.value


def _value(reading: Quantity | Ratio | Size) -> float | str:
    return reading.value if isinstance(reading, Quantity | Ratio) else reading.name


def duration_conflicts(material: Material, target: Target, direction: Direction) -> list[Conflict]:
    """Return where footage or voice do not fit the asked length."""
    asked = material.request.reading.duration
    if target.seconds is None or target.length is None or direction.timeline is None:
        return []
    if material.request.intent is Intent.AUDIO:
        return []
    found = []
    if asked and material.footage:
        footage = _footage_length(material, target, target.length, direction)
        found += [footage] if footage else []
    voice = _voice_length(material, target, target.length) if material.voice else None
    return [*found, voice] if voice else found


def _footage_length(
    material: Material, target: Target, length: Constraint, direction: Direction
) -> Conflict | None:
    """Return the conflict of all footage together with the target."""
    asked, goal = material.request.reading.duration, target.seconds or 0.0
    parts = material.footage
    have = sum(part.video.timing.duration_seconds for part in parts)
    if abs(have - goal) <= tolerance(asked, goal):
        return None
    if have > goal and asked and asked.bound is Bound.AT_LEAST:
        return None
    evidence: tuple[Evidence, ...] = tuple(measured(part.report, "timing.duration_seconds") for part in parts)
    evidence = (*evidence, *((stated(asked),) if asked else ()))
    names = words.listing([part.name for part in parts])
    run = "runs" if len(parts) == 1 else "run together"
    if have > goal:
        ranges = kept_ranges(direction)
        return conflict(
            ConflictKind.DURATION,
            Severity.IMPORTANT,
            f"{names} {run} {words.seconds(have)}; you asked for {words.seconds(goal)}.",
            constraint=length,
            evidence=evidence,
            action=Action.TRIM,
            resolution=(
                f"Trim {words.seconds(have - goal)}: “{direction.name}” keeps "
                f"{words.count(len(ranges), 'range')}, "
                f"chosen by {'; '.join(direction.scoring) or 'their order'}."
            ),
            ranges=ranges,
            alternatives=(f"let it run {words.seconds(have)}", "choose the ranges yourself"),
        )
    missing = goal - have
    fill = "pictures you gave" if material.stills else "generation jobs"
    return conflict(
        ConflictKind.DURATION,
        Severity.IMPORTANT,
        f"{names} {run} {words.seconds(have)}, {words.seconds(missing)} short of the {words.seconds(goal)} "
        "you asked for.",
        constraint=length,
        evidence=evidence,
        action=Action.FILL,
        resolution=f"Fill {words.seconds(missing)} with {fill}, placed in “{direction.name}”.",
        ranges=kept_ranges(direction),
        auto=bool(material.stills),
        alternatives=(f"shorten the piece to {words.seconds(have)}", "hand in more footage"),
    )


def kept_ranges(direction: Direction) -> tuple[SourceRange, ...]:
    """Return the source ranges of a direction in the order of the material, each with why it was chosen."""
    clips = [(beat.source, beat.why) for beat in direction.beats if isinstance(beat.source, Clip)]
    ordered = sorted(clips, key=lambda pair: (str(pair[0].asset_id), pair[0].in_seconds))
    return tuple(
        SourceRange(asset_id=clip.asset_id, in_seconds=clip.in_seconds, out_seconds=clip.out_seconds, why=why)
        for clip, why in ordered
    )


def _voice_length(material: Material, target: Target, length: Constraint) -> Conflict | None:
    """Return the conflict of the voice-over with the target."""
    voice, goal = material.voice, target.seconds or 0.0
    asked = material.request.reading.duration
    if voice is None or asked is None:
        return None
    have = voice.audio.duration_seconds
    evidence = (measured(voice.report, "duration_seconds"), stated(asked))
    if have > goal + tolerance(asked, goal):
        if asked.bound is Bound.AT_LEAST:
            return None
        return conflict(
            ConflictKind.DURATION,
            Severity.BLOCKING,
            f"{voice.name} runs {words.seconds(have)}, {words.seconds(have - goal)} longer than the "
            f"{words.seconds(goal)} you asked for.",
            constraint=length,
            evidence=evidence,
            action=Action.DECIDE,
            resolution=(
                f"The directions keep the phrases that end before {words.seconds(goal)}; which words to "
                "lose is yours to say."
            ),
            auto=False,
            alternatives=(f"extend the piece to {words.seconds(have)}", "record a shorter voice-over"),
        )
    if have < SPARSE_VOICE_SHARE * goal:
        return conflict(
            ConflictKind.DURATION,
            Severity.MINOR,
            f"{voice.name} speaks for {words.seconds(have)} of {words.seconds(goal)}; "
            f"{words.seconds(goal - have)} stay without words.",
            constraint=length,
            evidence=evidence,
            action=Action.SPREAD,
            resolution=(
                "Spread its phrases over the piece with longer pauses, or leave the rest to picture and "
                "music, as each direction says."
            ),
            alternatives=(f"shorten the piece to {words.seconds(have)}", "record more words"),
        )
    return None


def frame_rate_conflicts(material: Material, target: Target) -> list[Conflict]:
    """Return footage whose rate varies, or is not that of the timeline."""
    if material.request.intent not in (Intent.VIDEO, Intent.MIXED):
        return []
    asked = material.request.reading.frame_rate
    found = []
    for part in material.footage:
        timing = part.video.timing
        rate = words.number(target.rate, 3)
        wanted = constraint(asked, asked.value, "fps") if asked else _timeline_rate(target)
        evidence: tuple[Evidence, ...] = (measured(part.report, "timing.frame_rate"),)
        if timing.variable:
            found.append(
                conflict(
                    ConflictKind.FRAME_RATE,
                    Severity.IMPORTANT,
                    f"{part.name} has a variable frame rate, {words.number(timing.frame_rate, 2)} a second "
                    "on average.",
                    constraint=wanted,
                    evidence=(*evidence, measured(part.report, "timing.variable")),
                    action=Action.CONFORM,
                    resolution=(
                        f"Conform {part.name} to constant {rate} frames a second before editing; cut times "
                        "come from its own time stamps."
                    ),
                    alternatives=("re-record at a constant rate",),
                )
            )
        elif timing.frame_rate > 0 and abs(timing.frame_rate / target.rate - 1) > SAME_RATE_SHARE:
            said = (stated(asked),) if asked else ()
            found.append(
                conflict(
                    ConflictKind.FRAME_RATE,
                    Severity.MINOR,
                    f"{part.name} has {words.number(timing.frame_rate, 3)} frames a second, the piece "
                    f"{rate}.",
                    constraint=wanted,
                    evidence=(*evidence, *said),
                    action=Action.CONFORM,
                    resolution=_conform(timing.frame_rate, target.rate),
                    alternatives=(f"cut the piece at {words.number(timing.frame_rate, 3)} frames a second",),
                )
            )
    return found


def _timeline_rate(target: Target) -> Constraint:
    rule = "the rate of the main footage"
    return Constraint(source=ConstraintSource.MATERIAL, value=target.rate, unit="fps", rule=rule)


def _conform(have: float, goal: float) -> str:
    """Return how one rate becomes another."""
    ratio = have / goal
    if ratio > 1 and abs(ratio - round(ratio)) < SAME_RATE_SHARE * ratio:
        return f"Keep every {words.ordinal(round(ratio))} frame: it divides evenly."
    if have > goal:
        return f"Drop frames to {words.number(goal, 3)} a second; fast pans may judder."
    return (
        f"Repeat frames to reach {words.number(goal, 3)} a second; motion stays that of "
        f"{words.number(have, 3)}."
    )
