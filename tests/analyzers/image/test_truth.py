"""Words and colours against what honest observers said about real pictures."""

from pathlib import Path
from typing import Any

import pytest

from analyzers import image
from analyzers.look.phash import hash_distance
from analyzers.look.words import QUALITY_WORDS
from dreamcut.findings import ImageFindings

Truth = dict[str, tuple[dict[str, Any], ImageFindings]]

# Words of ours and words of observers that say the same, or cannot both be true
SAME = {"dark": {"dark", "very dark", "night", "low-key"}, "bright": {"bright", "washed out"}}
# Families of colour names: an observer's "red" may be our "coral"
FAMILIES = {
    "red": ("red", "crimson", "coral", "maroon"),
    "magenta": ("magenta", "plum", "orchid", "raspberry", "pink"),
    "purple": ("purple", "violet", "lilac", "lavender", "mauve", "indigo", "plum", "orchid"),
    "brown": ("brown", "tan", "rust", "copper"),
    "blue": ("blue", "navy"),
}


@pytest.fixture(scope="module")
def truth(corpus: Path, manifest: list[dict[str, Any]]) -> Truth:
    """Findings of every image of the corpus beside its ground truth."""
    return {e["path"]: (e["gt"], image.analyze(corpus / e["path"])) for e in manifest}


def denied(known: dict[str, Any], words: set[str]) -> set[str]:
    """Return what an observer denies of all that the words say."""
    false = {*known.get("false_tags", ()), *known.get("false_mood", ())}
    return false & {alias for word in words for alias in SAME.get(word, {word})}


def said(findings: ImageFindings) -> set[str]:
    return {word.word for word in findings.words}


def test_no_word_is_said_that_an_observer_denies(truth: Truth) -> None:
    lies = {path: denied(known, said(findings)) for path, (known, findings) in truth.items()}
    assert {path: words for path, words in lies.items() if words} == {}
    # the check finds a lie where there is one
    assert denied({"false_tags": ["neon", "night"]}, {"neon", "dark"}) == {"neon", "night"}


def test_faults_are_told_where_they_are_and_nowhere_else(truth: Truth) -> None:
    found = {path: sorted(said(findings) & QUALITY_WORDS) for path, (_, findings) in truth.items()}
    assert found == {path: sorted(known.get("quality", ())) for path, (known, _) in truth.items()}
    assert sum(map(len, found.values())) >= 3  # the corpus has one of each


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("case_cyberpunk/key_visual.png", {"cyberpunk palette", "neon", "dark"}),
        ("images/cyberpunk_street.png", {"cyberpunk palette", "neon", "dark"}),
        ("images/city_night.jpg", {"nocturnal", "low-key", "dark"}),
        ("images/iss_dark_neon.jpg", {"low-key", "dark"}),
        ("images/forest_mist.jpg", {"moody", "muted"}),
        ("images/pier_sunset.jpg", {"golden", "warm"}),
        ("images/text_slide.png", {"monochrome"}),
        ("images/poster_launch.png", {"flat colour"}),
    ],
)
def test_the_word_an_observer_would_say_is_said(truth: Truth, path: str, words: set[str]) -> None:
    assert words <= said(truth[path][1])


def test_neon_is_said_only_of_drawn_neon(truth: Truth) -> None:
    neon = {path for path, (_, findings) in truth.items() if "neon" in said(findings)}
    observed = {
        path
        for path, (known, _) in truth.items()
        if "neon" in str(known["tags"] + [known.get("text")]).lower()
    }
    assert neon
    assert neon <= observed


def test_most_colours_an_observer_names_are_in_the_palette(truth: Truth) -> None:
    wanted = found = 0
    for known, findings in truth.values():
        look = findings.look
        names = " ".join(swatch.name for swatch in look.palette.colours) if look else ""
        for colour in known.get("dominant", ()):
            wanted += 1
            base = colour.rpartition(" ")[2]
            found += any(word in names for word in FAMILIES.get(base, (base,)))
    assert wanted >= 15
    assert found / wanted >= 0.85


def test_displayed_sizes_are_as_probed(truth: Truth, manifest: list[dict[str, Any]]) -> None:
    for entry in manifest:
        known, findings = truth[entry["path"]]
        probe = entry["probe"]
        expected = known.get("upright_size", [probe["width"], probe["height"]])
        assert [findings.file.width_px, findings.file.height_px] == expected
        assert (findings.file.format, findings.file.frames) == (probe["format"], probe["frames"])


def test_only_copies_hash_alike(truth: Truth) -> None:
    """The key visual, the street and the animation show one drawing at three sizes."""
    copies = {"case_cyberpunk/key_visual.png", "images/cyberpunk_street.png", "images/animated.gif"}
    hashes = {p: f.perceptual_hash for p, (_, f) in truth.items() if f.perceptual_hash}
    near = {
        path
        for path, own in hashes.items()
        if any(other != path and hash_distance(own, hashes[other]) <= 10 for other in hashes)
    }
    assert near == copies
