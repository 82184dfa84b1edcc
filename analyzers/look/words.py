"""Words for a look, each from a rule that anyone can check against the measures.

A rule is a list of conditions, all of which must hold; its text is made from them, so that it
cannot say something else than what was tested. `docs/looks.md` explains each rule and its source.
Where the measures leave a doubt, no word is said.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt

from dreamcut.findings.base import Measure, Word
from dreamcut.findings.look import Look


class Compare(StrEnum):
    """How a measure stands to its threshold."""

    LESS = "<"
    AT_MOST = "<="
    AT_LEAST = ">="
    MORE = ">"


_HOLDS: dict[Compare, Callable[[float, float], bool]] = {
    Compare.LESS: lt,
    Compare.AT_MOST: le,
    Compare.AT_LEAST: ge,
    Compare.MORE: gt,
}


@dataclass(frozen=True)
class Condition:
    """One measure of a look against a threshold."""

    path: str  # inside the look: "tone.mean_luma"
    compare: Compare
    threshold: float

    @property
    def text(self) -> str:
        """The condition as a reader checks it: "mean_luma < 0.25"."""
        return f"{self.path.rpartition('.')[2]} {self.compare} {self.threshold:g}"


@dataclass(frozen=True)
class Rule:
    """A word and all that must hold for it."""

    word: str
    conditions: tuple[Condition, ...]

    @property
    def text(self) -> str:
        """The rule as a reader checks it: "mean_luma < 0.25 and flat_share < 0.5"."""
        return " and ".join(condition.text for condition in self.conditions)


def _rule(word: str, *conditions: str) -> Rule:
    """Read conditions written like "tone.mean_luma < 0.25"."""
    parts = [condition.split(" ") for condition in conditions]
    return Rule(word, tuple(Condition(path, Compare(sign), float(limit)) for path, sign, limit in parts))


BLURRED, UNDEREXPOSED, OVEREXPOSED = "blurred", "underexposed", "overexposed"
QUALITY_WORDS = frozenset({BLURRED, UNDEREXPOSED, OVEREXPOSED})  # faults, of which the brief warns

_PICTURE_NOT_GRAPHIC = "detail.flat_share < 0.5"

# The most telling first. A word may have several rules; the first that holds speaks.
RULES: tuple[Rule, ...] = (
    # faults
    _rule(
        BLURRED,
        "detail.blur >= 0.72",
        _PICTURE_NOT_GRAPHIC,
        "detail.edge_px >= 128",
    ),
    _rule(UNDEREXPOSED, "tone.peak_luma < 0.4", "tone.p95_luma > 0.01", _PICTURE_NOT_GRAPHIC),
    _rule(
        OVEREXPOSED,
        "tone.white_clipped_share >= 0.1",
        "colour.blown_share >= 0.1",
        "tone.mean_luma >= 0.7",
        "detail.flat_share < 0.6",
    ),
    # styles
    _rule(
        "cyberpunk palette",
        "colour.neon_share >= 0.02",
        "colour.violet_share >= 0.01",
        "colour.cool_share >= 0.15",
        "tone.mean_luma < 0.3",
        _PICTURE_NOT_GRAPHIC,
    ),
    _rule("neon", "colour.neon_share >= 0.01", "colour.electric_share >= 0.003"),
    _rule("neon", "colour.neon_share >= 0.01", "colour.violet_share >= 0.01"),
    _rule("teal and orange", "colour.teal_share >= 0.1", "colour.orange_share >= 0.1"),
    _rule("monochrome", "colour.chromatic_share < 0.01", "colour.colourfulness < 5", "tone.p95_luma >= 0.15"),
    _rule(
        "golden",
        "colour.orange_share >= 0.5",
        "colour.warm_share >= 0.85",
        "colour.mean_saturation >= 0.25",
        "tone.mean_luma >= 0.4",
        _PICTURE_NOT_GRAPHIC,
    ),
    _rule(
        "nocturnal",
        "tone.lit_tile_share >= 0.12",
        "tone.shadow_share >= 0.4",
        "tone.p95_luma < 0.75",
        _PICTURE_NOT_GRAPHIC,
    ),
    _rule("nocturnal", "colour.neon_share >= 0.01", "tone.shadow_share >= 0.4", _PICTURE_NOT_GRAPHIC),
    _rule(
        "moody",
        "tone.mean_luma < 0.4",
        "tone.mean_luma >= 0.12",
        "tone.peak_luma >= 0.4",
        "colour.colourfulness < 26",
        "colour.chromatic_share >= 0.25",
        "colour.cool_share >= 0.6",
        _PICTURE_NOT_GRAPHIC,
    ),
    _rule(
        "airy",
        "tone.mean_luma >= 0.65",
        "tone.p05_luma >= 0.4",
        "tone.rms_contrast < 0.18",
        "detail.edge_share < 0.1",
        "detail.flat_share < 0.2",
        "colour.blown_share < 0.1",
    ),
    # light
    _rule(
        "low-key",
        "tone.median_luma < 0.25",
        "tone.mean_luma < 0.3",
        "tone.peak_luma >= 0.5",
        "tone.rms_contrast >= 0.08",
        "detail.flat_share < 0.8",
    ),
    _rule(
        "high-key",
        "tone.median_luma > 0.7",
        "tone.p05_luma >= 0.35",
        "detail.flat_share < 0.3",
        "colour.blown_share < 0.1",
    ),
    _rule("high-contrast", "tone.rms_contrast >= 0.28"),
    _rule(
        "low-contrast",
        "tone.rms_contrast < 0.1",
        "tone.mean_luma >= 0.2",
        "tone.mean_luma < 0.85",
        "detail.flat_share < 0.3",
    ),
    # colour
    _rule("vivid", "colour.colourfulness >= 59", "colour.blown_share < 0.1"),
    _rule(
        "pastel",
        "tone.mean_luma >= 0.65",
        "tone.p05_luma >= 0.4",
        "colour.chromatic_share >= 0.35",
        "colour.mean_saturation < 0.35",
        "colour.blown_share < 0.1",
    ),
    _rule(
        "muted",
        "colour.colourfulness < 26",
        "colour.mean_saturation < 0.3",
        "colour.chromatic_share >= 0.2",
        "tone.mean_luma >= 0.2",
    ),
    _rule("warm", "colour.warm_share >= 0.75", "colour.chromatic_share >= 0.3"),
    _rule("cool", "colour.cool_share >= 0.75", "colour.chromatic_share >= 0.3"),
    # plain
    _rule("dark", "tone.mean_luma < 0.25"),
    _rule("bright", "tone.mean_luma >= 0.7"),
    _rule(
        "soft",
        "detail.edge_share < 0.05",
        "tone.peak_luma >= 0.5",
        "detail.blur < 0.72",
        "detail.flat_share < 0.3",
    ),
    _rule(
        "crisp",
        "detail.blur < 0.2",
        "detail.edge_share >= 0.1",
        "detail.noise_sigma < 0.02",
        "colour.blown_share < 0.1",
    ),
    _rule(
        "flat colour",
        "detail.flat_share >= 0.6",
        "tone.black_clipped_share < 0.3",
        "tone.white_clipped_share < 0.3",
    ),
)


def look_words(look: Look) -> tuple[Word, ...]:
    """Return the words that the rules derive from a look, the most telling first.

    A picture too small for `Look.detail` gets none: a few pixels have colours, but no look.
    """
    if look.detail is None:
        return ()
    words: dict[str, Word] = {}
    for rule in RULES:
        if rule.word not in words and (measures := _measures_if_true(rule, look)):
            words[rule.word] = Word(word=rule.word, rule=rule.text, measures=measures)
    return tuple(words.values())


def _measures_if_true(rule: Rule, look: Look) -> tuple[Measure, ...]:
    """Return each measure of a rule once, in the rule's order; nothing where a condition fails."""
    values: dict[str, float] = {}
    for condition in rule.conditions:
        value = value_at(look, condition.path)
        if value is None or not _HOLDS[condition.compare](value, condition.threshold):
            return ()
        values[condition.path] = value
    return tuple(Measure(metric=f"look.{path}", value=value) for path, value in values.items())


def value_at(look: Look, path: str) -> float | None:
    """Return the number at a path inside a look, "tone.mean_luma"; None where it was not measured."""
    group, _, field = path.partition(".")
    measures = getattr(look, group)
    if measures is None:
        return None
    value = getattr(measures, field)
    return None if value is None else float(value)
