"""Findings and prompt in, creative brief out. Pure: the same request gives the same brief."""

from collections import Counter
from decimal import Decimal

from dreamcut.brief import words
from dreamcut.brief.assets import summaries
from dreamcut.brief.colour import telling_colours
from dreamcut.brief.conflicts import conflicts_of
from dreamcut.brief.directions import directions_of
from dreamcut.brief.evidence import Evidence, Statement, measured, presence, stated, whole_prompt
from dreamcut.brief.material import Material, Part, material_of
from dreamcut.brief.model import (
    Action,
    AssetsAnalysis,
    AssetSummary,
    Brief,
    CompatBrief,
    Conflict,
    CreativeOptions,
    Direction,
    Generate,
    GlobalUnderstanding,
    NextStep,
    QuerySummary,
    Severity,
)
from dreamcut.brief.request import BriefRequest
from dreamcut.brief.target import Target, target_of
from dreamcut.brief.voice import phrases
from dreamcut.findings.base import Gap
from dreamcut.models import AssetKind, Intent
from dreamcut.prompt import AssetRole, Term

LONGEST_QUOTE_CHARS = 48


def compose(request: BriefRequest) -> Brief:
    """Return the creative brief of a request; nothing in it is looked up, timed or drawn at random."""
    material = material_of(request)
    target = target_of(material)
    directions = directions_of(material, target)
    conflicts = conflicts_of(material, target, directions[0])
    assets = summaries(material, conflicts)
    blocking = [conflict for conflict in conflicts if conflict.severity is Severity.BLOCKING]
    steps = _next_steps(conflicts, directions, material)
    idea = _idea(material, target)
    return Brief(
        query_id=request.query_id,
        created_at=request.created_at,
        query_summary=QuerySummary(
            original_prompt=request.reading.prompt, intent=request.intent, assets_count=len(request.reports)
        ),
        assets_analysis=_by_type(request),
        creative_brief=CompatBrief(
            ready_for_production=_is_ready(blocking, directions, request),
            next_steps=tuple(step.text for step in steps),
        ),
        global_understanding=GlobalUnderstanding(
            unified_creative_direction=idea.text,
            asset_utilization_strategy={str(asset.asset_id): _use(asset) for asset in assets},
            identified_challenges=tuple(conflict.id for conflict in conflicts),
        ),
        creative_options=CreativeOptions(
            primary=directions[0].id, alternatives=tuple(direction.id for direction in directions[1:])
        ),
        title=_title(request),
        idea=idea,
        readiness=_readiness(blocking, directions, request),
        request=request.reading,
        target=target.statements or (_no_target(request),),
        assets=assets,
        conflicts=conflicts,
        directions=directions,
        next_steps=steps,
        not_verified=_not_verified(material),
        gaps=_gaps(request, material),
        models_used=_models(request),
        ledger=request.ledger,
        cost_usd=sum((entry.cost_usd for entry in request.ledger), Decimal(0)),
        processing_seconds=request.processing_seconds,
    )


def _by_type(request: BriefRequest) -> AssetsAnalysis:
    counts = Counter(report.asset.kind for report in request.reports)
    return AssetsAnalysis(
        total_assets=len(request.reports), by_type={kind: counts[kind] for kind in AssetKind if counts[kind]}
    )


def _use(asset: AssetSummary) -> str:
    return asset.role.value if asset.role else "not used: could not be read"


def _no_target(request: BriefRequest) -> Statement:
    return Statement(text="No target is stated.", evidence=(whole_prompt(request.reading.prompt),))


def _title(request: BriefRequest) -> str:
    """Return a title in the user's own words: "Cyberpunk trailer, 30 s"."""
    reading = request.reading
    if reading.titles:
        name = reading.titles[0].value
    else:
        what = reading.deliverable.value if reading.deliverable else _piece(request)
        kind = (
            reading.genres[0].value if reading.genres else (reading.styles[0].value if reading.styles else "")
        )
        name = words.capital(f"{kind} {what}".strip())
    return f"{name}, {words.seconds(reading.duration.value)}" if reading.duration else name


def _piece(request: BriefRequest) -> str:
    return {"image": "picture", "video": "film", "audio": "piece of sound", "mixed": "piece"}[
        request.intent.value
    ]


def _idea(material: Material, target: Target) -> Statement:
    """Return the idea in one line: what it is, what carries it, whose look and voice it has."""
    request, reading = material.request, material.request.reading
    adjectives = [term.value for term in (*reading.styles[:1], *reading.moods[:2], *reading.genres[:1])]
    what = reading.deliverable.value if reading.deliverable else _piece(request)
    length = f"{words.seconds(target.seconds)} " if target.seconds else ""
    named = f"{length}{' '.join([*adjectives, what])}"
    text = f"{words.article(named)} {named}"
    said: list[Evidence] = [
        stated(term) for term in (*reading.styles[:1], *reading.moods[:2], *reading.genres[:1])
    ]
    if reading.deliverable:
        said.append(stated(reading.deliverable))
    if reading.subject:
        text += f" about {reading.subject.value}"
        said.append(stated(reading.subject))
    carried, evidence = _carriers(material)
    text += f", {', '.join(carried)}." if carried else ", to be made from your words."
    return Statement(text=words.capital(text), evidence=(*said, *evidence) or (whole_prompt(reading.prompt),))


def _carriers(material: Material) -> tuple[list[str], list[Evidence]]:
    """Return what carries the piece, in words, with evidence."""
    carried: list[str] = []
    evidence: list[Evidence] = []
    footage, stills, reference, voice = material.footage, material.stills, material.reference, material.voice
    if footage:
        shots = sum(len(part.video.shots) for part in footage)
        of = "" if not shots else "one shot of " if shots == 1 else f"the {shots} shots of "
        carried.append(f"cut from {of}{words.listing([part.name for part in footage])}")
        evidence += [
            measured(part.report, "shots.count" if part.video.shots else "timing.duration_seconds")
            for part in footage
        ]
    elif stills:
        carried.append(f"built on {words.listing([part.name for part in stills])}")
        evidence += [presence(part.report) for part in stills]
    if reference and reference.look:
        palette = reference.look.palette
        told = telling_colours(palette)[:2]
        names = list(dict.fromkeys(palette.colours[i].name for i in told))
        carried.append(f"in the {words.listing(names)} of {reference.name}")
        evidence += [measured(reference.report, f"look.palette.colours[{i}].name") for i in told]
    if voice:
        spoken = phrases(voice)
        opening = (
            spoken[0].text
            if spoken and spoken[0].text and len(spoken[0].text) <= LONGEST_QUOTE_CHARS
            else None
        )
        said = f": “{opening.rstrip('.')}”" if opening else ""
        carried.append(f"told by the voice of {voice.name}{said}")
        evidence.append(measured(voice.report, spoken[0].metric if spoken else "duration_seconds"))
    elif material.music:
        carried.append(f"carried by {material.music.name}")
        evidence.append(measured(material.music.report, "duration_seconds"))
    return carried, evidence


def _is_ready(blocking: list[Conflict], directions: tuple[Direction, ...], request: BriefRequest) -> bool:
    """Whether the first direction can be made: nothing blocks it, and it has a timeline or is a still."""
    first = directions[0]
    laid_out = first.timeline is not None or (request.intent is Intent.IMAGE and first.picture is not None)
    return not blocking and laid_out


def _readiness(
    blocking: list[Conflict], directions: tuple[Direction, ...], request: BriefRequest
) -> Statement:
    prompt = whole_prompt(request.reading.prompt)
    if blocking:
        evidence = tuple(one for conflict in blocking for one in conflict.evidence)
        waits = "1 conflict waits" if len(blocking) == 1 else f"{len(blocking)} conflicts wait"
        return Statement(text=f"Not ready yet: {waits} for you.", evidence=evidence)
    if not _is_ready(blocking, directions, request):
        return Statement(text="Not ready yet: nothing says how long the piece is to be.", evidence=(prompt,))
    beats = [beat for beat in directions[0].beats if isinstance(beat.source, Generate)]
    made = sum(beat.end_seconds - beat.start_seconds for beat in beats)
    text = "Ready for production: no conflict blocks a first cut"
    if beats:
        text += f"; {words.seconds(made)} of it are generation jobs"
    return Statement(text=f"{text}.", evidence=(prompt, *(beats[0].why[0].evidence if beats else ())))


def _next_steps(
    conflicts: tuple[Conflict, ...], directions: tuple[Direction, ...], material: Material
) -> tuple[NextStep, ...]:
    """Return what to do next: the user's decisions first, then what follows by itself."""
    yours = [c for c in conflicts if not c.resolution.auto]
    steps = [NextStep(text=f"{c.statement} {_ask(c)}", evidence=c.evidence, by="you") for c in yours]
    first = directions[0]
    if len(directions) > 1 and first.timeline:
        names = words.listing([f"“{direction.name}”" for direction in directions], "or")
        text = f"Choose {names}; without a choice, “{first.name}” is taken."
        evidence = tuple(one for direction in directions for one in direction.logline.evidence[:1])
        steps.append(NextStep(text=text, evidence=evidence, by="you"))
    made = [beat for beat in first.beats if isinstance(beat.source, Generate)]
    if made:
        seconds = sum(beat.end_seconds - beat.start_seconds for beat in made)
        text = (
            f"Generate {words.count(len(made), 'shot')}, {words.seconds(seconds)} in all, or hand in "
            "material for them."
        )
        steps.append(NextStep(text=text, evidence=made[0].why[0].evidence, by="you"))
    for conflict in conflicts:
        if conflict.resolution.auto and conflict.resolution.action in _WORK:
            steps.append(NextStep(text=conflict.resolution.text, evidence=conflict.evidence, by="dreamcut"))
    for gap_term in material.request.reading.elements[:3]:
        text = f"Look for “{gap_term.value}” in the chosen shots yourself: nothing here recognises it."
        steps.append(NextStep(text=text, evidence=(stated(gap_term),), by="you"))
    return tuple(steps)


_WORK = {
    Action.TRIM,
    Action.CROP,
    Action.SCALE,
    Action.CONFORM,
    Action.GAIN,
    Action.GRADE,
    Action.DUCK,
    Action.MUTE,
}


def _ask(conflict: Conflict) -> str:
    """Return what the user is asked, with the other ways out."""
    if not conflict.alternatives:
        return conflict.resolution.text
    return f"{conflict.resolution.text} Or: {words.listing(list(conflict.alternatives), 'or')}."


def _not_verified(material: Material) -> tuple[Statement, ...]:
    """Return what was asked for and nothing here can see."""
    reading = material.request.reading
    if reading.intent.value == "audio" and not material.footage:
        return ()
    shown: tuple[Term, ...] = (*reading.elements, *((reading.subject,) if reading.subject else ()))
    seen = [part for part in (*material.footage, *material.stills) if part.report.findings]
    return tuple(_unseen(term, seen, material) for term in shown)


def _unseen(term: Term, seen: list[Part], material: Material) -> Statement:
    """Return what is not known about one thing asked for, and where the voice at least says it."""
    where = "no material is given to look for it in"
    if seen:
        where = f"whether {words.listing([part.name for part in seen], 'or')} shows it is not known"
    text = f"“{term.value}” is asked for; {where}: no model here recognises subjects."
    evidence = [stated(term), *(presence(part.report) for part in seen)]
    voice = material.voice
    for phrase in phrases(voice) if voice else ():
        if voice and phrase.text and term.value.lower() in phrase.text.lower():
            text += f" It is heard, in {voice.name} at {words.timecode(phrase.range.start_seconds)}."
            evidence.append(measured(voice.report, phrase.metric, time_range=phrase.range))
            break
    return Statement(text=text, evidence=tuple(evidence))


def _gaps(request: BriefRequest, material: Material) -> tuple[Gap, ...]:
    """Return what the prompt leaves open and what no analyzer could measure, each once."""
    found = list(request.reading.gaps)
    speaking = {part.id for part in material.of(AssetRole.VOICEOVER)}
    for report in request.reports:
        if report.findings is None:
            continue
        for gap in report.findings.gaps:
            if gap.what == "tempo" and report.asset.id in speaking:
                continue  # nobody expects a beat in a voice-over
            found.append(gap.model_copy(update={"what": f"{gap.what} of {report.asset.filename}"}))
        sound = getattr(report.findings, "sound", None)
        for gap in sound.gaps if sound else ():
            found.append(
                gap.model_copy(update={"what": f"{gap.what} of the sound of {report.asset.filename}"})
            )
    return tuple(dict.fromkeys(found))


def _models(request: BriefRequest) -> tuple[str, ...]:
    """Return the learned models that took part, each once, in the order of the assets."""
    names: list[str] = []
    for report in request.reports:
        findings = report.findings
        sound = getattr(findings, "sound", None)
        for source in (findings, sound):
            names += (
                [f"{tool.name} {tool.version}" for tool in source.tools if tool.is_model] if source else []
            )
    names += [entry.tool for entry in request.ledger if entry.is_model]
    return tuple(dict.fromkeys(names))
