"""Words for a clip from measured findings."""

from typing import Any

import pytest

from analyzers.look import measure_look
from analyzers.look.words import look_words
from analyzers.video.words import clip_words
from dreamcut.findings import VideoFindings
from dreamcut.findings.look import Look
from dreamcut.findings.video import CameraMotion, Container, Geometry, Shot, Timing, TransitionKind
from tests.support import clips

DARK = measure_look((clips.scene(1) * 0.1).astype("uint8"))
LIGHT = measure_look((255 - (255 - clips.scene(2)) * 0.1).astype("uint8"))


@pytest.mark.parametrize(
    ("lengths", "word"),
    [([12.0], "single take"), ([1.0] * 12, "fast-cut"), ([10.0, 10.0, 10.0], "slow-paced")],
)
def test_cuts_tell_the_pace(lengths: list[float], word: str) -> None:
    assert word in _words(_findings(lengths))


def test_an_ordinary_pace_has_no_word() -> None:
    assert not {"single take", "fast-cut", "slow-paced"} & set(_words(_findings([4.0] * 5)))


def test_a_short_clip_has_no_pace() -> None:
    assert not {"single take", "fast-cut", "slow-paced"} & set(_words(_findings([1.0] * 2)))


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (CameraMotion.STILL, "static"),
        (CameraMotion.CALM, "gentle motion"),
        (CameraMotion.LIVELY, "dynamic"),
        (CameraMotion.FAST, "fast-moving"),
    ],
)
def test_motion_has_a_word(kind: CameraMotion, word: str) -> None:
    assert word in _words(_findings([10.0], motion=0.1, motion_kind=kind))


def test_shake_is_said_from_half_a_percent_on() -> None:
    assert "shaky" in _words(_findings([10.0], shake=0.6))
    assert "shaky" not in _words(_findings([10.0], shake=0.4))


def test_a_look_must_last_to_be_the_clips() -> None:
    assert "dark" in {word.word for word in look_words(DARK)}  # the control
    assert "dark" in _words(_findings([5.0, 5.0], looks=[DARK, LIGHT]))
    assert "dark" not in _words(_findings([2.0, 18.0], looks=[DARK, LIGHT]))


def test_of_opposites_the_longer_lasting_is_said() -> None:
    assert "bright" in {word.word for word in look_words(LIGHT)}  # the control
    words = _words(_findings([6.0, 4.0], looks=[DARK, LIGHT]))
    assert "dark" in words
    assert "bright" not in words


def test_every_word_has_evidence() -> None:
    for word in clip_words(_findings([5.0, 5.0], looks=[DARK, DARK], shake=1.0)):
        assert word.rule
        assert word.measures


def _words(findings: VideoFindings) -> list[str]:
    return [word.word for word in clip_words(findings)]


def _findings(
    lengths: list[float],
    *,
    looks: list[Look] | None = None,
    shake: float | None = None,
    **update: Any,  # fields of VideoFindings
) -> VideoFindings:
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    duration = sum(lengths)
    shots = tuple(
        Shot(
            start_seconds=start,
            end_seconds=start + length,
            index=i,
            start_frame=round(start * 25),
            end_frame=round((start + length) * 25),
            opens_with=TransitionKind.CUT if i else TransitionKind.START,
            confidence=1,
            look=looks[i] if looks else None,
            shake=shake,
        )
        for i, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )
    fields: dict[str, Any] = {
        "analyzer_version": "0",
        "file_bytes": 1,
        "sha256": "0" * 64,
        "container": Container(format="mov", video_codec="h264", pixel_format="yuv420p"),
        "geometry": Geometry(
            stored_width_px=16,
            stored_height_px=9,
            sample_aspect_ratio=1,
            rotation_degrees=0,
            width_px=16,
            height_px=9,
            aspect_ratio=16 / 9,
            aspect_name="16:9",
        ),
        "timing": Timing(
            duration_seconds=duration,
            frames=round(duration * 25),
            frame_rate=25,
            variable=False,
            interlaced=False,
        ),
        "shots": shots,
        "cuts_per_minute": (len(shots) - 1) * 60 / duration,
        "motion": None,
    }
    return VideoFindings(**{**fields, **update})
