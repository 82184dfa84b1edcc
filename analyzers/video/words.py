"""Words for a clip as a whole, each from a rule that a reader can check."""

from __future__ import annotations

from analyzers.look.words import look_words
from analyzers.video.motion import CALM_BELOW, LIVELY_BELOW, STILL_BELOW
from dreamcut.findings.base import Measure, Word
from dreamcut.findings.video import CameraMotion, Shot, VideoFindings

FAST_CUTS, SLOW_CUTS = 30.0, 6.0  # per minute: shots of 2 s and of 10 s
PACE_SECONDS = 8.0  # a shorter clip has no pace
SINGLE_TAKE_SECONDS = 3.0
SHAKY_PERCENT = 0.5  # of the width, RMS from frame to frame: twice that of a good handheld shot
LASTING_SHARE = 0.25  # of the looked-at time: a quarter of a clip is part of its character
OPPOSITES = (
    {"warm", "cool"},
    {"golden", "cool"},
    {"dark", "bright"},
    {"low-key", "high-key"},
    {"low-key", "airy"},
    {"vivid", "muted"},
    {"vivid", "monochrome"},
    {"high-contrast", "low-contrast"},
    {"soft", "crisp"},
)

_MOTION_WORDS = {
    CameraMotion.STILL: ("static", f"motion < {STILL_BELOW}"),
    CameraMotion.CALM: ("gentle motion", f"{STILL_BELOW} <= motion < {CALM_BELOW}"),
    CameraMotion.LIVELY: ("dynamic", f"{CALM_BELOW} <= motion < {LIVELY_BELOW}"),
    CameraMotion.FAST: ("fast-moving", f"motion >= {LIVELY_BELOW}"),
}


def clip_words(findings: VideoFindings) -> tuple[Word, ...]:
    """Return what can be said of a clip: look, pace, camera; shots, motion and timing must be measured."""
    return (*_lasting_words(findings), *_pace_words(findings), *_camera_words(findings))


def _lasting_words(findings: VideoFindings) -> list[Word]:
    """Return the words for shots that last long enough together, longest first.

    The evidence is the share of the looked-at time and what was measured of the longest such shot. Of
    two words that exclude each other the one that lasts longer is said.
    """
    looked = [(shot, look_words(shot.look)) for shot in findings.shots if shot.look is not None]
    total = sum(shot.duration_seconds for shot, _ in looked)
    lasting: dict[str, float] = {}
    longest: dict[str, tuple[Shot, Word]] = {}
    for shot, words in looked:
        for word in words:
            lasting[word.word] = lasting.get(word.word, 0.0) + shot.duration_seconds
            if word.word not in longest or shot.duration_seconds > longest[word.word][0].duration_seconds:
                longest[word.word] = shot, word
    ranked = sorted(lasting, key=lambda word: -lasting[word])
    said: list[Word] = []
    for name in ranked:
        shot, word = longest[name]
        excluded = any(_exclude(name, earlier.word) for earlier in said)
        if lasting[name] >= LASTING_SHARE * total and not excluded:
            said.append(_of_clip(word, shot, share=min(1.0, lasting[name] / total)))
    return said


def _exclude(one: str, other: str) -> bool:
    return any(one in pair and other in pair for pair in OPPOSITES)


def _of_clip(word: Word, shot: Shot, *, share: float) -> Word:
    """Say of the clip what holds for its shots."""
    measures = [m.model_copy(update={"metric": f"shots[{shot.index}].{m.metric}"}) for m in word.measures]
    return Word(
        word=word.word,
        rule=f"for shots that last {LASTING_SHARE:.0%} of the looked-at time or more: {word.rule}",
        measures=(Measure(metric="shots[].look", value=share, unit="share of time"), *measures),
    )


def _pace_words(findings: VideoFindings) -> list[Word]:
    duration = Measure(metric="timing.duration_seconds", value=findings.timing.duration_seconds, unit="s")
    if len(findings.shots) == 1 and duration.value >= SINGLE_TAKE_SECONDS:
        rule = f"no transition in {SINGLE_TAKE_SECONDS:.0f} s or more"
        return [Word(word="single take", rule=rule, measures=(duration,))]
    if findings.cuts_per_minute is None or duration.value < PACE_SECONDS:
        return []
    pace = Measure(metric="cuts_per_minute", value=findings.cuts_per_minute, unit="1/min")
    if pace.value >= FAST_CUTS:
        return [Word(word="fast-cut", rule=f"cuts_per_minute >= {FAST_CUTS:.0f}", measures=(pace, duration))]
    if pace.value <= SLOW_CUTS:
        return [
            Word(word="slow-paced", rule=f"cuts_per_minute <= {SLOW_CUTS:.0f}", measures=(pace, duration))
        ]
    return []


def _camera_words(findings: VideoFindings) -> list[Word]:
    words: list[Word] = []
    if findings.motion is not None and findings.motion_kind is not None:
        word, rule = _MOTION_WORDS[findings.motion_kind]
        measure = Measure(metric="motion", value=findings.motion, unit="width/s")
        words.append(Word(word=word, rule=rule, measures=(measure,)))
    shaken = [(shot.shake, shot.duration_seconds) for shot in findings.shots if shot.shake is not None]
    total = sum(seconds for _, seconds in shaken)
    if total > 0:
        mean = sum(value * seconds for value, seconds in shaken) / total
        if mean >= SHAKY_PERCENT:
            rule = f"mean of shots[].shake by length >= {SHAKY_PERCENT} % of the width"
            measure = Measure(metric="shots[].shake", value=mean, unit="% of width")
            words.append(Word(word="shaky", rule=rule, measures=(measure,)))
    return words
