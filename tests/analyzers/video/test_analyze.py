"""The analyzer on encoded files and on the corpus."""

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from analyzers.steps import Step
from analyzers.video import analyze
from analyzers.video.shotlist import list_shots
from analyzers.video.timing import duration_seconds
from analyzers.video.watching import watch
from dreamcut.errors import UnreadableMedia, UnsupportedMedia
from dreamcut.findings import VideoFindings, load_findings
from dreamcut.findings.video import CameraMotion, Shot, TransitionKind
from tests.support import clips


def test_shots_of_a_file_are_found_measured_and_dated(tmp_path: Path) -> None:
    clip = clips.dissolve(clips.still(1, 48) + clips.pan(2, 48, px_per_frame=4), clips.still(3, 48), 12)
    path = clips.write_clip(tmp_path / "three.mp4", clip)
    steps: list[Step] = []
    findings = analyze(path, on_step=steps.append, speech=None)
    assert [s.opens_with for s in findings.shots] == [
        TransitionKind.START,
        TransitionKind.CUT,
        TransitionKind.DISSOLVE,
    ]
    # the dissolve covers frames 84 to 96; its middle is frame 90
    starts = [s.start_seconds for s in findings.shots]
    assert starts == pytest.approx([0, 2, 90 / 24], abs=1.5 / 24)
    assert findings.shots[-1].end_seconds == pytest.approx(132 / 24)
    assert findings.shots[2].transition_seconds == pytest.approx(0.5, abs=0.15)
    assert findings.cuts_per_minute == pytest.approx(2 * 60 / 5.5)
    assert findings.shots[1].motion == pytest.approx(4 * 24 / 256, rel=0.2)
    assert findings.shots[0].motion_kind is CameraMotion.STILL
    assert all(s.look is not None and s.keyframe is not None for s in findings.shots)
    assert findings.look is not None
    assert findings.sound is None
    assert not findings.partial
    assert load_findings(findings.model_dump(mode="json")) == findings
    _check_steps(steps)


def test_a_variable_rate_keeps_its_times(tmp_path: Path) -> None:
    # 48 frames of 40 ms, then 24 of 80 ms; the cut stands where the rate changes
    ticks = [*range(0, 48 * 40, 40), *range(48 * 40, 48 * 40 + 24 * 80, 80)]
    clip = clips.still(1, 48) + clips.still(2, 24)
    findings = analyze(clips.write_clip(tmp_path / "vfr.mkv", clip, frame_rate=25, ticks=ticks))
    assert findings.timing.variable
    assert findings.timing.timecode_rate is None
    assert findings.timing.duration_seconds == pytest.approx(3.84, abs=0.041)
    assert [s.start_seconds for s in findings.shots] == pytest.approx([0, 1.92])


def test_an_upright_phone_clip_is_seen_upright(tmp_path: Path) -> None:
    lying = clips.write_clip(tmp_path / "lying.mp4", clips.still(1, 30))
    upright = analyze(clips.rotated(lying, tmp_path / "upright.mp4", clockwise_degrees=90))
    assert upright.geometry.rotation_degrees == 90
    assert (upright.geometry.width_px, upright.geometry.height_px) == (144, 256)
    assert upright.geometry.aspect_name == "9:16"


def test_anamorphic_and_interlaced_files_are_told(tmp_path: Path) -> None:
    squeezed = analyze(
        clips.write_clip(tmp_path / "wide.mp4", clips.still(1, 24), sample_aspect_ratio=Fraction(4, 3))
    )
    assert squeezed.geometry.width_px == round(256 * 4 / 3)
    assert not squeezed.timing.interlaced
    fields = analyze(
        clips.write_clip(tmp_path / "fields.mp4", clips.still(1, 24), frame_rate=25, interlaced=True)
    )
    assert fields.timing.interlaced


def test_ntsc_rates_count_whole_frames(tmp_path: Path) -> None:
    path = clips.write_clip(tmp_path / "film.mp4", clips.still(1, 48), frame_rate=Fraction(24000, 1001))
    timing = analyze(path).timing
    assert timing.frame_rate == pytest.approx(24000 / 1001)
    assert timing.timecode_rate == 24
    assert not timing.variable


def test_defects_of_a_file_are_dated(tmp_path: Path) -> None:
    living = clips.letterboxed(clips.pan(3, 48, px_per_frame=3), bar_px=18)
    clip = [*clips.plain(0, 24), *living, *[living[-1]] * 36]
    defects = analyze(clips.write_clip(tmp_path / "bad.mp4", clip)).defects
    assert defects is not None
    assert [(r.start_seconds, r.end_seconds) for r in defects.black] == [(0.0, 1.0)]
    (frozen,) = defects.frozen
    assert frozen.start_seconds == pytest.approx(71 / 24, abs=2 / 24)
    assert frozen.end_seconds == pytest.approx(108 / 24)
    assert defects.matte is not None
    assert (defects.matte.top_px, defects.matte.bottom_px) == pytest.approx((18, 18), abs=1)


def test_a_file_cut_off_is_measured_as_far_as_it_goes(tmp_path: Path) -> None:
    clip = [picture for seed in range(5) for picture in clips.pan(seed, 48, px_per_frame=2)]
    whole = clips.write_clip(tmp_path / "whole.mkv", clip)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 6 // 10])
    findings = analyze(cut)
    assert findings.partial
    assert 3 < findings.timing.duration_seconds < 8
    assert any("10.00 s" in gap.reason for gap in findings.gaps)
    assert not analyze(whole).partial


def test_a_still_in_a_video_file_is_one_shot(tmp_path: Path) -> None:
    findings = analyze(clips.write_clip(tmp_path / "one.mp4", clips.still(1, 1), frame_rate=25))
    assert len(findings.shots) == 1
    assert findings.timing.duration_seconds == pytest.approx(0.04)
    assert findings.words == () or all(w.word != "single take" for w in findings.words)


def test_black_video_has_no_look(tmp_path: Path) -> None:
    findings = analyze(clips.write_clip(tmp_path / "black.mp4", clips.plain(0, 48)))
    assert findings.look is None
    assert any(gap.what == "look" for gap in findings.gaps)


def test_files_that_are_no_video_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a video")
    with pytest.raises(UnreadableMedia, match=r"text\.mp4"):
        analyze(text)


def _check_steps(steps: list[Step]) -> None:
    progress = [step.progress for step in steps]
    assert progress == sorted(progress)
    assert progress[0] == 5
    assert progress[-1] < 100
    assert {"container", "frames", "shots", "look", "words"} <= {step.name for step in steps}
    assert all(isinstance(s.findings, VideoFindings) and s.findings.partial for s in steps)


def test_corpus_transitions_are_found(tmp_path: Path, corpus: Path) -> None:
    rows = _manifest(corpus)
    predictions = {}
    for path, row in rows.items():
        if row["kind"] == "video":
            shots = _shots(corpus / path)
            predictions[path] = [[shot.start_seconds, str(shot.opens_with)] for shot in shots[1:]]
    written = tmp_path / "predictions.json"
    written.write_text(json.dumps(predictions))
    scorer = [
        sys.executable,
        str(corpus / "score" / "shots.py"),
        str(corpus / "manifest.jsonl"),
        str(written),
    ]
    report = subprocess.run(scorer, check=True, capture_output=True, text=True).stdout
    assert "hard cuts P 1.000 R 1.000 F1 1.000; gradual recall 1.000" in report, report


def test_corpus_transitions_have_their_kind(corpus: Path) -> None:
    shots = _shots(corpus / "case_cyberpunk" / "video.mp4")
    truth = _manifest(corpus)["case_cyberpunk/video.mp4"]["gt"]
    for kind, key in ((TransitionKind.DISSOLVE, "dissolves"), (TransitionKind.FADE, "fades_through_black")):
        found = [s for s in shots if s.opens_with is kind]
        assert len(found) == len(truth[key])
        for shot, (start, end) in zip(found, truth[key], strict=True):
            assert shot.start_seconds == pytest.approx((start + end) / 2, abs=0.15)
            assert shot.transition_seconds == pytest.approx(end - start, abs=0.2)


def test_corpus_defects_are_found(corpus: Path) -> None:
    findings = analyze(corpus / "video" / "defects_combo.mp4", speech=None)
    defects = findings.defects
    assert defects is not None
    truth = _manifest(corpus)["video/defects_combo.mp4"]["gt"]["defects"]
    black = [(d["start"], d["end"]) for d in truth if d["type"] == "black"]
    assert [(r.start_seconds, r.end_seconds) for r in defects.black] == black
    frozen = [(d["start"], d["end"]) for d in truth if d["type"] == "freeze"]
    assert [(r.start_seconds, r.end_seconds) for r in defects.frozen] == frozen
    (bars,) = [d for d in truth if d["type"] == "letterbox"]
    assert defects.matte is not None
    assert (defects.matte.top_px, defects.matte.bottom_px) == pytest.approx(
        (bars["top"], bars["bottom"]), abs=2
    )


def test_shaken_footage_is_shakier_than_steady_footage(corpus: Path) -> None:
    shaken, *steady = (
        np.mean([s.shake for s in _shots(corpus / "video" / name) if s.shake is not None])
        for name in ("shake_under.mp4", "bbb_5s.mp4", "earth_night.mp4")
    )
    assert shaken > 10 * max(steady)


@pytest.mark.parametrize("name", ["truncated.mp4", "no_streams.mp4", "zero_byte.mp4", "png_named.mp4"])
def test_hostile_files_are_refused_by_name(name: str, corpus: Path) -> None:
    with pytest.raises((UnreadableMedia, UnsupportedMedia), match=name):
        analyze(corpus / "hostile" / name)


def test_a_truncated_real_file_is_partial(corpus: Path) -> None:
    findings = analyze(corpus / "hostile" / "mp4_named.jpg", speech=None)
    assert findings.partial
    assert findings.timing.frames > 0
    assert any("the header claims 30.53 s" in gap.reason for gap in findings.gaps)


def _shots(path: Path) -> tuple[Shot, ...]:
    """Return the shots as the analyzer finds them, without looks and sound."""
    watched = watch(path, on_open=lambda *_: None, on_seconds=lambda *_: None)
    duration = duration_seconds(watched.track.seconds, nominal_frame_rate=None)
    return list_shots(
        watched.track, watched.boundaries, keyframes=watched.keyframes, duration_seconds=duration
    )


def _manifest(corpus: Path) -> dict[str, dict]:
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    return {row["path"]: row for row in map(json.loads, lines)}
