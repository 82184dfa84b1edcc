"""What the prompt wants to be seen or heard, and what it is about: the user's own words."""

import re
from collections.abc import Iterator

from dreamcut.prompt.model import Source, Span, Term
from dreamcut.prompt.text import is_ruled_out, span_of
from dreamcut.prompt.vocabulary import THING_ADJECTIVES, THINGS

_OPENER = re.compile(
    r"\b(?:with|featuring|showing|including|full\s+of|lots\s+of|plenty\s+of|set\s+in|surrounded\s+by)\s+",
    re.IGNORECASE,
)
_LIST_BREAK = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+|\s+plus\s+|\s+&\s+", re.IGNORECASE)
_PHRASE_END = re.compile(
    r"[.;:!?()\n–—“”\"]|,?\s*\b(?:using|use|add|adding|make|making|create|keep|for|in\s+the\s+style|to\s+the|that\s+is|it\s+should|please|i\s+want|"
    r"we\s+want|no|without|but|then|so|should|titled|called|from\s+my|on\s+(?:tiktok|youtube|instagram|linkedin)|at\s+(?=\d)|in\s+(?=\d))\b",
    re.IGNORECASE,
)
_DETERMINER = re.compile(
    r"^(?:a|an|the|some|lots\s+of|plenty\s+of|many|several|very|really|its|their|his|her)\s+", re.IGNORECASE
)
# Chunks that tell how, not what: they have readings of their own, or none.
_NOT_A_THING = re.compile(
    r"^(?:my|our|this|these|it|them|me|us|you|your|i|we|max|maximum|least|about|around|under|over)\b|\d|\b(?:aspect|ratio|fps|resolution|seconds?|minutes?|"
    r"vibes?|feel|feeling|mood|tone|look|style|aesthetics?|music|soundtrack|voice[\s-]?over|narration|narrator|subtitles|captions|text|title|titles|logo|sfx|"
    r"sound\s+effects?|quality|pacing|pace|energy|cuts?|editing|transitions|grading|colou?rs?|attached|provided|uploaded|reference|footage|clips?|b-?roll|images?|photos?|video)\b",
    re.IGNORECASE,
)
_LONGEST_WORDS = 6
_ABOUT = re.compile(
    r"\b(?:about|on\s+the\s+topic\s+of|explaining|telling\s+the\s+story\s+of|that\s+explains|promoting|advertising|celebrating)\s+(?P<what>[^.,;:!?\n()]{3,80})",
    re.IGNORECASE,
)
_FOR_OURS = re.compile(
    r"\bfor\s+(?P<what>(?:my|our|a\s+new|the\s+new|the\s+launch\s+of)\s+[^.,;:!?\n()]{3,60})", re.IGNORECASE
)
_ABOUT_END = re.compile(
    r"\s+(?:with|using|in\s+the\s+style|for\s+(?:tiktok|youtube|instagram|linkedin|kids)|on\s+(?:tiktok|youtube|instagram|linkedin)|and\s+(?:add|use|make|keep)|that\s+is|in\s+(?=\d)|at\s+(?=\d)|make|add|use)\b",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"\b(?:title[ds]?|called|named|text|caption|headline|tagline|slogan|says?|saying|reads?|words?)\s*(?:is|:|as|card)?\s*[“\"‘'«](?P<title>[^”\"’'»\n]{1,80})[”\"’'»]",
    re.IGNORECASE,
)
_WORD_PAIRS = re.compile(
    rf"(?<![\w-])(?:(?:{'|'.join(THING_ADJECTIVES)})\s+)?"
    rf"(?:{'|'.join(sorted(THINGS, key=len, reverse=True))})(?![\w-])",
    re.IGNORECASE,
)


_OF = re.compile(
    r"\b(?:trailer|teaser|video|film|movie|clip|recap|highlights|vlog|poster|illustration|picture|painting|image|"
    r"documentary|drawing)\s+of\s+(?P<what>[^.,;:!?\n()]{3,80})",
    re.IGNORECASE,
)
_MATERIAL_OR_LENGTH = re.compile(
    r"\b(?:photos?|images?|clips?|footage|videos?|pictures?|recordings?|seconds?|minutes?|min|sec)\b|^\d",
    re.IGNORECASE,
)


def titles(prompt: str, scopes: tuple[Span, ...]) -> tuple[Term, ...]:
    """Return the words that the user quotes to be shown."""
    return tuple(
        Term(source=Source.PROMPT, span=span_of(match, "title"), value=match["title"].strip())
        for match in _TITLE.finditer(prompt)
        if match["title"].strip() and not is_ruled_out(span_of(match), scopes)
    )


def subject(prompt: str) -> Term | None:
    """Return what the piece is about, in the user's words."""
    for pattern in (_ABOUT, _OF, _FOR_OURS):
        for match in pattern.finditer(prompt):
            end = _ABOUT_END.search(prompt, match.start("what"), match.end("what"))
            what = prompt[match.start("what") : end.start() if end else match.end("what")].rstrip()
            if (
                re.match(r"(?:\d|half|a\s+minute|one\s+minute|two\s+minutes)", what, re.IGNORECASE)
                or not what
            ):
                continue  # "about 30 seconds"
            if pattern is _OF and _MATERIAL_OR_LENGTH.search(what):
                continue  # "a slideshow of my photos", "a trailer of 30 seconds"
            if re.search(r"\b(?:channel|page|feed|story|stories)$", what, re.IGNORECASE):
                continue  # "for my channel" tells where, not what
            start = match.start("what")
            return Term(
                source=Source.PROMPT, span=Span(start=start, end=start + len(what), text=what), value=what
            )
    return None


def elements(prompt: str, scopes: tuple[Span, ...], taken: tuple[Span, ...]) -> tuple[Term, ...]:
    """Return what is asked to be seen or heard, in the order of the prompt, without overlaps."""
    found: list[Span] = []
    candidates = [*_after_openers(prompt), *(span_of(match) for match in _WORD_PAIRS.finditer(prompt))]
    for span in candidates:
        overlaps = any(span.start < other.end and other.start < span.end for other in (*taken, *found))
        if not overlaps and not is_ruled_out(span, scopes):
            found.append(span)
    ordered = sorted(found, key=lambda span: span.start)
    return tuple(Term(source=Source.PROMPT, span=span, value=span.text.lower()) for span in ordered)


def _after_openers(prompt: str) -> Iterator[Span]:
    """Yield the phrases of the lists after "with", "featuring" and the like."""
    for opener in _OPENER.finditer(prompt):
        stop = _PHRASE_END.search(prompt, opener.end())
        end = stop.start() if stop else len(prompt)
        yield from _list_items(prompt, opener.end(), end)


def _list_items(prompt: str, start: int, end: int) -> Iterator[Span]:
    """Yield the items of one list until one of them is no thing."""
    breaks = [*_LIST_BREAK.finditer(prompt, start, end)]
    edges = [start, *(edge for match in breaks for edge in match.span()), end]
    for left, right in zip(edges[::2], edges[1::2], strict=True):
        text = prompt[left:right]
        while determiner := _DETERMINER.match(text):
            text = text[determiner.end() :]
        text = text.strip(" \t,-")
        if not text or _NOT_A_THING.search(text) or len(text.split()) > _LONGEST_WORDS:
            return
        at = prompt.index(text, left)
        yield Span(start=at, end=at + len(text), text=text)
