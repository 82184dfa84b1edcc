"""`dreamcut up`, `down`, `status` and `migrate`: what they print."""

import json
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployments import services
from deployments.services import ServiceStatus
from dreamcut.settings import load_settings


def up() -> None:
    """Start what does not run, then say what runs and where.

    Raises:
        ServiceUnavailable: one of them does not start; says why.
    """
    settings = load_settings()
    notes = Console(stderr=True, highlight=False)
    with notes.status("starting; the first time takes a while, as Prefect creates its database"):
        services.start_all(settings)
    _print(services.status(settings), console=Console(highlight=False))


def down() -> None:
    """Stop what is ours."""
    stopped = services.stop_all(load_settings())
    text = f"stopped {', '.join(stopped)}" if stopped else "nothing was running"
    Console(highlight=False).print(text)


def migrate(*, url: str | None) -> None:
    """Apply the migrations that the database lacks, and say which.

    Raises:
        InvalidRequest, StoreError: the database cannot be migrated; says why.
    """
    applied = services.migrate(load_settings(), url=url)
    text = "\n".join(f"applied {name}" for name in applied) or "the database has every migration already"
    Console(highlight=False).print(text)


def status(*, as_json: bool) -> bool:
    """Say what runs; returns whether everything does."""
    known = services.status(load_settings())
    if as_json:
        print(json.dumps([asdict(service) for service in known], indent=2, default=str))
    else:
        _print(known, console=Console(highlight=False))
    return all(service.running for service in known)


def _print(known: list[ServiceStatus], *, console: Console) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    for service in known:
        mark = Text("●", style="green") if service.running else Text("○", style="red")
        state = "up" if service.running else "down"
        owner = f"pid {service.pid}" if service.pid else ("" if service.ours else "yours")
        address = service.address.removesuffix("/api") if service.address else ""
        table.add_row(mark, service.name, state, owner, Text(address, style="dim", overflow="fold"))
        if service.complaint:
            table.add_row("", "", "", "", Text(service.complaint, style="bold", overflow="fold"))
    console.print(table)
