"""Run one query here and now, with the feed in this terminal; show one that ran before."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from uuid import UUID

from rich.console import Console

from deployments import past_queries, services
from deployments.feed import Feed
from deployments.flow_process import FlowProcess
from dreamcut.errors import (
    DreamCutError,
    ServiceUnavailable,
    StoreError,
    printable,
)
from dreamcut.models import NewQuery, QueryStatus
from dreamcut.prompt import read_prompt
from dreamcut.settings import Settings
from dreamcut.store.protocol import Store, worker_name
from tasks.stores import store_of

DEFAULT_OUT = Path("dreamcut-out")
SHORT_ID_CHARS = 8
POLL_SECONDS = 0.1
ATTEMPTS = 2  # a flow's process that died is replaced once: what it finished is kept


def analyze(
    request: NewQuery, *, process: FlowProcess, settings: Settings, out: Path | None, as_json: bool
) -> bool:
    """Run a query to its end, print its feed and its brief, and write the brief to files.

    Args:
        process: waits for a query, and is importing Prefect meanwhile.

    Returns:
        Whether the query completed.

    Raises:
        ServiceUnavailable, StoreUnavailable: before or while it ran.
        KeyboardInterrupt: the query has been ended as failed, and no child is left.
    """
    intent = request.intent or read_prompt(request.prompt, options=request.options).intent.value
    # Patient, as the flow is: a database that is away for a while costs the query nothing.
    with services.ready_store(settings, patience_seconds=settings.database_patience_seconds) as store:
        query_id = store.initialize_query(request, intent=intent)
        notes = Console(stderr=True, highlight=False)
        screen = notes if as_json else Console(highlight=False)
        with _feed(query_id, settings, screen=screen, shown=not as_json or notes.is_terminal):
            _run_flow(query_id, process=process, settings=settings, store=store, notes=notes)
        return _finish(query_id, store=store, out=out, as_json=as_json)


@contextmanager
def _feed(query_id: UUID, settings: Settings, *, screen: Console, shown: bool) -> Iterator[None]:
    if not shown:
        yield
        return
    with Feed(query_id, open_store=lambda: _patient_store(settings), console=screen) as feed:
        yield
    if feed.error is not None:
        print(f"dreamcut: the feed stopped: {printable(str(feed.error))}", file=sys.stderr)


def _patient_store(settings: Settings) -> Store:
    return store_of(settings, patience_seconds=settings.database_patience_seconds)


def _run_flow(
    query_id: UUID, *, process: FlowProcess, settings: Settings, store: Store, notes: Console
) -> None:
    try:
        url, started = services.ensure_prefect(settings)
        if started:
            notes.print("services stay up for the next run; `dreamcut down` stops them", style="dim")
        _run_until_ended(query_id, process=process, store=store, api_url=url)
    except BaseException as error:  # whatever it is, the query must not stay open
        process.interrupt()
        reason = str(error) if isinstance(error, DreamCutError) else "interrupted"
        with suppress(StoreError), store_of(settings) as impatient:
            impatient.fail_query(query_id, error_message=reason)
        raise


def _run_until_ended(query_id: UUID, *, process: FlowProcess, store: Store, api_url: str) -> None:
    code: int | None = 0
    for _attempt in range(ATTEMPTS):
        process.begin(query_id, api_url=api_url)
        import_module("deployments.brief_view")  # needed soon, and nothing else to do here
        code = None
        while code is None:
            code = process.wait(seconds=POLL_SECONDS)
            if store.query(query_id).status is not QueryStatus.PROCESSING:
                return  # Prefect's last events are sent while the brief is shown
        store.release_worker(worker_name(process.pid))  # it is dead: the next need not wait for its lease
    raise ServiceUnavailable(f"the flow's process ended early ({code}); see {process.log}")


def _finish(query_id: UUID, *, store: Store, out: Path | None, as_json: bool) -> bool:
    payload = store.payload(query_id)
    if as_json:
        past_queries.print_json(past_queries.document(query_id, store=store))
    if payload is None:
        return False
    from deployments import brief_view

    folder = out or DEFAULT_OUT / str(query_id)[:SHORT_ID_CHARS]
    files = brief_view.write_brief(payload, folder=folder)
    if not as_json:
        console = Console(highlight=False)
        brief_view.print_brief(payload, console=console)
        brief_view.print_files(files, console=console)
    return store.query(query_id).status is QueryStatus.COMPLETED
