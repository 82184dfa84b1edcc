"""What the user speaks of and nobody handed in, or nobody could read."""

from dreamcut.brief import words
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
    found = [_failed(report) for report in failed]
    failed_kinds = [report.asset.kind for report in failed]
    for mention in material.request.reading.materials:
        if _answered(mention, material):
            continue
        if mention.owned and mention.kind in failed_kinds:
            continue  # the failed file says it already
        found.append(_absent(mention, material))
    owned_pictures = [
        m for m in material.request.reading.materials if m.owned and m.kind is not AssetKind.AUDIO
    ]
    seen = material.footage or material.stills or material.reference
    if material.request.intent is Intent.VIDEO and not seen and not owned_pictures and not failed:
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


def _failed(report: AssetReport) -> Conflict:
    asset = report.asset
    reason = (report.failure or "").removeprefix(f"{asset.filename}: ").rstrip(".")
    return conflict(
        ConflictKind.MISSING_MATERIAL,
        Severity.BLOCKING,
        f"{asset.filename} cannot be used: {reason}.",
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
    made = _MAKE.get(mention.role)
    why = _why_absent(mention, of_kind)
    if mention.owned:
        statement = f"You speak of your “{quote}”, but {why}."
        resolution = f"Hand in {_KIND_NAMES[mention.kind]}; until then the directions do without it."
    else:
        statement = f"You ask for “{quote}”, but {why}."
        resolution = f"{words.capital(made or 'hand it in')}; the directions leave its place free."
    return conflict(
        ConflictKind.MISSING_MATERIAL,
        Severity.BLOCKING if mention.owned else Severity.IMPORTANT,
        statement,
        constraint=constraint(mention, mention.role.value),
        evidence=(stated(mention), *_what_else(of_kind)),
        action=Action.PROVIDE,
        resolution=resolution,
        auto=False,
        alternatives=(made,) if made and mention.owned else (),
    )


_KIND_NAMES = {AssetKind.IMAGE: "an image", AssetKind.VIDEO: "a video", AssetKind.AUDIO: "an audio file"}


def _why_absent(mention: Mention, of_kind: list[Part]) -> str:
    """Return what stands against a mention."""
    if not of_kind:
        return f"no {_KIND_NAMES[mention.kind].split(' ', 1)[1]} is given"
    names = words.listing([part.name for part in of_kind], "or")
    if mention.role is AssetRole.VOICEOVER:
        return f"there is not enough speech in {names} to be one"
    return f"{names} already has another part" if len(of_kind) == 1 else f"each of {names} has another part"


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
