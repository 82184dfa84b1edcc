"""The director's lines: the user's wording, the measured facts."""

import pytest

from dreamcut import director
from dreamcut.brief import Brief, compose
from dreamcut.brief.model import ConflictKind
from dreamcut.findings import AudioFindings, ImageFindings
from dreamcut.models import AssetKind, Intent, MessageType, NewMessage, QueryOptions
from dreamcut.prompt import AssetRole, read_prompt
from tests.support.findings import (
    FLAGSHIP,
    FLAGSHIP_EDGES,
    asset,
    audio,
    flagship,
    image,
    report,
    request,
    video,
    word,
)

READING = read_prompt(FLAGSHIP, options=QueryOptions())
PICTURE, FOOTAGE, VOICE = (
    asset(0, "cyberpunk_ref.jpg", AssetKind.IMAGE),
    asset(1, "city_drive.mp4", AssetKind.VIDEO),
    asset(2, "voiceover.mp3", AssetKind.AUDIO),
)


def printed(message: NewMessage) -> str:
    """Print a message as `Message.line` does."""
    leads = message.content.startswith("→") or not message.emoji
    return message.content if leads else f"{message.emoji} {message.content}"


def test_the_feed_of_the_mission_reads_word_for_word() -> None:
    feed = [
        director.request_received(),
        director.asset_started(PICTURE),
        director.asset_completed(PICTURE, image(), READING),
        director.asset_started(FOOTAGE),
        director.asset_completed(FOOTAGE, video(), READING),
        director.asset_started(VOICE),
        director.asset_completed(VOICE, audio(), READING),
        director.merging(),
        director.ready(),
        director.production(ready_for_production=True),
    ]
    assert [printed(message) for message in feed] == [
        "🎬 Got your request. Let's break it down...",
        "🖼️ Analyzing image: cyberpunk_ref.jpg",
        "→ ✅ neon, low-key look, dark, high-contrast mood",
        "🎥 Analyzing video: city_drive.mp4",
        "→ ✅ footage, 45s, needs trimming",
        "🎵 Analyzing audio: voiceover.mp3",
        "→ ✅ calm narration detected, 16s, -21.8 LUFS",
        "🎭 Combining query + assets into creative brief...",
        "🎬 Creative brief ready 🎬",
        "🚀 Ready for production!",
    ]


def test_messages_between_the_assets_and_the_brief() -> None:
    brief = compose(flagship())
    roles = [(summary.kind, summary.role) for summary in brief.assets]
    assert printed(director.intent(Intent.VIDEO)) == "🎯 Intent: video"
    assert (
        printed(director.assets(roles))
        == "📁 Assets: 1 image (style), 1 video (footage), 1 audio (voiceover)"
    )
    assert printed(director.suggestions(brief.directions[:2])) == (
        "💡 Suggested directions: The voice leads; On the beat, 128 BPM"
    )
    trim = next(c for c in brief.conflicts if c.kind is ConflictKind.DURATION)
    assert printed(director.conflict(trim)) == "⚠️ Video is 45s but you want 30s - I'll trim it"


def test_a_short_and_several_videos_have_their_own_wording() -> None:
    short = compose(
        request("a 30 second trailer from my video", report(0, "a.mp4", video(edges=(0, 240, 480))))
    )
    several = compose(
        request(
            "a 30 second trailer", report(0, "a.mp4", video()), report(1, "b.mp4", video(edges=(0, 240, 600)))
        )
    )
    assert _duration_line(short) == "Video is 20s but you want 30s - I'll fill 10s"
    assert _duration_line(several) == "Videos are 70s together but you want 30s - I'll trim them"


def _duration_line(brief: Brief) -> str:
    conflicts = brief.conflicts
    return director.conflict(next(c for c in conflicts if c.kind is ConflictKind.DURATION)).content


@pytest.mark.parametrize(
    ("frames", "fact"),
    [(720, "fits the length"), (732, "fits the length"), (735, "needs trimming"), (480, "10s short of 30s")],
)
def test_a_video_says_whether_it_fits(frames: int, fact: str) -> None:
    # 24 frames a second: 0.6 s, which is 2 % of 30 s, is 14.4 frames
    message = director.asset_completed(FOOTAGE, video(edges=(0, 100, frames)), READING)
    assert fact in message.content


def test_a_failed_asset_is_named_once_on_one_line() -> None:
    message = director.asset_failed(PICTURE, "cyberpunk_ref.jpg: not an image\nPillow can read")
    assert printed(message) == "❌ cyberpunk_ref.jpg: not an image Pillow can read"
    assert message.type is MessageType.ERROR
    assert director.asset_failed(PICTURE, "host gone").content == "cyberpunk_ref.jpg: host gone"


def test_sound_says_what_it_is_and_never_what_was_not_measured() -> None:
    music = audio(60, sentences=(), music_seconds=58, bpm=120, lufs=None)
    assert director.asset_completed(VOICE, music, READING).content == "→ ✅ music detected, 60s, 120 BPM"
    unknown = audio(3, sentences=(), lufs=None).model_copy(
        update={"speech_seconds": None, "music_seconds": None}
    )
    assert director.asset_completed(VOICE, unknown, READING).content == "→ ✅ sound, 3s"


def test_words_of_the_analyzers_read_as_a_line() -> None:
    def with_words(found: ImageFindings | AudioFindings, *names: str) -> ImageFindings | AudioFindings:
        return found.model_copy(
            update={"words": tuple(word(name, "x > 1", "duration_seconds", 1) for name in names)}
        )

    picture = with_words(image(), "cyberpunk palette", "neon", "nocturnal", "low-key", "vivid", "dark")
    assert (
        director.asset_completed(PICTURE, picture, READING).content
        == "→ ✅ cyberpunk, neon look, nocturnal, dark mood"
    )
    voice = with_words(audio(), "narration", "even delivery", "deep voice")
    assert (
        director.asset_completed(VOICE, voice, READING).content
        == "→ ✅ even, deep-voiced narration detected, 16s, -21.8 LUFS"
    )


def test_conflicts_keep_to_one_line() -> None:
    for found in compose(flagship()).conflicts:
        assert len(director.conflict(found).content) <= 160


def test_an_image_without_words_tells_its_colours_and_size() -> None:
    plain = image().model_copy(update={"words": ()})
    message = director.asset_completed(PICTURE, plain, READING)
    assert message.content == "→ ✅ midnight blue and dark violet palette, 1760x960"


def test_keys_are_stable_and_unique() -> None:
    brief = compose(flagship())

    def feed() -> list[NewMessage]:
        started = [director.asset_started(one) for one in (PICTURE, FOOTAGE, VOICE)]
        done = [
            director.asset_completed(FOOTAGE, video(edges=FLAGSHIP_EDGES), READING),
            director.asset_failed(VOICE, "x"),
        ]
        return [
            director.request_received(),
            *started,
            *done,
            *(director.conflict(c) for c in brief.conflicts),
            director.intent(Intent.VIDEO),
            director.assets([]),
            director.suggestions(brief.directions),
            director.merging(),
            director.ready(),
            director.production(ready_for_production=False, waiting=2),
        ]

    keys = [message.key for message in feed()]
    assert None not in keys
    assert len(set(keys)) == len(keys)
    assert keys == [message.key for message in feed()]
    assert keys[1] == "asset:0:start"


def test_assets_count_kinds_and_name_roles_once() -> None:
    roles: list[tuple[AssetKind, AssetRole | None]] = [
        (AssetKind.IMAGE, AssetRole.STILL),
        (AssetKind.IMAGE, AssetRole.STILL),
        (AssetKind.VIDEO, None),
    ]
    assert director.assets(roles).content == "Assets: 2 images (still), 1 video (unreadable)"
    assert director.assets([]).content == "Assets: none"


def test_every_conflict_fits_one_short_line_with_its_promise() -> None:
    brief = compose(flagship())
    lines = {found.kind: director.conflict(found).content for found in brief.conflicts}
    assert lines[ConflictKind.LOUDNESS].endswith(" - I'll set the level")
    for found in brief.conflicts:
        said = director.conflict(found).content
        assert len(said) < 130
        assert found.resolution.text not in said  # the whole of it stands in the brief and in `data`
        assert (" - I'll " in said) == found.resolution.auto


def test_tones_read_as_adjectives() -> None:
    tones = (word("even delivery", "r", "m", 1.0), word("deep voice", "r", "m", 1.0))
    said = director.asset_completed(VOICE, audio().model_copy(update={"words": tones}), READING)
    assert said.content.startswith("→ ✅ even, deep-voiced narration detected, 16s")


def test_a_voice_over_music_is_said_once() -> None:
    over = audio().model_copy(
        update={"words": (word("voice over music", "r", "m", 1.0),), "music_seconds": 15.0}
    )
    assert "→ ✅ narration over music detected" in director.asset_completed(VOICE, over, READING).content


def test_a_step_names_its_file_and_keeps_one_key() -> None:
    first, again = (director.asset_progress(FOOTAGE, "frames", progress=p) for p in (10, 40))
    assert first.content == "city_drive.mp4: frames"
    assert first.key == again.key
    assert again.data == {"step": "frames", "progress": 40}
