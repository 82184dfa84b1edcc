"""The `dreamcut` command.

Answers and results go to standard output, everything about the way there to standard error. Modules
that take long to import are imported by the commands that need them.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from dreamcut.errors import (
    DreamCutError,
    InvalidRequest,
    SchemaMismatch,
    ServiceUnavailable,
    StoreRefused,
    StoreUnavailable,
    printable,
)

if TYPE_CHECKING:
    from deployments.flow_process import FlowProcess
    from dreamcut.settings import Settings


class ExitCode(IntEnum):
    """What a script can tell from `$?`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNAVAILABLE = 3
    INTERRUPTED = 130


EPILOG = (
    "Exit codes: 0 done; 1 nothing could be analysed, or not found; 2 wrong use; "
    "3 a service or the database is unavailable; 130 interrupted."
)

app = typer.Typer(
    name="dreamcut",
    help="Measure your images, footage and sound, and turn them and your prompt into a creative brief.",
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, and nothing else, on standard output.")]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for brief.json and brief.md [./dreamcut-out/<id>].")
]


@app.command(epilog=EPILOG)
def analyze(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What you want to make, in your words.")],
    assets: Annotated[
        list[str] | None,
        typer.Argument(metavar="ASSET", help="Files, or http(s) or storage: addresses; at most 20."),
    ] = None,
    *,
    duration: Annotated[float | None, typer.Option(help="Length of the result in seconds.")] = None,
    aspect_ratio: Annotated[str | None, typer.Option(help="Shape of the result, for example 9:16.")] = None,
    intent: Annotated[
        str | None, typer.Option(help="image, video, audio or mixed [as the prompt says].")
    ] = None,
    describe: Annotated[
        list[str] | None,
        typer.Option(metavar="ASSET=TEXT", help="What an asset is, in your words; once an asset."),
    ] = None,
    out: OutOption = None,
    json: JsonFlag = False,
) -> None:
    """Analyse assets and write the creative brief."""
    with _flow_process() as (process, settings):
        from deployments import local_run, requests

        request = requests.new_query(
            prompt,
            assets or [],
            duration_seconds=duration,
            aspect_ratio=aspect_ratio,
            intent=intent,
            descriptions=describe or [],
        )
        done = local_run.analyze(request, process=process, settings=settings, out=out, as_json=json)
    _leave(ExitCode.OK if done else ExitCode.FAILED)


@app.command(epilog=EPILOG)
def demo(out: OutOption = None, json: JsonFlag = False) -> None:
    """Run the example: a cyberpunk trailer from three assets."""
    with _flow_process() as (process, settings):
        from deployments import local_run, requests

        done = local_run.analyze(
            requests.example(), process=process, settings=settings, out=out, as_json=json
        )
    _leave(ExitCode.OK if done else ExitCode.FAILED)


@app.command(epilog=EPILOG)
def inspect(
    file: Annotated[Path, typer.Argument(help="An image, a video or a sound file.")], json: JsonFlag = False
) -> None:
    """Measure one file and print its findings; needs no service."""
    from deployments import inspection

    inspection.inspect(file, as_json=json)


@app.command(epilog=EPILOG)
def show(
    query_id: Annotated[
        str | None, typer.Argument(metavar="QUERY_ID", help="Id of a query, or its first characters.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Print the feed and brief of a past query, or list them."""
    from deployments import past_queries

    if query_id is None:
        past_queries.list_queries(as_json=json)
    else:
        past_queries.show(query_id, as_json=json)


@app.command(epilog=EPILOG)
def up() -> None:
    """Start Postgres, the Prefect server and a worker."""
    from deployments import service_commands

    service_commands.up()


@app.command(epilog=EPILOG)
def down() -> None:
    """Stop the local services; the data stays."""
    from deployments import service_commands

    service_commands.down()


@app.command(epilog=EPILOG)
def status(json: JsonFlag = False) -> None:
    """Say what runs; exit code 3 unless all does."""
    from deployments import service_commands

    _leave(ExitCode.OK if service_commands.status(as_json=json) else ExitCode.UNAVAILABLE)


@app.command(epilog=EPILOG)
def health(
    limit: Annotated[int, typer.Option(min=1, help="Rows for each concern.")] = 10, json: JsonFlag = False
) -> None:
    """Say which queries are stuck, failing or slow, and what they cost."""
    from deployments import health as concerns

    concerns.report(as_json=json, limit=limit)


@app.command(epilog=EPILOG)
def migrate(
    database_url: Annotated[
        str | None,
        typer.Option(help="Connection string of the database [DREAMCUT_DATABASE_URL, or our own server]."),
    ] = None,
) -> None:
    """Apply the migrations that a database lacks, such as a new Supabase project's."""
    from deployments import service_commands

    service_commands.migrate(url=database_url)


@app.command(epilog=EPILOG)
def doctor(json: JsonFlag = False) -> None:
    """Say what is missing here and how to get it (exit code 3)."""
    from deployments import doctor as checks

    _leave(ExitCode.OK if checks.report(as_json=json) else ExitCode.UNAVAILABLE)


@contextmanager
def _flow_process() -> "Iterator[tuple[FlowProcess, Settings]]":
    """Start importing Prefect before anything else: it takes longest."""
    from deployments.flow_process import FlowProcess
    from deployments.home import prepare_home
    from dreamcut.settings import load_settings

    settings = load_settings()
    prepare_home(settings)
    with FlowProcess(log=settings.logs / "flow-runs.log") as process:
        yield process, settings


def version_wanted(wanted: bool) -> None:
    """Print the version and stop."""
    if wanted:
        from dreamcut import __version__

        typer.echo(f"dreamcut {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=version_wanted, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Carry the options of the command itself."""
    del version


def main() -> NoReturn:
    """Run the command line and exit; errors are one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without emoji shows a question mark
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)  # like Ctrl-C: the query is ended, children are stopped
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(prog_name="dreamcut", standalone_mode=False)
    except typer.TyperException as error:
        hint = "see `dreamcut --help`"
        return _complain(f"{error.format_message()} ({hint})", code=ExitCode.USAGE) if str(error) else 2
    except DreamCutError as error:
        return _complain(str(error), code=_exit_code(error))
    except BrokenPipeError:  # `| head` has seen enough
        sys.stderr.close()
        return ExitCode.OK
    if code == ExitCode.INTERRUPTED:  # Typer turns a KeyboardInterrupt into this code
        return _complain("interrupted", code=ExitCode.INTERRUPTED)
    return code if isinstance(code, int) else ExitCode.OK


def _exit_code(error: DreamCutError) -> ExitCode:
    match error:
        case InvalidRequest():
            return ExitCode.USAGE
        case ServiceUnavailable() | StoreUnavailable() | StoreRefused() | SchemaMismatch():
            return ExitCode.UNAVAILABLE
        case _:
            return ExitCode.FAILED


def _complain(message: str, *, code: ExitCode) -> int:
    line = " ".join(printable(part) for part in message.splitlines())
    print(f"dreamcut: {line}", file=sys.stderr)
    return code


def _leave(code: ExitCode) -> None:
    if code is not ExitCode.OK:
        raise typer.Exit(code)


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
