"""The door to untrusted files: what comes through, what is refused, and what the child cannot do."""

import io
import os
import socket
import threading
import time
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from PIL import Image

from analyzers import child, media, signatures
from dreamcut.errors import (
    AnalysisCancelled,
    AnalysisTimedOut,
    MediaTooLarge,
    UnreadableMedia,
    UnsupportedMedia,
)
from dreamcut.models import AssetKind


def write_clip(
    path: Path, *, frames: int = 25, rotation: int = 0, size: tuple[int, int] = (320, 180)
) -> Path:
    """Write a clip whose luma grows by 8 a frame, so that a frame tells its own index."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        if rotation:
            stream.set_display_rotation(-rotation)
        for index in range(frames):
            picture = np.full((size[1], size[0], 3), index * 8 % 256, np.uint8)
            picture[: size[1] // 4] = 255  # a white band on top tells which way is up
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


def write_tone(path: Path, *, seconds: float = 3.0, amplitude: float = 0.5, rate: int = 48_000) -> Path:
    """Write a stereo sine of 997 Hz."""
    time_axis = np.arange(int(seconds * rate)) / rate
    wave = np.clip(amplitude * np.sin(2 * np.pi * 997 * time_axis), -1, 1)
    samples = np.repeat((wave * 32767).astype(np.int16), 2)[np.newaxis]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="stereo")
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    "name", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "PPM", "JPEG2000", "TGA", "ICO"]
)
def test_every_format_comes_through_the_locked_door(tmp_path: Path, name: str) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (64, 48), (200, 30, 60)).save(path, format=name)
    still = media.read_image(path, long_edge_px=64)
    assert still.info.format == name
    assert np.abs(still.pixels[..., :3].astype(int) - (200, 30, 60)).mean() < 8
    assert still.damaged is None


def test_a_picture_is_scaled_and_its_true_size_kept(tmp_path: Path) -> None:
    Image.new("RGB", (400, 300)).save(tmp_path / "a.png")
    still = media.read_image(tmp_path / "a.png", long_edge_px=100)
    assert (still.info.width_px, still.info.height_px) == (400, 300)
    assert still.pixels.shape == (75, 100, 4)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    half = np.full((8, 8), 32768, np.uint16)
    Image.fromarray(half).save(tmp_path / "grey16.png")
    still = media.read_image(tmp_path / "grey16.png", long_edge_px=8)
    assert still.info.bits_per_channel == 16
    assert still.pixels[0, 0, 0] == pytest.approx(127.5, abs=1)


def test_exif_orientation_turns_picture_and_size(tmp_path: Path) -> None:
    picture = Image.new("RGB", (40, 20), "black")
    picture.paste("white", (0, 0, 20, 20))  # left half white
    exif = picture.getexif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise: left becomes top
    picture.save(tmp_path / "turned.png", exif=exif)
    still = media.read_image(tmp_path / "turned.png", long_edge_px=40)
    assert (still.info.width_px, still.info.height_px) == (20, 40)
    assert still.pixels[0, 10, 0] == 255
    assert still.pixels[-1, 10, 0] == 0


def test_frames_arrive_in_order_with_their_times(tmp_path: Path) -> None:
    with media.open_video(write_clip(tmp_path / "clip.mp4")) as clip:
        frames = [(f.index, f.seconds, int(f.luma[-1, 0])) for f in clip]
    assert [index for index, _, _ in frames] == list(range(25))
    assert [seconds for _, seconds, _ in frames] == pytest.approx([i / 25 for i in range(25)])
    assert [luma for _, _, luma in frames] == pytest.approx([i * 8 for i in range(25)], abs=3)
    assert clip.damaged is None


def test_stills_come_along_at_the_asked_cadence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", rotation=90)
    with media.open_video(path, still_edge_px=128, still_every_seconds=0.4) as clip:
        stills = [(f.seconds, f.still.shape, int(f.still[-1, 0, 0])) for f in clip if f.still is not None]
    assert [seconds for seconds, _, _ in stills] == pytest.approx([0.0, 0.4, 0.8])
    assert {shape for _, shape, _ in stills} == {(128, 72, 3)}
    assert [value for _, _, value in stills] == pytest.approx([0, 80, 160], abs=4)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_frames_are_turned_as_players_turn_them(tmp_path: Path, rotation: int) -> None:
    path = write_clip(tmp_path / "clip.mp4", rotation=rotation)
    with media.open_video(path) as clip:
        frame = next(iter(clip))
        assert clip.info.video is not None
        assert clip.info.video.rotation_degrees == rotation
        assert frame.luma.shape == (clip.height_px, clip.width_px)
        white = {90: frame.luma[:, -1], 180: frame.luma[-1], 270: frame.luma[:, 0]}[rotation]
        assert white.min() > 200
    picture = media.read_frames(path, [0.0], long_edge_px=128)[0]
    assert picture.shape[:2] == ((128, 72) if rotation != 180 else (72, 128))


def test_asked_frames_come_in_the_order_asked(tmp_path: Path) -> None:
    pictures = media.read_frames(write_clip(tmp_path / "clip.mp4"), [0.8, 0.2, 99.0], long_edge_px=64)
    assert [int(p[-1, 0, 0]) for p in pictures] == pytest.approx([160, 40, 192], abs=4)


def test_audio_arrives_mono_and_measured(tmp_path: Path) -> None:
    with media.open_audio(write_tone(tmp_path / "tone.wav", amplitude=0.1)) as sound:
        samples = np.concatenate(list(sound))
    assert len(samples) == pytest.approx(3 * 16_000, abs=32)
    assert sound.summary.duration_seconds == 3.0
    # A stereo sine of 997 Hz at -20 dBFS peak reads -20 LUFS (BS.1770: 0 dBFS in one channel is -3.01).
    assert sound.summary.integrated_lufs == pytest.approx(-20.0, abs=0.1)
    assert sound.summary.true_peak_dbtp == pytest.approx(-20.0, abs=0.1)
    assert sound.summary.clipped_samples == 0


def test_clipping_is_counted_as_derived(tmp_path: Path) -> None:
    with media.open_audio(write_tone(tmp_path / "tone.wav", amplitude=2.0)) as sound:
        for _ in sound:
            pass
    # |2 sin| >= 1 for 2/3 of the time
    assert sound.summary.clipped_samples / sound.summary.samples == pytest.approx(2 / 3, abs=0.02)


def test_silence_has_no_loudness(tmp_path: Path) -> None:
    with media.open_audio(write_tone(tmp_path / "silence.wav", amplitude=0.0)) as sound:
        for _ in sound:
            pass
    assert sound.summary.integrated_lufs is None
    assert sound.summary.true_peak_dbtp is None


def test_a_playlist_reaches_neither_network_nor_file(tmp_path: Path) -> None:
    secret = write_clip(tmp_path / "secret.mp4")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1.0)
        port = server.getsockname()[1]
        for name, text in {
            "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
            "local.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
            "concat.mp4": f"ffconcat version 1.0\nfile '{secret}'\n",
        }.items():
            path = tmp_path / name
            path.write_text(text)
            with pytest.raises(UnreadableMedia, match=name), media.open_video(path) as clip:
                next(iter(clip))
        with pytest.raises(TimeoutError):
            server.accept()
        with socket.create_connection(("127.0.0.1", port), timeout=1):  # control: the server does listen
            server.accept()[0].close()


def test_the_child_can_open_nothing_else() -> None:
    from multiprocessing import get_context

    def try_to_escape(results: object) -> None:
        from analyzers.decoder import limit_resources

        limit_resources(memory_bytes=2 << 30, cpu_seconds=10)
        outcomes = []
        for attempt in (lambda: os.open("/etc/passwd", os.O_RDONLY), socket.socket):
            try:
                attempt()
                outcomes.append("opened")
            except OSError as error:
                outcomes.append(os.strerror(error.errno or 0))
        os.write(results, "|".join(outcomes).encode())  # type: ignore[arg-type]

    reader, writer = os.pipe()
    child = get_context("fork").Process(target=try_to_escape, args=(writer,))
    child.start()
    child.join()
    assert os.read(reader, 200) == b"Too many open files|Too many open files"
    os.close(reader)
    os.close(writer)


def test_limits_are_named(tmp_path: Path) -> None:
    from dataclasses import replace

    path = tmp_path / "big.png"
    Image.new("1", (4000, 3000)).save(path)
    with pytest.raises(
        MediaTooLarge, match=r"big\.png: has 4000 x 3000 px \(12 megapixels\); the limit is 10"
    ):
        media.read_image(path, long_edge_px=64, limits=replace(media.IMAGE_LIMITS, pixels=10_000_000))
    with pytest.raises(MediaTooLarge, match="the limit is 0 MB"):
        media.read_image(path, long_edge_px=64, limits=replace(media.IMAGE_LIMITS, file_bytes=100))
    clip = write_clip(tmp_path / "long.mp4")
    with (
        pytest.raises(MediaTooLarge, match=r"long\.mp4: lasts"),
        media.open_video(clip, limits=replace(media.VIDEO_LIMITS, media_seconds=0.5)) as video,
    ):
        for _ in video:
            pass
    assert (
        media.read_image(path, long_edge_px=64).info.width_px == 4000
    )  # control: within the limits it opens


def test_a_missing_stream_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMedia, match=r"tone\.wav: has no video stream"):
        media.open_video(write_tone(tmp_path / "tone.wav")).__enter__()
    with pytest.raises(UnsupportedMedia, match=r"clip\.mp4: has no audio stream"):
        media.open_audio(write_clip(tmp_path / "clip.mp4")).__enter__()


def test_what_is_no_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "empty.jpg").touch()
    for name, reason in {
        "pipe.jpg": "not a regular file",
        "empty.jpg": "is empty",
        "absent.jpg": "does not exist",
    }.items():
        with pytest.raises(UnreadableMedia, match=f"{name}: .*{reason}"):
            media.read_image(tmp_path / name, long_edge_px=64)


def test_half_a_picture_is_kept_and_said(tmp_path: Path) -> None:
    whole = io.BytesIO()
    noise = np.random.default_rng(7).integers(0, 255, (200, 300, 3), np.uint8)
    Image.fromarray(noise).save(whole, format="JPEG")
    (tmp_path / "half.jpg").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    still = media.read_image(tmp_path / "half.jpg", long_edge_px=300)
    assert still.damaged is not None
    assert still.pixels.shape == (200, 300, 4)


def test_cancelling_ends_the_reader_and_the_child(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4", frames=600, size=(640, 360))
    started = threading.Event()
    caught: list[BaseException] = []

    def consume() -> None:
        try:
            with media.open_video(path) as clip:
                for _ in clip:
                    started.set()
                    time.sleep(0.02)
        except AnalysisCancelled as error:
            caught.append(error)

    reader = threading.Thread(target=consume)
    reader.start()
    assert started.wait(10)
    assert child.stop_children() == 1
    reader.join(10)
    assert len(caught) == 1
    assert not [p for p in psutil.Process().children() if "analyzers.decoder" in " ".join(p.cmdline())]


def test_a_stalled_decoder_is_given_up(tmp_path: Path) -> None:
    from dataclasses import replace

    path = write_clip(tmp_path / "clip.mp4")
    with (
        pytest.raises(AnalysisTimedOut, match=r"clip\.mp4"),
        media.open_video(path, limits=replace(media.VIDEO_LIMITS, stall_seconds=0.001)),
    ):
        pass


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4").rename(tmp_path / "named.jpg")
    assert signatures.sniff(clip) is AssetKind.VIDEO
    assert signatures.sniff(write_tone(tmp_path / "tone.wav")) is AssetKind.AUDIO
    Image.new("RGB", (4, 4)).save(tmp_path / "a.avif")
    assert signatures.sniff(tmp_path / "a.avif") is AssetKind.IMAGE
    (tmp_path / "note.jpg").write_text("hello")
    assert signatures.sniff(tmp_path / "note.jpg") is None
