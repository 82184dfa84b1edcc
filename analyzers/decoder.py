"""The decoder child: `python -m analyzers.decoder REQUEST`, with the file as standard input.

Runs in a process of its own, started and supervised by `analyzers.media`. It imports all it needs,
then gives up the right to open anything: with the descriptor limit at the number in use, the kernel
refuses every further file and socket, so a playlist inside a hostile file leads nowhere. libav and
Pillow are told the same (protocol and format lists). Results go to standard output as records:
one byte of kind, four bytes of length (little endian), the payload.

    J  JSON                      header, summary, or {"error": ..., "reason": ...}
    V  one small video frame     FRAME header, then the planes Y, Cb, Cr
    R  one RGB picture           PICTURE header, then the pixels
    A  samples                   float32, mono
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from typing import BinaryIO, NoReturn

FRAME = struct.Struct("<qdBHHHH")  # pts, seconds, flags, then width, height, line sizes of Y and C
PICTURE = struct.Struct("<dHHBx")  # seconds, width, height, channels
RECORD = struct.Struct("<cI")
KEY, INTERLACED, CORRUPT = 1, 2, 4

FILE_DESCRIPTOR = 0
PR_SET_PDEATHSIG = 1


class Refused(Exception):
    """The file cannot be decoded; `error` names the type to raise in the parent."""

    def __init__(self, error: str, reason: str) -> None:
        super().__init__(reason)
        self.error = error
        self.reason = reason


def send(kind: bytes, *parts: bytes | memoryview) -> None:
    """Write one record to standard output, without joining its parts."""
    buffers: list[memoryview] = [memoryview(p).cast("B") for p in parts]
    buffers.insert(0, memoryview(RECORD.pack(kind, sum(b.nbytes for b in buffers))))
    while buffers:
        written = os.writev(1, buffers)
        while buffers and written >= buffers[0].nbytes:
            written -= buffers[0].nbytes
            buffers.pop(0)
        if buffers:
            buffers[0] = buffers[0][written:]


def send_json(document: dict[str, object]) -> None:
    """Write one JSON record."""
    send(b"J", json.dumps(document).encode())


def die_with_parent(parent_pid: int) -> None:
    """Ask the kernel to end this process when its parent goes, however that happens (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os._exit(1)


def limit_resources(*, memory_bytes: int, cpu_seconds: int) -> None:
    """Cap memory and CPU, and forbid every further descriptor and every written byte."""
    if sys.platform == "linux":  # elsewhere RLIMIT_AS is not enforced or counts shared caches
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    unused = os.open(os.devnull, os.O_RDONLY)
    os.close(unused)  # the lowest free number: nothing at or above it can be opened from here on
    resource.setrlimit(resource.RLIMIT_NOFILE, (unused, unused))


def main() -> NoReturn:
    """Serve one request, report failures as JSON, and leave without running exit handlers."""
    request = json.loads(sys.argv[1])
    die_with_parent(request["parent_pid"])
    try:
        serve(request)
    except Refused as refusal:
        send_json({"error": refusal.error, "reason": refusal.reason})
    except MemoryError:
        send_json({"error": "too_large", "reason": "decoding it needs more memory than the limit allows"})
    except BrokenPipeError:
        pass
    os._exit(0)


def serve(request: dict[str, object]) -> None:
    """Import the codec library the request needs, lock the door, decode."""
    limits = {"memory_bytes": request["memory_bytes"], "cpu_seconds": request["cpu_seconds"]}
    file: BinaryIO = os.fdopen(FILE_DESCRIPTOR, "rb", buffering=0, closefd=False)
    match request["job"]:
        case "image":
            from analyzers import decode_image

            decode_image.load_codecs()
            limit_resources(**limits)  # type: ignore[arg-type]  # parsed JSON
            decode_image.decode(file, request)
        case "video" | "frames" | "audio" as job:
            from analyzers import decode_av

            limit_resources(**limits)  # type: ignore[arg-type]  # parsed JSON
            getattr(decode_av, f"decode_{job}")(file, request)
        case other:
            raise ValueError(other)


if __name__ == "__main__":
    # The codec modules import this one by name: one copy, so that Refused is one class.
    sys.modules["analyzers.decoder"] = sys.modules["__main__"]
    main()
