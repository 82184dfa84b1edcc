"""Where the voice speaks, what lies under it, and how loud both are."""

from dataclasses import dataclass
from itertools import pairwise

from dreamcut.brief import words
from dreamcut.brief.evidence import Evidence, Statement, measured
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import SoundCue
from dreamcut.brief.target import Target
from dreamcut.brief.voice import Phrase
from dreamcut.findings import AudioFindings
from dreamcut.prompt import AssetRole

DUCK_DB = -12.0  # how far a bed steps back while a voice speaks: common practice
HIGHEST_PEAK_DBTP = -1.0  # EBU R128
MUSIC_SHARE = 0.3  # of a sound track; from here on it is music, which shot changes would chop up
LONGEST_PAUSE_SECONDS = 4.0  # between phrases that are spread
EDGE_SHARE, LONGEST_EDGE_SECONDS = 0.2, 3.0  # of the time without words, before the first and after the last


@dataclass(frozen=True)
class Bed:
    """Continuous sound under the piece: a music file, or the music on the footage."""

    part: Part
    audio: AudioFindings
    root: str  # "" or "sound."
    start: float = 0.0  # where in the file it is entered


@dataclass(frozen=True)
class Spoken:
    """A phrase and the frame at which it starts on the timeline."""

    phrase: Phrase
    index: int
    start_frame: int


def bed_of(material: Material) -> Bed | None:
    """Return what lies under the piece, unless the user wants no music."""
    if any("music" in term.value or "sound" in term.value for term in material.request.reading.excluded):
        return None
    music = material.music
    if music:
        return Bed(music, music.audio, "")
    for part in material.footage:
        sound = part.video.sound
        if (
            sound
            and sound.duration_seconds > 0
            and (sound.music_seconds or 0) >= MUSIC_SHARE * sound.duration_seconds
        ):
            return Bed(part, sound, "sound.")
    return None


def mostly_music(sound: AudioFindings) -> bool:
    """Whether a sound track holds enough music for shot changes to chop it up."""
    return bool(sound.music_seconds) and (sound.music_seconds or 0) >= MUSIC_SHARE * sound.duration_seconds


def spread(phrases: tuple[Phrase, ...], *, frames: int, rate: float) -> tuple[Spoken, ...]:
    """Lay phrases out over a timeline: the time without words goes to both ends and evenly between phrases.

    Falls back to the pauses as spoken where the timeline leaves no more than these; phrases that would end
    after the timeline are left out.
    """
    length = frames / rate
    spoken = sum(phrase.seconds for phrase in phrases)
    pauses = [
        max(0.0, after.range.start_seconds - before.range.end_seconds) for before, after in pairwise(phrases)
    ]
    silence = length - spoken
    edge = min(LONGEST_EDGE_SECONDS, max(0.0, silence) * EDGE_SHARE)
    if not phrases or silence - 2 * edge < sum(pauses):
        return as_spoken(phrases, frames=frames, rate=rate)
    pause = min(LONGEST_PAUSE_SECONDS, (silence - 2 * edge) / len(pauses)) if pauses else 0.0
    at, placed = edge, []
    for index, phrase in enumerate(phrases):
        placed.append(Spoken(phrase, index, round(at * rate)))
        at += phrase.seconds + pause
    return _inside(placed, frames=frames, rate=rate)


def as_spoken(phrases: tuple[Phrase, ...], *, frames: int, rate: float) -> tuple[Spoken, ...]:
    """Lay phrases out with the pauses as recorded, a third of the spare time before the first one."""
    if not phrases:
        return ()
    first = phrases[0].range.start_seconds
    whole = phrases[-1].range.end_seconds - first
    lead = min(LONGEST_EDGE_SECONDS, max(0.0, frames / rate - whole) / 3)
    placed = [
        Spoken(phrase, index, round((lead + phrase.range.start_seconds - first) * rate))
        for index, phrase in enumerate(phrases)
    ]
    return _inside(placed, frames=frames, rate=rate)


def _inside(placed: list[Spoken], *, frames: int, rate: float) -> tuple[Spoken, ...]:
    """Return the phrases that end on the timeline."""
    return tuple(one for one in placed if one.start_frame / rate + one.phrase.seconds <= frames / rate + 1e-6)


def gain(audio: AudioFindings, *, lufs: float) -> float | None:
    """Return the change in dB that brings sound to a loudness, None where it was not measured."""
    if audio.loudness is None or audio.loudness.integrated_lufs is None:
        return None
    return round(lufs - audio.loudness.integrated_lufs, 1)


def peak_after(audio: AudioFindings, change_db: float | None) -> float | None:
    """Return the true peak after a change of gain, dBTP."""
    if audio.loudness is None or audio.loudness.true_peak_dbtp is None or change_db is None:
        return None
    return round(audio.loudness.true_peak_dbtp + change_db, 1)


def gain_words(part: Part, audio: AudioFindings, root: str, *, lufs: float) -> Statement | None:
    """Return a sentence on the gain that sound needs, and on its peaks."""
    change = gain(audio, lufs=lufs)
    if change is None or audio.loudness is None or audio.loudness.integrated_lufs is None:
        return None
    now = words.signed(audio.loudness.integrated_lufs)
    evidence = [measured(part.report, f"{root}loudness.integrated_lufs")]
    if abs(change) < 0.05:
        text = f"{part.name} already sits at {now} LUFS."
        return Statement(text=text, evidence=tuple(evidence))
    way = f"{'up' if change > 0 else 'down'} {words.number(abs(change))} dB"
    text = f"{part.name} goes {way}, from {now} to {words.signed(lufs)} LUFS"
    peak = peak_after(audio, change)
    if peak is not None and peak > HIGHEST_PEAK_DBTP:
        evidence.append(measured(part.report, f"{root}loudness.true_peak_dbtp"))
        text += f"; its peaks would reach {words.signed(peak)} dBTP, so a limiter holds them at −1 dBTP"
    return Statement(text=f"{text}.", evidence=tuple(evidence))


def voice_cues(part: Part, spoken: tuple[Spoken, ...], *, target: Target) -> tuple[SoundCue, ...]:
    """Return one cue a phrase; neighbours that keep their recorded pause stay one cue."""
    change = gain(part.audio, lufs=target.lufs)
    cues: list[SoundCue] = []
    for one in spoken:
        start, end = one.phrase.range.start_seconds, one.phrase.range.end_seconds
        at = round(one.start_frame / target.rate, 6)
        evidence: Evidence = measured(part.report, one.phrase.metric, time_range=one.phrase.range)
        said = f"“{one.phrase.text}”" if one.phrase.text else f"The speech from {words.timecode(start)}"
        cues.append(
            SoundCue(
                asset_id=part.id,
                in_seconds=start,
                out_seconds=end,
                role=AssetRole.VOICEOVER,
                at_seconds=at,
                gain_db=change,
                text=one.phrase.text,
                statement=Statement(text=f"{said} starts at {words.timecode(at)}.", evidence=(evidence,)),
            )
        )
    return tuple(cues)


def whole_voice_cue(part: Part, *, target: Target, length: float) -> SoundCue:
    """Return one cue for a voice-over without recognised phrases, from its first to its last sound."""
    audio = part.audio
    start = min(audio.head_silence_seconds or 0.0, audio.duration_seconds)
    end = max(audio.duration_seconds - (audio.tail_silence_seconds or 0.0), start)
    if end - start < 0.05:
        start, end = 0.0, audio.duration_seconds
    end = min(end, start + length)
    lead = min(LONGEST_EDGE_SECONDS, max(0.0, length - (end - start)) / 3)
    text = f"{part.name} runs unbroken from {words.timecode(lead)}: no phrases were recognised in it."
    return SoundCue(
        asset_id=part.id,
        in_seconds=start,
        out_seconds=end,
        role=AssetRole.VOICEOVER,
        at_seconds=round(lead, 6),
        gain_db=gain(audio, lufs=target.lufs),
        statement=Statement(text=text, evidence=(measured(part.report, "duration_seconds"),)),
    )


def bed_cue(bed: Bed, *, target: Target, length: float, has_voice: bool) -> SoundCue | None:
    """Return the cue of the bed: as long as it lasts, stepping back under the voice."""
    end = min(bed.audio.duration_seconds, bed.start + length)
    if end - bed.start < 0.05:
        return None
    change = gain(bed.audio, lufs=target.lufs)
    source = f"The music of {bed.part.name}" if bed.root else bed.part.name
    text = f"{source} plays through from its {words.timecode(bed.start)}"
    if end - bed.start < length - 0.05:
        text += f" and ends at {words.timecode(end - bed.start)}"
    if has_voice:
        text += f"; it steps back {words.number(-DUCK_DB)} dB while the voice speaks"
    evidence = [measured(bed.part.report, f"{bed.root}duration_seconds")]
    if bed.audio.music_seconds is not None:
        evidence.append(measured(bed.part.report, f"{bed.root}music_seconds"))
    return SoundCue(
        asset_id=bed.part.id,
        in_seconds=bed.start,
        out_seconds=end,
        role=AssetRole.MUSIC,
        at_seconds=0.0,
        gain_db=change,
        duck_db=DUCK_DB if has_voice else None,
        statement=Statement(text=f"{text}.", evidence=tuple(evidence)),
    )
