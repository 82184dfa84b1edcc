"""What the user says they have ("my voiceover") and what they wish for ("add a voiceover")."""

import re
from collections.abc import Iterator

from dreamcut.models import AssetKind
from dreamcut.prompt.model import AssetRole, Mention, Source, Span
from dreamcut.prompt.text import is_ruled_out, span_of, words_pattern
from dreamcut.prompt.vocabulary import MATERIALS, Material

_OWNER = re.compile(
    r"\b(?:my|our|these|this|(?:the\s+)?(?:attached|provided|uploaded|supplied|enclosed)"
    r"|(?:using|use|from|with|over|to|edit|cut|trim)\s+the|here(?:'s|\s+is|\s+are)(?:\s+(?:a|an|the|some))?)\b",
    re.IGNORECASE,
)
# An owner reaches over a list ("my photos, clips and logo") and ends where a new thought begins.
_OWNER_END = re.compile(
    r"[.;:!?()\n–—]|\b(?:add|adds|make|makes|keep|cut|turn|create|for|into|to|as|over|with|without|no|on|in|at|from|that|which|"
    r"who|is|are|was|should|please|then|so|but|a|an|about|of|by|plus|want|need|use|using)\b",
    re.IGNORECASE,
)
_OWNER_REACH_CHARS = 70
# "in the style of my photo" speaks of its look.
_STYLE_BEFORE = re.compile(
    r"\b(?:(?:style|look|mood|feel|vibe|aesthetics?|colou?rs?|palette|tones?|grade|grading|lighting|light)\s+of"
    r"|inspired\s+by|in\s+keeping\s+with|(?:looks?|feels?)\s+like)\s+$",
    re.IGNORECASE,
)
# "I want my video to be dark" speaks of the result.
_RESULT = re.compile(r"\b(?:want|need|like|imagine|see)\s+$", re.IGNORECASE)
_NOT_MATERIAL_AFTER = re.compile(
    r"^(?:['’]s\b|[\s-]*(?:channel|brand|company|business|store|shop|agency|app|game|editor|style|quality|festival|industry|label|lovers?|fans?)\b)",
    re.IGNORECASE,
)

_BY_PHRASE: dict[str, tuple[Material, bool]] = {
    re.sub(r"[\s\-]", "", phrase): (material, several)
    for material in reversed(MATERIALS)
    for several, phrases in ((False, material.phrases), (True, material.plural))
    for phrase in phrases
}
_ANY = words_pattern(*(phrase for material in MATERIALS for phrase in (*material.phrases, *material.plural)))
_WISHED = words_pattern(*(phrase for material in MATERIALS for phrase in material.wished))


def owned_materials(prompt: str, scopes: tuple[Span, ...]) -> tuple[Mention, ...]:
    """Return the material that the user says they have, in the order of the prompt."""
    found: dict[int, Mention] = {}
    for owner in _OWNER.finditer(prompt):
        limit = min(len(prompt), owner.end() + _OWNER_REACH_CHARS)
        stop = _OWNER_END.search(prompt, owner.end(), limit)
        end = stop.start() if stop else limit
        for mention in _mentions(prompt, owner.end(), end):
            meant_result = _RESULT.search(prompt[: owner.start()])
            if mention.span and not meant_result and not is_ruled_out(mention.span, scopes):
                found.setdefault(mention.span.start, _as_meant(mention, before=prompt[: owner.start()]))
    return tuple(found[start] for start in sorted(found))


def _as_meant(mention: Mention, *, before: str) -> Mention:
    """Return a mention with the role that the words before it give: "in the style of" makes a reference."""
    if mention.kind is AssetKind.IMAGE and _STYLE_BEFORE.search(before):
        return mention.model_copy(update={"role": AssetRole.STYLE_REFERENCE})
    return mention


def _mentions(prompt: str, start: int, end: int) -> Iterator[Mention]:
    """Yield the material named in a stretch of the prompt."""
    for match in _ANY.finditer(prompt, start, end):
        if _NOT_MATERIAL_AFTER.match(prompt[match.end() : match.end() + 12]):
            continue
        material, several = _BY_PHRASE[re.sub(r"[\s\-]", "", match.group().lower())]
        yield Mention(
            source=Source.PROMPT,
            span=span_of(match),
            role=material.role,
            kind=material.kind,
            owned=True,
            several=several,
        )


def wished_materials(prompt: str, scopes: tuple[Span, ...], taken: tuple[Span, ...]) -> tuple[Mention, ...]:
    """Return the sound that the user asks for without saying that they have it.

    Args:
        taken: stretches already understood as something else ("music video", "my voiceover").
    """
    found = []
    for match in _WISHED.finditer(prompt):
        span = span_of(match)
        if any(other.start <= span.start < other.end for other in taken) or is_ruled_out(span, scopes):
            continue
        material, several = _BY_PHRASE[re.sub(r"[\s\-]", "", match.group().lower())]
        found.append(
            Mention(
                source=Source.PROMPT,
                span=span,
                role=material.role,
                kind=material.kind,
                owned=False,
                several=several,
            )
        )
    return tuple(found)
