"""The process that runs the flow of one query for the command line.

Prefect takes a second to import. A child does that while the command stores the query and shows its first
lines; it also keeps Prefect's output out of the terminal, and its death is noticed and mended.
"""

import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

INTERRUPT_GRACE_SECONDS = 15.0  # the flow gives its analyses 10 s to end
LEAVE_GRACE_SECONDS = 30.0  # for Prefect to send its last events


class FlowProcess:
    """A child that waits for one query; leave the context to end it."""

    def __init__(self, *, log: Path) -> None:
        self.log = log
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> "FlowProcess":
        self._child = self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is not None or self.wait(seconds=LEAVE_GRACE_SECONDS) is None:
            self.interrupt()

    def begin(self, query_id: UUID, *, api_url: str) -> None:
        """Start the flow of a query, in a new process where the last one has ended."""
        if self._child is None or self._child.poll() is not None:
            self._child = self._start()
        order = json.dumps({"query_id": str(query_id), "api_url": api_url})
        pipe = self._child.stdin
        with contextlib.suppress(BrokenPipeError):  # it died: its exit code says so
            if pipe is not None:
                pipe.write(order + "\n")
                pipe.close()

    def wait(self, *, seconds: float) -> int | None:
        """Wait for the end of the process; returns how it ended, or None when it still runs."""
        if self._child is None:
            return 0
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._child.wait(seconds)
        return None

    @property
    def pid(self) -> int | None:
        """Number of the child, also once it has ended."""
        return None if self._child is None else self._child.pid

    def interrupt(self) -> None:
        """Tell the flow to stop, and wait until it has ended its query."""
        if self._child is not None:
            self._end(self._child)

    def _start(self) -> "subprocess.Popen[str]":
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "deployments.flow_process"],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                text=True,
                process_group=0,  # Ctrl-C reaches this process, which passes it on once
            )

    def _end(self, child: "subprocess.Popen[str]") -> None:
        if child.poll() is None:
            child.send_signal(signal.SIGINT)
            if child.stdin is not None:
                with contextlib.suppress(OSError):
                    child.stdin.close()
            try:
                child.wait(INTERRUPT_GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        if child.stdin is not None:
            with contextlib.suppress(OSError):
                child.stdin.close()


def main() -> None:
    """Import the flow, read one order from standard input, run it."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background commands with SIGINT ignored
        signal.signal(number, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        _run_order()
        return
    sys.exit(128 + signal.SIGINT)


def _run_order() -> None:
    from deployments.prefect_server import client_environment
    from dreamcut.settings import load_settings

    os.environ.update(client_environment(load_settings()))
    with _collector_paused():
        from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

        from flows.analyze_query import analyze_query
    line = sys.stdin.readline()
    if not line:  # nobody wants anything
        return
    order = json.loads(line)
    # Prefect joins its heartbeat thread for up to 1 s at the end of a flow. Heartbeats tell a server of a
    # worker that died; here the command that started this process sees it.
    with temporary_settings({PREFECT_API_URL: order["api_url"], PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        analyze_query(query_id=UUID(order["query_id"]), local_files=True, return_state=True)


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Import without looking for garbage: 0.2 s of 1.3 s (measured)."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


if __name__ == "__main__":
    main()
