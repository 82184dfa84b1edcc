"""Run one query here and now, with the feed in this terminal; show one that ran before."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console

from deployments import services
from deployments.feed import Feed, print_messages
from dreamcut.errors import InvalidRequest, NotFound, ServiceUnavailable, printable
from dreamcut.models import NewQuery, QueryStatus
from dreamcut.prompt import read_prompt
from dreamcut.settings import Settings, load_settings
from dreamcut.store import Store, open_store

DEFAULT_OUT = Path("dreamcut-out")
SHORT_ID_CHARS = 8
RECENT_QUERIES = 1000


def analyze(request: NewQuery, *, out: Path | None, as_json: bool) -> bool:
    """Run a query to its end, print its feed and its brief, and write the brief to files.

    Returns:
        Whether the query completed.

    Raises:
        ServiceUnavailable, StoreUnavailable: before or while it ran.
        KeyboardInterrupt: the query has been ended as failed, and no child is left.
    """
    settings = load_settings()
    notes = Console(stderr=True, highlight=False)
    conninfo = services.database_conninfo(settings)
    intent = read_prompt(request.prompt, options=request.options).intent.value
    with open_store(conninfo) as store:
        query_id = store.initialize_query(request, intent=request.intent or intent)
        screen = notes if as_json else Console(highlight=False)
        with _feed(query_id, conninfo, screen=screen, shown=not as_json or notes.is_terminal):
            _run_flow(query_id, settings=settings, store=store, notes=notes)
        return _finish(query_id, store=store, out=out, as_json=as_json)


def show(query_id: str, *, as_json: bool) -> None:
    """Print the feed and the brief of a query that ran before.

    Raises:
        NotFound: no query, or more than one, begins with these characters.
    """
    with open_store(services.database_conninfo(load_settings())) as store:
        found = _find(query_id, store=store)
        payload = store.payload(found)
        if as_json:
            _print_json(_document(found, store=store, payload=payload))
            return
        console = Console(highlight=False)
        print_messages(store.messages(found), console=console)
        if payload is not None:
            from deployments import brief_view

            brief_view.print_brief(payload, console=console)


@contextmanager
def _feed(query_id: UUID, conninfo: str, *, screen: Console, shown: bool) -> Iterator[None]:
    if not shown:
        yield
        return
    with Feed(query_id, open_store=lambda: open_store(conninfo), console=screen) as feed:
        yield
    if feed.error is not None:
        print(f"dreamcut: the feed stopped: {printable(str(feed.error))}", file=sys.stderr)  # noqa: T201


def _run_flow(query_id: UUID, *, settings: Settings, store: Store, notes: Console) -> None:
    try:
        url, started = services.ensure_prefect(settings)
    except BaseException as error:
        reason = str(error) if isinstance(error, ServiceUnavailable) else "interrupted before it began"
        store.fail_query(query_id, error_message=reason)
        raise
    if started:
        notes.print("dreamcut: local services stay up for the next run; `dreamcut down` stops them", style="dim")
    from deployments import prefect_server

    os.environ.update(prefect_server.client_environment(settings, url))
    os.environ["DREAMCUT_HOME"] = str(settings.home)
    from flows.analyze_query import analyze_query
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    # Prefect joins its heartbeat thread for up to 1 s at the end of a flow. Heartbeats tell a server of a
    # worker that died; here the user sees it.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        analyze_query(query_id=query_id, local_files=True, return_state=True)


def _finish(query_id: UUID, *, store: Store, out: Path | None, as_json: bool) -> bool:
    payload = store.payload(query_id)
    if as_json:
        _print_json(_document(query_id, store=store, payload=payload))
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


def _document(query_id: UUID, *, store: Store, payload: dict[str, Any] | None) -> dict[str, Any]:
    """Return what `--json` prints: the query as stored, its assets, its messages and its brief."""
    return {
        "query": store.query(query_id).model_dump(mode="json"),
        "assets": [asset.model_dump(mode="json") for asset in store.assets(query_id)],
        "messages": [message.model_dump(mode="json") for message in store.messages(query_id)],
        "brief": payload,
    }


def _find(typed: str, *, store: Store) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        found = [q.id for q in store.queries(limit=RECENT_QUERIES) if str(q.id).startswith(typed.lower())]
    if not typed.strip():
        raise InvalidRequest("name a query by its id")
    if len(found) != 1:
        many = "no query begins" if not found else "more than one query begins"
        raise NotFound(f"{many} with {printable(typed)}")
    return found[0]


def _print_json(document: object) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))  # noqa: T201 - the answer itself
