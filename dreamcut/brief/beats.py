"""Filled slots as beats, each with what was measured of it."""

from collections.abc import Sequence

from dreamcut.brief import words
from dreamcut.brief.cuts.stage import Cut, Stage, distance_evidence, length_evidence
from dreamcut.brief.evidence import Evidence, Statement, measured, stated, whole_prompt
from dreamcut.brief.layout import Placed, even_slots
from dreamcut.brief.material import Material
from dreamcut.brief.model import Beat, Clip, Generate, Picture, Still
from dreamcut.brief.stretches import Stretch
from dreamcut.findings import TimeRange

LONGEST_MADE_SECONDS = 8.0  # what one generated shot holds


def beats_of(cut: Cut, stage: Stage) -> tuple[Beat, ...]:
    """Return the beats of a cut; long empty stretches are divided into shots that can be made."""
    placed = [part for one in cut.placed for part in _divided(one, stage)]
    return tuple(_beat(index, one, cut, stage) for index, one in enumerate(placed))


def _divided(one: Placed, stage: Stage) -> list[Placed]:
    longest = max(1, int(max(LONGEST_MADE_SECONDS, stage.seconds / 60) * stage.rate))
    if one.stretch or one.frames <= longest:
        return [one]
    edge, parts = one.start_frame, []
    for slot in even_slots(one.frames, -(-one.frames // longest)):
        parts.append(
            Placed(edge, edge + slot.frames, None, phrase=one.phrase if edge == one.start_frame else None)
        )
        edge += slot.frames
    return parts


def _beat(index: int, one: Placed, cut: Cut, stage: Stage) -> Beat:
    said = [spoken for spoken in cut.spoken if one.start_frame <= spoken.start_frame < one.end_frame]
    heard = " ".join(spoken.phrase.text for spoken in said if spoken.phrase.text) or None
    if one.stretch is None:
        seconds = one.frames / stage.rate
        source: Picture = generation(stage.material, seconds=seconds)
        why: tuple[Statement, ...] = (_why_made(stage, seconds),)
    else:
        source = _source(one, one.stretch)
        why = _why(one, one.stretch, cut, stage)
    return Beat(
        index=index,
        start_frame=one.start_frame,
        end_frame=one.end_frame,
        start_seconds=round(one.start_frame / stage.rate, 6),
        end_seconds=round(one.end_frame / stage.rate, 6),
        source=source,
        why=why,
        heard=heard,
    )


def _source(one: Placed, stretch: Stretch) -> Picture:
    if stretch.still:
        return Still(asset_id=stretch.part.id)
    return Clip(asset_id=stretch.part.id, in_seconds=one.source_in, out_seconds=one.source_out)


def _why(one: Placed, stretch: Stretch, cut: Cut, stage: Stage) -> tuple[Statement, ...]:
    """Return what was measured of the shot, the leading measure of the cut first."""
    within = TimeRange(start_seconds=one.source_in, end_seconds=one.source_out)
    found = [sentence for name in _measures(cut, stage) if (sentence := _say(name, stretch, stage, within))][
        :2
    ]
    if one.second_use and stretch.root:
        text = f"Other frames of shot {stretch.shot_number}, since no fresh shot is long enough."
        found.append(Statement(text=text, evidence=(length_evidence(stretch),)))
    if not found:
        where = (
            "whole"
            if stretch.still
            else f"{words.timecode(one.source_in)} to {words.timecode(one.source_out)}"
        )
        text = f"{stretch.part.name}, {where}: the usable material there is."
        found.append(Statement(text=text, evidence=(length_evidence(stretch),)))
    return tuple(found)


def _measures(cut: Cut, stage: Stage) -> tuple[str, ...]:
    """Return what to say of a shot, most telling first; ranks need something to compare with."""
    names = dict.fromkeys((cut.measure, "sharpness", "motion", "light"))
    return tuple(
        name for name in names if len(stage.pool) > 1 or name not in ("sharpness", "motion", "level")
    )


def _say(name: str, stretch: Stretch, stage: Stage, within: TimeRange) -> Statement | None:
    """Return one measured fact of a shot with its place among the others."""
    report, root = stretch.part.report, f"{stretch.root}." if stretch.root else ""
    evidence: Evidence
    match name:
        case "sharpness" if stretch.sharpness is not None:
            place = _place(stretch.sharpness, [s.sharpness for s in stage.pool], "sharpest", "softest")
            metric = f"{root}keyframe.sharpness" if stretch.root else "look.detail.sharpness"
            evidence, text = measured(report, metric, time_range=within), f"{place}."
        case "motion" if stretch.motion is not None and stretch.root:
            place = _place(stretch.motion, [s.motion for s in stage.pool], "liveliest", "calmest")
            evidence = measured(report, f"{root}motion", time_range=within)
            text = f"{place}, {words.small(stretch.motion)} widths a second."
        case "distance" if stretch.distance is not None:
            evidence, text = (
                distance_evidence(stage, stretch),
                f"ΔE {stretch.distance:.0f} from the reference.",
            )
        case "light" if stretch.light is not None:
            evidence = measured(report, f"{root}look.tone.mean_luma", time_range=within)
            text = f"Mean luma {stretch.light:.2f}."
        case "level" if stretch.level is not None:
            evidence, text = (
                length_evidence(stretch),
                f"{_place(stretch.level, [s.level for s in stage.pool], 'loudest', 'quietest')}.",
            )
        case _:
            return None
    return Statement(text=text, evidence=(evidence,))


def _place(value: float, others: Sequence[float | None], most: str, least: str) -> str:
    """Return where a value stands, from the nearer end: "Sharpest of 12", "3rd softest of 12"."""
    known = [other for other in others if other is not None]
    above, below = sum(other > value for other in known), sum(other < value for other in known)
    if above == below == 0:
        return f"No {words.comparative(most)} of {len(known)}"
    place, name = (above + 1, most) if above <= below else (below + 1, least)
    count = len(known)
    return f"{words.capital(name)} of {count}" if place == 1 else f"{words.ordinal(place)} {name} of {count}"


def _why_made(stage: Stage, seconds: float) -> Statement:
    """Return why a stretch has to be made."""
    footage = stage.material.footage
    reading = stage.material.request.reading
    if footage:
        have = sum(stretch.seconds for stretch in stage.pool if not stretch.still)
        names = words.listing([part.name for part in footage])
        text = f"{names} {'holds' if len(footage) == 1 else 'hold'} {words.seconds(have)} of usable picture; "
        text += f"these {words.seconds(seconds)} are to be made."
        evidence = tuple(measured(part.report, "timing.duration_seconds") for part in footage)
        return Statement(text=text, evidence=evidence)
    text = f"No material is given for these {words.seconds(seconds)}."
    asked = (*reading.elements, *reading.genres)[:2]
    return Statement(
        text=text, evidence=tuple(stated(term) for term in asked) or (whole_prompt(reading.prompt),)
    )


def generation(material: Material, *, seconds: float | None) -> Generate:
    """Return a generation job in the user's own words and the measured colours of the reference."""
    reading = material.request.reading
    terms = [
        *reading.elements,
        *([reading.subject] if reading.subject else []),
        *reading.genres,
        *reading.styles,
        *reading.moods,
    ]
    said = list(dict.fromkeys(term.value for term in terms)) or [
        reading.prompt.strip()[:300] or "(empty prompt)"
    ]
    reference = material.reference
    if reference and reference.look:
        names = list(dict.fromkeys(colour.name for colour in reference.look.palette.colours[:3]))
        said.append(f"colours {words.listing(names)}")
    return Generate(
        prompt=", ".join(said),
        negative=tuple(term.value for term in reading.excluded),
        style_refs=(reference.id,) if reference else (),
        ratio=reading.aspect_ratio.value if reading.aspect_ratio else None,
        duration_seconds=round(seconds, 6) if seconds else None,
    )
