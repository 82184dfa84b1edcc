"""Each kind of conflict, just inside and just outside its tolerance."""

import pytest

from dreamcut.brief import AssetReport, Brief, Conflict, compose
from dreamcut.brief.evidence import Basis
from dreamcut.brief.model import Action, ConflictKind, ConstraintSource, Severity
from dreamcut.findings import TimeRange
from dreamcut.findings.video import Defects, Matte
from dreamcut.models import AssetKind
from tests.support.findings import (
    EARTH,
    FLAGSHIP_DEFECTS,
    NEON,
    NIGHT,
    audio,
    flagship,
    image,
    look,
    report,
    request,
    video,
)


def brief(prompt: str, *reports: AssetReport, **options: object) -> Brief:
    return compose(request(prompt, *reports, **options))


def of(found: Brief, kind: ConflictKind) -> list[Conflict]:
    return [one for one in found.conflicts if one.kind is kind]


def footage(frames: int = 720, **changes: object) -> AssetReport:
    """Return one video of 24 frames a second."""
    return report(0, "v.mp4", video(edges=(0, frames // 3, frames), width=1920, height=1080, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("prompt", "frames", "action"),
    [
        ("a 30 second trailer", 720, None),
        # 2 % of 30 s is 0.6 s, 14.4 frames
        ("a 30 second trailer", 734, None),
        ("a 30 second trailer", 735, Action.TRIM),
        ("a 30 second trailer", 706, None),
        ("a 30 second trailer", 705, Action.FILL),
        # of 10 s, 0.5 s is more than 2 %: 12 frames
        ("a 10 second trailer", 252, None),
        ("a 10 second trailer", 253, Action.TRIM),
        # about: 10 % of 30 s is 3 s, 72 frames
        ("about 30 seconds of trailer", 792, None),
        ("about 30 seconds of trailer", 793, Action.TRIM),
        ("a trailer of at least 30 seconds", 2000, None),
        ("a trailer", 2000, None),
    ],
)
def test_duration_of_footage(prompt: str, frames: int, action: Action | None) -> None:
    found = of(brief(prompt, footage(frames)), ConflictKind.DURATION)
    assert [one.resolution.action for one in found] == ([action] if action else [])


def test_a_limit_is_no_conflict_for_shorter_footage() -> None:
    found = brief("a trailer under 30 seconds", footage(480))
    assert of(found, ConflictKind.DURATION) == []
    timeline = found.directions[0].timeline
    assert timeline is not None
    assert timeline.duration_seconds == 20  # the footage ends there


def test_trimming_keeps_stated_ranges_that_sum_to_the_target() -> None:
    trim = of(compose(flagship()), ConflictKind.DURATION)[0]
    assert trim.resolution.action is Action.TRIM
    assert trim.measured is not None
    assert (trim.measured.metric, trim.measured.value, trim.measured.unit) == (
        "timing.duration_seconds",
        45.0,
        "s",
    )
    assert (trim.constraint.source, trim.constraint.value) == (ConstraintSource.PROMPT, 30.0)
    assert trim.constraint.span is not None
    assert trim.constraint.span.text == "30-second"
    ranges = trim.resolution.ranges
    assert sum(one.out_seconds - one.in_seconds for one in ranges) == pytest.approx(30, abs=1e-3)
    assert all(one.why for one in ranges)
    starts = [one.in_seconds for one in ranges]
    assert starts == sorted(starts)
    assert trim.model_dump(mode="json")["resolution"]["ranges"][0]["in"] == ranges[0].in_seconds


@pytest.mark.parametrize(
    ("seconds", "severity", "action"),
    [
        (30.6, None, None),
        (30.7, Severity.BLOCKING, Action.DECIDE),
        (18.0, None, None),  # 60 % of 30 s
        (17.9, Severity.MINOR, Action.SPREAD),
    ],
)
def test_duration_of_the_voice(seconds: float, severity: Severity | None, action: Action | None) -> None:
    found = brief("a 30 second trailer with my voiceover", footage(), report(1, "vo.mp3", audio(seconds)))
    lengths = of(found, ConflictKind.DURATION)
    assert [(one.severity, one.resolution.action) for one in lengths] == (
        [(severity, action)] if action else []
    )
    if severity is Severity.BLOCKING:
        assert not found.creative_brief.ready_for_production
        assert found.next_steps[0].by == "you"


@pytest.mark.parametrize(
    ("width", "conflict"), [(1920, False), (1958, False), (1959, True), (1882, False), (1880, True)]
)
def test_aspect_ratio(width: int, conflict: bool) -> None:
    # 16:9 of 1080 lines is 1920 wide; 2 % more is 1958.4, 2 % less 1881.6
    picture = report(0, "v.mp4", video(width=width, height=1080))
    assert bool(of(brief("a 45 second video, 16:9", picture), ConflictKind.ASPECT_RATIO)) is conflict


def test_a_crop_states_its_window_and_asks_where_little_is_left() -> None:
    picture = report(0, "v.mp4", video(width=1920, height=1080))
    (found,) = of(brief("a 45 second TikTok", picture), ConflictKind.ASPECT_RATIO)
    # 9:16 of 1080 lines is 607.5 wide, 31.6 % of 1920
    assert "608 × 1080 px of 1920 × 1080" in found.resolution.text
    assert "32 % of its width" in found.resolution.text
    assert found.constraint.source is ConstraintSource.PLATFORM
    assert not found.resolution.auto
    (mild,) = of(brief("a 45 second video, 4:3", picture), ConflictKind.ASPECT_RATIO)
    assert mild.resolution.auto


def test_the_shape_inside_the_bars_counts() -> None:
    matte = Matte(
        top_px=138, bottom_px=138, left_px=0, right_px=0, kind="letterbox", active_aspect_ratio=2.388
    )
    barred = report(0, "v.mp4", video(width=1920, height=1080, defects=Defects(matte=matte)))
    assert of(brief("a 45 second film, 2.39:1", barred), ConflictKind.ASPECT_RATIO) == []
    assert of(brief("a 45 second film, 16:9", barred), ConflictKind.ASPECT_RATIO)


def test_footage_of_another_shape_than_the_first_conflicts_without_a_stated_one() -> None:
    upright = report(1, "w.mp4", video(width=1080, height=1920))
    (found,) = of(brief("a video", footage(), upright), ConflictKind.ASPECT_RATIO)
    assert found.constraint.source is ConstraintSource.MATERIAL
    assert "w.mp4" in found.statement


@pytest.mark.parametrize(
    ("prompt", "height", "conflict"),
    [
        ("a 45 second video in 1080p", 1080, False),
        ("a 45 second video in 1080p", 1059, False),  # 2 % below 1080 is 1058.4
        ("a 45 second video in 1080p", 1058, True),
        ("a 45 second video in 4K", 1080, True),
        ("a 45 second video", 720, False),
        ("a 45 second video", 480, True),
    ],
)
def test_resolution(prompt: str, height: int, conflict: bool) -> None:
    picture = report(0, "v.mp4", video(width=round(height * 16 / 9), height=height))
    assert bool(of(brief(prompt, picture), ConflictKind.RESOLUTION)) is conflict


@pytest.mark.parametrize(
    ("rate", "conflict"), [(24.0, False), (24000 / 1001, False), (24.04, False), (24.06, True), (25.0, True)]
)
def test_frame_rate(rate: float, conflict: bool) -> None:
    # 0.2 % of 24 is 0.048; 23.976 plays as 24
    picture = report(0, "v.mp4", video(rate=rate))
    assert bool(of(brief("a 43 second video at 24 fps", picture), ConflictKind.FRAME_RATE)) is conflict


def test_twice_the_rate_divides_evenly_and_a_variable_rate_is_conformed() -> None:
    (double,) = of(brief("a video at 30 fps", report(0, "v.mp4", video(rate=60.0))), ConflictKind.FRAME_RATE)
    assert double.resolution.text == "Keep every 2nd frame: it divides evenly."
    plain = video()
    timing = plain.timing.model_copy(update={"variable": True})
    (variable,) = of(
        brief("a video", report(0, "v.mp4", plain.model_copy(update={"timing": timing}))),
        ConflictKind.FRAME_RATE,
    )
    assert variable.resolution.action is Action.CONFORM
    assert "variable" in variable.statement


@pytest.mark.parametrize(
    ("lufs", "conflict"), [(-14.0, False), (-15.0, False), (-15.1, True), (-12.9, True), (None, False)]
)
def test_loudness(lufs: float | None, conflict: bool) -> None:
    voice = report(1, "vo.mp3", audio(28, lufs=lufs))
    found = of(brief("a 30 second YouTube video, my voiceover", footage(), voice), ConflictKind.LOUDNESS)
    assert bool(found) is conflict
    if found:
        assert found[0].constraint.source is ConstraintSource.PLATFORM


def test_a_gain_over_the_peak_names_the_limiter() -> None:
    loud = of(compose(flagship()), ConflictKind.LOUDNESS)[0]
    # -14 - -21.8 = 7.8 dB; -2.4 + 7.8 = 5.4 dBTP, 6.4 dB over -1
    assert "by 7.8 dB" in loud.resolution.text
    assert "6.4 dB" in loud.resolution.text
    quiet_peaks = report(1, "vo.mp3", audio(28, lufs=-16, peak=-9.0))
    (calm,) = of(brief("a 30 second video, my voiceover", footage(), quiet_peaks), ConflictKind.LOUDNESS)
    assert "limiter" not in calm.resolution.text


def test_palette_conflicts_only_where_the_difference_is_seen() -> None:
    def with_look(colours: object) -> AssetReport:
        found = video(width=1920, height=1080).model_copy(update={"look": look(colours)})  # type: ignore[arg-type]
        return report(1, "v.mp4", found)

    prompt = "a 45 second trailer with my reference image and my video"
    same = brief(prompt, report(0, "ref.png", image(colours=NIGHT)), with_look(NIGHT))
    far = brief(prompt, report(0, "ref.png", image(colours=NEON)), with_look(EARTH))
    assert of(same, ConflictKind.PALETTE) == []
    (found,) = of(far, ConflictKind.PALETTE)
    assert found.measured is not None
    assert found.measured.unit == "ΔE00"
    assert isinstance(found.measured.value, float)
    assert found.measured.value > 10
    assert found.resolution.action is Action.GRADE


def test_material_spoken_of_but_not_given_blocks() -> None:
    found = brief("a 30 second trailer with my video and my voiceover", footage())
    (missing,) = of(found, ConflictKind.MISSING_MATERIAL)
    assert missing.severity is Severity.BLOCKING
    assert "“voiceover”" in missing.statement
    assert missing.measured is None
    assert missing.basis is Basis.STATED
    assert of(brief("a 30 second trailer with my video", footage()), ConflictKind.MISSING_MATERIAL) == []


def test_music_is_no_voice_and_a_wish_does_not_block() -> None:
    music = report(1, "track.mp3", audio(40, sentences=(), music_seconds=39))
    (missing,) = of(
        brief("a 30 second trailer, add my voiceover", footage(), music), ConflictKind.MISSING_MATERIAL
    )
    assert "not enough speech in track.mp3" in missing.statement
    wished = brief("a 30 second trailer, add a voiceover", footage())
    (wish,) = of(wished, ConflictKind.MISSING_MATERIAL)
    assert wish.severity is Severity.IMPORTANT
    assert wished.creative_brief.ready_for_production


def test_a_failed_file_blocks_once_and_names_its_reason() -> None:
    failed = report(1, "vo.mp3", None, kind=AssetKind.AUDIO, failure="vo.mp3: cut off after 3 bytes")
    found = brief("a 30 second trailer with my voiceover", footage(), failed)
    (missing,) = of(found, ConflictKind.MISSING_MATERIAL)
    assert missing.statement == "vo.mp3 cannot be used: cut off after 3 bytes."
    assert found.assets[1].failure == "vo.mp3: cut off after 3 bytes"
    assert found.assets[1].role is None


@pytest.mark.parametrize(
    ("update", "word"),
    [
        ({"defects": Defects(black=FLAGSHIP_DEFECTS.black)}, "black"),
        ({"defects": Defects(frozen=(TimeRange(start_seconds=2, end_seconds=4),))}, "frozen"),
        ({"defects": Defects(flashes_seconds=(3.0,))}, "flash"),
        ({"defects": Defects(black=(TimeRange(start_seconds=2, end_seconds=2.19),))}, None),
        ({"defects": Defects()}, None),
        ({"partial": True}, "Only a part"),
        ({}, None),
    ],
)
def test_faults_of_footage(update: dict[str, object], word: str | None) -> None:
    found = video(edges=(0, 240, 720), width=1920, height=1080).model_copy(update=update)
    faults = of(brief("a 30 second video", report(0, "v.mp4", found)), ConflictKind.QUALITY)
    assert [word in one.statement for one in faults if word] == ([True] if word else [])
    assert bool(faults) is bool(word)


@pytest.mark.parametrize(
    ("field", "inside", "outside"), [("p95_luma", 0.25, 0.249), ("white_clipped_share", 0.10, 0.101)]
)
def test_faults_of_exposure(field: str, inside: float, outside: float) -> None:
    def faults(value: float) -> list[Conflict]:
        found = image()
        assert found.look is not None
        tone = found.look.tone.model_copy(update={field: value})
        changed = found.model_copy(update={"look": found.look.model_copy(update={"tone": tone})})
        return of(brief("a poster", report(0, "p.png", changed)), ConflictKind.QUALITY)

    assert faults(inside) == []
    assert len(faults(outside)) == 1


@pytest.mark.parametrize(("share", "conflict"), [(0.0005, False), (0.00051, True), (None, False)])
def test_clipping(share: float | None, conflict: bool) -> None:
    voice = audio(28).model_copy(update={"clipped_share": share})
    found = brief("a 30 second video, my voiceover", footage(), report(1, "vo.mp3", voice))
    assert any("clipped" in one.statement for one in of(found, ConflictKind.QUALITY)) is conflict


def test_music_under_a_voice_steps_back_and_unwanted_music_is_muted() -> None:
    music = audio(30, sentences=(), music_seconds=29)
    voice = report(1, "vo.mp3", audio(28))
    ducked = brief("a 30 second video, my voiceover", footage(sound=music), voice)
    assert [one.resolution.action for one in of(ducked, ConflictKind.SOUND)] == [Action.DUCK]
    assert any(cue.duck_db == -12 for cue in ducked.directions[0].sound)
    muted = brief("a 30 second video, no music, my voiceover", footage(sound=music), voice)
    assert [one.resolution.action for one in of(muted, ConflictKind.SOUND)] == [Action.MUTE]
    assert all(cue.asset_id == voice.asset.id for cue in muted.directions[0].sound)
    quiet = brief("a 30 second video, my voiceover", footage(sound=audio(30, sentences=())), voice)
    assert of(quiet, ConflictKind.SOUND) == []


def test_two_voices_at_once_conflict() -> None:
    talking = footage(sound=audio(30))
    found = brief("a 30 second video, my voiceover", talking, report(1, "vo.mp3", audio(28)))
    assert "speaks too" in of(found, ConflictKind.SOUND)[0].statement


def test_the_request_may_contradict_itself() -> None:
    found = brief("a 30 second video", footage(360), duration_seconds=15)
    (first,) = of(found, ConflictKind.REQUEST)
    assert first.statement == "Your option sets the duration to 15 s, your words say “30 second”."
    assert of(brief("a 15 second video", footage(360), duration_seconds=15), ConflictKind.REQUEST) == []
    long = brief("a 5 minute YouTube Short", footage(7200))
    assert any("takes at most 180 s" in one.statement for one in of(long, ConflictKind.DURATION))


def test_a_clean_case_has_no_conflict() -> None:
    voice = report(1, "vo.mp3", audio(28, lufs=-14.2))
    found = brief("a 30 second video with my footage and my voiceover, 16:9, 1080p, 24 fps", footage(), voice)
    assert found.conflicts == ()
    assert found.creative_brief.ready_for_production
