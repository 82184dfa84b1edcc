"""Words for a clip as a whole, each from a rule that a reader can check."""

from __future__ import annotations

from analyzers.look.words import look_words
from dreamcut.findings.base import Measure, Word
from dreamcut.findings.video import CameraMotion, VideoFindings

FAST_CUTS, SLOW_CUTS = 30.0, 6.0  # per minute: shots of 2 s and of 10 s
PACE_SECONDS = 8.0  # a shorter clip has no pace
SINGLE_TAKE_SECONDS = 3.0
SHAKY_PERCENT = 0.5  # of the width, RMS from frame to frame: twice that of a good handheld shot
LASTING_SHARE = 0.34  # of the time: a look that a third of a clip shares is its look

_MOTION_WORDS = {
    CameraMotion.STILL: ("static", "motion < 0.015 of the width per second"),
    CameraMotion.CALM: ("gentle motion", "0.015 <= motion < 0.12 of the width per second"),
    CameraMotion.LIVELY: ("dynamic", "0.12 <= motion < 0.5 of the width per second"),
    CameraMotion.FAST: ("fast-moving", "motion >= 0.5 of the width per second"),
}


def clip_words(findings: VideoFindings) -> tuple[Word, ...]:
    """Return what can be said of a clip: look, pace, camera; shots, motion and timing must be measured."""
    return (*_lasting_words(findings), *_pace_words(findings), *_camera_words(findings))


def _lasting_words(findings: VideoFindings) -> list[Word]:
    """Keep the words of the clip's look that hold for the looks of its shots long enough, too."""
    looked = [(shot.duration_seconds, shot.look) for shot in findings.shots if shot.look is not None]
    total = sum(seconds for seconds, _ in looked)
    if findings.look is None or total <= 0:
        return []
    lasting: dict[str, float] = {}
    for seconds, look in looked:
        for word in look_words(look):
            lasting[word.word] = lasting.get(word.word, 0.0) + seconds
    words: list[Word] = []
    for word in look_words(findings.look):
        share = min(1.0, lasting.get(word.word, 0.0) / total)
        if share >= LASTING_SHARE:
            rule = f"{word.rule}; so do shots that last {LASTING_SHARE:.0%} of the time"
            measure = Measure(metric="shots[].look", value=share, unit="share of time")
            words.append(Word(word=word.word, rule=rule, measures=(*word.measures, measure)))
    return words


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
