"""The image analyzer on files made for the purpose, through the real decoder."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analyzers import image, versions
from analyzers.steps import Step
from dreamcut.errors import MediaTooLarge, UnreadableMedia
from dreamcut.findings import ImageFindings, load_findings


def two_colours(width: int = 100, height: int = 60) -> Image.Image:
    """70 % teal on the left, 30 % orange on the right."""
    picture = Image.new("RGB", (width, height), (0, 128, 128))
    picture.paste((255, 140, 0), (width * 7 // 10, 0, width, height))
    return picture


def test_file_and_look_are_measured(tmp_path: Path) -> None:
    path = tmp_path / "poster.png"
    two_colours(1000, 600).save(path)
    findings = image.analyze(path)
    assert (findings.file.format, findings.file.width_px, findings.file.height_px) == ("PNG", 1000, 600)
    assert findings.file.aspect_ratio == pytest.approx(5 / 3)
    assert findings.look is not None
    assert [s.name for s in findings.look.palette.colours] == ["teal", "orange"]
    assert [s.share for s in findings.look.palette.colours] == pytest.approx([0.7, 0.3], abs=0.005)
    assert "teal and orange" in {word.word for word in findings.words}
    assert findings.analyzer_version == versions.IMAGE
    assert findings.file_bytes == path.stat().st_size
    assert not findings.partial
    assert findings.gaps == ()


def test_findings_survive_the_way_through_the_database(tmp_path: Path) -> None:
    path = tmp_path / "poster.png"
    two_colours().save(path)
    findings = image.analyze(path)
    assert load_findings(findings.model_dump(mode="json")) == findings


def test_every_step_tells_all_that_is_known_so_far(tmp_path: Path) -> None:
    path = tmp_path / "poster.png"
    two_colours().save(path)
    steps: list[Step] = []
    result = image.analyze(path, on_step=steps.append)
    assert [(step.name, step.progress) for step in steps] == [("format", 10), ("look", 75), ("words", 90)]
    found = [step.findings for step in steps if isinstance(step.findings, ImageFindings)]
    assert [f.partial for f in found] == [True, True, True]
    assert [f.look is not None for f in found] == [False, True, True]
    assert [bool(f.words) for f in found] == [False, False, True]
    assert result == found[-1].model_copy(update={"partial": False})


def test_a_turned_picture_is_measured_as_displayed(tmp_path: Path) -> None:
    upright, turned = tmp_path / "upright.png", tmp_path / "turned.png"
    two_colours(160, 90).save(upright)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise for display
    two_colours(160, 90).transpose(Image.Transpose.ROTATE_90).save(turned, exif=exif)
    first, second = image.analyze(upright), image.analyze(turned)
    assert (second.file.stored_width_px, second.file.stored_height_px) == (90, 160)
    assert (second.file.width_px, second.file.height_px, second.file.aspect_name) == (160, 90, "16:9")
    assert second.perceptual_hash == first.perceptual_hash
    assert second.look == first.look


def test_transparent_pixels_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    picture = Image.new("RGBA", (100, 100), (255, 0, 255, 0))  # magenta, but nobody sees it
    picture.paste((0, 128, 128, 255), (0, 0, 100, 40))
    picture.save(path)
    findings = image.analyze(path)
    assert findings.file.has_alpha
    assert findings.file.transparent_share == pytest.approx(0.6)
    assert findings.look is not None
    assert [(s.name, s.share) for s in findings.look.palette.colours] == [("teal", 1.0)]


def test_a_fully_transparent_picture_has_no_look(tmp_path: Path) -> None:
    path = tmp_path / "nothing.png"
    Image.new("RGBA", (40, 40), (255, 255, 255, 0)).save(path)
    findings = image.analyze(path)
    assert (findings.look, findings.perceptual_hash, findings.words) == (None, None, ())
    assert [(gap.what, gap.reason) for gap in findings.gaps] == [
        ("look", "every pixel is transparent"),
        ("perceptual_hash", "every pixel is transparent"),
    ]


@pytest.mark.parametrize("size", [(1, 1), (2, 50), (3, 3)])
def test_tiny_pictures_tell_what_cannot_be_measured(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "tiny.png"
    Image.new("RGB", size, (255, 0, 0)).save(path)
    findings = image.analyze(path)
    assert findings.look is not None
    assert (findings.look.detail is None) == (min(size) < 3)
    assert ("look.detail" in {gap.what for gap in findings.gaps}) == (min(size) < 3)
    assert findings.perceptual_hash is None  # one colour: nothing to compare
    assert "perceptual_hash" in {gap.what for gap in findings.gaps}


def test_a_cut_off_file_is_partial_and_its_filler_is_no_colour(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.jpg", tmp_path / "cut.jpg"
    noise = np.random.default_rng(8).integers(0, 80, (400, 600, 3), dtype=np.uint8) + np.array([170, 20, 0])
    Image.fromarray(noise.astype(np.uint8)).save(whole, quality=90)
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    findings = image.analyze(cut)
    assert findings.partial
    assert "damaged" in findings.gaps[0].reason
    assert findings.look is not None
    # the decoder's grey would be 40 % of the picture
    assert not [s.name for s in findings.look.palette.colours if "grey" in s.name]


def test_an_animation_is_measured_by_its_first_frame(tmp_path: Path) -> None:
    path = tmp_path / "blink.gif"
    red, blue = (Image.new("RGB", (60, 40), colour) for colour in ("#ff0000", "#0000ff"))
    red.save(path, save_all=True, append_images=[blue, red], duration=100)
    findings = image.analyze(path)
    assert findings.file.frames == 3
    assert findings.look is not None
    assert [s.name for s in findings.look.palette.colours] == ["red"]


def test_what_is_no_image_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.jpg"
    path.write_text("no image at all")
    with pytest.raises(UnreadableMedia, match=r"^notes\.jpg: "):
        image.analyze(path)
    with pytest.raises(UnreadableMedia, match=r"^missing\.png: "):
        image.analyze(tmp_path / "missing.png")


def test_a_bomb_is_refused(corpus: Path) -> None:
    with pytest.raises(MediaTooLarge, match="megapixels"):
        image.analyze(corpus / "hostile" / "bomb_12000x12000_1bit.png")


def test_a_cut_off_photo_keeps_its_colours(corpus: Path) -> None:
    findings = image.analyze(corpus / "hostile" / "truncated.jpg")
    assert findings.partial
    assert findings.look is not None
    # a skyline at night, cut off after three fifths
    assert findings.look.palette.colours[0].name == "black"
    assert findings.look.palette.colours[0].share > 0.85
