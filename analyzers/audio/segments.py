"""What a recording is made of: speech, music, both, silence, other.

Every 10 ms gets one kind by these rules, in this order:

1. silence: the level stays under the silence threshold for a second, or a little at head or tail;
2. speech: the voice model hears it, pauses up to two seconds included;
3. music: tones hold on, or onsets repeat, for several seconds; under speech the tones are looked for
   in the gaps between syllables. Together with speech it is speech over music;
4. other: what is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzers.audio.activity import VOICE_SECONDS, Span, join
from analyzers.audio.music import held_tones, pulse
from analyzers.audio.spectrum import BLOCK_SECONDS, LEVEL_SECONDS, Floats, Spectrum
from dreamcut.findings.audio import Segment, SegmentKind

# Scores are divided by these, so that 1 is the border; measured on speech in several languages,
# music of many kinds and sound effects (docs/audio.md).
TONES_BORDER = 2.1  # Seyerlehner et al. use 1.24 with other peaks
TONES_UNDER_SPEECH_BORDER = 1.9
PULSE_BORDER = 0.35
MUSIC_ENDS = 0.85  # hysteresis
SMOOTHING_BLOCKS = 5  # music does not come and go within 5 s
SHORTEST_MUSIC_SECONDS = 1.6  # four beats at 150 BPM: less is an effect or a jingle's single hit
SHORTEST_PULSED_SECONDS = 4.0

SHORTEST_SILENCE_SECONDS = 1.0  # a shorter one is a pause
SPEECH_PAUSE_SECONDS = 2.0  # a speaker's rhetorical pause; longer ones end the speech
SHORTEST_END_SILENCE_SECONDS = 0.2
SHORTEST_SEGMENT_SECONDS = 0.5

_KINDS = tuple(SegmentKind)
_SPEECH, _MUSIC, _BOTH, _SILENCE, _OTHER = range(len(_KINDS))


@dataclass(frozen=True)
class Signs:
    """What the rules look at."""

    silent: NDArray[np.bool_]  # every 10 ms
    speech: Sequence[Span]
    voice: Floats  # probability of speech, every VOICE_SECONDS
    music: Floats  # score of every second or so (BLOCK_SECONDS), 1 is the border


def music_score(spectrum: Spectrum, *, speech: Sequence[Span], silent: NDArray[np.bool_]) -> Floats:
    """Score every block for music, 1 is the border, shape (blocks,); 0 where it is silent."""
    blocks = len(spectrum.activation)
    tones = held_tones(spectrum.activation) / TONES_BORDER
    under = held_tones(spectrum.quiet_activation) / TONES_UNDER_SPEECH_BORDER
    spoken = _block_share(_mask(speech, len(silent)), blocks)
    sounding = _block_share(~silent, blocks)
    score = np.where(spoken > 0.2, under, np.maximum(tones, _pulse_score(spectrum, silent, blocks)))
    return _median(np.where(sounding > 0.1, score, 0.0).astype(np.float32), sounding > 0.1)


def music_spans(score: Floats, *, silent: NDArray[np.bool_]) -> list[Span]:
    """Return where music is, by score, seconds."""
    found = _runs(_music_mask(score, _silence_mask(silent)).astype(np.int8))
    return [Span(first * LEVEL_SECONDS, end * LEVEL_SECONDS) for kind, first, end in found if kind]


def segments(signs: Signs, *, duration_seconds: float) -> tuple[Segment, ...]:
    """Return what the recording is made of, without gaps, first to last."""
    frames = len(signs.silent)
    if not frames:
        return ()
    speech = _mask(_with_ends(join(signs.speech, gap_seconds=SPEECH_PAUSE_SECONDS), duration_seconds), frames)
    silence = _silence_mask(signs.silent)
    music = _music_mask(signs.music, silence)
    kinds = np.full(frames, _OTHER, np.int8)
    kinds[music] = _MUSIC
    kinds[speech] = _SPEECH
    kinds[speech & music] = _BOTH
    kinds[silence] = _SILENCE
    runs = _settle(_runs(kinds))
    last = len(runs) - 1
    return tuple(
        Segment(
            kind=_KINDS[kind],
            start_seconds=round(first * LEVEL_SECONDS, 2),
            end_seconds=duration_seconds if i == last else round(end * LEVEL_SECONDS, 2),
            confidence=_confidence(kind, first, end, signs),
        )
        for i, (kind, first, end) in enumerate(runs)
    )


def seconds_of(found: Sequence[Segment], *kinds: SegmentKind) -> float:
    """Return the total length of the segments of these kinds."""
    return sum(segment.duration_seconds for segment in found if segment.kind in kinds)


def spans_of(found: Sequence[Segment], *kinds: SegmentKind) -> list[Span]:
    """Return the stretches of these kinds, neighbours joined."""
    wanted = [Span(segment.start_seconds, segment.end_seconds) for segment in found if segment.kind in kinds]
    return join(wanted, gap_seconds=0.0)


def _pulse_score(spectrum: Spectrum, silent: NDArray[np.bool_], blocks: int) -> Floats:
    """Pulse of every block; none where the sound is too short to show one."""
    scores = pulse(spectrum.onset) / PULSE_BORDER
    if not len(scores) or float((~silent).sum()) * LEVEL_SECONDS < SHORTEST_PULSED_SECONDS:
        return np.zeros(blocks, np.float32)
    middles = ((np.arange(blocks) + 0.5) * BLOCK_SECONDS).astype(int)
    return np.asarray(scores[np.minimum(middles, len(scores) - 1)], np.float32)


def _block_share(flags: NDArray[np.bool_], blocks: int) -> Floats:
    """Share of True within each block."""
    edges = np.rint(np.arange(blocks + 1) * BLOCK_SECONDS / LEVEL_SECONDS).astype(int)
    sums = np.concatenate([[0], np.cumsum(flags)])
    edges = np.minimum(edges, len(flags))
    return np.asarray((sums[edges[1:]] - sums[edges[:-1]]) / np.maximum(1, np.diff(edges)), np.float32)


def _median(score: Floats, counted: NDArray[np.bool_]) -> Floats:
    """Running median over SMOOTHING_BLOCKS, of the counted blocks only; the others stay 0."""
    smooth = np.zeros_like(score)
    half = SMOOTHING_BLOCKS // 2
    for i in np.flatnonzero(counted):
        near = slice(max(0, i - half), i + half + 1)
        smooth[i] = np.median(score[near][counted[near]])
    return smooth


def _mask(spans: Sequence[Span], frames: int) -> NDArray[np.bool_]:
    mask = np.zeros(frames, bool)
    for span in spans:
        mask[round(span.start / LEVEL_SECONDS) : round(span.end / LEVEL_SECONDS)] = True
    return mask


def _with_ends(speech: list[Span], duration_seconds: float) -> list[Span]:
    """Draw speech that starts or stops near the end of the file out to it: a breath, a room's tail."""
    if not speech:
        return speech
    near = SHORTEST_SEGMENT_SECONDS
    first = speech[0]
    speech = [Span(0.0 if first.start < near else first.start, first.end), *speech[1:]]
    last = speech[-1]
    return [
        *speech[:-1],
        Span(last.start, duration_seconds if duration_seconds - last.end < near else last.end),
    ]


def _silence_mask(silent: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Silence long enough to count; less is enough at head and tail."""
    mask = np.zeros(len(silent), bool)
    for kind, first, end in _runs(silent.astype(np.int8)):
        at_end = first == 0 or end == len(silent)
        shortest = SHORTEST_END_SILENCE_SECONDS if at_end else SHORTEST_SILENCE_SECONDS
        if kind and (end - first) * LEVEL_SECONDS >= shortest:
            mask[first:end] = True
    return mask


def _music_mask(score: Floats, silence: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where music is: from a score of 1 until it falls under MUSIC_ENDS, not within silence."""
    verdict = np.where(score >= 1.0, 1, np.where(score < MUSIC_ENDS, -1, 0))
    on = np.zeros(len(score), bool)
    for steps in (range(len(score)), reversed(range(len(score)))):  # an opening below 1 counts too
        state = False
        for i in steps:
            state = verdict[i] > 0 or (state and verdict[i] == 0)
            on[i] |= state
    mask = np.zeros(len(silence), bool)
    for i in np.flatnonzero(on).tolist():
        first, end = (round(edge * BLOCK_SECONDS / LEVEL_SECONDS) for edge in (i, i + 1))
        mask[first : len(mask) if i == len(on) - 1 else end] = True
    mask &= ~silence
    for kind, first, end in _runs(mask.astype(np.int8)):
        if kind and (end - first) * LEVEL_SECONDS < SHORTEST_MUSIC_SECONDS:
            mask[first:end] = False
    return mask


def _runs(kinds: NDArray[np.int8]) -> list[tuple[int, int, int]]:
    """Return (kind, first, one past last) of every run of one kind."""
    edges = np.flatnonzero(np.diff(kinds)) + 1
    starts = [0, *edges.tolist()]
    return [
        (int(kinds[first]), first, end) for first, end in zip(starts, [*starts[1:], len(kinds)], strict=True)
    ]


def _settle(runs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Give stretches too short to be a segment to the longer neighbour; silence keeps its edges."""
    shortest = round(SHORTEST_SEGMENT_SECONDS / LEVEL_SECONDS)
    while len(runs) > 1:
        short = [
            i for i, (kind, first, end) in enumerate(runs) if kind != _SILENCE and end - first < shortest
        ]
        if not short:
            break
        i = min(short, key=lambda i: runs[i][2] - runs[i][1])
        beside = [j for j in (i - 1, i + 1) if 0 <= j < len(runs) and runs[j][0] != _SILENCE]
        if not beside:
            break
        j = max(beside, key=lambda j: runs[j][2] - runs[j][1])
        low, high = min(i, j), max(i, j)
        runs = [*runs[:low], (runs[j][0], runs[low][1], runs[high][2]), *runs[high + 1 :]]
        runs = _merge_alike(runs)
    return runs


def _merge_alike(runs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    merged: list[tuple[int, int, int]] = []
    for kind, first, end in runs:
        if merged and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1], end)
        else:
            merged.append((kind, first, end))
    return merged


def _confidence(kind: int, first: int, end: int, signs: Signs) -> float:
    """How clear the case is, 0 to 1: distance of the scores from their borders, or the voice model's word."""
    scale = LEVEL_SECONDS / VOICE_SECONDS
    heard = signs.voice[int(first * scale) : max(int(first * scale) + 1, int(end * scale))]
    voice = float(np.percentile(heard, 75)) if len(heard) else 0.0  # pauses are part of speech
    scale = LEVEL_SECONDS / BLOCK_SECONDS
    scores = signs.music[int(first * scale) : max(int(first * scale) + 1, int(end * scale))]
    # 1 at the border means an even chance; twice the border is certain.
    music = float(np.clip(scores.mean() / 2.0, 0.0, 1.0)) if len(scores) else 0.0
    match _KINDS[kind]:
        case SegmentKind.SILENCE:
            value = float(signs.silent[first:end].mean())
        case SegmentKind.SPEECH:
            value = min(voice, 1.0 - music / 2.0)
        case SegmentKind.SPEECH_OVER_MUSIC:
            value = min(max(voice, 0.5), music)
        case SegmentKind.MUSIC:
            value = min(music, 1.0 - voice / 2.0)
        case SegmentKind.OTHER:
            short = (end - first) * LEVEL_SECONDS < SHORTEST_MUSIC_SECONDS
            value = 1.0 - max(min(music, 0.5) if short else music, voice)  # too short to tell is even
    return round(min(1.0, max(0.0, value)), 2)
