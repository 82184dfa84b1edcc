"""`dreamcut health`: what is stuck, failing and slow, and what it costs."""

from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deployments import services
from deployments.past_queries import SHORT_ID_CHARS, print_json
from dreamcut.errors import printable
from dreamcut.settings import load_settings
from dreamcut.store.health import Concern, HealthRow

_MEANING = {
    Concern.STUCK: "has not moved for five minutes, and nobody works on it",
    Concern.SILENT: "has not moved for five minutes although a worker holds it",
    Concern.RESTARTED: "unfinished, and begun more than twice",
    Concern.FAILING: "failed in the last day",
    Concern.SLOW: "took longest in the last day",
    Concern.COST: "spent in the last day",
}


def report(*, as_json: bool, limit: int) -> None:
    """Print the rows of each concern, worst first."""
    with services.ready_store(load_settings()) as store:
        rows = sorted(store.health(limit=limit), key=lambda row: list(Concern).index(row.concern))
    if as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    console = Console(highlight=False)
    for concern, of_concern in groupby(rows, key=lambda row: row.concern):
        console.print(Text(f"{concern.value}: {_MEANING[concern]}", style="bold"))
        console.print(_table(list(of_concern)))


def _table(rows: list[HealthRow]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, width=SHORT_ID_CHARS, style="cyan")
    table.add_column(no_wrap=True, overflow="ellipsis", max_width=24)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, justify="right")
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row in rows:
        table.add_row(
            "" if row.query_id is None else str(row.query_id)[:SHORT_ID_CHARS],
            Text(printable(row.subject)),
            "" if row.seconds is None else f"{row.seconds:,.1f} s",
            "" if row.cost_usd is None else f"${row.cost_usd:.4f}",
            Text(printable(", ".join(filter(None, [row.detail, _who(row)])))),
        )
    return table


def _who(row: HealthRow) -> str:
    if row.worker_id is None:
        return ""
    return f"{row.worker_id}, attempt {row.attempts}" if row.attempts else row.worker_id
