# ruff: noqa: E501 - a table reads best with one case a line
"""A hand-written table: what a careful reader would take from each prompt."""

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamcut.models import Intent, QueryOptions
from dreamcut.prompt import AssetRole, Bound, PromptReading, Source, read_prompt

FLAGSHIP = (
    "Make a cinematic 30-second cyberpunk trailer with neon rain, "
    "using my reference image and video, and add my voiceover"
)


def read(prompt: str, **options: object) -> PromptReading:
    return read_prompt(prompt, options=QueryOptions.model_validate(options))


class Case(NamedTuple):
    prompt: str
    intent: str | None = None
    seconds: float | None = None
    ratio: str | None = None
    platform: str | None = None
    deliverable: str | None = None
    profile: str | None = None


CASES = (
    Case(FLAGSHIP, "video", 30, None, None, "trailer", "cinematic_trailer"),
    Case("A half a minute teaser for our horror short film", "video", 30, None, None, "teaser", "cinematic_trailer"),
    Case("15s vertical ad for TikTok about our new sneakers", "video", 15, "9:16", "TikTok", "ad", "ads_commercial"),
    Case("Create a 1:30 explainer about how interest rates work", "video", 90, None, None, "explainer", "finance_explainer"),
    Case("two minutes wedding highlights from my clips", "video", 120, None, None, "highlights", "event_highlights"),
    Case("wedding highlights", "video", None, None, None, "highlights", "event_highlights"),
    Case("asdf qwerty", "mixed"),
    Case("a poster for my film", "image", None, None, None, "poster"),
    Case("Design a YouTube thumbnail with big red letters", "image", None, "16:9", "YouTube", "thumbnail"),
    Case("A 90 sec music video for my song, anamorphic", "video", 90, "2.39:1", None, "music video", "music_video"),
    Case("Compose a 20 second jingle for a bakery", "audio", 20, None, None, "jingle"),
    Case("Turn this podcast episode into a 60 second podcast clip, square", "video", 60, "1:1", None, "podcast clip", "podcast_clip"),
    Case("16:9 documentary about the history of Lisbon, 10 minutes", "video", 600, "16:9", None, "documentary", "documentary_storytelling"),
    Case("Explainer, 3 min 20 s, for students", "video", 200, None, None, "explainer", "educational_explainer"),
    Case("A minute and a half of calm forest shots, a relaxing sleep video", "video", 90, None, None, "video", "pleasure_relaxation"),
    Case("Instagram Reels, 4K, 60fps, funny meme with my cat clip", "video", None, "9:16", "Instagram Reels", "meme", "funny_meme_style"),
    Case("YouTube Shorts product demo of our app, under 45 seconds", "video", 45, "9:16", "YouTube Shorts", "product demo", "demo_product_showcase"),
    Case("LinkedIn corporate video, quarterly results, 2 minutes", "video", 120, None, "LinkedIn", "presentation", "presentation_corporate"),
    Case("anime opening, 1m 30s, with mecha and a big red moon", "video", 90, None, None, "anime", "anime_mode"),
    Case("UGC testimonial for TikTok, honest review, 30 secs", "video", 30, "9:16", "TikTok", "vlog", "ugc_influencer"),
    Case("logo animation, 5 seconds", "video", 5, None, None, "logo animation"),
    Case("a trailer and a poster for the game", "mixed", None, None, None, "trailer"),
    Case("add music to my video, no text", "video"),
    Case("Cut my 10 minute interview down to 60 seconds", None, 60),
    Case("Use my 45-second clip to make a 30 second trailer", "video", 30, None, None, "trailer"),
    Case("80s synthwave trailer", "video", None, None, None, "trailer"),
    Case("a 60s trailer in 80s style", "video", 60, None, None, "trailer"),
    Case("between 15 and 30 seconds, a teaser", "video", 30, None, None, "teaser"),
    Case("no more than 20 seconds ad", "video", 20, None, None, "ad"),
    Case("not 30 seconds but 15 seconds, a trailer", "video", 15, None, None, "trailer"),
    Case("a trailer, cuts every 2 seconds, 40 seconds total", "video", 40, None, None, "trailer"),
    Case("fade out over the last 3 seconds of the 24-second spot video", None, 24),
    Case("Release at 7:30 pm: a 0:45 promo", "video", 45, None, None, "ad"),
    Case("video at 1080x1920", "video", None, "1080:1920", None, "video"),
    Case("9x16 video", "video", None, "9:16", None, "video"),
    Case("4:3 short film", "video", None, "4:3", None, "short film"),
    Case("2.39:1 cinematic teaser, 23.976 fps", "video", None, "2.39:1", None, "teaser", "cinematic_trailer"),
    Case("Show it in cinemas: a thriller trailer, 2 minutes", "video", 120, None, "cinema", "trailer", "cinematic_trailer"),
    Case("cinema quality ad", "video", None, None, None, "ad"),
    Case("add a shadow to the dad on the road", "mixed"),
    Case("Load the badge, spread the thread", "mixed"),
    Case("ad", "video", None, None, None, "ad", "ads_commercial"),
    Case("An ad for running shorts, 20 seconds", "video", 20, None, None, "ad"),
    Case("Thumbnail for a YouTube video about chess", "image", None, "16:9", "YouTube", "thumbnail"),
    Case("make my video vertical for Reels", "video", None, "9:16", "Instagram Reels"),
    Case("not a trailer, an explainer about tax, 2 min", "video", 120, None, None, "explainer", "educational_explainer"),
    Case("Album cover, square, dark and moody", "image", None, "1:1", None, "thumbnail"),
    Case("Illustration of a lighthouse", "image", None, None, None, "illustration"),
    Case("podcast intro, 15 seconds", "audio", 15, None, None, "podcast"),
    Case("a 1 hour meditation audio", "audio", 3600, None, None, "meditation", "pleasure_relaxation"),
    Case("one minute vlog of my trip", "video", 60, None, None, "vlog"),
    Case("Forty-five second recap of the conference", "video", 45, None, None, "highlights", "event_highlights"),
    Case("slideshow of my photos with soft piano, 40s", "video", 40, None, None, "slideshow"),
    Case("a widescreen trailer that is 30 seconds", "video", 30, "16:9", None, "trailer"),
    Case("My video is 45 seconds, I want a trailer of 30 seconds", "video", 30, None, None, "trailer"),
    Case("Insta story, 15 seconds, promo for the summer sale", "video", 15, "9:16", "Instagram Stories", "ad", "ads_commercial"),
    Case("broadcast commercial, thirty seconds", "video", 30, "16:9", "television", "ad", "ads_commercial"),
    Case("Haz un tráiler de 30 segundos en 9:16 con mi voz", None, 30, "9:16"),
    Case("Erstelle einen Trailer mit 20 Sekunden, 16:9", "video", 20, "16:9", None, "trailer"),
    Case("30秒 9:16", "mixed", 30, "9:16"),
    Case("a funny meme about cats, 12 s", "video", 12, None, None, "meme", "funny_meme_style"),
    Case("MAKE A 30 SECOND TRAILER", "video", 30, None, None, "trailer"),
    Case("The 1930s: a documentary, half an hour", "video", 1800, None, None, "documentary"),
    Case("trailer ~25s", "video", 25, None, None, "trailer"),
    Case("$30m budget movie trailer", "video", None, None, None, "trailer", "cinematic_trailer"),
    Case("4K followers celebration clip", "video", None, None, None, "video"),
    Case("for TikTok a video of 20 seconds", "video", 20, "9:16", "TikTok", "video"),
    Case("🎬🎬🎬", "mixed"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.prompt[:40])
def test_reads_what_a_careful_reader_would(case: Case) -> None:
    reading = read(case.prompt)
    if case.intent is not None:
        assert reading.intent.value == case.intent
    assert (reading.duration.value if reading.duration else None) == case.seconds
    assert (reading.aspect_ratio.value if reading.aspect_ratio else None) == case.ratio
    assert (reading.platform.value if reading.platform else None) == case.platform
    if case.deliverable is not None:
        assert reading.deliverable is not None
        assert reading.deliverable.value == case.deliverable
    if case.profile is not None:
        assert reading.profile.chosen is not None, reading
        assert reading.profile.chosen.id == case.profile


@pytest.mark.parametrize(
    "prompt",
    [
        "asdf qwerty",
        "add a shadow to the dad on the road",
        "poster of a mountain",
        "make something nice",
        "?",
        "30 seconds",
    ],
)
def test_no_profile_without_a_word_that_points_to_it(prompt: str) -> None:
    assert read(prompt).profile.chosen is None


def test_flagship_materials_and_elements() -> None:
    reading = read(FLAGSHIP)
    assert [(m.role, m.kind.value, m.owned) for m in reading.materials] == [
        (AssetRole.STYLE_REFERENCE, "image", True),
        (AssetRole.FOOTAGE, "video", True),
        (AssetRole.VOICEOVER, "audio", True),
    ]
    assert [term.value for term in reading.elements] == ["neon rain"]
    assert [term.value for term in reading.genres] == ["cyberpunk"]
    assert [term.value for term in reading.styles] == ["cinematic"]


@pytest.mark.parametrize(
    ("prompt", "roles"),
    [
        ("use my footage, my logo and my soundtrack", ["footage", "logo", "music"]),
        ("edit the attached clips with our b-roll", ["footage", "b-roll"]),
        ("a teaser from my photos and a narration of mine", ["still", "voiceover"]),
        ("with epic music", ["music"]),
        ("a music video", []),
        ("no music, no voiceover", []),
        ("without voice-over or music", []),
        ("my voice over, my reference video", ["voiceover", "style"]),
        ("a trailer for my YouTube channel", []),
        ("add sound effects", ["sound effect"]),
        ("this image should open the film", ["still"]),
        ("my sfx and my mood board", ["sound effect", "style"]),
        ("I want my video to be dark", []),
        ("track the car on the race track", []),
    ],
)
def test_reads_the_material(prompt: str, roles: list[str]) -> None:
    assert [mention.role.value for mention in read(prompt).materials] == roles


def test_ownership_separates_what_is_had_from_what_is_wished() -> None:
    assert read("add my voiceover").materials[0].owned
    assert not read("add a voiceover").materials[0].owned


@pytest.mark.parametrize(
    ("prompt", "moods"),
    [
        ("dark and moody trailer", ["dark", "moody"]),
        ("a trailer, not dark", []),
        ("not only dark but tense", ["dark", "tense"]),
        ("not dark, but warm", ["warm"]),
        ("never sad; always funny", ["funny"]),
        ("darkroom tutorial", []),
        ("calm, without anything scary or sad", ["calm"]),
        ("upbeat instead of sad", ["energetic"]),
        ("don't make it sad", []),
    ],
)
def test_moods_respect_negation(prompt: str, moods: list[str]) -> None:
    assert sorted(term.value for term in read(prompt).moods) == sorted(moods)


@pytest.mark.parametrize(
    ("prompt", "excluded"),
    [
        ("trailer, no music", ["no music"]),
        ("trailer without text and logos", ["without text and logos"]),
        ("no music and a dark mood", ["no music"]),
        ("no more than 30 seconds", []),
        ("not only dark", []),
        ("a music-free cut", ["music-free"]),
        ("royalty-free music please", []),
        ("nothing special", []),
    ],
)
def test_says_what_is_ruled_out(prompt: str, excluded: list[str]) -> None:
    assert [term.value for term in read(prompt).excluded] == excluded


@pytest.mark.parametrize(
    ("prompt", "elements"),
    [
        ("trailer with explosions, car chases and a robot", ["explosions", "car chases", "robot"]),
        ("a video with a happy dog on the beach", ["happy dog on the beach"]),
        ("a trailer with rain but no snow", ["rain"]),
        ("with my logo and footage", []),
        ("a clip featuring falling snow, 20 seconds", ["falling snow"]),
        ("burning city at night", ["burning city"]),
        ("with a soundtrack of 120 bpm", []),
        ("train through the rainforest", []),
    ],
)
def test_reads_what_shall_be_seen(prompt: str, elements: list[str]) -> None:
    assert [term.value for term in read(prompt).elements] == elements


@pytest.mark.parametrize(
    ("prompt", "bound", "low"),
    [
        ("a 30 second ad", Bound.EXACT, None),
        ("an ad under 30 seconds", Bound.AT_MOST, None),
        ("30 seconds max ad", Bound.AT_MOST, None),
        ("an ad, not longer than 30 seconds", Bound.AT_MOST, None),
        ("at least 30 seconds", Bound.AT_LEAST, None),
        ("30 seconds or more", Bound.AT_LEAST, None),
        ("around 30 seconds", Bound.ABOUT, None),
        ("20-30 seconds", Bound.EXACT, 20),
        ("20 to 30 seconds", Bound.EXACT, 20),
    ],
)
def test_reads_how_a_length_limits(prompt: str, bound: Bound, low: float | None) -> None:
    duration = read(prompt).duration
    assert duration is not None
    assert (duration.value, duration.bound, duration.low) == (30, bound, low)


@pytest.mark.parametrize(
    ("prompt", "short_edge"),
    [
        ("in 4K", 2160),
        ("1080p", 1080),
        ("1920x1080", 1080),
        ("1080 × 1920", 1080),
        ("full HD", 1080),
        ("UHD", 2160),
        ("720p", 720),
    ],
)
def test_reads_sizes(prompt: str, short_edge: int) -> None:
    size = read(prompt).size
    assert size is not None
    assert size.short_edge_px == short_edge


def test_platform_implies_less_than_the_prompt_states() -> None:
    implied = read("TikTok ad, 20 s").aspect_ratio
    stated = read("TikTok ad, square, 20 s").aspect_ratio
    assert implied is not None
    assert (implied.value, implied.source) == ("9:16", Source.PLATFORM)
    assert stated is not None
    assert (stated.value, stated.source) == ("1:1", Source.PROMPT)


def test_options_win_and_the_loser_is_kept() -> None:
    reading = read("a 30-second trailer, 16:9", duration_seconds=15, aspect_ratio="9:16", frame_rate=25)
    assert reading.duration is not None
    assert reading.aspect_ratio is not None
    assert (reading.duration.value, reading.duration.source) == (15, Source.OPTION)
    assert [(lost.field, lost.reading.source) for lost in reading.overruled] == [
        ("duration", Source.PROMPT),
        ("aspect_ratio", Source.PROMPT),
    ]
    assert read("a 30-second trailer", duration_seconds=30).overruled == ()


@pytest.mark.parametrize(
    ("prompt", "foreign"),
    [
        ("Haz un tráiler de 30 segundos con mi vídeo", True),
        ("Fais une bande-annonce de 30 secondes avec ma voix", True),
        ("Erstelle einen Film mit meinem Video und ohne Text", True),
        ("サイバーパンクの予告編を作って", True),
        (FLAGSHIP, False),
        ("la la land style trailer", False),
        ("30s 9:16", False),
        ("", False),
    ],
)
def test_says_when_the_rules_do_not_fit_the_language(prompt: str, foreign: bool) -> None:
    assert any(gap.what == "wording of the prompt" for gap in read(prompt).gaps) is foreign


def test_titles_and_subject_are_quoted() -> None:
    reading = read("Explainer about solar power for kids, titled “Sunny Side”")
    assert [term.value for term in reading.titles] == ["Sunny Side"]
    assert reading.subject is not None
    assert reading.subject.value == "solar power"  # the kids are its viewers


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("a 30 second trailer of our holiday", "our holiday"),
        ("a trailer of 30 seconds", None),
        ("a video of my photos", None),
        ("an ad for our new shoes, 10 s", "our new shoes"),
        ("a video for my channel", None),
        ("about 30 seconds", None),
    ],
)
def test_reads_what_it_is_about(prompt: str, subject: str | None) -> None:
    found = read(prompt).subject
    assert (found.value if found else None) == subject


def test_several_lengths_are_a_gap_not_a_guess() -> None:
    reading = read("a 30-second trailer and a 15-second teaser")
    assert reading.duration is not None
    assert reading.duration.value == 30
    assert any(gap.what == "other lengths" and "15 s" in gap.reason for gap in reading.gaps)


@given(st.text(max_size=300))
def test_reads_any_text_and_quotes_it_exactly(prompt: str) -> None:
    reading = read(prompt)
    assert reading == read(prompt)
    singles = [reading.duration, reading.aspect_ratio, reading.size, reading.frame_rate, reading.platform]
    lists = [*reading.styles, *reading.moods, *reading.elements, *reading.materials, *reading.titles]
    for found in (*singles, *lists, reading.deliverable, reading.subject, reading.intent):
        if found is not None and found.span is not None:
            assert prompt[found.span.start : found.span.end] == found.span.text


@given(
    st.lists(
        st.sampled_from([*FLAGSHIP.split(), "no", "not", "9:16", "1:30", "and", "80s", "my", "ad", "TikTok"]),
        max_size=20,
    )
)
def test_reads_any_order_of_words(words: list[str]) -> None:
    prompt = " ".join(words)
    assert PromptReading.model_validate_json(read(prompt).model_dump_json()) == read(prompt)
    assert Intent(read(prompt).intent.value)


@pytest.mark.parametrize(
    ("prompt", "role"),
    [
        ("Poster in the style of my photo", AssetRole.STYLE_REFERENCE),
        ("A trailer with the look of our picture", AssetRole.STYLE_REFERENCE),
        ("An ad inspired by my image", AssetRole.STYLE_REFERENCE),
        ("A slideshow of my photos", AssetRole.STILL),  # control: the picture itself
    ],
)
def test_a_picture_whose_look_is_meant_is_a_reference(prompt: str, role: AssetRole) -> None:
    assert [mention.role for mention in read_prompt(prompt, options=QueryOptions()).materials] == [role]
