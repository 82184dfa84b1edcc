"""Findings built by hand, with plausible numbers: the flagship case and the pieces to vary it."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from dreamcut.brief import AssetReport, BriefRequest, LedgerEntry
from dreamcut.findings import AudioFindings, ImageFindings, TimeRange, Tool, VideoFindings, Word
from dreamcut.findings.audio import (
    AudioStream,
    Loudness,
    Segment,
    SegmentKind,
    SpokenWord,
    Tempo,
    Transcript,
)
from dreamcut.findings.base import Measure
from dreamcut.findings.image import ImageFile
from dreamcut.findings.look import Colour, Detail, Look, Palette, Swatch, TonalKey, Tone
from dreamcut.findings.video import (
    CameraMotion,
    Container,
    Defects,
    Geometry,
    Keyframe,
    Shot,
    Timing,
    TransitionKind,
)
from dreamcut.models import Asset, AssetKind, AssetStatus, Intent, QueryOptions
from dreamcut.prompt import read_prompt

FLAGSHIP = (
    "Make a cinematic 30-second cyberpunk trailer with neon rain, "
    "using my reference image and video, and add my voiceover"
)
QUERY_ID = UUID(int=1)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SHA = "0" * 64

# name, hex, share, L*, C*, h: a night city in violet and cyan, and three other looks
NEON = (
    ("midnight blue", "#1b1440", 0.46, 10.6, 29.0, 298.0),
    ("dark violet", "#4a1f6b", 0.24, 21.5, 47.0, 312.0),
    ("hot pink", "#e83e8c", 0.12, 54.5, 70.0, 356.0),
    ("cyan", "#35c9d6", 0.10, 74.0, 37.0, 207.0),
)
NIGHT = (
    ("dark slate", "#141a22", 0.55, 8.8, 6.0, 255.0),
    ("steel blue", "#3c5a74", 0.25, 36.6, 18.0, 249.0),
    ("warm grey", "#8d8578", 0.12, 55.6, 8.0, 84.0),
)
EARTH = (
    ("black", "#050608", 0.70, 1.6, 1.0, 250.0),
    ("ochre", "#b5862f", 0.18, 58.9, 55.0, 79.0),
    ("navy", "#16264f", 0.12, 16.4, 27.0, 281.0),
)
RUST = (
    ("dark brown", "#3a2417", 0.50, 17.0, 15.0, 58.0),
    ("rust", "#9a4a20", 0.30, 40.5, 52.0, 51.0),
    ("sand", "#cdb38b", 0.20, 74.2, 24.0, 80.0),
)
FLAGSHIP_EDGES = (0, 110, 200, 320, 374, 478, 568, 688, 768, 858, 958, 1018, 1080)  # frames at 24 fps
FLAGSHIP_LOOKS = (NIGHT, NIGHT, EARTH, NEON, RUST, NEON, EARTH, NIGHT, NEON, RUST, NIGHT, NEON)
FLAGSHIP_MOTION = (0.05, 0.12, 0.03, 0.21, 0.34, 0.18, 0.02, 0.27, 0.44, 0.15, 0.09, 0.38)
FLAGSHIP_SHARPNESS = (0.021, 0.013, 0.004, 0.031, 0.017, 0.028, 0.006, 0.011, 0.026, 0.019, 0.015, 0.033)
SENTENCES = (
    "The city never sleeps.",
    "In the year two thousand seventy seven, neon rain falls on steel and glass.",
    "One hacker has one night to steal the truth.",
    "Trust no one.",
    "Neon City.",
    "Coming soon.",
)


def look(
    colours: tuple[tuple[str, str, float, float, float, float], ...] = NEON, *, luma: float = 0.2
) -> Look:
    """Return a look with a palette and plausible tones round a mean luma."""
    swatches = tuple(
        Swatch(hex=code, name=name, share=share, lightness=light, chroma=chroma, hue_degrees=hue)
        for name, code, share, light, chroma, hue in colours
    )
    return Look(
        palette=Palette(colours=swatches, contrast=9.0),
        tone=Tone(
            mean_luma=luma,
            median_luma=luma * 0.8,
            rms_contrast=0.19,
            p05_luma=luma * 0.1,
            p95_luma=min(1.0, luma * 3 + 0.1),
            shadow_share=0.4,
            black_clipped_share=0.02,
            white_clipped_share=0.001,
            key=TonalKey.LOW if luma < 0.35 else TonalKey.MID,
        ),
        colour=Colour(
            mean_saturation=0.5,
            colourfulness=48.0,
            warm_share=0.2,
            cool_share=0.7,
            chromatic_share=0.8,
            neon_share=0.13,
        ),
        detail=Detail(sharpness=0.012, edge_share=0.2, noise_sigma=0.01),
    )


def word(name: str, rule: str, metric: str, value: float) -> Word:
    """Return a derived word."""
    return Word(word=name, rule=rule, measures=(Measure(metric=metric, value=value),))


def image(width: int = 1760, height: int = 960, *, colours: object = NEON) -> ImageFindings:
    """Return findings of a still."""
    return ImageFindings(
        analyzer_version="1.0.0",
        file_bytes=38157,
        sha256=SHA,
        words=(
            word("neon", "neon_share > 0.1", "look.colour.neon_share", 0.13),
            word("low-key", "mean_luma < 0.25", "look.tone.mean_luma", 0.2),
            word("dark", "mean_luma < 0.3", "look.tone.mean_luma", 0.2),
            word("high-contrast", "contrast > 7", "look.palette.contrast", 9.0),
        ),
        tools=(Tool(name="pillow", version="11.3.0"),),
        file=ImageFile(
            format="PNG",
            mode="RGB",
            bits_per_channel=8,
            stored_width_px=width,
            stored_height_px=height,
            orientation=1,
            width_px=width,
            height_px=height,
            aspect_ratio=width / height,
            aspect_name="16:9" if abs(width / height / (16 / 9) - 1) < 0.02 else f"{width / height:.2f}:1",
            colour_profile=None,
            has_alpha=False,
            transparent_share=0,
            frames=1,
        ),
        look=look(colours),  # type: ignore[arg-type]  # object keeps the signature short
    )


def audio(
    seconds: float = 15.647,
    *,
    lufs: float | None = -21.8,
    peak: float | None = -2.4,
    sentences: tuple[str, ...] = SENTENCES,
    music_seconds: float = 0.0,
    bpm: float | None = None,
) -> AudioFindings:
    """Return findings of sound: sentences laid evenly over it, or music, or neither."""
    words = spoken(sentences, seconds)
    speech = sum(w.duration_seconds for w in words)
    kind = SegmentKind.SPEECH if words else SegmentKind.MUSIC if music_seconds else SegmentKind.OTHER
    beats = (
        tuple(round(0.25 + i * 60 / bpm, 3) for i in range(int((seconds - 0.25) * bpm / 60))) if bpm else ()
    )
    return AudioFindings(
        analyzer_version="1.0.0",
        file_bytes=188101,
        sha256=SHA,
        words=(word("calm", "level_range_db < 12", "voice.level_range_db", 8.0),) if words else (),
        tools=(
            Tool(name="whisper-tiny.en", version="1", is_model=True, seconds=1.1),
            Tool(name="libav ebur128", version="7.1"),
        ),
        streams=(AudioStream(index=0, codec="mp3", sample_rate_hz=22050, channels=1, layout="mono"),),
        duration_seconds=seconds,
        loudness=Loudness(integrated_lufs=lufs, range_lu=1.9, range_valid=False, true_peak_dbtp=peak),
        clipped_share=0.0,
        head_silence_seconds=0.0,
        tail_silence_seconds=0.2,
        segments=(Segment(start_seconds=0, end_seconds=seconds, kind=kind, confidence=0.9),)
        if seconds
        else (),
        speech_seconds=speech,
        music_seconds=music_seconds,
        transcript=Transcript(language="en", text=" ".join(sentences), words=words, speaking_rate_wpm=165)
        if words
        else None,
        tempo=Tempo(bpm=bpm, confidence=0.8, beats_seconds=beats) if bpm else None,
    )


def spoken(sentences: tuple[str, ...], seconds: float) -> tuple[SpokenWord, ...]:
    """Return words laid evenly over a length, with half a word's pause after each sentence."""
    units = sum(len(sentence.split()) for sentence in sentences) + 0.5 * len(sentences)
    step = seconds / units if units else 0.0
    at, found = 0.0, []
    for sentence in sentences:
        for text in sentence.split():
            found.append(
                SpokenWord(
                    start_seconds=round(at, 3),
                    end_seconds=round(at + 0.9 * step, 3),
                    text=text,
                    confidence=0.9,
                )
            )
            at += step
        at += 0.5 * step
    return tuple(found)


def video(
    *,
    edges: tuple[int, ...] = FLAGSHIP_EDGES,
    rate: float = 24.0,
    width: int = 854,
    height: int = 480,
    sound: AudioFindings | None = None,
    defects: Defects | None = None,
    colours: tuple[object, ...] = FLAGSHIP_LOOKS,
) -> VideoFindings:
    """Return findings of a video whose shots lie between some frames."""
    seconds = edges[-1] / rate
    shots = tuple(
        _shot(index, first, last, rate=rate, colours=colours[index % len(colours)])
        for index, (first, last) in enumerate(pairwise(edges))
    )
    return VideoFindings(
        analyzer_version="1.0.0",
        file_bytes=2031230,
        sha256=SHA,
        words=(word("lively", "motion > 0.15", "motion", 0.19),),
        tools=(Tool(name="libav", version="7.1"),),
        container=Container(format="mov,mp4", video_codec="h264", pixel_format="yuv420p"),
        geometry=Geometry(
            stored_width_px=width,
            stored_height_px=height,
            sample_aspect_ratio=1,
            rotation_degrees=0,
            width_px=width,
            height_px=height,
            aspect_ratio=width / height,
            aspect_name="16:9" if abs(width / height / (16 / 9) - 1) < 0.02 else f"{width / height:.2f}:1",
        ),
        timing=Timing(
            duration_seconds=seconds,
            frames=edges[-1],
            frame_rate=rate,
            nominal_frame_rate=rate,
            variable=False,
            interlaced=False,
            timecode_rate=round(rate),
        ),
        shots=shots,
        cuts_per_minute=(len(shots) - 1) / seconds * 60,
        look=look(NIGHT, luma=0.17),
        motion=0.19,
        motion_kind=CameraMotion.LIVELY,
        defects=defects,
        sound=sound,
    )


def _shot(index: int, first: int, last: int, *, rate: float, colours: object) -> Shot:
    middle = (first + last) / 2 / rate
    return Shot(
        index=index,
        start_seconds=first / rate,
        end_seconds=last / rate,
        start_frame=first,
        end_frame=last,
        opens_with=TransitionKind.CUT if index else TransitionKind.START,
        confidence=0.97 if index else 1.0,
        keyframe=Keyframe(
            at_seconds=middle, sharpness=FLAGSHIP_SHARPNESS[index % 12], perceptual_hash="0" * 16
        ),
        look=look(colours, luma=0.1 + 0.02 * (index % 12)),  # type: ignore[arg-type]
        motion=FLAGSHIP_MOTION[index % 12],
        motion_kind=CameraMotion.LIVELY,
    )


FLAGSHIP_DEFECTS = Defects(
    black=(TimeRange(start_seconds=28.5, end_seconds=28.84),), flashes_seconds=(10.83,)
)


def asset(position: int, name: str, kind: AssetKind, *, description: str | None = None) -> Asset:
    """Return an asset row."""
    return Asset(
        id=UUID(int=100 + position),
        query_id=QUERY_ID,
        position=position,
        url=name,
        filename=name,
        kind=kind,
        description=description,
        status=AssetStatus.COMPLETED,
        progress=100,
        error_message=None,
        processing_time_ms=900,
        model_used=None,
        cost_estimate=None,
        worker_id=None,
        attempts=0,
    )


def report(
    position: int,
    name: str,
    findings: ImageFindings | VideoFindings | AudioFindings | None,
    *,
    kind: AssetKind | None = None,
    description: str | None = None,
    failure: str | None = None,
) -> AssetReport:
    """Return a report on one asset."""
    of_kind = kind or (AssetKind(findings.kind) if findings else AssetKind.IMAGE)
    row = asset(position, name, of_kind, description=description)
    return AssetReport(asset=row, findings=findings, failure=failure)


def request(
    prompt: str, *reports: AssetReport, intent: Intent | None = None, **options: object
) -> BriefRequest:
    """Return a brief request."""
    chosen = QueryOptions.model_validate(options)
    reading = read_prompt(prompt, options=chosen)
    return BriefRequest(
        query_id=QUERY_ID,
        created_at=NOW,
        reading=reading,
        intent=intent or reading.intent.value,
        options=chosen,
        reports=reports,
        ledger=(
            LedgerEntry(
                step="speech", tool="whisper-tiny.en 1", is_model=True, seconds=1.1, cost_usd=Decimal(0)
            ),
        ),
        processing_seconds=12.4,
    )


def flagship_reports() -> tuple[AssetReport, AssetReport, AssetReport]:
    """Return the image, the video and the voice-over of the flagship case."""
    footage_sound = audio(45.0, lufs=-17.2, peak=-1.4, sentences=(), music_seconds=44.0, bpm=128.0)
    return (
        report(0, "key_visual.png", image()),
        report(1, "video.mp4", video(sound=footage_sound, defects=FLAGSHIP_DEFECTS)),
        report(2, "voiceover.mp3", audio()),
    )


def flagship() -> BriefRequest:
    """Return the flagship request."""
    return request(FLAGSHIP, *flagship_reports())
