"""Inside the decoder child: video and audio, with PyAV (libav)."""

import math
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import av.subtitles.codeccontext
import av.subtitles.stream  # PyAV imports these when it meets such a stream: too late for us
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.error import MemoryError as AvMemoryError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from analyzers.decoder import CORRUPT, FRAME, INTERLACED, KEY, PICTURE, Refused, send, send_json
from analyzers.meters import ClipCounter, LoudnessMeter

# Containers only. Playlists and scripts (hls, dash, concat, sdp, image2, lavfi ...) open other files.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,ogg,flv,live_flv,asf,mxf,nut,ivf,dv,"
    "h264,hevc,av1,obu,m4v,vc1,y4m,yuv4mpegpipe,gif,apng,wav,w64,rf64,mp3,flac,aac,ac3,eac3,aiff,caf,amr,amrnb,"
    "amrwb,ape,wv,tta,au,dts,mpc,mpc8,opus,rm,dsf,voc"
)
OPTIONS = {"protocol_whitelist": "none", "format_whitelist": FORMATS}
DECODE_ON_SECONDS = 1.0  # to a frame this near, decoding on is cheaper than seeking
HALF_TICK_SECONDS = 1e-4


def decode_video(file: BinaryIO, request: dict[str, Any]) -> None:
    """Send a header, every frame small and in presentation order, then a summary.

    Every `still_every_seconds` a larger picture precedes the small frame: a second decode would cost more.
    """
    container = open_container(file, request)
    stream = video_stream(container)
    width, height = analysis_size(stream, long_edge_px=int(request["long_edge_px"]))
    still_size = analysis_size(stream, long_edge_px=int(request["still_edge_px"]))
    next_still = 0.0 if request["still_every_seconds"] else math.inf
    first: float | None = None
    seconds = 0.0
    bad = Damage()
    for frame in decoded(container, stream, bad):
        seconds = presentation_seconds(frame, stream, previous=seconds, first=first)
        if first is None:
            first, seconds = seconds, 0.0
            send_json(media_info(container, rotation=clockwise_rotation(frame)))
        if seconds > float(request["max_media_seconds"]):
            raise too_long(seconds, request)
        if seconds >= next_still:
            next_still = seconds + float(request["still_every_seconds"])
            send_picture(frame, seconds=seconds, size=still_size)
        send_small_frame(frame, seconds=seconds, width=width, height=height)
    if first is None:
        raise no_frames(bad)
    send_json({"damaged": bad.summary()})


def presentation_seconds(
    frame: VideoFrame, stream: VideoStream, *, previous: float, first: float | None
) -> float:
    """Return seconds since the first frame; a frame without a time follows its predecessor."""
    if frame.pts is None or frame.time_base is None:
        return previous + 1.0 / float(stream.guessed_rate or 25) if first is not None else 0.0
    return float(frame.pts * frame.time_base) - (first or 0.0)


def send_small_frame(frame: VideoFrame, *, seconds: float, width: int, height: int) -> None:
    """Scale once to full-range 4:2:0 and send the planes with their line sizes."""
    flags = KEY * frame.key_frame | INTERLACED * frame.interlaced_frame | CORRUPT * frame.is_corrupt
    small = frame.reformat(
        width=width, height=height, format="yuv420p", interpolation="AREA", dst_color_range="JPEG"
    )
    luma, cb, cr = small.planes
    head = FRAME.pack(frame.pts or 0, seconds, flags, width, height, luma.line_size, cb.line_size)
    send(b"V", head, memoryview(luma), memoryview(cb), memoryview(cr))


def decode_frames(file: BinaryIO, request: dict[str, Any]) -> None:
    """Send one RGB picture for each asked time, earliest first: the first frame at or after it."""
    container = open_container(file, request)
    stream = video_stream(container)
    width, height = analysis_size(stream, long_edge_px=int(request["long_edge_px"]))
    bad = Damage()
    frames = decoded(container, stream, bad)
    held = next(frames, None)
    if held is None:
        raise no_frames(bad)
    first = held.time or 0.0
    send_json(media_info(container, rotation=clockwise_rotation(held)))
    for wanted in sorted(request["at_seconds"]):
        if not 0 <= wanted - time_of(held, first) < DECODE_ON_SECONDS:
            container.seek(int((first + wanted) * av.time_base), backward=True)
            frames = decoded(container, stream, bad)
            held = next(frames, held)
        while time_of(held, first) < wanted - HALF_TICK_SECONDS:
            following = next(frames, None)
            if following is None:
                break
            held = following
        send_picture(held, seconds=wanted, size=(width, height))


def send_picture(frame: VideoFrame, *, seconds: float, size: tuple[int, int]) -> None:
    """Send one RGB picture, before rotation."""
    picture = frame.reformat(width=size[0], height=size[1], format="rgb24", interpolation="AREA")
    send(b"R", PICTURE.pack(seconds, *size, 3), np.ascontiguousarray(picture.to_ndarray()).data)


def time_of(frame: VideoFrame, first: float) -> float:
    """Return seconds since the first frame."""
    return (frame.time if frame.time is not None else first) - first


def decode_audio(file: BinaryIO, request: dict[str, Any]) -> None:
    """Send a header, mono samples about a second at a time, then loudness, peaks and clipping."""
    container = open_container(file, request)
    if not container.streams.audio:
        raise Refused("unsupported", "has no audio stream")
    stream = container.streams.audio[0]
    send_json(media_info(container))
    rate = int(request["sample_rate_hz"])
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    meter, clipping, bad = LoudnessMeter(), ClipCounter(), Damage()
    pending: list[np.ndarray[Any, Any]] = []
    held, decoded_samples, decoded_seconds = 0, 0, 0.0
    for frame in decoded(container, stream, bad):
        decoded_samples += frame.samples
        decoded_seconds = decoded_samples / frame.sample_rate
        if decoded_seconds > float(request["max_media_seconds"]):
            raise too_long(decoded_seconds, request)
        meter.add(frame)
        clipping.add(frame)
        frame.pts = None  # gaps in the time stamps must not stall the resampler
        for piece in resampler.resample(frame):
            pending.append(piece.to_ndarray()[0])
            held += piece.samples
        if held >= rate:
            send(b"A", np.concatenate(pending).data)
            pending, held = [], 0
    pending += [piece.to_ndarray()[0] for piece in resampler.resample(None)]
    if pending:
        send(b"A", np.concatenate(pending).data)
    send_json(
        {
            "duration_seconds": decoded_seconds,
            **meter.summary(decoded_seconds),
            "samples": clipping.samples,
            "clipped_samples": clipping.clipped,
            "damaged": bad.summary(),
        }
    )


class Damage:
    """Counts what could not be decoded."""

    def __init__(self) -> None:
        self.packets = 0
        self.reason: str | None = None

    def add(self, error: Exception) -> None:
        """Remember the first reason."""
        self.packets += 1
        self.reason = self.reason or str(getattr(error, "strerror", None) or error)

    def summary(self) -> str | None:
        """Return one clause for the user, or None for a clean file."""
        if not self.packets:
            return None
        return f"{self.packets} broken packet{'s' if self.packets > 1 else ''} skipped ({self.reason})"


def open_container(file: BinaryIO, request: dict[str, Any]) -> InputContainer:
    """Open the container, with every way to another file or host closed."""
    try:
        container = av.open(file, mode="r", options=OPTIONS, buffer_size=1 << 18, metadata_errors="replace")
    except AvMemoryError as error:
        raise Refused("too_large", "decoding it needs more memory than the limit allows") from error
    except (FFmpegError, ValueError) as error:
        raise Refused("unreadable", f"is no video or audio that can be read ({reason_of(error)})") from error
    if not container.streams.video and not container.streams.audio:
        raise Refused("unreadable", "holds no video or audio stream")
    if container.duration and container.duration / av.time_base > float(request["max_media_seconds"]):
        raise too_long(container.duration / av.time_base, request)
    for stream in container.streams.video:
        context = stream.codec_context
        if context.width * context.height > int(request["max_pixels"]):
            raise Refused(
                "too_large",
                f"has frames of {context.width} x {context.height} px; "
                f"the limit is {int(request['max_pixels']) / 1e6:.0f} megapixels",
            )
    return container


def no_frames(bad: Damage) -> Refused:
    """Say that nothing could be shown."""
    return Refused(
        "unreadable", f"has no frame that can be decoded ({bad.summary() or 'the stream is empty'})"
    )


def reason_of(error: Exception) -> str:
    """Return libav's own words without its numbers and file names."""
    text = str(getattr(error, "strerror", None) or error)
    return "unknown or forbidden format" if text == "Invalid argument" else text.lower()


def too_long(seconds: float, request: dict[str, Any]) -> Refused:
    """Say that the media is longer than the limit."""
    limit = float(request["max_media_seconds"])
    return Refused("too_large", f"lasts {seconds / 60:.0f} min; the limit is {limit / 60:.0f} min")


def video_stream(container: InputContainer) -> VideoStream:
    """Return the first real video stream; cover art of an audio file is none."""
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            stream.thread_type = "AUTO"
            if stream.codec_context.width and stream.codec_context.height:
                return stream
            raise Refused("unreadable", "has a video stream without a picture size")
    raise Refused("unsupported", "has no video stream")


def decoded(container: InputContainer, stream: Any, bad: Damage) -> Iterator[Any]:
    """Yield frames in presentation order; broken packets are counted and skipped, as players do."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except AvMemoryError as error:
            raise Refused("too_large", "decoding it needs more memory than the limit allows") from error
        except FFmpegError as error:
            bad.add(error)
            return
        try:
            yield from packet.decode()
        except AvMemoryError as error:
            raise Refused("too_large", "decoding it needs more memory than the limit allows") from error
        except FFmpegError as error:
            bad.add(error)


def analysis_size(stream: VideoStream, *, long_edge_px: int) -> tuple[int, int]:
    """Return the even width and height to scale to, before rotation.

    The sample aspect ratio is applied here, so that pixels of the small frame are square.
    """
    context = stream.codec_context
    aspect = float(stream.sample_aspect_ratio or 1) or 1.0
    width, height = context.width * aspect, float(context.height)
    scale = min(1.0, long_edge_px / max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def clockwise_rotation(frame: VideoFrame) -> int:
    """Return how far to turn the picture clockwise for display: 0, 90, 180 or 270 degrees.

    libav gives the display matrix with each frame, counted counter-clockwise.
    """
    return round(-frame.rotation / 90.0) * 90 % 360


def media_info(container: InputContainer, *, rotation: int = 0) -> dict[str, Any]:
    """Describe the container and its streams."""
    video = next(
        (s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic), None
    )
    return {
        "container": container.format.name,
        "container_bits_per_second": container.bit_rate or None,
        "header_seconds": container.duration / av.time_base if container.duration else None,
        "video": video_info(video, rotation=rotation) if video else None,
        "audio": [audio_info(s) for s in container.streams.audio],
    }


def video_info(stream: VideoStream, *, rotation: int) -> dict[str, Any]:
    """Describe one video stream as its header does."""
    context = stream.codec_context
    rate = stream.average_rate or stream.guessed_rate
    return {
        "codec": context.name,
        "pixel_format": context.pix_fmt or "unknown",
        "width_px": context.width,
        "height_px": context.height,
        "sample_aspect_ratio": float(stream.sample_aspect_ratio or 1) or 1.0,
        "rotation_degrees": rotation,
        "nominal_frame_rate": float(rate) if rate else None,
        "colour_range": {1: "tv", 2: "pc"}.get(int(context.color_range or 0)),
        "colour_transfer": {1: "bt709", 4: "gamma22", 13: "srgb", 16: "smpte2084", 18: "arib-std-b67"}.get(
            int(context.color_trc or 0)
        ),
        "time_base": [stream.time_base.numerator, stream.time_base.denominator]
        if stream.time_base
        else [1, 1000],
        "frames_claimed": stream.frames,
    }


def audio_info(stream: AudioStream) -> dict[str, Any]:
    """Describe one audio stream as its header does."""
    context = stream.codec_context
    return {
        "index": stream.index,
        "codec": context.name,
        "sample_rate_hz": context.sample_rate,
        "channels": context.layout.nb_channels,
        "layout": context.layout.name,
        "bits_per_second": context.bit_rate or None,
        "language": stream.language if stream.language not in (None, "und") else None,
    }
