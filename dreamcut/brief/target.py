"""What the piece has to be: length, shape, size, rate and level, each with its reason."""

from dataclasses import dataclass
from math import ceil, floor

from dreamcut.brief import words
from dreamcut.brief.evidence import Evidence, Statement, measured, presence, stated, whole_prompt
from dreamcut.brief.material import Material
from dreamcut.brief.model import Constraint, ConstraintSource
from dreamcut.brief.stretches import usable_seconds
from dreamcut.findings import VideoFindings
from dreamcut.models import Intent
from dreamcut.prompt import Bound, Quantity, Ratio, Size
from dreamcut.prompt.model import Level, Reading

PRACTICE_LUFS = -14.0  # what streaming services commonly play at
PRACTICE_RATE = 24.0  # the cinema's, where neither footage nor user says
STILL_SECONDS = 5.0  # how long one picture holds where nothing fixes the length
STANDARD_RATES = (24000 / 1001, 24.0, 25.0, 30000 / 1001, 30.0, 48.0, 50.0, 60000 / 1001, 60.0)
SAME_RATE = 0.0005  # closer than this, a measured rate is the standard one


@dataclass(frozen=True)
class Target:
    """The frame that every direction keeps."""

    seconds: float | None  # None: a still picture, or nothing fixes the length
    length: Constraint | None
    ratio: Ratio | None
    size: Size | None
    rate: float
    lufs: float
    level: Constraint
    statements: tuple[Statement, ...]


def constraint(reading: Reading, value: float | str, unit: str = "") -> Constraint:
    """Return a reading as what is wanted."""
    return Constraint(
        source=ConstraintSource(reading.source.value),
        value=value,
        unit=unit,
        span=reading.span,
        option=reading.option,
        rule=reading.rule,
    )


def practice(value: float | str, unit: str, rule: str) -> Constraint:
    """Return what common practice wants."""
    return Constraint(source=ConstraintSource.PRACTICE, value=value, unit=unit, rule=rule)


def target_of(material: Material) -> Target:
    """Return the target of a request; what nobody states follows from the material, and says so."""
    reading, intent = material.request.reading, material.request.intent
    statements: list[Statement] = []
    length: Constraint | None = None
    value: float | None = None
    if intent is not Intent.IMAGE:
        value, length, why = _length(material)
        statements.append(why)
    if intent is not Intent.AUDIO:
        statements.append(_shape(material))
    rate, why_rate = _rate(material)
    if intent in (Intent.VIDEO, Intent.MIXED) and value is not None:
        statements.append(why_rate)
    lufs, level, why_level = _level(material)
    if intent is not Intent.IMAGE:
        statements.append(why_level)
    return Target(
        seconds=value,
        length=length,
        ratio=reading.aspect_ratio,
        size=reading.size,
        rate=rate,
        lufs=lufs,
        level=level,
        statements=tuple(statements),
    )


def _length(material: Material) -> tuple[float | None, Constraint | None, Statement]:
    """Return the length to plan for."""
    reading = material.request.reading
    asked = reading.duration
    if asked is None:
        return _length_of_material(material)
    value = _within(asked, material)
    said = f"“{asked.span.text}”" if asked.span else "your option"
    if value != asked.value:
        footage = material.footage[0]
        text = f"Length {words.seconds(value)}: {said} is a limit, and the footage ends there."
        evidence = (stated(asked), measured(footage.report, "timing.duration_seconds"))
        return value, constraint(asked, asked.value, "s"), Statement(text=text, evidence=evidence)
    limit = "" if asked.bound is Bound.EXACT else f" ({asked.bound})"
    text = f"Length {words.seconds(value)}{limit}, from {said}."
    return value, constraint(asked, value, "s"), Statement(text=text, evidence=(stated(asked),))


def _within(asked: Quantity, material: Material) -> float:
    """Return the length inside a limit: less only where one video is all there is and ends before it."""
    if asked.bound is Bound.AT_MOST and len(material.footage) == 1 and not material.voice:
        whole = float(floor(material.footage[0].video.timing.duration_seconds))
        if 1 <= whole < asked.value:
            return whole
    return asked.value


def _length_of_material(material: Material) -> tuple[float | None, Constraint | None, Statement]:
    """Return the length that the material itself suggests, most telling first."""
    prompt = whole_prompt(material.request.reading.prompt)
    longest = material.request.reading.longest_seconds
    for suggest in (_length_of_voice, _length_of_footage, _length_of_music, _length_of_stills):
        found = suggest(material)
        if found is None:
            continue
        value, because, evidence = found
        if longest and longest.value < value:
            value, because, evidence = longest.value, f"{longest.rule}", (*evidence, stated(longest))
        text = f"No length is stated: {words.seconds(value)}, {because}."
        length = Constraint(source=ConstraintSource.MATERIAL, value=value, unit="s", rule=because)
        return value, length, Statement(text=text, evidence=(*evidence, prompt))
    text = "No length is stated and no material suggests one, so nothing is laid out in time yet."
    return None, None, Statement(text=text, evidence=(prompt,))


Suggestion = tuple[float, str, tuple[Evidence, ...]]


def _length_of_voice(material: Material) -> Suggestion | None:
    voice = material.voice
    if voice is None:
        return None
    value = float(ceil(voice.audio.duration_seconds))
    return value, f"which carries {voice.name} in full", (measured(voice.report, "duration_seconds"),)


def _length_of_footage(material: Material) -> Suggestion | None:
    footage = [part for part in material.footage if part.video.timing.duration_seconds >= 1]
    if not footage:
        return None
    total = sum(part.video.timing.duration_seconds for part in footage)
    whole = float(floor(sum(usable_seconds(part) for part in footage))) or float(floor(total))
    evidence = tuple(measured(part.report, "timing.duration_seconds") for part in footage)
    usual = material.request.reading.profile.usual_seconds
    if usual and usual[1] < whole:
        return usual[1], "the longest that suits such a piece", evidence
    if whole < floor(total):
        left = f"what {words.seconds(total)} of footage leave without transitions, black and frozen stretches"
        return whole, left, evidence
    return whole, "which is all of the footage", evidence


def _length_of_music(material: Material) -> Suggestion | None:
    music = material.music
    if music is None or music.audio.duration_seconds < 1:
        return None
    value = float(floor(music.audio.duration_seconds))
    return value, f"the length of {music.name}", (measured(music.report, "duration_seconds"),)


def _length_of_stills(material: Material) -> Suggestion | None:
    stills = material.stills
    if not stills or material.request.intent is Intent.AUDIO:
        return None
    because = f"{words.count(len(stills), 'picture')} at {STILL_SECONDS:g} s each"
    return STILL_SECONDS * len(stills), because, tuple(presence(part.report) for part in stills)


def _shape(material: Material) -> Statement:
    """Return a sentence on the shape, and the size where one is asked for."""
    reading = material.request.reading
    size = f" at {reading.size.name}" if reading.size else ""
    size_evidence = (stated(reading.size),) if reading.size else ()
    if reading.aspect_ratio:
        ratio = reading.aspect_ratio
        because = f": {ratio.rule}" if ratio.rule else ""
        return Statement(
            text=f"Shape {ratio.value}{size}{because}.", evidence=(stated(ratio), *size_evidence)
        )
    for part in (*material.footage, *material.stills):
        video = isinstance(part.report.findings, VideoFindings)
        root = "geometry" if video else "file"
        name = part.video.geometry.aspect_name if video else part.image.file.aspect_name
        text = f"No shape is stated: it stays {name}{size}, as {part.name} is."
        evidence = (measured(part.report, f"{root}.aspect_ratio"), *size_evidence)
        return Statement(text=text, evidence=evidence)
    text = f"No shape is stated and no picture suggests one{size and f'; the size is {size[4:]}'}."
    return Statement(text=text, evidence=(whole_prompt(reading.prompt), *size_evidence))


def _rate(material: Material) -> tuple[float, Statement]:
    """Return the frame rate of the timeline."""
    asked = material.request.reading.frame_rate
    if asked:
        text = f"{words.number(asked.value, 3)} frames a second, as asked."
        return standard_rate(asked.value), Statement(text=text, evidence=(stated(asked),))
    for part in material.footage:
        timing = part.video.timing
        metric = "timing.frame_rate"
        if timing.variable and timing.nominal_frame_rate:
            metric = "timing.nominal_frame_rate"
        value = timing.nominal_frame_rate if metric.endswith("nominal_frame_rate") else timing.frame_rate
        if value and value >= 5:
            rate = standard_rate(value, snap=0.02 if timing.variable else SAME_RATE)
            text = f"{words.number(rate, 3)} frames a second, as {part.name} has."
            return rate, Statement(text=text, evidence=(measured(part.report, metric, unit="fps"),))
    text = f"{PRACTICE_RATE:g} frames a second: neither you nor any footage fixes a rate."
    return PRACTICE_RATE, Statement(text=text, evidence=(whole_prompt(material.request.reading.prompt),))


def standard_rate(value: float, *, snap: float = SAME_RATE) -> float:
    """Return the standard rate next to a measured one, else the measured one to a thousandth."""
    nearest = min(STANDARD_RATES, key=lambda rate: abs(rate - value))
    return nearest if abs(nearest / value - 1) <= snap else round(value, 3)


def _level(material: Material) -> tuple[float, Constraint, Statement]:
    """Return the loudness of the whole piece."""
    asked: Level | None = material.request.reading.loudness
    if asked:
        text = f"Programme loudness {words.signed(asked.lufs)} LUFS: {asked.rule}."
        return (
            asked.lufs,
            constraint(asked, asked.lufs, "LUFS"),
            Statement(text=text, evidence=(stated(asked),)),
        )
    rule = "streaming services commonly play at −14 LUFS"
    text = f"Programme loudness −14 LUFS: no platform is stated, and {rule}."
    statement = Statement(text=text, evidence=(whole_prompt(material.request.reading.prompt),))
    return PRACTICE_LUFS, practice(PRACTICE_LUFS, "LUFS", rule), statement
