"""Directions without a timeline: a still picture, or a piece whose length nothing fixes."""

from dreamcut.brief import words
from dreamcut.brief.beats import generation
from dreamcut.brief.evidence import Evidence, Statement, measured, stated, whole_prompt
from dreamcut.brief.looks import target_look
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import Clip, Direction, Pacing, Picture, Still
from dreamcut.brief.stretches import Stretch, stretches
from dreamcut.brief.target import Target
from dreamcut.models import Intent


def still_directions(material: Material, target: Target) -> tuple[Direction, ...]:
    """Return two directions: one on the user's own picture where there is one, one made from the words.

    A picture that was given for its look alone is a model, not the base: then the new one comes first.
    """
    made = _made(material)
    own = _own_picture(material, target)
    if own is None:
        return (made, _waiting(material))
    picture, name, logline = own
    built = _direction(1, name, logline, picture, material)
    first, second = (built, made) if material.stills or isinstance(picture, Clip) else (made, built)
    return (first, second.model_copy(update={"id": "direction-2"}))


def _own_picture(material: Material, target: Target) -> tuple[Picture, str, Statement] | None:
    """Return the best picture that the material holds: a given still, else the sharpest keyframe."""
    still = next(
        (
            part
            for part in (*material.stills, *((material.reference,) if material.reference else ()))
            if part.report.asset.kind == "image"
        ),
        None,
    )
    if still:
        file = still.image.file
        text = f"{still.name} is the base, {file.width_px} × {file.height_px} px"
        evidence = [measured(still.report, "file.width_px"), measured(still.report, "file.height_px")]
        return Still(asset_id=still.id), f"Build on {still.name}", _sentence(text, evidence, still, target)
    frames = [
        stretch
        for stretch in stretches(material)
        if stretch.sharpest_at is not None and stretch.sharpness is not None
    ]
    if not frames:
        return None
    best: Stretch = max(frames, key=lambda stretch: stretch.sharpness or 0.0)
    at = best.sharpest_at or 0.0
    rate = max(1.0, best.part.video.timing.frame_rate)
    text = (
        f"The sharpest of {words.count(len(frames), 'keyframe')}, {words.timecode(at)} of {best.part.name}, "
        "is the base"
    )
    evidence = [
        measured(best.part.report, f"{best.root}.keyframe.at_seconds"),
        measured(best.part.report, f"{best.root}.keyframe.sharpness"),
    ]
    end = min(at + 1 / rate, best.part.video.timing.duration_seconds)
    start = at if end > at else max(0.0, end - 1 / rate)
    clip = Clip(asset_id=best.part.id, in_seconds=round(start, 6), out_seconds=round(end, 6))
    return clip, f"A frame of {best.part.name}", _sentence(text, evidence, best.part, target)


def _sentence(text: str, evidence: list[Evidence], part: Part, target: Target) -> Statement:
    """Return a sentence on the base, with the crop to the asked shape."""
    if target.ratio:
        kept = min(target.ratio.number / _shape(part), _shape(part) / target.ratio.number)
        if kept < 0.98:
            text += f"; the crop to {target.ratio.value} keeps {words.percent(kept)} of it"
            evidence = [*evidence, stated(target.ratio)]
    return Statement(text=f"{text}.", evidence=tuple(evidence))


def _shape(part: Part) -> float:
    """Return width to height as displayed."""
    if part.report.asset.kind == "image":
        return part.image.file.aspect_ratio
    return part.video.geometry.aspect_ratio


def _made(material: Material) -> Direction:
    """Return the direction that makes the picture from the words."""
    reading = material.request.reading
    job = generation(material, seconds=None)
    asked = (*reading.elements, *reading.genres, *reading.styles, *reading.moods)
    named = material.request.intent is Intent.IMAGE
    text = f"{'A new picture' if named else 'One key picture first'}, made from your words: {job.prompt}."
    evidence = tuple(stated(term) for term in asked) or (whole_prompt(reading.prompt),)
    return _direction(
        1,
        "Make it new" if named else "One picture first",
        Statement(text=text, evidence=evidence),
        job,
        material,
    )


def _waiting(material: Material) -> Direction:
    """Return the direction that lacks a picture of the user's own, or a length."""
    reading = material.request.reading
    if material.request.intent is Intent.IMAGE:
        text = (
            "Hand in a picture of your own as base or reference; palette, light and crop are then set from "
            "it."
        )
        name = "From a picture of yours"
    else:
        text = "State a length, and this becomes a timeline with a place for every shot."
        name = "A moving piece, once it has a length"
    statement = Statement(text=text, evidence=(whole_prompt(reading.prompt),))
    return _direction(2, name, statement, None, material)


def _direction(
    number: int, name: str, logline: Statement, picture: Picture | None, material: Material
) -> Direction:
    look = target_look(material)
    pacing = Statement(text="No timeline.", evidence=(whole_prompt(material.request.reading.prompt),))
    return Direction(
        id=f"direction-{number}",
        name=name,
        logline=logline,
        rationale=look.statements,
        look=look,
        pacing=Pacing(shots=0, statement=pacing),
        timeline=None,
        picture=picture,
    )
