"""What holds for every brief, whatever the prompt and the material."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from dreamcut.brief import AssetReport, Brief, BriefRequest, compose, render_markdown
from dreamcut.brief.evidence import COMPUTED, Basis, Evidence, resolve
from dreamcut.brief.model import Clip, SourceRange, Still
from dreamcut.findings import AudioFindings, Gap, ImageFindings, TimeRange, VideoFindings
from dreamcut.findings.video import Defects, Matte, TransitionKind
from dreamcut.models import Intent
from tests.support.findings import EARTH, FLAGSHIP, NEON, NIGHT, RUST, audio, image, report, request, video

PROMPTS = (
    FLAGSHIP,
    "asdf qwerty",
    "15s vertical ad for TikTok about our sneakers, no music",
    "poster, square, dark",
    "a 2 minute explainer with my voiceover and a soundtrack, 4K, 60fps",
    "podcast, 40 seconds, my voice recording",
    "slideshow of my photos",
    "teaser under 12 seconds, without text, 2.39:1",
    "at least 20 seconds of calm forest, my b-roll and my logo",
    "YouTube Shorts, 5 minutes, titled “North | South <b>”",
    "0.3 seconds",
    "Haz un tráiler de 30 segundos con mi vídeo",
)


@st.composite
def videos(draw: st.DrawFn) -> VideoFindings:
    lengths = draw(st.lists(st.integers(1, 700), min_size=1, max_size=12))
    edges = (0, *(sum(lengths[: i + 1]) for i in range(len(lengths))))
    rate = draw(st.sampled_from([24.0, 25.0, 29.97, 30000 / 1001, 59.94, 12.5]))
    seconds = edges[-1] / rate
    spots = draw(st.lists(st.floats(0, seconds), max_size=3))
    holes = tuple(TimeRange(start_seconds=at, end_seconds=min(seconds, at + 0.7)) for at in spots)
    matte = Matte(top_px=40, bottom_px=40, left_px=0, right_px=0, kind="letterbox", active_aspect_ratio=2.35)
    bars = draw(st.sampled_from([None, matte]))
    defects = Defects(black=holes[:1], frozen=holes[1:2], flashes_seconds=tuple(spots[2:]), matte=bars)
    found = video(
        edges=edges,
        rate=rate,
        width=draw(st.sampled_from([320, 854, 1920])),
        height=draw(st.sampled_from([240, 480, 1080, 1920])),
        sound=draw(st.none() | audios()),
        defects=draw(st.sampled_from([None, defects])),
        colours=tuple(draw(st.permutations([NEON, NIGHT, EARTH, RUST]))),
    )
    if draw(st.booleans()):
        shots = tuple(
            shot.model_copy(
                update={"keyframe": None, "opens_with": TransitionKind.FADE, "transition_seconds": 0.4}
            )
            for shot in found.shots
        )
        found = found.model_copy(update={"shots": draw(st.sampled_from([shots, ()]))})
    timing = found.timing.model_copy(
        update={"variable": draw(st.booleans()), "interlaced": draw(st.booleans())}
    )
    gap = Gap(what="transcript", reason="the speech model is not installed", remedy="run `make setup`")
    return found.model_copy(update={"timing": timing, "gaps": draw(st.sampled_from([(), (gap,)]))})


@st.composite
def audios(draw: st.DrawFn) -> AudioFindings:
    sentences = draw(
        st.sampled_from([(), ("Go.",), ("One two three.", "Four.", "Five | six <b>."), ("a b c d e f",)])
    )
    seconds = draw(st.floats(0.1, 90))
    found = audio(
        seconds,
        lufs=draw(st.sampled_from([None, -14.0, -23.0, -31.5])),
        peak=draw(st.sampled_from([None, -1.0, 0.3])),
        sentences=sentences,
        music_seconds=draw(st.sampled_from([0.0, seconds / 2, seconds])),
        bpm=draw(st.sampled_from([None, 72.0, 128.0])),
    )
    if draw(st.booleans()):
        found = found.model_copy(update={"transcript": None})
    silence = draw(st.floats(0, seconds))
    return found.model_copy(
        update={"head_silence_seconds": silence, "clipped_share": draw(st.sampled_from([None, 0.0, 0.02]))}
    )


@st.composite
def images(draw: st.DrawFn) -> ImageFindings:
    found = image(
        draw(st.integers(1, 4000)), draw(st.integers(1, 4000)), colours=draw(st.sampled_from([NEON, EARTH]))
    )
    blank = found.look.model_copy(update={"detail": None}) if found.look else None
    return found.model_copy(update={"look": draw(st.sampled_from([found.look, blank, None]))})


@st.composite
def requests(draw: st.DrawFn) -> BriefRequest:
    reports: list[AssetReport] = []
    for position in range(draw(st.integers(0, 4))):
        found = draw(st.one_of(videos(), audios(), images(), st.none()))
        name = draw(st.sampled_from(["a.mp4", "voiceover.mp3", "logo|*.png", "ref <1>.jpg", "b-roll.mov"]))
        text = draw(st.sampled_from([None, "my style reference", "the voice-over", "music"]))
        failure = None if found else "a.mp4: not media that we read"
        reports.append(report(position, f"{position}_{name}", found, description=text, failure=failure))
    options = draw(
        st.sampled_from(
            [
                {},
                {"duration_seconds": 7.3},
                {"aspect_ratio": "9:16", "frame_rate": 23.976},
                {"width_px": 1920, "height_px": 1080},
            ]
        )
    )
    intent = draw(st.sampled_from([None, *Intent]))
    return request(draw(st.sampled_from(PROMPTS)), *reports, intent=intent, **options)


def walk(node: object) -> Iterator[BaseModel]:
    """Yield every model inside a document."""
    if isinstance(node, BaseModel):
        yield node
        for name in type(node).model_fields:
            yield from walk(getattr(node, name))
    elif isinstance(node, list | tuple):
        for one in node:
            yield from walk(one)
    elif isinstance(node, dict):
        yield from walk(list(node.values()))


EVERY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@EVERY
@given(requests())
def test_every_evidence_resolves_to_the_value_it_states(asked: BriefRequest) -> None:
    by_id = {one.asset.id: one for one in asked.reports}
    brief = compose(asked)
    found = [node for node in walk(brief) if isinstance(node, Evidence)]
    assert found
    for one in found:
        if one.span is not None:
            assert asked.reading.prompt[one.span.start : one.span.end] == one.span.text
        if one.option is not None:
            assert all(getattr(asked.options, name) is not None for name in one.option.split(" and "))
        if one.metric is None:
            continue
        assert one.asset_id is not None
        if one.metric.startswith(COMPUTED):
            assert all(resolve(by_id[one.asset_id], path) is not None for path in one.inputs)
        else:
            assert resolve(by_id[one.asset_id], one.metric) == one.value
            assert (one.basis is Basis.STATED) is one.metric.startswith("asset.")


@EVERY
@given(requests())
def test_beats_fill_the_target_and_stay_inside_their_sources(asked: BriefRequest) -> None:
    brief = compose(asked)
    lengths = {one.asset.id: _length(one) for one in asked.reports}
    assert 2 <= len(brief.directions) <= 3
    assert len({direction.name for direction in brief.directions}) == len(brief.directions)
    for direction in brief.directions:
        timeline = direction.timeline
        if timeline is not None:
            total = sum(beat.end_frame - beat.start_frame for beat in direction.beats)
            assert total == timeline.frames
            assert abs(timeline.duration_seconds - timeline.frames / timeline.frame_rate) < 1e-5
            if asked.reading.duration and brief.directions[0] is direction and timeline.frames > 1:
                assert (
                    timeline.duration_seconds
                    <= asked.reading.duration.value + 0.5 / timeline.frame_rate + 1e-6
                )
        seen: dict[object, list[tuple[float, float]]] = {}
        for beat in direction.beats:
            if isinstance(beat.source, Clip):
                clip = beat.source
                seen.setdefault(clip.asset_id, []).append((clip.in_seconds, clip.out_seconds))
                wanted = (beat.end_frame - beat.start_frame) / timeline.frame_rate if timeline else 0.0
                assert abs(clip.out_seconds - clip.in_seconds - wanted) < 1e-4
            elif isinstance(beat.source, Still):
                assert beat.source.asset_id in lengths
        for ranges in seen.values():
            ranges.sort()
            assert all(before[1] <= after[0] + 1e-5 for before, after in pairwise(ranges))
        for cue in direction.sound:
            assert timeline is not None
            assert cue.at_seconds + cue.out_seconds - cue.in_seconds <= timeline.duration_seconds + 1e-3
    for node in walk(brief):
        if isinstance(node, SourceRange):
            assert 0 <= node.in_seconds < node.out_seconds <= lengths[node.asset_id] + 1e-6


@EVERY
@given(requests())
def test_no_chosen_range_touches_black_freeze_or_flash(asked: BriefRequest) -> None:
    videos_by_id = {r.asset.id: r.findings for r in asked.reports if isinstance(r.findings, VideoFindings)}
    brief = compose(asked)
    for direction in brief.directions:
        for beat in direction.beats:
            found = videos_by_id.get(beat.source.asset_id) if isinstance(beat.source, Clip) else None
            if found is None or found.defects is None or not isinstance(beat.source, Clip):
                continue
            clip = beat.source
            for hole in (*found.defects.black, *found.defects.frozen):
                if hole.duration_seconds > 0:
                    assert (
                        clip.out_seconds <= hole.start_seconds + 1e-5
                        or clip.in_seconds >= hole.end_seconds - 1e-5
                    )
            assert not any(clip.in_seconds < at < clip.out_seconds for at in found.defects.flashes_seconds)


@EVERY
@given(requests())
def test_a_brief_is_deterministic_round_trips_and_renders(asked: BriefRequest) -> None:
    brief = compose(asked)
    assert brief == compose(BriefRequest.model_validate_json(asked.model_dump_json()))
    assert Brief.model_validate(brief.to_payload()) == brief
    assert Brief.model_validate_json(brief.model_dump_json()) == brief
    text = render_markdown(brief)
    widths: set[int] = set()
    for line in text.splitlines():
        widths = widths | {_cells(line)} if line.startswith("|") else set()
        assert len(widths) <= 1, line  # a table keeps its columns
        assert "  " not in line.strip("| ").replace("|  |", "") or line.startswith(("|", ">")), line


def _cells(line: str) -> int:
    """Return the number of unescaped cell borders."""
    return line.replace("\\\\", "").replace("\\|", "").count("|")


def _length(one: AssetReport) -> float:
    found = one.findings
    if isinstance(found, VideoFindings):
        return max(found.timing.duration_seconds, found.sound.duration_seconds if found.sound else 0.0)
    return found.duration_seconds if isinstance(found, AudioFindings) else 0.0
