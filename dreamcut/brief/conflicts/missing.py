"""What the user speaks of and nobody handed in, or nobody could read."""

from dreamcut.brief.conflicts.claim import conflict
from dreamcut.brief.evidence import Evidence, measured, presence, stated, whole_prompt
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import Action, Conflict, ConflictKind, Constraint, ConstraintSource, Severity
from dreamcut.brief.request import AssetReport
from dreamcut.brief.target import constraint
from dreamcut.models import AssetKind, Intent
from dreamcut.prompt import AssetRole, Mention

_MAKE = {
    AssetRole.VOICEOVER: "record it, or have it spoken by a voice generator",
    AssetRole.MUSIC: "choose a licensed track, or have one generated",
    AssetRole.SOUND_EFFECT: "choose effects from a library",
}


def missing_conflicts(material: Material) -> list[Conflict]:
    """Return failed assets, mentions that no asset answers, and moving pieces without any picture."""
    reports = material.request.reports
    failed = [report for report in reports if report.findings is None]
    found = [_failed(report, material) for report in failed]
    failed_kinds = [report.asset.kind for report in failed]
    for mention in material.request.reading.materials:
        if _answered(mention, material):
            continue
        if mention.owned and mention.kind in failed_kinds:
            continue  # the failed file says it already
        found.append(_absent(mention, material))
    nothing_seen = not (material.footage or material.stills or material.reference)
    if (
        material.request.intent is Intent.VIDEO
        and nothing_seen
        and not any(m.owned and m.kind is not AssetKind.AUDIO for m in material.request.reading.materials)
    ):
        found.append(_no_picture(material))
    return found


def _answered(mention: Mention, material: Material) -> bool:
    """Whether an asset plays the part that the user speaks of."""
    roles = {mention.role}
    if mention.kind is AssetKind.IMAGE and mention.role is AssetRole.STILL:
        roles |= {AssetRole.STYLE_REFERENCE}
    if mention.role is AssetRole.FOOTAGE:
        roles |= {AssetRole.BROLL}
    taken = [part for part in material.parts if part.mention == mention]
    return bool(taken) or any(part.role in roles and part.mention is None for part in material.parts)


def _failed(report: AssetReport, material: Material) -> Conflict:
    asset = report.asset
    return conflict(
        ConflictKind.MISSING_MATERIAL,
        Severity.BLOCKING,
        f"{asset.filename} cannot be used: {report.failure}".rstrip(".") + ".",
        constraint=Constraint(
            source=ConstraintSource.MATERIAL, value=asset.kind.value, rule="the file you gave"
        ),
        evidence=(measured(report, "failure"), presence(report)),
        action=Action.PROVIDE,
        resolution=f"The directions do without it; hand in the {asset.kind} again to have it placed.",
        auto=False,
    )


def _absent(mention: Mention, material: Material) -> Conflict:
    """Return the conflict of a mention without an asset."""
    quote = mention.span.text if mention.span else mention.role.value
    of_kind = [part for part in material.parts if part.report.asset.kind is mention.kind]
    evidence: tuple[Evidence, ...] = (stated(mention), *_what_else(of_kind))
    kind = (
        "an audio file"
        if mention.kind is AssetKind.AUDIO
        else f"{'an' if mention.kind is AssetKind.IMAGE else 'a'} {mention.kind}"
    )
    if mention.role is AssetRole.VOICEOVER and of_kind:
        names = ", ".join(part.name for part in of_kind)
        there = f"no speech carries {names}" if len(of_kind) == 1 else f"none of {names} is mostly speech"
    elif of_kind:
        there = (
            "every "
            + ("audio file" if mention.kind is AssetKind.AUDIO else mention.kind.value)
            + " you gave already has another part"
        )
    else:
        there = (
            f"you gave no {mention.kind} file" if mention.kind is not AssetKind.IMAGE else "you gave no image"
        )
    made = _MAKE.get(mention.role)
    if mention.owned:
        resolution = f"Hand in {kind}; until then the directions do without it."
        return _claim(
            mention,
            f"You speak of your “{quote}”, but {there}.",
            resolution,
            evidence,
            Severity.BLOCKING,
            made,
        )
    resolution = f"{(made or 'Hand it in')[:1].upper()}{(made or 'hand it in')[1:]}; the directions leave its place free."
    return _claim(
        mention, f"You ask for “{quote}”, but {there}.", resolution, evidence, Severity.IMPORTANT, None
    )


def _claim(
    mention: Mention,
    statement: str,
    resolution: str,
    evidence: tuple[Evidence, ...],
    severity: Severity,
    made: str | None,
) -> Conflict:
    return conflict(
        ConflictKind.MISSING_MATERIAL,
        severity,
        statement,
        constraint=constraint(mention, mention.role.value),
        evidence=evidence,
        action=Action.PROVIDE,
        resolution=resolution,
        auto=False,
        alternatives=(made,) if made else (),
    )


def _what_else(parts: list[Part]) -> tuple[Evidence, ...]:
    """Return what the files of the same kind hold instead."""
    found = []
    for part in parts:
        speech = part.report.asset.kind is AssetKind.AUDIO and part.audio.speech_seconds is not None
        found.append(measured(part.report, "speech_seconds") if speech else presence(part.report))
    return tuple(found)


def _no_picture(material: Material) -> Conflict:
    prompt = material.request.reading.prompt
    intent = material.request.reading.intent
    said = stated(intent) if intent.span else whole_prompt(prompt)
    wanted = Constraint(
        source=ConstraintSource.PROMPT,
        value="picture",
        span=intent.span,
        rule="a moving piece needs pictures",
    )
    return conflict(
        ConflictKind.MISSING_MATERIAL,
        Severity.BLOCKING,
        "A moving piece is asked for, and no footage or picture is given.",
        constraint=wanted,
        evidence=(said,),
        action=Action.PROVIDE,
        resolution="Every shot becomes a generation job in your words; hand in footage to replace them.",
        auto=False,
    )
