"""Read one prompt by rules: whole words, negation understood, every reading with its origin."""

import re
from typing import TypeVar

from dreamcut.findings.base import Gap
from dreamcut.models import Intent, QueryOptions
from dreamcut.prompt import elements as things
from dreamcut.prompt import quantities
from dreamcut.prompt.language import foreign_language_gap
from dreamcut.prompt.materials import owned_materials, wished_materials
from dreamcut.prompt.model import (
    IntentReading,
    Level,
    Mention,
    Overruled,
    PromptReading,
    Quantity,
    Ratio,
    Size,
    Source,
    Span,
    Term,
)
from dreamcut.prompt.profiles import read_profile
from dreamcut.prompt.text import is_ruled_out, ruled_out, span_of, words_pattern
from dreamcut.prompt.vocabulary import (
    DELIVERABLES,
    GENERIC_DELIVERABLES,
    GENRES,
    MOODS,
    PLATFORMS,
    STYLES,
    Deliverable,
    Platform,
)

_R = TypeVar("_R", Quantity, Ratio, Size)

_DELIVERABLE_BY_PHRASE = {
    re.sub(r"[\s\-]", "", phrase): deliverable
    for deliverable in DELIVERABLES
    for phrase in deliverable.phrases
}
_ANY_DELIVERABLE = words_pattern(*(phrase for deliverable in DELIVERABLES for phrase in deliverable.phrases))
_PLATFORM_BY_PHRASE = {
    re.sub(r"[\s\-]", "", phrase): place for place in PLATFORMS for phrase in place.phrases
}
_ANY_PLATFORM = words_pattern(*(phrase for place in PLATFORMS for phrase in place.phrases))
# What follows these is an ingredient or a purpose, not the piece: "for my film", "with a logo".
_NOT_THE_PIECE = re.compile(
    r"\b(?:(?:for|of|about|with|using|from|add|adding|include|including|put|insert|overlay|has|have|like|on)\s+"
    r"(?:(?:a|an|the|my|our|this|that|some|your|its)\s+)?(?:[\w'’-]+\s+){0,2}|(?:my|our|this|these)\s+(?:[\w'’-]+\s+){0,1})$",
    re.IGNORECASE,
)
_MAKE = re.compile(
    r"\b(?:make|create|produce|want|need|cut|build|design|generate|craft|edit|write|compose|record)\b[^.;:!?]*$",
    re.IGNORECASE,
)
_NOT_A_PLACE_AFTER = re.compile(
    r"^[\s-]*(?:quality|camera|4d|grade|look|style|lens|series|show|dinner)\b", re.IGNORECASE
)
_SHORTS_BEFORE = re.compile(r"(?:^|\b(?:for|on|as|to|and|or|reels|tiktok|youtube)[\s,/]+)$", re.IGNORECASE)


def read_prompt(prompt: str, *, options: QueryOptions) -> PromptReading:
    """Return what a prompt and its options ask for.

    Options win over the prompt's words, and these over what its platform implies.
    What lost is kept in `overruled`.
    The rules are English; in other languages digits, ratios and units are still read, and a gap says so.
    """
    scopes = ruled_out(prompt)
    owned = owned_materials(prompt, scopes)
    owned_spans = _spans(owned)
    pieces = _pieces(prompt, scopes, owned_spans)
    piece_spans = tuple(span for _, span in pieces)
    deliverable = _deliverable(pieces)
    platform, place = _platform(prompt, scopes)
    overruled: list[Overruled] = []
    lengths = quantities.durations(prompt, scopes)
    duration = _strongest("duration", _option_duration(options), lengths[:1], overruled)
    aspect_ratio = _aspect_ratio(
        prompt, scopes, options=options, platform=platform, place=place, overruled=overruled
    )
    size = _strongest("size", _option_size(options), quantities.sizes(prompt, scopes)[:1], overruled)
    rates = quantities.frame_rates(prompt, scopes)[:1]
    frame_rate = _strongest("frame_rate", _option_frame_rate(options), rates, overruled)
    intent = _intent(pieces, owned)
    wished = wished_materials(prompt, scopes, (*owned_spans, *piece_spans))
    profile = read_profile(
        prompt, scopes=scopes, intent=intent, deliverable=deliverable, platform=platform, duration=duration
    )
    wanted = things.elements(prompt, scopes, (*owned_spans, *piece_spans, *_spans(wished)))
    reading = PromptReading(
        prompt=prompt,
        intent=intent,
        duration=duration,
        aspect_ratio=aspect_ratio,
        size=size,
        frame_rate=frame_rate,
        platform=platform,
        longest_seconds=_longest(platform, place),
        loudness=_loudness(platform, place),
        deliverable=deliverable,
        styles=_outside(_terms(prompt, STYLES, scopes), wanted),
        moods=_terms(prompt, MOODS, scopes),
        genres=_terms(prompt, GENRES, scopes),
        elements=wanted,
        subject=things.subject(prompt),
        titles=things.titles(prompt, scopes),
        materials=(*owned, *wished),
        excluded=_excluded(scopes),
        overruled=tuple(overruled),
        profile=profile,
    )
    return reading.model_copy(update={"gaps": _gaps(reading, lengths)})


def _spans(readings: tuple[Mention, ...]) -> tuple[Span, ...]:
    return tuple(reading.span for reading in readings if reading.span)


def _key(text: str) -> str:
    return re.sub(r"[\s\-]", "", text.lower())


def _pieces(prompt: str, scopes: tuple[Span, ...], owned: tuple[Span, ...]) -> list[tuple[Deliverable, Span]]:
    """Return the pieces to be made, in the order of the prompt; ingredients and negated ones are left out."""
    found = []
    for match in _ANY_DELIVERABLE.finditer(prompt):
        span = span_of(match)
        deliverable = _DELIVERABLE_BY_PHRASE[_key(match.group())]
        before = prompt[max(0, span.start - 45) : span.start]
        ingredient = _NOT_THE_PIECE.search(before)
        if ingredient and ingredient.group().split()[0].lower() in {"for", "on", "of", "like"}:
            # "I need for TikTok a video": the purpose came first, a new article starts the piece.
            ingredient = (
                None
                if re.search(r"\b(?:tiktok|youtube|instagram|linkedin)\s+(?:a|an)\s", before, re.IGNORECASE)
                else ingredient
            )
        inside = any(other.start <= span.start < other.end for other in owned)
        if not ingredient and not inside and not is_ruled_out(span, scopes):
            found.append((deliverable, span))
    return found


def _deliverable(pieces: list[tuple[Deliverable, Span]]) -> Term | None:
    """Return the most telling piece: the first that is not generic, else the first."""
    telling = [pair for pair in pieces if pair[0].name not in GENERIC_DELIVERABLES] or pieces
    if not telling:
        return None
    deliverable, span = telling[0]
    return Term(source=Source.PROMPT, span=span, value=deliverable.name)


def _intent(pieces: list[tuple[Deliverable, Span]], owned: tuple[Mention, ...]) -> IntentReading:
    """Return what is to be made; pieces of several kinds make a mixed intent."""
    intents = {deliverable.intent for deliverable, _ in pieces}
    if len(intents) > 1:
        return IntentReading(
            source=Source.PROMPT, span=pieces[0][1], value=Intent.MIXED, rule="pieces of several kinds"
        )
    if pieces:
        deliverable, span = pieces[0]
        return IntentReading(
            source=Source.PROMPT, span=span, value=deliverable.intent, rule=f"a {deliverable.name}"
        )
    footage = [mention for mention in owned if mention.kind == "video"]
    if footage:
        rule = "footage is given and no other piece named"
        return IntentReading(source=Source.PROMPT, span=footage[0].span, value=Intent.VIDEO, rule=rule)
    return IntentReading(source=Source.DEFAULT, value=Intent.MIXED, rule="the prompt names no piece")


def _platform(prompt: str, scopes: tuple[Span, ...]) -> tuple[Term | None, Platform | None]:
    """Return the platform named first, as read and with what it implies."""
    for match in _ANY_PLATFORM.finditer(prompt):
        span = span_of(match)
        lone_shorts = match.group().lower() == "shorts" and not _SHORTS_BEFORE.search(prompt[: span.start])
        quality = _NOT_A_PLACE_AFTER.match(prompt[span.end : span.end + 12])
        if not (lone_shorts or quality or is_ruled_out(span, scopes)):
            place = _PLATFORM_BY_PHRASE[_key(match.group())]
            return Term(source=Source.PROMPT, span=span, value=place.name), place
    return None, None


def _strongest(field: str, option: _R | None, stated: list[_R], overruled: list[Overruled]) -> _R | None:
    """Return the option, else the prompt's reading; note a prompt that says otherwise."""
    if option is None:
        return stated[0] if stated else None
    overruled += [
        Overruled(field=field, reading=reading) for reading in stated if not _agree(option, reading)
    ]
    return option


def _agree(one: Quantity | Ratio | Size, other: Quantity | Ratio | Size) -> bool:
    """Whether two readings ask for the same."""
    match one, other:
        case Quantity(), Quantity():
            return abs(one.value - other.value) < 1e-6
        case Ratio(), Ratio():
            return abs(one.number / other.number - 1) < 0.02
        case Size(), Size():
            return one.short_edge_px == other.short_edge_px
        case _:
            return False


def _option_duration(options: QueryOptions) -> Quantity | None:
    if options.duration_seconds is None:
        return None
    return Quantity(source=Source.OPTION, option="duration_seconds", value=options.duration_seconds, unit="s")


def _option_frame_rate(options: QueryOptions) -> Quantity | None:
    if options.frame_rate is None:
        return None
    return Quantity(source=Source.OPTION, option="frame_rate", value=options.frame_rate, unit="fps")


def _option_size(options: QueryOptions) -> Size | None:
    width, height = options.width_px, options.height_px
    if width is None and height is None:
        return None
    option = " and ".join(name for name, side in (("width_px", width), ("height_px", height)) if side)
    name = f"{width}x{height}" if width and height else f"{width or height} px {'wide' if width else 'high'}"
    return Size(source=Source.OPTION, option=option, name=name, width_px=width, height_px=height)


def _aspect_ratio(
    prompt: str,
    scopes: tuple[Span, ...],
    *,
    options: QueryOptions,
    platform: Term | None,
    place: Platform | None,
    overruled: list[Overruled],
) -> Ratio | None:
    """Return the shape: option, then prompt, then the stated size, then the platform's."""
    option = None
    if options.aspect_ratio and all(float(side) > 0 for side in options.aspect_ratio.split(":")):
        option = Ratio(source=Source.OPTION, option="aspect_ratio", value=options.aspect_ratio)
    elif options.width_px and options.height_px:
        shape = f"{options.width_px}:{options.height_px}"
        option = Ratio(source=Source.OPTION, option="width_px and height_px", value=shape)
    stated = quantities.aspect_ratios(prompt, scopes)[:1]
    strongest = _strongest("aspect_ratio", option, stated, overruled)
    if strongest:
        return strongest
    for size in quantities.sizes(prompt, scopes):
        if size.width_px and size.height_px and "x" in size.name:
            shape = f"{size.width_px}:{size.height_px}"
            return Ratio(source=Source.PROMPT, span=size.span, value=shape, rule=f"the shape of {size.name}")
    if platform and place and place.aspect_ratio:
        rule = f"{place.name} plays {place.aspect_ratio}"
        return Ratio(source=Source.PLATFORM, span=platform.span, value=place.aspect_ratio, rule=rule)
    return None


def _longest(platform: Term | None, place: Platform | None) -> Quantity | None:
    if not (platform and place and place.longest_seconds):
        return None
    rule = f"{place.name} takes at most {place.longest_seconds:g} s"
    return Quantity(
        source=Source.PLATFORM, span=platform.span, value=place.longest_seconds, unit="s", rule=rule
    )


def _loudness(platform: Term | None, place: Platform | None) -> Level | None:
    if not (platform and place and place.lufs is not None):
        return None
    return Level(
        source=Source.PLATFORM,
        span=platform.span,
        lufs=place.lufs,
        rule=f"{place.name} plays at −{-place.lufs:g} LUFS",
    )


def _terms(prompt: str, table: dict[str, tuple[str, ...]], scopes: tuple[Span, ...]) -> tuple[Term, ...]:
    """Return the words of one table that the prompt means, each value once, in the order of the prompt."""
    found: dict[str, Term] = {}
    for value, phrases in table.items():
        for match in words_pattern(*phrases).finditer(prompt):
            span = span_of(match)
            call_to_action = value == "action" and re.search(
                r"\bcalls?\s+to\s+$", prompt[: span.start], re.IGNORECASE
            )
            if value not in found and not is_ruled_out(span, scopes) and not call_to_action:
                found[value] = Term(source=Source.PROMPT, span=span, value=value)
    return tuple(sorted(found.values(), key=lambda term: term.span.start if term.span else 0))


def _outside(terms: tuple[Term, ...], wanted: tuple[Term, ...]) -> tuple[Term, ...]:
    """Return the terms that are no part of a thing asked for: "neon rain" is rain, not a neon style."""
    places = [term.span for term in wanted if term.span]
    return tuple(
        term for term in terms if term.span and not any(p.start <= term.span.start < p.end for p in places)
    )


def _excluded(scopes: tuple[Span, ...]) -> tuple[Term, ...]:
    """Return what is asked not to be there, in the user's words."""
    return tuple(
        Term(source=Source.PROMPT, span=scope, value=" ".join(scope.text.split()).strip(" ,-").lower())
        for scope in scopes
    )


def _gaps(reading: PromptReading, lengths: list[Quantity]) -> tuple[Gap, ...]:
    """Return what the prompt leaves open, each with the words or option that would settle it."""
    gaps = []
    foreign = foreign_language_gap(reading.prompt)
    if foreign:
        gaps.append(foreign)
    if reading.intent.source is Source.DEFAULT:
        reason = "the prompt names no piece to be made"
        gaps.append(
            Gap(
                what="intent",
                reason=reason,
                remedy="name it (a trailer, a poster, a jingle) or set the intent",
            )
        )
    timed = reading.intent.value is not Intent.IMAGE
    if timed and reading.duration is None:
        gaps.append(
            Gap(what="duration", reason="no length is stated", remedy="say “30 seconds” or set --duration")
        )
    if len({length.value for length in lengths}) > 1:
        others = ", ".join(f"{length.value:g} s" for length in lengths[1:])
        gaps.append(
            Gap(
                what="other lengths",
                reason=f"only the first length is planned; {others} is not",
                remedy="ask once per length",
            )
        )
    if reading.intent.value is not Intent.AUDIO and reading.aspect_ratio is None:
        reason = "neither a shape nor a platform that fixes one is stated"
        gaps.append(
            Gap(what="aspect ratio", reason=reason, remedy="say “16:9” or “vertical”, or set --aspect-ratio")
        )
    if reading.platform is None:
        gaps.append(
            Gap(
                what="platform",
                reason="no platform is stated, so level and shape follow common practice",
                remedy="name where it will play",
            )
        )
    return tuple(gaps)
