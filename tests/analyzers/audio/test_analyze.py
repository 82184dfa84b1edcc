"""The audio analyzer as a whole."""

import math
import wave
from pathlib import Path

import numpy as np
import pytest
from sounds import melody, noise, silence, sine, write_wav

from analyzers import audio
from analyzers.steps import Step
from dreamcut.errors import AnalysisCancelled, UnreadableMedia
from dreamcut.findings import load_findings
from dreamcut.findings.audio import AudioFindings, SegmentKind


def gaps(found: AudioFindings) -> set[str]:
    return {gap.what for gap in found.gaps}


def test_steps_grow_and_are_partial_until_the_end(tmp_path: Path) -> None:
    steps: list[Step] = []
    path = write_wav(tmp_path / "music.wav", melody(seconds=10))
    found = audio.analyze(path, on_step=steps.append, speech=None)
    assert [step.name for step in steps] == ["streams", "loudness", "segments", "tempo", "words"]
    progress = [step.progress for step in steps]
    assert progress == sorted(set(progress))
    assert progress[-1] < 100
    assert all(step.findings is not None and step.findings.partial for step in steps)
    assert not found.partial


def test_findings_survive_the_database(tmp_path: Path) -> None:
    found = audio.analyze(write_wav(tmp_path / "music.wav", melody(seconds=10)), speech=None)
    assert load_findings(found.model_dump(mode="json")) == found


def test_a_caller_that_raises_stops_the_analysis(tmp_path: Path) -> None:
    def refuse(step: Step) -> None:
        raise AnalysisCancelled(step.name)

    with pytest.raises(AnalysisCancelled):
        audio.analyze(write_wav(tmp_path / "noise.wav", noise(2)), on_step=refuse, speech=None)


def test_a_sine_has_the_loudness_of_the_standard(tmp_path: Path) -> None:
    # BS.1770: a 997 Hz sine of full scale in one channel reads -3.01 LKFS; half scale is 6.02 less.
    found = audio.analyze(write_wav(tmp_path / "sine.wav", sine(997.0, seconds=5, peak=0.5)), speech=None)
    assert found.loudness is not None
    assert found.loudness.integrated_lufs == pytest.approx(-3.01 - 6.02, abs=0.1)
    assert found.loudness.true_peak_dbtp == pytest.approx(20 * math.log10(0.5), abs=0.2)
    assert not found.loudness.range_valid  # under 60 s
    assert found.spectral_centroid_hz == pytest.approx(997.0, abs=25.0)


def test_a_square_wave_is_clipped_and_its_half_is_not(tmp_path: Path) -> None:
    square = np.sign(sine(100.0, seconds=2) + np.float32(1e-6)).astype(np.float32)
    hot = audio.analyze(write_wav(tmp_path / "hot.wav", square), speech=None)
    tame = audio.analyze(write_wav(tmp_path / "tame.wav", 0.5 * square), speech=None)
    assert hot.clipped_share == pytest.approx(1.0, abs=0.01)
    assert "distorted" in {word.word for word in hot.words}
    assert tame.clipped_share == 0.0


def test_silence_has_no_loudness_and_no_centroid(tmp_path: Path) -> None:
    found = audio.analyze(write_wav(tmp_path / "silence.wav", silence(5)), speech=None)
    assert found.loudness is None
    assert "loudness" in gaps(found)
    assert found.spectral_centroid_hz is None
    assert (found.head_silence_seconds, found.tail_silence_seconds) == (5.0, 5.0)
    assert [segment.kind for segment in found.segments] == [SegmentKind.SILENCE]


def test_a_millisecond_of_sound_is_all_gaps(tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    write_wav(path, np.full(48, 0.1, np.float32), rate_hz=48_000)
    found = audio.analyze(path, speech=None)
    assert found.duration_seconds == pytest.approx(0.001)
    assert found.segments == ()
    assert {"loudness", "segments"} <= gaps(found)


def test_a_stream_without_samples_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia):
        audio.analyze(write_wav(tmp_path / "none.wav", silence(0)), speech=None)


def test_a_file_that_promises_more_than_it_holds_is_partial(corpus: Path) -> None:
    found = audio.analyze(corpus / "hostile/truncated.mp3", speech=None)
    assert found.partial
    assert "part of the sound" in gaps(found)


def test_speech_without_a_model_is_a_gap(corpus: Path) -> None:
    found = audio.analyze(corpus / "audio/speech_en_hello-world.wav", speech=None)
    assert found.transcript is None
    assert "transcript" in gaps(found)
    assert found.speech_seconds == pytest.approx(found.duration_seconds, abs=0.3)


def test_the_sound_of_a_video_is_measured(corpus: Path) -> None:
    found = audio.analyze(corpus / "case_cyberpunk/video.mp4", speech=None)
    assert found.duration_seconds == pytest.approx(45.0, abs=0.1)
    assert [stream.codec for stream in found.streams] == ["aac"]
    assert found.music_seconds == pytest.approx(45.0, abs=1.0)


def test_stereo_is_measured_as_one(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    left = (sine(440.0, seconds=2) * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.stack([left, left], axis=1).tobytes())
    found = audio.analyze(path, speech=None)
    assert found.streams[0].channels == 2
    assert found.duration_seconds == pytest.approx(2.0)


def test_warm_can_be_called_again() -> None:
    audio.warm(speech=None)
    audio.warm(speech=None)
