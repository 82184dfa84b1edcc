"""Processes that outlive the command which started them, and are found again by the next one."""

import contextlib
import fcntl
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from dreamcut.models import Record

# A reused pid belongs to a process born later. The kernel's clock of births may be corrected by some
# tenths of a second after boot, so equality is too strict.
BIRTH_TOLERANCE_SECONDS = 2.0


class ProcessRecord(Record):
    """A started process, as kept in a file between commands."""

    pid: int
    born: float  # seconds since the epoch, as psutil tells it
    port: int | None = None


def read_record(path: Path) -> ProcessRecord | None:
    """Return the record of a process that still runs, or None."""
    try:
        record = ProcessRecord.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValueError):  # a half-written record counts as none
        return None
    return record if living(record) is not None else None


def living(record: ProcessRecord) -> psutil.Process | None:
    """Return the process if it is still the one that was started, else None."""
    try:
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.born) > BIRTH_TOLERANCE_SECONDS:
            return None
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None


def start_detached(
    command: Sequence[str],
    *,
    record: Path,
    log: Path,
    environment: Mapping[str, str],
    port: int | None = None,
) -> ProcessRecord:
    """Start a process in a session of its own, write its record and append its output to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    record.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=record.parent,  # a folder that stays, so that no mount or temporary folder is held
            start_new_session=True,
        )
    started = ProcessRecord(pid=child.pid, born=psutil.Process(child.pid).create_time(), port=port)
    draft = record.with_suffix(".new")
    draft.write_text(started.model_dump_json())
    draft.replace(record)
    child.returncode = 0  # detached on purpose: Popen must not warn that it still runs
    return started


def stop(path: Path, *, grace_seconds: float) -> bool:
    """Stop the recorded process and all its children; returns False when none ran."""
    record = read_record(path)
    process = living(record) if record else None
    if process is None:
        path.unlink(missing_ok=True)
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [process, *process.children(recursive=True)]
        process.terminate()
        psutil.wait_procs([process], timeout=grace_seconds)
        _kill(family)
    path.unlink(missing_ok=True)
    return True


def _kill(family: Sequence[psutil.Process]) -> None:
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()  # psutil checks that the pid was not reused
    psutil.wait_procs(family, timeout=10)


@contextlib.contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold a lock between processes; waits for the holder. The kernel frees it when a holder dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
