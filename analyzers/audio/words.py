"""Tone words: each follows from a stated rule over measured values, and from nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dreamcut.findings.audio import AudioFindings
from dreamcut.findings.base import Measure, Word

UNITS = {
    "speech_seconds": "s",
    "music_seconds": "s",
    "duration_seconds": "s",
    "head_silence_seconds": "s",
    "spectral_centroid_hz": "Hz",
    "voice.pitch_median_hz": "Hz",
    "voice.pitch_range_semitones": "semitones",
    "voice.longest_pause_seconds": "s",
    "voice.level_range_db": "dB",
    "transcript.speaking_rate_wpm": "wpm",
    "tempo.bpm": "BPM",
    "loudness.integrated_lufs": "LUFS",
    "loudness.range_lu": "LU",
}

Values = dict[str, float]


@dataclass(frozen=True)
class Rule:
    """A word, the values it needs, and when it is earned."""

    word: str
    text: str  # as a reader can check it
    needs: tuple[str, ...]  # metric paths; a rule whose values are missing stays silent
    holds: Callable[[Values], bool]


_PITCH_RANGE, _LEVEL_RANGE = "voice.pitch_range_semitones", "voice.level_range_db"
_RATE = "transcript.speaking_rate_wpm"


def _of_voice(word: str, text: str, needs: tuple[str, ...], holds: Callable[[Values], bool]) -> Rule:
    """Return a rule about a voice that can be judged: enough of it, and no music in its measures."""
    return Rule(
        word,
        f"{text}; at least 4 s of speech, music under half of it",
        (*needs, "speech_seconds", "music_seconds"),
        lambda v: v["speech_seconds"] >= 4.0 and v["music_seconds"] < 0.5 * v["speech_seconds"] and holds(v),
    )


RULES = (
    Rule(
        "narration",
        "speech >= 60 % of the time, music at most 20 %, pitch range <= 14 semitones (one voice)",
        ("speech_seconds", "music_seconds", "duration_seconds", "voice.pitch_range_semitones"),
        lambda v: (
            v["speech_seconds"] >= 0.6 * v["duration_seconds"]
            and v["speech_seconds"] >= 4.0
            and v["music_seconds"] <= 0.2 * v["duration_seconds"]
            and v["voice.pitch_range_semitones"] <= 14.0
        ),
    ),
    Rule(
        "voice over music",
        "speech >= 50 % and music >= 80 % of the time",
        ("speech_seconds", "music_seconds", "duration_seconds"),
        lambda v: (
            v["speech_seconds"] >= 0.5 * v["duration_seconds"]
            and v["music_seconds"] >= 0.8 * v["duration_seconds"]
        ),
    ),
    Rule(
        "instrumental",
        "music >= 80 % of the time, speech or song under 2 %",
        ("speech_seconds", "music_seconds", "duration_seconds"),
        lambda v: (
            v["music_seconds"] >= 0.8 * v["duration_seconds"]
            and v["speech_seconds"] < 0.02 * v["duration_seconds"]
        ),
    ),
    _of_voice(
        "dramatic",
        "pitch range >= 8 semitones, level range >= 8 dB, longest pause >= 0.7 s",
        (_PITCH_RANGE, _LEVEL_RANGE, "voice.longest_pause_seconds"),
        lambda v: (
            v[_PITCH_RANGE] >= 8.0 and v[_LEVEL_RANGE] >= 8.0 and v["voice.longest_pause_seconds"] >= 0.7
        ),
    ),
    _of_voice("expressive", "pitch range >= 8 semitones", (_PITCH_RANGE,), lambda v: v[_PITCH_RANGE] >= 8.0),
    _of_voice(
        "even delivery",
        "pitch range <= 6 semitones and level range <= 6 dB",
        (_PITCH_RANGE, _LEVEL_RANGE),
        lambda v: v[_PITCH_RANGE] <= 6.0 and v[_LEVEL_RANGE] <= 6.0,
    ),
    _of_voice(
        "deep voice",
        "median pitch < 110 Hz",
        ("voice.pitch_median_hz",),
        lambda v: v["voice.pitch_median_hz"] < 110.0,
    ),
    _of_voice(
        "high voice",
        "median pitch > 230 Hz",
        ("voice.pitch_median_hz",),
        lambda v: v["voice.pitch_median_hz"] > 230.0,
    ),
    _of_voice("measured pace", "under 145 words a minute of speech", (_RATE,), lambda v: v[_RATE] < 145.0),
    _of_voice("fast-paced", "over 200 words a minute of speech", (_RATE,), lambda v: v[_RATE] > 200.0),
    _of_voice(
        "calm",
        "pitch range <= 6 semitones, level range <= 6 dB, under 145 words a minute of speech",
        (_PITCH_RANGE, _LEVEL_RANGE, _RATE),
        lambda v: v[_PITCH_RANGE] <= 6.0 and v[_LEVEL_RANGE] <= 6.0 and v[_RATE] < 145.0,
    ),
    Rule(
        "steady beat",
        "pulse confidence >= 0.4",
        ("tempo.confidence",),
        lambda v: v["tempo.confidence"] >= 0.4,
    ),
    Rule(
        "energetic",
        "over 115 BPM, pulse confidence >= 0.4, louder than -18 LUFS",
        ("tempo.bpm", "tempo.confidence", "loudness.integrated_lufs"),
        lambda v: (
            v["tempo.bpm"] > 115.0 and v["tempo.confidence"] >= 0.4 and v["loudness.integrated_lufs"] > -18.0
        ),
    ),
    Rule(
        "bright",
        "spectral centroid > 2200 Hz",
        ("spectral_centroid_hz",),
        lambda v: v["spectral_centroid_hz"] > 2200.0,
    ),
    Rule(
        "dark timbre",
        "spectral centroid < 900 Hz",
        ("spectral_centroid_hz",),
        lambda v: v["spectral_centroid_hz"] < 900.0,
    ),
    Rule(
        "loud",
        "louder than -12 LUFS",
        ("loudness.integrated_lufs",),
        lambda v: v["loudness.integrated_lufs"] > -12.0,
    ),
    Rule(
        "quiet",
        "quieter than -30 LUFS",
        ("loudness.integrated_lufs",),
        lambda v: v["loudness.integrated_lufs"] < -30.0,
    ),
    Rule(
        "dynamic",
        "loudness range >= 10 LU over at least 60 s",
        ("loudness.range_lu", "duration_seconds"),
        lambda v: v["loudness.range_lu"] >= 10.0 and v["duration_seconds"] >= 60.0,
    ),
    Rule(
        "distorted", "over 0.1 % of samples clipped", ("clipped_share",), lambda v: v["clipped_share"] > 0.001
    ),
)


def tone_words(findings: AudioFindings) -> tuple[Word, ...]:
    """Return the words that the measurements earn, in the order of RULES."""
    values = dict(_values(findings))
    return tuple(
        Word(
            word=rule.word,
            rule=rule.text,
            measures=tuple(
                Measure(metric=path, value=values[path], unit=UNITS.get(path, "")) for path in rule.needs
            ),
        )
        for rule in RULES
        if all(path in values for path in rule.needs) and rule.holds(values)
    )


def _values(findings: AudioFindings) -> Iterator[tuple[str, float]]:
    """Yield every number that was measured, by its path."""
    for path in sorted({path for rule in RULES for path in rule.needs}):
        value: object = findings
        for name in path.split("."):
            value = getattr(value, name, None)
        if isinstance(value, float):
            yield path, value
