"""Inside the decoder child: loudness, peaks and clipping of native samples."""

import math
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.error import BlockingIOError as AvBlocked
from av.error import EOFError as AvEnd

FULL_SCALE = 1.0 - 1.5 / 32768  # 16-bit media reach 32767/32768; codecs overshoot above it
CLIP_RUN = 3  # samples in a row at full scale: fewer may be an honest peak
GATE_LUFS = -70.0  # BS.1770 absolute gate: what libav answers for "nothing to measure"
MIN_LOUDNESS_SECONDS = 0.4  # one gating block
MIN_RANGE_SECONDS = 3.0  # one short-term window, EBU Tech 3342
TRUE_PEAK_KEY = "lavfi.r128.true_peak"


class LoudnessMeter:
    """EBU R128 through libav's ebur128 filter, with true peak."""

    def __init__(self) -> None:
        self._graph: av.filter.Graph | None = None
        self._last: dict[str, str] = {}
        self._shape: tuple[object, ...] = ()
        self._restarted = False

    def add(self, frame: AudioFrame) -> None:
        """Meter one native frame."""
        shape = (frame.sample_rate, frame.format.name, frame.layout.name)
        if self._graph is None:
            self._graph = self._open(frame)
            self._shape = shape
        if shape != self._shape or self._restarted:
            self._restarted = True  # the format changed midway: no single loudness exists
            return
        self._graph.push(frame)
        while True:
            try:
                self._last = dict(self._graph.pull().metadata)
            except (AvBlocked, AvEnd):
                return

    def _open(self, frame: AudioFrame) -> av.filter.Graph:
        graph = av.filter.Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=frame.time_base,
        )
        meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        graph.configure()
        return graph

    def summary(self, seconds: float) -> dict[str, float | None]:
        """Return integrated loudness (LUFS), range (LU) and true peak (dBTP), None where undefined."""
        integrated = float(self._last.get("lavfi.r128.I", GATE_LUFS))
        measurable = integrated > GATE_LUFS and seconds >= MIN_LOUDNESS_SECONDS and not self._restarted
        peak = float(self._last.get(TRUE_PEAK_KEY, 0.0))
        return {
            "integrated_lufs": integrated if measurable else None,
            "range_lu": float(self._last["lavfi.r128.LRA"])
            if measurable and seconds >= MIN_RANGE_SECONDS
            else None,
            "true_peak_dbtp": 20 * math.log10(peak) if peak > 0 and not self._restarted else None,
        }


class ClipCounter:
    """Counts samples in runs at full scale, per channel, at the native rate."""

    def __init__(self) -> None:
        self.samples = 0
        self.clipped = 0

    def add(self, frame: AudioFrame) -> None:
        """Count one frame; a run across two frames counts by its parts."""
        data = frame.to_ndarray()
        if not frame.format.is_planar:
            data = data.reshape(-1, frame.layout.nb_channels).T
        self.samples += data.size
        for channel in data:
            hot = at_full_scale(channel)
            if hot.any():
                self.clipped += samples_in_runs(hot, shortest=CLIP_RUN)


def at_full_scale(channel: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Tell which samples stand at full scale, for every sample format of libav."""
    if channel.dtype == np.uint8:
        return np.asarray((channel == 0) | (channel == 255), dtype=np.bool_)
    if channel.dtype.kind == "i":
        top = float(np.iinfo(channel.dtype).max)
        return np.asarray(np.abs(channel.astype(np.float64)) >= FULL_SCALE * top, dtype=np.bool_)
    return np.asarray(np.abs(channel) >= FULL_SCALE, dtype=np.bool_)


def samples_in_runs(hot: np.ndarray[Any, Any], *, shortest: int) -> int:
    """Return how many True values stand in runs of at least `shortest`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], hot, [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return int(lengths[lengths >= shortest].sum())
