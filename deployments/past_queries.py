"""Queries that ran before: listed, shown, or as JSON."""

import json
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployments import services
from deployments.feed import print_messages
from dreamcut.errors import NotFound, printable
from dreamcut.settings import load_settings
from dreamcut.store.protocol import Store

SHORT_ID_CHARS = 8
LISTED = 20
SEARCHED = 1000


def list_queries(*, as_json: bool) -> None:
    """Print the newest queries, newest first."""
    with services.ready_store(load_settings()) as store:
        found = store.queries(limit=LISTED)
    if as_json:
        print_json([query.model_dump(mode="json") for query in found])
        return
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for columns in (SHORT_ID_CHARS, len("2026-01-01 00:00"), len("processing")):
        table.add_column(no_wrap=True, width=columns)
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for query in found:
        began = query.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
        short = str(query.id)[:SHORT_ID_CHARS]
        table.add_row(Text(short, style="cyan"), began, query.status.value, Text(printable(query.prompt)))
    Console(highlight=False).print(table if found else "no queries yet: try `dreamcut demo`")


def show(query_id: str, *, as_json: bool) -> None:
    """Print the feed and the brief of a query.

    Raises:
        NotFound: no query, or more than one, begins with these characters.
    """
    with services.ready_store(load_settings()) as store:
        found = _find(query_id, store=store)
        if as_json:
            print_json(document(found, store=store))
            return
        console = Console(highlight=False)
        print_messages(store.messages(found), store.assets(found), console=console)
        payload = store.payload(found)
    if payload is not None:
        from deployments import brief_view, legacy_view

        if legacy_view.is_imported(payload):
            legacy_view.print_imported(payload, console=console)
        else:
            brief_view.print_brief(payload, console=console)


def document(query_id: UUID, *, store: Store) -> dict[str, Any]:
    """Return what `--json` prints of one query: itself, its assets, its messages and its brief."""
    return {
        "query": store.query(query_id).model_dump(mode="json"),
        "assets": [asset.model_dump(mode="json") for asset in store.assets(query_id)],
        "messages": [message.model_dump(mode="json") for message in store.messages(query_id)],
        "brief": store.payload(query_id),
    }


def print_json(answer: object) -> None:
    """Print JSON for programs."""
    print(json.dumps(answer, ensure_ascii=False, indent=2))


def _find(typed: str, *, store: Store) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        known = [query.id for query in store.queries(limit=SEARCHED)]
    found = [known_id for known_id in known if str(known_id).startswith(typed.lower())]
    if len(found) != 1:
        how_many = "no query begins" if not found else "more than one query begins"
        raise NotFound(f"{how_many} with {printable(typed)!r}")
    return found[0]
