"""Sound: an audio file, or the first audio stream of a video, measured in one pass."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzers import media
from analyzers.audio.activity import Span, VoiceMeter, join, speech_spans, within
from analyzers.audio.segments import Signs, music_score, music_spans, seconds_of, segments, spans_of
from analyzers.audio.silence import energy_curve_dbfs, silence_threshold_dbfs, silent_ends, silent_frames
from analyzers.audio.spectrum import (
    SAMPLE_RATE_HZ,
    Floats,
    LevelMeter,
    Spectrum,
    SpectrumMeter,
    decibels_full_scale,
)
from analyzers.audio.speech import SHIPPED, SpeechModel
from analyzers.audio.spool import Spool
from analyzers.audio.tempo import tempo
from analyzers.audio.transcript import transcribe, weakest_moment, windows
from analyzers.audio.voice import PitchMeter, voice
from analyzers.audio.words import tone_words
from analyzers.steps import OnStep, Step, ignore_step
from analyzers.versions import AUDIO
from dreamcut import weights
from dreamcut.errors import UnreadableMedia, WeightsUnavailable
from dreamcut.findings.audio import AudioFindings, AudioStream, Loudness, SegmentKind
from dreamcut.findings.base import Gap, Tool

RANGE_VALID_SECONDS = 60.0  # EBU Tech 3342
SHORTEST_TOLD_SECONDS = 0.25  # nothing shorter can be told apart
MUSIC_FOR_TEMPO_SECONDS = 8.0  # of music without a voice; with less, music under speech counts too
TRANSCRIPT_FROM, TRANSCRIPT_TO = 66, 90  # progress while the windows are heard

_MUSIC = (SegmentKind.MUSIC, SegmentKind.SPEECH_OVER_MUSIC)
_SPEECH = (SegmentKind.SPEECH, SegmentKind.SPEECH_OVER_MUSIC)


@dataclass(frozen=True)
class _Heard:
    """What one pass over the samples left: a few numbers per frame."""

    spectrum: Spectrum
    mean_square: Floats  # every 10 ms
    voice: Floats | None  # probability of speech every 32 ms; None without the model
    pitch_hz: Floats


def analyze(
    path: Path,
    *,
    on_step: OnStep = ignore_step,
    speech: SpeechModel | None = SHIPPED,
    sha256: str | None = None,
) -> AudioFindings:
    """Measure one audio stream, whole.

    Args:
        path: an audio file, or a video whose first audio stream is taken.
        on_step: told after each step, with all that is known so far.
        speech: what transcribes; None leaves the transcript out, as a gap.
        sha256: of the file, where it is known already.

    Raises:
        UnreadableMedia: not media, broken from the start, or without a single sample.
        UnsupportedMedia: media without sound.
        MediaTooLarge, AnalysisTimedOut, AnalysisCancelled: see `dreamcut.errors`.
    """
    with ExitStack() as stack:
        spool = stack.enter_context(Spool()) if speech is not None else None
        return _Analysis(path, on_step, sha256=sha256).run(speech, spool)


def warm(*, speech: SpeechModel | None = SHIPPED) -> None:
    """Load what the first analysis would wait for; run at install (librosa compiles) and at worker start.

    What is not installed is left out here: `analyze` states it as a gap.
    """
    tempo(np.tile(np.eye(1, 31, dtype=np.float32)[0], 32), music=[Span(0.0, 15.0)])
    with suppress(WeightsUnavailable):
        VoiceMeter(weights.locate(weights.SILERO_VAD.name))
        if speech is not None:
            speech.hear(np.zeros(SAMPLE_RATE_HZ, np.float32))


class _Analysis:
    """One run: holds what is known so far, and tells it step by step."""

    def __init__(self, path: Path, on_step: OnStep, *, sha256: str | None) -> None:
        self._path = path
        self._on_step = on_step
        mark = media.fingerprint(path, sha256=sha256)
        self._known = AudioFindings(
            analyzer_version=AUDIO,
            sha256=mark.sha256,
            file_bytes=mark.file_bytes,
            streams=(),
            duration_seconds=0.0,  # decoded so far
            partial=True,
        )
        self._damaged = False

    def run(self, speech: SpeechModel | None, spool: Spool | None) -> AudioFindings:
        """Measure everything, in the order of the steps."""
        heard = self._listen(spool)
        silent = silent_frames(decibels_full_scale(heard.mean_square))
        self._know_levels(heard, silent=silent)
        if heard.voice is not None and self._known.duration_seconds >= SHORTEST_TOLD_SECONDS:
            spoken = self._know_segments(heard, heard.voice, silent=silent)
            self._know_tempo(heard.spectrum)
            self._know_transcript(speech, spool, spoken=spoken, voice=heard.voice)
        self._know(words=tone_words(self._known))
        self._tell("words", 97)
        self._know(partial=self._damaged)
        return self._known

    def _listen(self, spool: Spool | None) -> _Heard:
        """Read the samples once; never more than a second of them is held."""
        spectrum, level, pitch, ear = SpectrumMeter(), LevelMeter(), PitchMeter(), self._ear()
        started = time.monotonic()
        with media.open_audio(self._path, sample_rate_hz=SAMPLE_RATE_HZ) as sound:
            self._know(streams=tuple(_stream(info) for info in sound.info.audio))
            self._tell("streams", 10)
            for block in sound:
                spectrum.feed(block)
                level.feed(block)
                if ear is not None:
                    probabilities = ear.feed(block)
                    pitch.feed(block, probabilities)
                    if spool is not None:
                        spool.feed(block, probabilities)
            summary, damaged = sound.summary, sound.damaged
            # With a picture, the container may well be longer than its sound.
            promised = sound.info.duration_seconds if sound.info.video is None else None
        if summary.samples == 0:
            raise UnreadableMedia(self._path, "has an audio stream without a single sample")
        if spool is not None:
            spool.finish()
        seconds = time.monotonic() - started
        self._know_summary(summary, damaged=damaged, promised=promised, seconds=seconds)
        return _Heard(
            spectrum=spectrum.finish(),
            mean_square=level.finish(),
            voice=ear.finish() if ear is not None else None,
            pitch_hz=pitch.finish(),
        )

    def _ear(self) -> VoiceMeter | None:
        try:
            folder = weights.locate(weights.SILERO_VAD.name)
        except WeightsUnavailable as missing:
            self._miss("segments", str(missing), weights.SILERO_VAD.fetched_by)
            return None
        self._use(weights.SILERO_VAD.name, weights.SILERO_VAD.version, is_model=True)
        return VoiceMeter(folder)

    def _know_summary(
        self, summary: media.AudioSummary, *, damaged: str | None, promised: float | None, seconds: float
    ) -> None:
        if damaged is not None:
            self._damaged = True
            self._miss("part of the sound", damaged)
        elif promised is not None and promised - summary.duration_seconds > _tolerance(promised):
            self._damaged = True
            self._miss(
                "part of the sound",
                f"the file promises {promised:.1f} s; {summary.duration_seconds:.1f} s could be decoded",
            )
        self._use("libav", f"PyAV {version('av')}", seconds=seconds)
        loudness = Loudness(
            integrated_lufs=summary.integrated_lufs,
            range_lu=summary.range_lu,
            range_valid=summary.range_lu is not None and summary.duration_seconds >= RANGE_VALID_SECONDS,
            true_peak_dbtp=summary.true_peak_dbtp,
        )
        if loudness.integrated_lufs is None:
            self._miss("loudness", "too short or too quiet to measure (EBU R128 needs 0.4 s above -70 LUFS)")
        self._know(
            duration_seconds=summary.duration_seconds,
            loudness=None if loudness.true_peak_dbtp is None else loudness,
            clipped_share=summary.clipped_samples / summary.samples,
        )

    def _know_levels(self, heard: _Heard, *, silent: NDArray[np.bool_]) -> None:
        duration = self._known.duration_seconds
        if duration < SHORTEST_TOLD_SECONDS:
            self._miss("segments", f"{duration * 1000:.0f} ms of sound are too short to tell what it is")
        if not len(silent):  # not one sample at the analysis rate
            return
        head, tail = silent_ends(silent, duration_seconds=duration)
        threshold = silence_threshold_dbfs(decibels_full_scale(heard.mean_square))
        sounding = heard.spectrum.centroid_hz[heard.spectrum.frame_dbfs > threshold]
        self._know(
            head_silence_seconds=min(duration, head),
            tail_silence_seconds=tail,
            energy_curve_db=energy_curve_dbfs(heard.mean_square),
            spectral_centroid_hz=round(float(sounding.mean()), 1) if len(sounding) else None,
        )
        self._tell("loudness", 30)

    def _know_segments(
        self,
        heard: _Heard,
        voice_probability: Floats,
        *,
        silent: NDArray[np.bool_],
    ) -> list[Span]:
        """Tell what the recording is made of, and return where speech is."""
        duration = self._known.duration_seconds
        spoken = speech_spans(voice_probability, duration_seconds=duration)
        score = music_score(heard.spectrum, speech=spoken, silent=silent)
        spoken = speech_spans(
            voice_probability, duration_seconds=duration, music=music_spans(score, silent=silent)
        )
        signs = Signs(silent=silent, speech=spoken, voice=voice_probability, music=score)
        found = segments(signs, duration_seconds=duration)
        spoken = within(spoken, spans_of(found, *_SPEECH))  # without blips that made no segment
        self._know(
            segments=found,
            speech_seconds=round(seconds_of(found, *_SPEECH), 2),
            music_seconds=round(seconds_of(found, *_MUSIC), 2),
            voice=voice(heard.pitch_hz, speech=spoken, mean_square=heard.mean_square),
        )
        self._tell("segments", 50)
        return spoken

    def _know_tempo(self, spectrum: Spectrum) -> None:
        found = self._known.segments
        music = join(spans_of(found, SegmentKind.MUSIC), gap_seconds=0.5)
        if sum(span.seconds for span in music) < MUSIC_FOR_TEMPO_SECONDS:
            music = join(spans_of(found, *_MUSIC), gap_seconds=0.5)
        if not music:
            self._miss("tempo", "there is no music")
            return
        started = time.monotonic()
        beat = tempo(spectrum.onset, music=music)
        if beat is None:
            self._miss("tempo", "the music has no steady beat")
        else:
            self._use("librosa", version("librosa"), seconds=time.monotonic() - started)
        self._know(tempo=beat)
        self._tell("tempo", 65)

    def _know_transcript(
        self, speech: SpeechModel | None, spool: Spool | None, *, spoken: list[Span], voice: Floats
    ) -> None:
        if not spoken:
            return
        if speech is None or spool is None:
            self._miss("transcript", "speech recognition was left out")
            return
        found = windows(spoken, duration_seconds=self._known.duration_seconds, weakest=weakest_moment(voice))
        started = time.monotonic()
        try:
            said, gap = transcribe(speech, spool, found, speech=spoken, on_window=self._teller(len(found)))
        except WeightsUnavailable as missing:
            self._miss("transcript", str(missing), weights.WHISPER_TINY_EN.fetched_by)
            return
        self._use(speech.name, speech.version, is_model=True, seconds=time.monotonic() - started)
        self._know(transcript=said, gaps=(*self._known.gaps, *([gap] if gap else [])))
        self._tell("transcript", TRANSCRIPT_TO)

    def _teller(self, total: int) -> Callable[[int], None]:
        def tell(done: int) -> None:
            if done < total:
                share = done / total
                self._tell("transcript", round(TRANSCRIPT_FROM + share * (TRANSCRIPT_TO - TRANSCRIPT_FROM)))

        return tell

    def _know(self, **found: object) -> None:
        self._known = AudioFindings(**{**dict(self._known), **found})

    def _miss(self, what: str, reason: str, remedy: str | None = None) -> None:
        self._know(gaps=(*self._known.gaps, Gap(what=what, reason=reason, remedy=remedy)))

    def _use(self, name: str, release: str, *, is_model: bool = False, seconds: float = 0.0) -> None:
        tool = Tool(name=name, version=release, is_model=is_model, seconds=round(seconds, 3))
        self._know(tools=(*self._known.tools, tool))

    def _tell(self, name: str, progress: int) -> None:
        self._on_step(Step(name=name, progress=progress, findings=self._known))


def _tolerance(promised_seconds: float) -> float:
    """How much shorter than its header sound may be: some headers are estimates."""
    return max(1.0, 0.1 * promised_seconds)


def _stream(info: media.AudioStreamInfo) -> AudioStream:
    return AudioStream(
        index=info.index,
        codec=info.codec,
        sample_rate_hz=info.sample_rate_hz,
        channels=info.channels,
        layout=info.layout,
        bits_per_second=info.bits_per_second,
        language=info.language,
    )
