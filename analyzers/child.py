"""One decoder child: started, read and ended by us, whatever happens.

A child belongs to the thread that started it and ends with the `with` block that holds it;
`stop_children` ends all of them at once.
"""

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from analyzers.decoder import PICTURE, RECORD
from analyzers.signatures import open_regular
from dreamcut.errors import (
    AnalysisCancelled,
    AnalysisTimedOut,
    MediaError,
    MediaTooLarge,
    UnreadableMedia,
    UnsupportedMedia,
)

PIPE_BYTES = 1 << 20  # lets the decoder run a few frames ahead; Linux's unprivileged maximum
MAX_RECORD_BYTES = 256 << 20  # a child that claims more has been taken over
F_SETPIPE_SZ = 1031


@dataclass(frozen=True)
class Limits:
    """What one file may cost."""

    file_bytes: int
    pixels: int  # of one picture or frame
    media_seconds: float
    memory_bytes: int  # address space of the decoder child
    cpu_seconds: int  # of the decoder child
    stall_seconds: float = 20.0  # longest wait for the next frame, samples or header


def picture_of(payload: bytes) -> tuple[float, NDArray[np.uint8]]:
    seconds, width, height, channels = PICTURE.unpack_from(payload)
    pixels = np.frombuffer(payload, dtype=np.uint8, offset=PICTURE.size)
    return seconds, pixels.reshape(height, width, channels)


_running: set["Child"] = set()
_running_lock = threading.Lock()


def stop_children() -> int:
    """End all decoder children of this process; their readers raise AnalysisCancelled. Returns how many."""
    with _running_lock:
        children = list(_running)
    for child in children:
        child.cancel()
    return len(children)


class Child:
    """One decoder process and its output."""

    def __init__(self, path: Path, job: str, limits: Limits, **request: Any) -> None:
        self.path = path
        self._limits = limits
        self._request = {
            **request,
            "job": job,
            "parent_pid": os.getpid(),
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "max_pixels": limits.pixels,
            "max_media_seconds": limits.media_seconds,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False

    def __enter__(self) -> Self:
        source = open_regular(self.path)
        try:
            size = os.fstat(source).st_size
            if size > self._limits.file_bytes:
                limit = self._limits.file_bytes / 1e6
                raise MediaTooLarge(self.path, f"is {size / 1e6:.0f} MB; the limit is {limit:.0f} MB")
            self._process = _spawn(source, self._request)
        finally:
            os.close(source)
        self._pipe = self._process.stdout.fileno()  # type: ignore[union-attr]  # stdout=PIPE
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN | select.POLLHUP)
        with _running_lock:
            _running.add(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        with _running_lock:
            _running.discard(self)
        process = self._process
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def cancel(self) -> None:
        """End the child from another thread."""
        self._cancelled = True
        if self._process is not None:
            self._process.kill()

    def read_record(self) -> tuple[bytes, bytes]:
        """Return the kind and payload of the next record; the child's refusal is raised."""
        kind, length = RECORD.unpack(self._read(RECORD.size))
        if length > MAX_RECORD_BYTES:
            raise UnreadableMedia(self.path, "made the decoder answer nonsense")
        payload = self._read(length)
        if kind == b"J" and payload.startswith(b'{"error"'):
            refusal = json.loads(payload)
            error: type[MediaError] = {
                "too_large": MediaTooLarge,
                "unsupported": UnsupportedMedia,
            }.get(refusal["error"], UnreadableMedia)
            raise error(self.path, refusal["reason"])
        return kind, payload

    def read_json(self) -> dict[str, Any]:
        """Return the next record, which must be JSON."""
        kind, payload = self.read_record()
        if kind != b"J":
            raise UnreadableMedia(self.path, "made the decoder answer out of order")
        document: dict[str, Any] = json.loads(payload)
        return document

    def read_picture(self) -> tuple[float, NDArray[np.uint8]]:
        """Return the time in seconds and the pixels (height, width, channels) of the next record."""
        kind, payload = self.read_record()
        if kind != b"R":
            raise UnreadableMedia(self.path, "made the decoder answer out of order")
        return picture_of(payload)

    def _read(self, length: int) -> bytes:
        """Read exactly `length` bytes, or raise what the child's end means."""
        buffer = bytearray(length)
        view, got = memoryview(buffer), 0
        deadline = time.monotonic() + self._limits.stall_seconds
        while got < length:
            left = deadline - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                raise AnalysisTimedOut(
                    self.path,
                    f"the decoder gave nothing for {self._limits.stall_seconds:.0f} s",
                )
            count = os.readv(self._pipe, [view[got:]])
            if count == 0:
                raise self._ended()
            got += count
            deadline = time.monotonic() + self._limits.stall_seconds
        return bytes(buffer)

    def _ended(self) -> Exception:
        """Translate the child's early end."""
        code = self._process.wait() if self._process else 0
        if self._cancelled:
            return AnalysisCancelled(f"{self.path.name}: cancelled")
        if code == -signal.SIGXCPU:
            return AnalysisTimedOut(
                self.path, f"took more than {self._limits.cpu_seconds} s of CPU time to decode"
            )
        if code < 0:
            name = signal.Signals(-code).name
            return UnreadableMedia(self.path, f"made the decoder crash ({name}); the file is probably broken")
        return UnreadableMedia(self.path, "could not be decoded; the file is probably broken")


def _spawn(source: int, request: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start a decoder child that reads the descriptor `source` as its standard input."""
    root = str(Path(__file__).resolve().parent.parent)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "analyzers.decoder", json.dumps(request)],
        stdin=source,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Nothing of our environment: no keys, no proxies. One arena keeps address space near real use.
        env={"PYTHONPATH": root, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2", "OPENBLAS_NUM_THREADS": "1"},
        bufsize=0,
        start_new_session=True,  # a Ctrl-C in the terminal is ours to handle
    )
    if sys.platform == "linux" and process.stdout is not None:
        import fcntl

        with suppress(OSError):
            fcntl.fcntl(process.stdout.fileno(), F_SETPIPE_SZ, PIPE_BYTES)
    return process
