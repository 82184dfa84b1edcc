"""Loudness, and sounds that get in each other's way."""

from dreamcut.brief import words
from dreamcut.brief.conflicts.claim import conflict
from dreamcut.brief.evidence import Evidence, measured, stated
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import Action, Conflict, ConflictKind, Severity
from dreamcut.brief.sound import DUCK_DB, HIGHEST_PEAK_DBTP, gain, mostly_music, peak_after
from dreamcut.brief.target import Target, constraint, practice
from dreamcut.findings import AudioFindings, TimeRange
from dreamcut.models import Intent

SAME_LOUDNESS_LU = 1.0
LOUD_DIFFERENCE_LU = 10.0
SOFT_LIMIT_DB = 6.0  # of limiting; more is heard as pumping
LONG_SILENCE_SECONDS = 1.0  # at head or tail of a voice-over
TALKING_SECONDS = 1.0  # of speech on the footage, under a voice-over


def loudness_conflicts(material: Material, target: Target) -> list[Conflict]:
    """Return sound that is not at the level at which the piece will play."""
    if material.request.intent is Intent.IMAGE:
        return []
    voice = material.voice
    heard: list[tuple[Part, AudioFindings, str]] = [(voice, voice.audio, "")] if voice else []
    if not voice and material.music:
        heard.append((material.music, material.music.audio, ""))
    if not heard:
        heard += [(part, part.video.sound, "sound.") for part in material.footage if part.video.sound]
    found = []
    for part, audio, root in heard:
        change = gain(audio, lufs=target.lufs)
        if change is not None and abs(change) > SAME_LOUDNESS_LU:
            found.append(_level(part, audio, root, change, target=target, material=material))
    return found


def _level(
    part: Part, audio: AudioFindings, root: str, change: float, *, target: Target, material: Material
) -> Conflict:
    """Return the conflict of one level."""
    path = f"{root}loudness.integrated_lufs"
    evidence: tuple[Evidence, ...] = (measured(part.report, path),)
    now = (
        audio.loudness.integrated_lufs
        if audio.loudness and audio.loudness.integrated_lufs is not None
        else 0.0
    )
    whose = f"the sound of {part.name}" if root else part.name
    text = f"{'Raise' if change > 0 else 'Lower'} {whose} by {words.number(abs(change))} dB"
    peak = peak_after(audio, change)
    if peak is not None and peak > HIGHEST_PEAK_DBTP:
        evidence = (*evidence, measured(part.report, f"{root}loudness.true_peak_dbtp"))
        over = words.number(peak - HIGHEST_PEAK_DBTP)
        text += f", with a limiter at −1 dBTP: the loudest peaks would stand {over} dB above it"
    asked = material.request.reading.loudness
    alternatives: tuple[str, ...] = () if asked else ("deliver at another level: name the platform",)
    if peak is not None and peak > HIGHEST_PEAK_DBTP + SOFT_LIMIT_DB:
        kept = change - (peak - HIGHEST_PEAK_DBTP)
        clean = (
            f"change it by {words.signed(kept)} dB only: its peaks stay whole at {words.signed(now + kept)} "
            "LUFS"
        )
        alternatives = (clean, *alternatives)
    if asked:
        evidence = (*evidence, stated(asked))
    return conflict(
        ConflictKind.LOUDNESS,
        Severity.IMPORTANT if abs(change) > LOUD_DIFFERENCE_LU else Severity.MINOR,
        f"{words.capital(whose) if root else whose} sits at {words.signed(now)} LUFS; the piece plays at "
        f"{words.signed(target.lufs)}.",
        constraint=target.level,
        evidence=evidence,
        action=Action.GAIN,
        resolution=f"{text}.",
        alternatives=alternatives,
    )


def sound_conflicts(material: Material, target: Target) -> list[Conflict]:
    """Return music or talk under a voice-over, sound that the user does not want, and silence at its ends."""
    if material.request.intent is Intent.IMAGE:
        return []
    found: list[Conflict] = []
    unwanted = [term for term in material.request.reading.excluded if "music" in term.value]
    for part in material.footage:
        sound = part.video.sound
        if sound is None or sound.duration_seconds <= 0:
            continue
        if unwanted and mostly_music(sound):
            found.append(_unwanted(part, sound, material))
        elif material.voice and mostly_music(sound):
            found.append(_duck(part, sound, material.voice))
        if material.voice and (sound.speech_seconds or 0) >= TALKING_SECONDS:
            found.append(_two_voices(part, sound, material.voice))
    if material.voice:
        found += _silent_ends(material.voice)
    del target
    return found


def _unwanted(part: Part, sound: AudioFindings, material: Material) -> Conflict:
    term = next(term for term in material.request.reading.excluded if "music" in term.value)
    return conflict(
        ConflictKind.SOUND,
        Severity.IMPORTANT,
        f"You want “{term.value}”, but {words.seconds(sound.music_seconds or 0)} of the sound of "
        f"{part.name} are music.",
        constraint=constraint(term, term.value),
        evidence=(measured(part.report, "sound.music_seconds"), stated(term)),
        action=Action.MUTE,
        resolution=f"Mute the sound of {part.name}.",
        alternatives=("hand in the footage without its music",),
    )


def _duck(part: Part, sound: AudioFindings, voice: Part) -> Conflict:
    share = min(1.0, (sound.music_seconds or 0) / sound.duration_seconds)
    rule = "a voice stays clear over music about 12 dB below it"
    return conflict(
        ConflictKind.SOUND,
        Severity.MINOR,
        f"{words.percent(share)} of the sound of {part.name} is music, and {voice.name} speaks over it.",
        constraint=practice(DUCK_DB, "dB", rule),
        evidence=(measured(part.report, "sound.music_seconds"), measured(voice.report, "duration_seconds")),
        action=Action.DUCK,
        resolution=(
            f"Let the music of {part.name} run through uncut and step back {-DUCK_DB:g} dB while the voice "
            "speaks."
        ),
        alternatives=(f"mute {part.name}", "hand in a separate music track"),
    )


def _two_voices(part: Part, sound: AudioFindings, voice: Part) -> Conflict:
    return conflict(
        ConflictKind.SOUND,
        Severity.IMPORTANT,
        f"{words.seconds(sound.speech_seconds or 0)} of {part.name} hold speech, and {voice.name} speaks "
        "too.",
        constraint=practice("one voice at a time", "", "two voices at once are not understood"),
        evidence=(measured(part.report, "sound.speech_seconds"), measured(voice.report, "duration_seconds")),
        action=Action.MUTE,
        resolution=f"Mute {part.name} while {voice.name} speaks.",
        alternatives=("tell the story in the voices of the footage",),
    )


def _silent_ends(voice: Part) -> list[Conflict]:
    """Return long silence before or after the words."""
    audio, found = voice.audio, []
    ends = (
        ("head", audio.head_silence_seconds, 0.0, audio.head_silence_seconds or 0.0),
        (
            "tail",
            audio.tail_silence_seconds,
            audio.duration_seconds - (audio.tail_silence_seconds or 0.0),
            audio.duration_seconds,
        ),
    )
    for name, silence, start, end in ends:
        if silence is None or silence < LONG_SILENCE_SECONDS or silence >= audio.duration_seconds:
            continue
        span = TimeRange(start_seconds=max(0.0, start), end_seconds=max(0.0, end))
        where = "starts" if name == "head" else "ends"
        found.append(
            conflict(
                ConflictKind.SOUND,
                Severity.MINOR,
                f"{voice.name} {where} with {words.seconds(silence)} of silence.",
                constraint=practice(
                    LONG_SILENCE_SECONDS, "s", "a second of silence at an end reads as a mistake"
                ),
                evidence=(measured(voice.report, f"{name}_silence_seconds", time_range=span),),
                action=Action.TRIM,
                resolution=f"Leave the silent {name} of {voice.name} out: the phrases are placed one by one.",
            )
        )
    return found
