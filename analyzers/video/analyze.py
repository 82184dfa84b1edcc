"""The video analyzer: a file in, findings out. One pass over small frames, then one keyframe a shot."""

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np

from analyzers import audio, versions
from analyzers.audio.speech import SHIPPED, SpeechModel
from analyzers.media import Fingerprint, MediaInfo, VideoStreamInfo, fingerprint
from analyzers.steps import OnStep, Step, ignore_step
from analyzers.video.defects import black_ranges, frozen_ranges
from analyzers.video.geometry import measure_geometry
from analyzers.video.look import look_at_shots, shots_to_look_at
from analyzers.video.motion import motion_kind
from analyzers.video.shotlist import cuts_per_minute, flash_seconds, list_shots, mean_motion
from analyzers.video.timing import measure_timing
from analyzers.video.watching import Watched, watch
from analyzers.video.words import clip_words
from dreamcut.errors import MediaError
from dreamcut.findings import AudioFindings, Gap, Tool, VideoFindings, Word
from dreamcut.findings.audio import AudioStream
from dreamcut.findings.look import Look
from dreamcut.findings.video import Container, Defects, Geometry, Shot, Timing

OPENED, WATCHED, LISTENING, LISTENED = 5, 60, 80, 95  # progress of the asset, percent
REPORT_EVERY = 0.1  # of the claimed duration
MISSING_SHARE, MISSING_SECONDS = 0.05, 1.0  # both must be missing before a file counts as cut off


def analyze(
    path: Path,
    *,
    on_step: OnStep = ignore_step,
    speech: SpeechModel | None = SHIPPED,
    sha256: str | None = None,
) -> VideoFindings:
    """Measure a video file.

    Args:
        path: a local file; it is only ever opened through `analyzers.media`.
        on_step: told after "container" (5 %), during "frames" (5 to 60 %, about ten times), after
            "shots" (65 %), "look" (80 %), the steps of the sound (80 to 95 %) and "words" (97 %),
            with all that is known by then.
        speech: what transcribes the sound; None leaves the transcript out, as a gap.
        sha256: of the file, where it is known already.

    Returns:
        The findings. `partial` when the file ends before its header says or holds broken packets:
        then what could be decoded was measured, and a gap says what is missing.

    Raises:
        UnreadableMedia: no frame can be decoded.
        UnsupportedMedia: there is no video stream.
        MediaTooLarge, AnalysisTimedOut, AnalysisCancelled: see `dreamcut.errors`.
    """
    draft = _Draft(fingerprint(path, sha256=sha256))
    watched = _watch(path, draft, on_step)
    _list_shots(draft, watched)
    on_step(Step("shots", 65, draft.findings(partial=True)))
    _look(draft, watched)
    on_step(Step("look", LISTENING, draft.findings(partial=True)))
    _listen(path, draft, watched.info, on_step, speech=speech)
    draft.words = clip_words(draft.findings(partial=True))
    on_step(Step("words", 97, draft.findings(partial=True)))
    return draft.findings(partial=draft.damaged)


@dataclass
class _Draft:
    """What is known so far; `container`, `geometry` and `timing` from the first step on."""

    identity: Fingerprint
    container: Container | None = None
    geometry: Geometry | None = None
    timing: Timing | None = None
    shots: tuple[Shot, ...] = ()
    look: Look | None = None
    motion: float | None = None
    defects: Defects | None = None
    sound: AudioFindings | None = None
    words: tuple[Word, ...] = ()
    gaps: list[Gap] = field(default_factory=list)
    damaged: bool = False
    seconds: dict[str, float] = field(default_factory=dict)  # wall time by library

    def findings(self, *, partial: bool) -> VideoFindings:
        """Freeze it."""
        if self.container is None or self.geometry is None or self.timing is None:
            raise RuntimeError("findings were asked for before the file was opened")
        return VideoFindings(
            analyzer_version=versions.VIDEO,
            file_bytes=self.identity.file_bytes,
            sha256=self.identity.sha256,
            container=self.container,
            geometry=self.geometry,
            timing=self.timing,
            shots=self.shots,
            cuts_per_minute=cuts_per_minute(self.shots, duration_seconds=self.timing.duration_seconds),
            look=self.look,
            motion=self.motion,
            motion_kind=None if self.motion is None else motion_kind(self.motion),
            defects=self.defects,
            sound=self.sound,
            words=self.words,
            gaps=tuple(self.gaps),
            tools=tuple(Tool(name=n, version=version(n), seconds=s) for n, s in self.seconds.items()),
            partial=partial,
        )


def _watch(path: Path, draft: _Draft, on_step: OnStep) -> Watched:
    """Decode all frames and time them."""
    claimed = 0.0
    due = REPORT_EVERY

    def opened(info: MediaInfo, stream: VideoStreamInfo) -> None:
        nonlocal claimed
        claimed = info.duration_seconds or 0.0
        draft.container = _container(info, stream)
        draft.geometry = measure_geometry(stream)
        draft.timing = measure_timing(
            np.empty(0), nominal_frame_rate=stream.nominal_frame_rate, tick_seconds=0, interlaced_frames=0
        )
        on_step(Step("container", OPENED, draft.findings(partial=True)))

    def reached(seconds: float) -> None:
        nonlocal due
        share = min(1.0, seconds / claimed) if claimed > 0 else 0.0
        if share >= due and due < 1:
            due = share + REPORT_EVERY
            progress = OPENED + int(share * (WATCHED - OPENED))
            on_step(Step("frames", progress, draft.findings(partial=True)))

    started = perf_counter()
    watched = watch(path, on_open=opened, on_seconds=reached)
    draft.seconds["av"] = perf_counter() - started
    stream = watched.stream
    draft.timing = measure_timing(
        watched.track.seconds,
        nominal_frame_rate=stream.nominal_frame_rate,
        tick_seconds=stream.time_base[0] / stream.time_base[1],
        interlaced_frames=watched.interlaced_frames,
    )
    draft.gaps += _damage(watched, draft.timing)
    draft.damaged = bool(draft.gaps)
    return watched


def _container(info: MediaInfo, stream: VideoStreamInfo) -> Container:
    return Container(
        format=info.container,
        video_codec=stream.codec,
        pixel_format=stream.pixel_format,
        bits_per_second=info.container_bits_per_second,
        audio_streams=tuple(AudioStream(**vars(audio)) for audio in info.audio),
        colour_range=stream.colour_range,
        colour_transfer=stream.colour_transfer,
    )


def _damage(watched: Watched, timing: Timing) -> list[Gap]:
    """Say what of the file could not be seen."""
    gaps: list[Gap] = []
    remedy = "send the whole file"
    if watched.damaged is not None:
        gaps.append(Gap(what="some frames", reason=watched.damaged, remedy=remedy))
    claimed, got = watched.info.duration_seconds or 0.0, timing.duration_seconds
    missing = claimed - got
    # The container may be longer than its video for the sake of its sound; then its frames are all there.
    few = (
        watched.stream.frames_claimed and timing.frames < (1 - MISSING_SHARE) * watched.stream.frames_claimed
    )
    unknown = not watched.stream.frames_claimed and not watched.info.audio
    if missing > max(MISSING_SECONDS, MISSING_SHARE * claimed) and (few or unknown or gaps):
        reason = f"the header claims {claimed:.2f} s, {got:.2f} s could be decoded"
        gaps.append(Gap(what=f"the last {missing:.2f} s", reason=reason, remedy=remedy))
    return gaps


def _list_shots(draft: _Draft, watched: Watched) -> None:
    """Measure shots, motion and defects from what the pass over all frames kept."""
    if draft.timing is None or draft.geometry is None:
        raise RuntimeError("shots were asked for before the frames were watched")
    started = perf_counter()
    track, duration = watched.track, draft.timing.duration_seconds
    draft.shots = list_shots(
        track, watched.boundaries, keyframes=watched.keyframes, duration_seconds=duration
    )
    draft.motion = mean_motion(draft.shots)
    draft.defects = Defects(
        black=black_ranges(track, duration_seconds=duration),
        frozen=frozen_ranges(track, duration_seconds=duration),
        flashes_seconds=flash_seconds(track, watched.boundaries),
        matte=watched.matte_meter.matte(width_px=draft.geometry.width_px, height_px=draft.geometry.height_px),
    )
    draft.seconds["numpy"] = perf_counter() - started


def _look(draft: _Draft, watched: Watched) -> None:
    """Look at the keyframes."""
    if draft.timing is None or draft.geometry is None or draft.defects is None:
        raise RuntimeError("looks were asked for before the shots were listed")
    started = perf_counter()
    chosen = shots_to_look_at(watched.stills, duration_seconds=draft.timing.duration_seconds)
    draft.gaps += _unseen(draft.shots, looked_at=len(chosen))
    draft.shots, draft.look = look_at_shots(
        draft.shots,
        {shot: watched.stills[shot] for shot in chosen},
        geometry=draft.geometry,
        matte=draft.defects.matte,
    )
    draft.seconds["numpy"] += perf_counter() - started


def _unseen(shots: tuple[Shot, ...], *, looked_at: int) -> list[Gap]:
    """Say what was not looked at."""
    showing = sum(shot.keyframe is not None for shot in shots)
    if not showing:
        return [Gap(what="look", reason="every frame is plain black or white")]
    if looked_at < showing:
        reason = f"{looked_at} of {showing} shots were looked at, evenly chosen, to save time"
        return [Gap(what="shots[].look", reason=reason)]
    return []


def _listen(
    path: Path, draft: _Draft, info: MediaInfo, on_step: OnStep, *, speech: SpeechModel | None
) -> None:
    """Analyse the first audio stream; sound that cannot be read costs no picture."""
    if not info.audio:
        return

    def heard(step: Step) -> None:
        progress = LISTENING + int(step.progress / 100 * (LISTENED - LISTENING))
        if isinstance(step.findings, AudioFindings):
            draft.sound = step.findings
        on_step(Step(f"sound {step.name}", max(LISTENING + 1, progress), draft.findings(partial=True)))

    try:
        draft.sound = audio.analyze(path, on_step=heard, speech=speech, sha256=draft.identity.sha256)
    except MediaError as error:
        draft.sound = None
        draft.gaps.append(Gap(what="sound", reason=error.reason))
