"""Where words stand in a prompt, and whether they are meant or ruled out."""

import re
from collections.abc import Iterator

from dreamcut.prompt.model import Span

_CUE = re.compile(
    r"\b(?P<cue>no|not|without|never|avoid(?:ing)?|excluding|except|minus|neither|nor|skip|drop|lose|"
    r"don'?t|doesn'?t|do\s+not|isn'?t|shouldn'?t|free\s+of|instead\s+of|rather\s+than|zero)\b"
    r"(?:\s+(?:make|use|using|add|adding|keep|want|need|include|put|have|with)\b(?:\s+(?:it|any)\b)?)?",
    re.IGNORECASE,
)
# "no more than 30 s" limits, "not only dark" affirms: neither rules anything out.
_NOT_A_CUE = re.compile(
    r"\b(?:no|not)\s+(?:more|less|longer|shorter|fewer|later|over|under|only|just|necessarily|exceed\w*)\b"
    r"|\bno\s+(?:matter|problem|worries|rush|doubt)\b|\bwhy\s+not\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(
    r"[,;:.!?()\n–—]|\b(?:but|just|only|with|using|make|add|keep|use|because|so|then|instead|rather)\b",
    re.IGNORECASE,
)
# After "no music and ..." a new phrase starts; "without music and text" goes on.
_LIST_CUES = {"without", "avoid", "avoiding", "excluding", "not", "neither", "isn't", "never", "minus"}
_AND_NEW_PHRASE = re.compile(
    r"\band\b\s+(?=(?:a|an|the|my|our|some|lots|plenty|make|add|use|keep|very|more|with)\b)", re.IGNORECASE
)
_AND = re.compile(r"\band\b", re.IGNORECASE)
_LONGEST_SCOPE_CHARS = 60


def span_of(match: re.Match[str], group: int | str = 0) -> Span:
    """Return where a group of a match stands."""
    return Span(start=match.start(group), end=match.end(group), text=match.group(group))


def words_pattern(*phrases: str) -> re.Pattern[str]:
    """Compile phrases into one pattern that matches whole words only, the longest first.

    A space in a phrase also matches a hyphen or nothing, so that "voice over" finds "voice-over" and
    "voiceover"; "ad" never matches inside "road", nor before a hyphen or an apostrophe.
    """
    longest_first = sorted(phrases, key=len, reverse=True)
    body = "|".join(
        r"[\s\-]?".join(re.escape(part) for part in phrase.split(" ")) for phrase in longest_first
    )
    return re.compile(rf"(?<![\w'’])(?:{body})(?![\w])", re.IGNORECASE)


def ruled_out(prompt: str) -> tuple[Span, ...]:
    """Return the stretches of the prompt that a negation covers, cue included, in order."""
    affirmed = [match.span() for match in _NOT_A_CUE.finditer(prompt)]
    scopes: list[Span] = []
    for match in _CUE.finditer(prompt):
        if any(start <= match.start() < end for start, end in affirmed):
            continue
        end = _scope_end(prompt, match)
        if end > match.end():
            scopes.append(Span(start=match.start(), end=end, text=prompt[match.start() : end]))
    scopes.extend(_trailing_free(prompt))
    return tuple(sorted(scopes, key=lambda span: span.start))


def _scope_end(prompt: str, cue: re.Match[str]) -> int:
    """Return where the negation that `cue` opens stops."""
    limit = min(len(prompt), cue.end() + _LONGEST_SCOPE_CHARS)
    clause = _CLAUSE_END.search(prompt, cue.end(), limit)
    end = clause.start() if clause else limit
    breaks = _AND_NEW_PHRASE if cue["cue"].lower() in _LIST_CUES else _AND
    new_phrase = breaks.search(prompt, cue.end(), end)
    return new_phrase.start() if new_phrase else end


def _trailing_free(prompt: str) -> Iterator[Span]:
    """Yield "music-free" and "text free"."""
    for match in re.finditer(
        r"\b[a-z]+[- ]free\b(?!\s+(?:of|to|use|stock|download|trial))", prompt, re.IGNORECASE
    ):
        if match.group().lower() not in {"royalty-free", "royalty free", "feel free", "for free", "a free"}:
            yield span_of(match)


def is_ruled_out(span: Span, scopes: tuple[Span, ...]) -> bool:
    """Whether a stretch lies inside a negation."""
    return any(scope.start <= span.start < scope.end for scope in scopes)
