"""Words: said where the rule holds, and only there."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from analyzers.look import measure_look
from analyzers.look.words import QUALITY_WORDS, RULES, look_words, value_at
from dreamcut.findings.look import Look

PROSE = Path(__file__).parents[3] / "docs" / "looks.md"
RNG_SEED = 4


def texture(low: int, high: int, *, tint: tuple[float, float, float] = (1, 1, 1)) -> NDArray[np.uint8]:
    """Irregular patches between two levels, like a scene; 192 x 256 px."""
    rough = np.random.default_rng(RNG_SEED).uniform(low, high, (24, 32)).astype(np.uint8)
    grey = np.asarray(Image.fromarray(rough).resize((256, 192), Image.Resampling.BICUBIC), dtype=np.float32)
    fine = np.random.default_rng(RNG_SEED + 1).normal(0, 2, grey.shape)
    return ((grey + fine)[..., None] * np.array(tint)).clip(0, 255).astype(np.uint8)


def words_of(picture: NDArray[np.uint8]) -> set[str]:
    return {word.word for word in look_words(measure_look(picture))}


def night_of_signs() -> NDArray[np.uint8]:
    """A night street: near-black blue, with small magenta, cyan and orange signs."""
    picture = texture(2, 30, tint=(0.6, 0.7, 1.0))
    for i, colour in enumerate([(255, 0, 200), (0, 230, 255), (255, 120, 0)] * 16):
        y, x = 8 + (i // 8) * 32, 8 + (i % 8) * 32
        picture[y : y + 7, x : x + 7] = colour
    return picture


def test_a_dark_blurred_or_blown_picture_is_told() -> None:
    assert "underexposed" in words_of(texture(2, 40))
    sharp = Image.fromarray(np.kron(texture(0, 255)[::16, ::16], np.ones((16, 16, 1), np.uint8)))
    assert "blurred" in words_of(np.asarray(sharp.filter(ImageFilter.GaussianBlur(6))))
    day = texture(60, 200, tint=(0.7, 0.9, 1.0)).astype(np.float32)
    assert "overexposed" in words_of((day * 2.6).clip(0, 255).astype(np.uint8))


def test_an_ordinary_picture_has_no_fault() -> None:
    assert words_of(texture(10, 250)).isdisjoint(QUALITY_WORDS)
    assert words_of(night_of_signs()).isdisjoint(QUALITY_WORDS)


def test_signs_at_night_are_neon_and_the_same_street_by_day_is_not() -> None:
    night = night_of_signs()
    assert {"neon", "dark"} <= words_of(night)
    day = np.maximum(night, texture(120, 180))
    assert "neon" not in words_of(day)


def test_fire_in_the_dark_is_no_neon() -> None:
    picture = texture(2, 30)
    for i in range(48):
        y, x = 8 + (i // 8) * 32, 8 + (i % 8) * 32
        picture[y : y + 7, x : x + 7] = [(255, 90, 0), (255, 200, 30), (230, 20, 0)][i % 3]
    assert "neon" not in words_of(picture)


@pytest.mark.parametrize(
    ("tint", "said", "denied"),
    [
        ((1.0, 1.0, 1.0), "monochrome", "warm"),
        ((1.0, 0.6, 0.3), "warm", "cool"),
        ((0.3, 0.7, 1.0), "cool", "warm"),
    ],
)
def test_the_direction_of_colour_is_told(tint: tuple[float, float, float], said: str, denied: str) -> None:
    words = words_of(texture(60, 220, tint=tint))
    assert said in words
    assert denied not in words


def test_teal_shadows_with_orange_lights_are_teal_and_orange() -> None:
    picture = texture(40, 200, tint=(0.1, 0.6, 0.65))
    picture[60:150] = texture(80, 230, tint=(1.0, 0.62, 0.25))[60:150]
    assert "teal and orange" in words_of(picture)


def test_a_word_carries_its_rule_and_the_measures_that_fired_it() -> None:
    look = measure_look(texture(2, 40))
    word = next(w for w in look_words(look) if w.word == "dark")
    assert word.rule == "mean_luma < 0.25"
    assert [(m.metric, m.value, m.unit) for m in word.measures] == [
        ("look.tone.mean_luma", look.tone.mean_luma, "")
    ]


def test_every_measure_of_every_word_stands_at_its_path() -> None:
    for picture in (night_of_signs(), texture(2, 40), texture(60, 220, tint=(1.0, 0.6, 0.3))):
        look = measure_look(picture)
        for word in look_words(look):
            for measure in word.measures:
                assert value_at(look, measure.metric.removeprefix("look.")) == measure.value


def test_a_missing_measure_says_no_word() -> None:
    look = measure_look(texture(2, 40))
    assert "underexposed" in {w.word for w in look_words(look)}
    older = look.model_copy(update={"tone": look.tone.model_copy(update={"peak_luma": None})})
    assert "underexposed" not in {w.word for w in look_words(older)}


def test_a_few_pixels_have_no_look() -> None:
    assert look_words(measure_look(np.full((2, 2, 3), 5, dtype=np.uint8))) == ()


def test_every_rule_reads_a_field_that_exists() -> None:
    look: Look = measure_look(texture(10, 250))
    for rule in RULES:
        assert rule.conditions
        for condition in rule.conditions:
            assert value_at(look, condition.path) is not None, condition.path


def test_contradictions_are_never_said_together() -> None:
    pairs = [("dark", "bright"), ("warm", "cool"), ("vivid", "muted"), ("low-key", "high-key")]
    pairs += [("monochrome", "vivid"), ("underexposed", "overexposed"), ("blurred", "crisp")]
    rng = np.random.default_rng(9)
    for _ in range(60):
        low, high = sorted(rng.integers(0, 256, 2).tolist())
        tint = tuple(rng.uniform(0, 1, 3).tolist())
        words = words_of(texture(low, high + 1, tint=(tint[0], tint[1], tint[2])))
        assert not [pair for pair in pairs if set(pair) <= words]


def test_the_guide_states_every_rule_as_it_is() -> None:
    prose = PROSE.read_text(encoding="utf-8")
    missing = [rule.word for rule in RULES if f"| {rule.word} | `{rule.text}` |" not in prose]
    assert missing == []
