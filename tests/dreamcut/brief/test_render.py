"""The brief as a document."""

import re

import pytest

from dreamcut.brief import compose, render_markdown
from dreamcut.brief.render import escape
from tests.support.findings import FLAGSHIP, audio, flagship, image, report, request, video


def test_the_document_has_its_sections_in_order() -> None:
    text = render_markdown(compose(flagship()))
    headings = re.findall(r"^#+ .*$", text, re.MULTILINE)
    assert headings == [
        "# Cyberpunk trailer, 30 s",
        "## Material",
        "### key_visual.png: style reference",
        "### video.mp4: footage",
        "### voiceover.mp3: voice-over",
        "## Conflicts, and what is done about them",
        "## Directions",
        "### 1. The voice leads",
        "### 2. On the beat, 128 BPM",
        "### 3. Arriving at midnight blue",
        "## Next steps",
        "## Not verified, not known",
        "## Made by",
        "## Evidence",
    ]


def test_every_mark_has_its_row_and_every_row_its_mark() -> None:
    text = render_markdown(compose(flagship()))
    body, appendix = text.split("## Evidence")
    marks = {int(number) for number in re.findall(r"\[e(\d+)\]", body)}
    rows = [int(number) for number in re.findall(r"^\| e(\d+) \|", appendix, re.MULTILINE)]
    assert rows == list(range(1, len(rows) + 1))
    assert marks == set(rows)


def test_nothing_from_outside_breaks_the_page() -> None:
    reports = (report(0, "a|b <i>`*.mp4", video()), report(1, "c\nd.png", image()))
    text = render_markdown(compose(request("a 30 second | trailer\n# not a heading <script>", *reports)))
    assert "<script>" not in text
    assert "<i>" not in text
    assert not re.search(r"^# not a heading", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("raw", "safe"),
    [("a|b", "a\\|b"), ("a\n\nb", "a b"), ("<b>", "&lt;b>"), ("*x*", "\\*x\\*"), ("a\\|b", "a\\\\\\|b")],
)
def test_escape(raw: str, safe: str) -> None:
    assert escape(raw) == safe


def test_a_brief_without_material_is_still_a_document() -> None:
    text = render_markdown(compose(request("asdf qwerty")))
    assert "## Material" not in text
    assert "## Directions" in text
    assert text.endswith("|\n")


def test_a_different_case_reads_differently() -> None:
    one = render_markdown(compose(flagship()))
    other = render_markdown(
        compose(
            request(
                "a 20 second ad for TikTok with my clip",
                report(0, "clip.mp4", video()),
                report(1, "vo.mp3", audio()),
            )
        )
    )
    same = set(_sentences(one)) & set(_sentences(other))
    assert not same, same
    assert FLAGSHIP in one


def _sentences(text: str) -> list[str]:
    """Return the sentences of the directions, marks and numbers of evidence aside."""
    body = text.split("## Directions")[1].split("## Next steps", maxsplit=1)[0]
    lines = [re.sub(r"\[e\d+\]", "", line).strip("*- ") for line in body.splitlines()]
    return [line for line in lines if line.endswith(".") and "chosen by" not in line]
