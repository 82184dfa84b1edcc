"""Numbers in a prompt: length, shape, size, frame rate."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dreamcut.prompt.model import Bound, Quantity, Ratio, Size, Source, Span
from dreamcut.prompt.text import is_ruled_out, span_of, words_pattern
from dreamcut.prompt.vocabulary import RATIO_WORDS, SIZE_WORDS

_NUMBER_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty five": 45,
    "forty-five": 45, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "half a": 0.5,
    "half an": 0.5, "half": 0.5,
}  # fmt: skip
_NUMBER = r"\d+(?:[.,]\d+)?|" + "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True))
# Unit words of a few other languages too: a length is worth reading even where the rest is not understood.
_SECOND = r"seconds?|secs?|segundos?|secondes?|sekunden?|secondi|seg|s|秒"
_MINUTE = r"minutes?|mins?|minutos?|minuten?|minuti|min|m|分钟|分"
_HOUR = r"hours?|hrs?|horas?|heures?|stunden?|h"
_LENGTH = re.compile(
    rf"(?<![\w.:$€£])(?:(?P<low>\d+(?:[.,]\d+)?)\s*(?:-|–|to|or|and)\s*)?(?P<number>{_NUMBER})[\s\-]*"
    rf"(?P<unit>{_SECOND}|{_MINUTE}|{_HOUR})(?![\w'’]|-?free)"
    rf"(?:\s*(?:and|,)?\s*(?P<rest>\d+|a\s+half)\s*(?P<rest_unit>{_SECOND})?(?!\w))?",
    re.IGNORECASE,
)
_MINUTE_AND_A_HALF = re.compile(r"\b(?:a|one)\s+minute\s+and\s+a\s+half\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"(?<![\w:.])(?P<minutes>\d{1,2}):(?P<seconds>[0-5]\d)(?![\w:.]\d|:|\s*(?:am|pm|a\.m|p\.m|o'clock)\b)"
)
_RATIO = re.compile(
    r"(?<![\w:.])(?P<width>\d{1,2}(?:\.\d{1,2})?)\s*(?P<sign>:|x|×|/|\bby\b)\s*(?P<height>\d{1,2}(?:\.\d{1,2})?)(?![\w:]|\.\d)",
    re.IGNORECASE,
)
_KNOWN_RATIOS = {
    "16:9", "9:16", "1:1", "4:3", "3:4", "4:5", "5:4", "21:9", "9:21", "3:2", "2:3", "2:1", "1:2", "18:9",
    "2.39:1", "2.35:1", "2.40:1", "2.4:1", "1.85:1", "1.91:1", "1.66:1", "1.33:1", "1.78:1", "2.20:1",
    "16:10",
}  # fmt: skip
_PIXELS = re.compile(
    r"(?<![\w.])(?P<width>\d{3,5})\s*(?:x|×|\bby\b|\*)\s*(?P<height>\d{3,5})(?!\w)", re.IGNORECASE
)
_LINES = re.compile(r"(?<![\w.])(?P<lines>480|540|576|720|1080|1440|2160|4320)\s?[pi](?!\w)", re.IGNORECASE)
_NOT_A_SIZE = re.compile(
    r"^\s*(?:followers|views|subscribers|subs|likes|fans|people|users|budget|dollars|euros)\b", re.IGNORECASE
)
_FRAMES = re.compile(
    r"(?<![\w.])(?P<rate>\d{2,3}(?:\.\d{1,3})?)\s*-?\s*(?:fps|frames?\s+(?:per|a|/)\s*sec(?:ond)?|frames/s|f/s)(?!\w)",
    re.IGNORECASE,
)
_DECADE_AFTER = re.compile(
    r"^[\s\-]*(?:synth\w*|style|styled|vibes?|look|looking|retro|music|aesthetics?|inspired|fashion|nostalgia|"
    r"feel|movies?|horror|sci-?fi|pop|rock|disco|hair|cartoons?|anime|action|throwback|themed?|era|neon|hip|tv|sitcom|arcade)\b",
    re.IGNORECASE,
)
_DECADE_BEFORE = re.compile(r"(?:\bthe|\bearly|\blate|\bmid|['’]|19|20)[\s\-]*$", re.IGNORECASE)
# "my 45-second clip", "from a 10 minute interview": the length of material, not of the result.
_OF_MATERIAL_BEFORE = re.compile(
    r"(?:\b(?:my|our|this|these|their|attached|uploaded|existing|original|raw|have\s+an?|from\s+(?:an?|the)|out\s+of\s+(?:an?|the))"
    r"(?:\s+(?!to\b|into\b)[\w-]+){0,2}(?:\s+(?:is|are|runs|lasts))?\s+)$", re.IGNORECASE)  # fmt: skip
_PART_BEFORE = re.compile(
    r"\b(?:every|each|first|last|next|after|at|final|opening|closing|per|from|until|past)\s+(?:the\s+|first\s+|last\s+|final\s+)?$",
    re.IGNORECASE,
)
_PART_AFTER = re.compile(
    r"^[\s\-]*(?:apart|each|per|of\s+silence|fade|fades|pause|intro\b(?!\s+video)|outro|delay|hold|shots?\b|cuts?\s+each|in\b|into\b|mark\b|ago\b|later\b|before\b)",
    re.IGNORECASE,
)
_AT_MOST = re.compile(
    r"\b(?:under|less\s+than|max(?:imum)?(?:\s+of)?|at\s+most|up\s+to|(?:no|not)\s+(?:more|longer|over)(?:\s+than)?|shorter\s+than|below|within|not\s+exceed\w*)\s+(?:the\s+|an?\s+)?$",
    re.IGNORECASE,
)
_AT_LEAST = re.compile(
    r"\b(?:at\s+least|min(?:imum)?(?:\s+of)?|over|more\s+than|longer\s+than|(?:no|not)\s+(?:less|shorter)\s+than)\s+(?:an?\s+)?$",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approx(?:imately)?\.?|circa|some|or\s+so|almost|nearly)|~|≈)\s*(?:an?\s+)?$",
    re.IGNORECASE,
)
_BEFORE_CHARS = 40


@dataclass(frozen=True)
class Found:
    """A length in the prompt and what it is the length of."""

    seconds: float
    low_seconds: float | None
    bound: Bound
    span: Span


def durations(prompt: str, scopes: tuple[Span, ...]) -> list[Quantity]:
    """Return the lengths asked for, in the order of the prompt, without those of material and of parts."""
    return [
        Quantity(
            source=Source.PROMPT,
            span=found.span,
            value=found.seconds,
            unit="s",
            bound=found.bound,
            low=found.low_seconds,
        )
        for found in sorted((*_lengths(prompt), *_clocks(prompt)), key=lambda found: found.span.start)
        if found.seconds > 0
        and not is_ruled_out(found.span, scopes)
        and _is_of_the_result(prompt, found.span)
    ]


def _lengths(prompt: str) -> Iterator[Found]:
    """Yield lengths written with a unit."""
    taken: list[range] = []
    for match in _MINUTE_AND_A_HALF.finditer(prompt):
        taken.append(range(*match.span()))
        yield Found(90.0, None, _bound(prompt, match.start(), match.end()), span_of(match))
    for match in _lengths_in(prompt):
        if any(match.start() in place for place in taken) or _is_a_decade(prompt, match):
            continue
        scale = _scale(match["unit"])
        if match["unit"].lower() in {"m", "h"} and not match["number"][0].isdigit():
            continue  # "a m..." is no length
        seconds = _number(match["number"]) * scale
        end = match.end("unit")
        if match["rest"] and scale > 1 and (match["rest_unit"] or match["rest"][0] == "a"):
            seconds += 0.5 * scale if match["rest"][0] in "aA" else float(match["rest"])
            end = match.end()
        start = match.start()
        low = _number(match["low"]) * scale if match["low"] else None
        if low is not None and low >= seconds:
            low, start = None, match.start("number")
        span = Span(start=start, end=end, text=prompt[start:end])
        yield Found(round(seconds, 3), low, _bound(prompt, start, end), span)


def _lengths_in(prompt: str) -> Iterator[re.Match[str]]:
    """Yield matches; a number after whole seconds ("every 2 s, 40 s in all") opens its own match."""
    at = 0
    while match := _LENGTH.search(prompt, at):
        yield match
        at = match.end("unit") if _scale(match["unit"]) == 1 else match.end()


def _clocks(prompt: str) -> Iterator[Found]:
    """Yield lengths written as minutes and seconds, "1:30"."""
    for match in _CLOCK.finditer(prompt):
        after = prompt[match.end() : match.end() + 15].lower()
        if match.group() in _KNOWN_RATIOS or re.match(r"\s*(?:aspect|ratio|format)", after):
            continue
        seconds = 60.0 * int(match["minutes"]) + int(match["seconds"])
        yield Found(seconds, None, _bound(prompt, match.start(), match.end()), span_of(match))


def _is_of_the_result(prompt: str, span: Span) -> bool:
    """Whether a length tells how long the piece is, not its material or a part of it."""
    before = prompt[max(0, span.start - _BEFORE_CHARS) : span.start]
    after = prompt[span.end : span.end + 20]
    return not (_OF_MATERIAL_BEFORE.search(before) or _PART_BEFORE.search(before) or _PART_AFTER.match(after))


def _is_a_decade(prompt: str, match: re.Match[str]) -> bool:
    """Whether "80s" is a time in history."""
    if (
        not re.fullmatch(r"(?:19|20)?[1-9]0s", match.group("number") + match.group("unit"), re.IGNORECASE)
        or match["low"]
    ):
        return False
    if re.fullmatch(r"(?:19|20)\d0", match["number"]):
        return True
    written_together = match.end("number") == match.start("unit")
    before = prompt[max(0, match.start() - 8) : match.start()]
    return written_together and bool(
        _DECADE_BEFORE.search(before) or _DECADE_AFTER.match(prompt[match.end("unit") :])
    )


def _number(text: str) -> float:
    """Return the value of digits or a number word."""
    word = " ".join(text.lower().split())
    return float(_NUMBER_WORDS[word]) if word in _NUMBER_WORDS else float(word.replace(",", "."))


def _scale(unit: str) -> float:
    """Return the seconds in a unit."""
    if re.fullmatch(_SECOND, unit, re.IGNORECASE):
        return 1.0
    return 60.0 if re.fullmatch(_MINUTE, unit, re.IGNORECASE) else 3600.0


def _bound(prompt: str, start: int, end: int) -> Bound:
    """Return how the words around a number limit it."""
    before, after = prompt[max(0, start - _BEFORE_CHARS) : start], prompt[end : end + 20].lower()
    if _AT_MOST.search(before) or re.match(
        r"\s*(?:max\b|maximum|or\s+(?:less|shorter|under)|tops\b|limit)", after
    ):
        return Bound.AT_MOST
    if _AT_LEAST.search(before) or re.match(r"\s*(?:min\b|minimum|or\s+(?:more|longer)|\+)", after):
        return Bound.AT_LEAST
    if _ABOUT.search(before) or re.match(r"\s*-?(?:ish\b|or\s+so\b)", after):
        return Bound.ABOUT
    return Bound.EXACT


def aspect_ratios(prompt: str, scopes: tuple[Span, ...]) -> list[Ratio]:
    """Return the shapes asked for, digits before words."""
    found: list[Ratio] = []
    for match in _RATIO.finditer(prompt):
        value = f"{match['width']}:{match['height']}"
        named = re.match(r"\s*(?:aspect|ratio|format)", prompt[match.end() : match.end() + 12], re.IGNORECASE)
        plausible = float(match["height"]) > 0 and float(match["width"]) > 0
        if plausible and (value in _KNOWN_RATIOS or (named and match["sign"] == ":")):
            found.append(Ratio(source=Source.PROMPT, span=span_of(match), value=value))
    for value, phrases in RATIO_WORDS.items():
        found += [
            Ratio(
                source=Source.PROMPT,
                span=span_of(match),
                value=value,
                rule=f"“{match.group()}” is read as {value}",
            )
            for match in words_pattern(*phrases).finditer(prompt)
        ]
    return [ratio for ratio in found if ratio.span and not is_ruled_out(ratio.span, scopes)]


def sizes(prompt: str, scopes: tuple[Span, ...]) -> list[Size]:
    """Return the picture sizes asked for, exact pixels first."""
    found: list[Size] = []
    for match in _PIXELS.finditer(prompt):
        width, height = int(match["width"]), int(match["height"])
        found.append(
            Size(
                source=Source.PROMPT,
                span=span_of(match),
                name=f"{width}x{height}",
                width_px=width,
                height_px=height,
            )
        )
    for match in _LINES.finditer(prompt):
        found.append(
            Size(
                source=Source.PROMPT,
                span=span_of(match),
                name=f"{match['lines']}p",
                height_px=int(match["lines"]),
            )
        )
    for name, (named_width, named_height) in SIZE_WORDS.items():
        for match in words_pattern(name).finditer(prompt):
            if not _NOT_A_SIZE.match(prompt[match.end() :]) and not re.search(
                r"[$€£]$", prompt[: match.start()]
            ):
                found.append(
                    Size(
                        source=Source.PROMPT,
                        span=span_of(match),
                        name=name,
                        width_px=named_width,
                        height_px=named_height,
                    )
                )
    return [size for size in found if size.span and not is_ruled_out(size.span, scopes)]


def frame_rates(prompt: str, scopes: tuple[Span, ...]) -> list[Quantity]:
    """Return the frame rates asked for, in frames per second."""
    return [
        Quantity(source=Source.PROMPT, span=span_of(match), value=float(match["rate"]), unit="fps")
        for match in _FRAMES.finditer(prompt)
        if 10 <= float(match["rate"]) <= 240 and not is_ruled_out(span_of(match), scopes)
    ]
