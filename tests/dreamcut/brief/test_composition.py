"""The brief as a whole: the flagship case, thin material, and the contract of its payload."""

from decimal import Decimal
from types import ModuleType

import pytest
from pydantic import ValidationError

from dreamcut import brief as brief_package
from dreamcut.brief import Brief, BriefRequest, LedgerEntry, compose
from dreamcut.brief.evidence import Basis, Evidence, Statement, measured, resolve
from dreamcut.brief.model import Clip, Generate, Still
from dreamcut.findings import AudioFindings, ImageFindings, VideoFindings
from dreamcut.findings.video import TransitionKind
from dreamcut.models import AssetKind, Intent
from dreamcut.prompt import AssetRole
from tests.support.findings import (
    FLAGSHIP,
    SENTENCES,
    audio,
    flagship,
    flagship_reports,
    image,
    report,
    request,
    video,
)


def test_the_flagship_payload_keeps_the_keys_of_the_contract() -> None:
    payload = compose(flagship()).to_payload()
    assert payload["query_summary"] == {"original_prompt": FLAGSHIP, "intent": "video", "assets_count": 3}
    assert payload["assets_analysis"] == {"total_assets": 3, "by_type": {"image": 1, "video": 1, "audio": 1}}
    assert payload["creative_brief"]["ready_for_production"] is True
    assert payload["creative_brief"]["estimated_completion"] is None
    assert payload["creative_brief"]["next_steps"] == [step["text"] for step in payload["next_steps"]]
    assert payload["creative_options"] == {
        "primary": "direction-1",
        "alternatives": ["direction-2", "direction-3"],
    }
    assert "global_understanding" in payload


def test_the_flagship_gives_each_asset_its_part() -> None:
    brief = compose(flagship())
    assert [asset.role for asset in brief.assets] == [
        AssetRole.STYLE_REFERENCE,
        AssetRole.FOOTAGE,
        AssetRole.VOICEOVER,
    ]
    assert brief.title == "Cyberpunk trailer, 30 s"
    assert brief.models_used == ("whisper-tiny.en 1",)
    assert brief.cost_usd == Decimal(0)


def test_the_voice_led_direction_cuts_on_every_phrase_and_keeps_story_order() -> None:
    direction = compose(flagship()).directions[0]
    cues = [cue for cue in direction.sound if cue.role is AssetRole.VOICEOVER]
    assert tuple(cue.text for cue in cues) == SENTENCES
    starts = {beat.start_frame for beat in direction.beats}
    assert {round(cue.at_seconds * 24) for cue in cues} <= starts
    clips = [beat.source for beat in direction.beats if isinstance(beat.source, Clip)]
    assert [clip.in_seconds for clip in clips] == sorted(clip.in_seconds for clip in clips)
    assert all(cue.gain_db == pytest.approx(7.8) for cue in cues)
    assert [card.text for card in direction.titles] == ["Trust no one", "Neon City", "Coming soon"]


def test_the_beat_led_direction_cuts_on_measured_beats_and_grows_livelier() -> None:
    direction = compose(flagship()).directions[1]
    assert "128 BPM" in direction.name
    step = 2 * 60 / 128 * 24  # every 2nd beat, in frames
    for beat in direction.beats:
        assert abs(beat.start_frame / step - round(beat.start_frame / step)) * step <= 0.5 + 1e-6
    motions = [
        one.value
        for beat in direction.beats
        for why in beat.why[:1]
        for one in why.evidence
        if isinstance(one.value, float)
    ]
    assert len(motions) == len(direction.beats)
    assert motions == sorted(motions)


def test_directions_differ_in_name_order_and_cuts() -> None:
    directions = compose(flagship()).directions
    assert len(directions) == 3
    orders = {tuple(beat.source.model_dump_json() for beat in direction.beats) for direction in directions}
    assert len(orders) == len({direction.logline.text for direction in directions}) == 3


def test_what_nothing_can_see_is_said_not_denied() -> None:
    brief = compose(flagship())
    (statement,) = brief.not_verified
    assert "“neon rain” is asked for" in statement.text
    assert "not known" in statement.text
    assert statement.evidence[0].quote == "neon rain"
    assert "heard, in voiceover.mp3 at 0:01.9" in statement.text  # the 5th of 34 words
    assert statement.evidence[-1].basis is Basis.INFERRED


def test_only_an_image_gives_two_honest_directions() -> None:
    brief = compose(
        request("a 20 second teaser from my photo with falling snow", report(0, "p.jpg", image()))
    )
    assert len(brief.directions) == 2
    sources = [beat.source for direction in brief.directions for beat in direction.beats]
    assert any(isinstance(source, Still) for source in sources)
    jobs = [source for source in sources if isinstance(source, Generate)]
    assert jobs
    assert all("falling snow" in job.prompt for job in jobs)
    assert all(job.duration_seconds is not None and job.duration_seconds <= 8 for job in jobs)


@pytest.mark.parametrize(
    ("prompt", "reports", "names"),
    [
        ("a 30 second video", [video(edges=(0, 720))], ["Few cuts, long takes", "Start at the end"]),
        ("a 15 second video", [video(edges=(0, 720))], ["Few cuts, long takes", "The whole in 15 s"]),
        ("a 30 second video", [video(edges=(0, 120))], ["Few cuts, long takes", "Arrive at 0.x"]),
        ("a slideshow", [image(), image()], ["In the order given", "Arrive at 0.x and 1.x"]),
        ("a 20 second video", [image()], ["Open on 0.x", "Arrive at 0.x"]),
        ("a 20 second video", [], ["As few shots as hold", "An even pulse"]),
    ],
)
def test_thin_material_still_leads_two_different_ways(
    prompt: str, reports: list[VideoFindings | ImageFindings], names: list[str]
) -> None:
    given = [report(i, f"{i}.x", found) for i, found in enumerate(reports)]
    directions = compose(request(prompt, *given)).directions
    assert [direction.name for direction in directions] == names
    first, second = ([beat.source for beat in direction.beats] for direction in directions)
    assert first != second


def test_only_a_voice_lays_out_its_phrases() -> None:
    brief = compose(request("a 30 second trailer with my voiceover", report(0, "vo.mp3", audio())))
    direction = brief.directions[0]
    assert all(isinstance(beat.source, Generate) for beat in direction.beats)
    assert [cue.text for cue in direction.sound] == list(SENTENCES)
    assert not brief.creative_brief.ready_for_production


def test_nothing_at_all_still_tells_what_is_missing() -> None:
    brief = compose(request("asdf qwerty"))
    assert len(brief.directions) == 2
    assert all(direction.timeline is None for direction in brief.directions)
    assert {gap.what for gap in brief.gaps} >= {"intent", "duration"}
    assert brief.models_used == ("whisper-tiny.en 1",)  # of the ledger; no asset names one


def test_all_assets_failed_is_not_ready() -> None:
    failed = [report(i, f"{i}.mp4", None, kind=AssetKind.VIDEO, failure="broken") for i in range(2)]
    brief = compose(request("a 30 second trailer from my videos", *failed))
    assert not brief.creative_brief.ready_for_production
    assert [asset.failure for asset in brief.assets] == ["broken", "broken"]
    assert all(isinstance(beat.source, Generate) for beat in brief.directions[0].beats)


def test_a_poster_has_a_base_and_no_timeline() -> None:
    brief = compose(request("a square poster of my photo", report(0, "p.jpg", image(1000, 1500))))
    base, made = brief.directions
    assert isinstance(base.picture, Still)
    assert "keeps 67 %" in base.logline.text  # 1000 of 1500 lines
    assert isinstance(made.picture, Generate)
    assert all(direction.timeline is None for direction in brief.directions)


def test_a_piece_of_sound_leaves_silence_out() -> None:
    voice = report(0, "vo.mp3", audio(40))
    brief = compose(request("a 20 second podcast from my voice recording", voice, intent=Intent.AUDIO))
    for direction in brief.directions:
        assert direction.timeline is not None
        assert direction.timeline.duration_seconds == 20
        assert all(isinstance(beat.source, Clip) for beat in direction.beats)


def test_descriptions_win_over_words_and_names() -> None:
    reports = (
        report(0, "voiceover.mp3", audio(30, sentences=(), music_seconds=29), description="background music"),
        report(1, "logo_final.png", image()),
        report(2, "v.mp4", video()),
    )
    brief = compose(request("a trailer with my video", *reports))
    assert [asset.role for asset in brief.assets] == [AssetRole.MUSIC, AssetRole.LOGO, AssetRole.FOOTAGE]


def test_two_voices_share_two_mentions_by_what_they_hold() -> None:
    reports = (
        report(0, "a.mp3", audio(60, sentences=(), music_seconds=58)),
        report(1, "b.mp3", audio()),
        report(2, "v.mp4", video()),
    )
    brief = compose(request("a trailer with my voiceover and my soundtrack over my footage", *reports))
    assert [asset.role for asset in brief.assets] == [AssetRole.MUSIC, AssetRole.VOICEOVER, AssetRole.FOOTAGE]


def test_without_a_stated_length_the_voice_sets_it() -> None:
    picture, footage, voice = flagship_reports()
    brief = compose(request("a cyberpunk trailer with my voiceover", picture, footage, voice))
    timeline = brief.directions[0].timeline
    assert timeline is not None
    assert timeline.duration_seconds == 16  # 15.647 s, rounded up
    assert any("No length is stated" in statement.text for statement in brief.target)


def test_no_text_means_no_title_cards() -> None:
    brief = compose(request(FLAGSHIP + ", without text", *flagship_reports()))
    assert all(direction.titles == () for direction in brief.directions)


def test_a_card_shows_only_words_that_were_clearly_heard() -> None:
    sure = compose(flagship()).directions[0].titles
    assert "Coming soon" in {card.text for card in sure}
    *others, voice = flagship_reports()
    assert isinstance(voice.findings, AudioFindings)
    transcript = voice.findings.transcript
    assert transcript is not None
    last = transcript.words[-1].model_copy(update={"confidence": 0.2})
    doubtful = transcript.model_copy(update={"words": (*transcript.words[:-1], last)})
    heard = voice.findings.model_copy(update={"transcript": doubtful})
    reports = (*others, voice.model_copy(update={"findings": heard}))
    cards = compose(flagship().model_copy(update={"reports": reports})).directions[0].titles
    assert "Coming soon" not in {card.text for card in cards}


def test_a_voice_too_long_loses_whole_phrases_only() -> None:
    brief = compose(
        request(
            "a 10 second trailer with my voiceover", report(0, "v.mp4", video()), report(1, "vo.mp3", audio())
        )
    )
    cues = [cue for cue in brief.directions[0].sound if cue.role is AssetRole.VOICEOVER]
    assert cues
    assert [cue.text for cue in cues] == list(SENTENCES[: len(cues)])
    assert all(cue.at_seconds + cue.out_seconds - cue.in_seconds <= 10 + 1e-6 for cue in cues)


def test_the_ledger_sums_to_the_cost() -> None:
    entries = (
        LedgerEntry(step="speech", tool="whisper 1", is_model=True, seconds=1, cost_usd=Decimal("0.02")),
        LedgerEntry(step="shots", tool="libav", seconds=2, cost_usd=Decimal("0.005")),
    )
    asked = flagship().model_copy(update={"ledger": entries})
    brief = compose(asked)
    assert brief.cost_usd == Decimal("0.025")
    assert "whisper 1" in brief.models_used


def test_a_sentence_without_evidence_cannot_be_made() -> None:
    with pytest.raises(ValidationError):
        Statement(text="It is good.", evidence=())
    with pytest.raises(ValidationError):
        Evidence(basis=Basis.STATED)
    with pytest.raises(ValidationError):
        Evidence(basis=Basis.MEASURED, quote="loud")
    assert Statement(
        text="It is loud.", evidence=(measured(report(0, "a.mp3", audio()), "loudness.integrated_lufs"),)
    )


def test_paths_resolve_or_say_that_they_lead_nowhere() -> None:
    picture, footage, voice = flagship_reports()
    assert resolve(footage, "shots[3].keyframe.sharpness") == 0.031
    assert resolve(footage, "shots.count") == 12
    assert resolve(footage, "motion_kind") == "lively"
    assert resolve(picture, "look.palette.colours[0].hex") == "#1b1440"
    assert resolve(voice, "tempo.bpm") is None
    assert resolve(voice, "asset.filename") == "voiceover.mp3"
    for wrong in ("shots[99].motion", "nothing", "look", "look.palette.colours", "shots[-1].motion"):
        with pytest.raises(LookupError):
            resolve(footage, wrong)
    with pytest.raises(LookupError):
        measured(voice, "tempo.bpm")


def test_speech_models_are_inferred_and_meters_measured() -> None:
    _, _, voice = flagship_reports()
    said = measured(voice, "transcript.text")
    loud = measured(voice, "loudness.integrated_lufs")
    assert (said.basis, said.tool) == (Basis.INFERRED, "whisper-tiny.en 1")
    assert (loud.basis, loud.tool, loud.unit) == (Basis.MEASURED, "libav ebur128 7.1", "LUFS")


def test_a_report_states_findings_or_failure() -> None:
    with pytest.raises(ValidationError):
        report(0, "a.png", None)
    with pytest.raises(ValidationError):
        report(0, "a.png", audio(), kind=AssetKind.IMAGE)


def test_brief_requests_survive_json() -> None:
    asked = flagship()
    assert BriefRequest.model_validate_json(asked.model_dump_json()) == asked
    assert isinstance(compose(asked), Brief)


def test_every_name_of_the_package_stays_what_it_is_after_imports() -> None:
    # a submodule of the same name would take the place of the function once it is imported
    for name in brief_package.__all__:
        assert not isinstance(getattr(brief_package, name), ModuleType), name
    assert callable(brief_package.compose)


def test_without_a_stated_length_only_what_shows_is_planned() -> None:
    clip = video()  # two dissolves of 2 s: half of each lies in either shot
    shots = tuple(
        shot.model_copy(update={"opens_with": TransitionKind.DISSOLVE, "transition_seconds": 2.0})
        if shot.index in (3, 7)
        else shot
        for shot in clip.shots
    )
    footage = report(0, "city.mp4", clip.model_copy(update={"shots": shots, "sound": None}))
    direction = compose(request("A video of my footage", footage)).directions[0]
    assert not [beat for beat in direction.beats if isinstance(beat.source, Generate)]


def test_a_dark_graphic_is_no_exposure_fault() -> None:
    def found(flat_share: float) -> bool:
        picture = image()
        assert picture.look is not None
        assert picture.look.detail is not None
        look = picture.look.model_copy(
            update={
                "tone": picture.look.tone.model_copy(update={"p95_luma": 0.05}),
                "detail": picture.look.detail.model_copy(update={"flat_share": flat_share}),
            }
        )
        poster = report(0, "a.png", picture.model_copy(update={"look": look}))
        conflicts = compose(request("A 10 s video of my photo", poster)).conflicts
        return any("dark even in its lights" in one.statement for one in conflicts)

    assert found(0.2)  # control: a photo that dark is said
    assert not found(0.95)


def test_a_picture_given_for_its_look_is_not_the_base_of_a_poster() -> None:
    def names(prompt: str) -> list[str]:
        brief = compose(request(prompt, report(0, "lava.jpg", image()), intent=Intent.IMAGE))
        assert [direction.id for direction in brief.directions] == ["direction-1", "direction-2"]
        return [direction.name for direction in brief.directions]

    assert names("Poster in the style of my photo") == ["Make it new", "Build on lava.jpg"]
    assert names("Poster from my photo") == ["Build on lava.jpg", "Make it new"]
