"""Draw the picture of the README from a query that ran: `python -m deployments.record_feed QUERY_ID`."""

import re
import sys
from io import StringIO
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.text import Text

from deployments import brief_view, services
from deployments.feed import print_messages
from dreamcut.settings import load_settings

COLUMNS = 92
MOST_LINES = 62  # the beginning is enough of a picture


def record(query_id: UUID, *, target: Path) -> None:
    """Write the beginning of the feed and the brief of a query as they stand in a terminal."""
    tape = StringIO()
    screen = Console(width=COLUMNS, file=tape, force_terminal=True, color_system="truecolor")
    with services.ready_store(load_settings()) as store:
        screen.print(Text("$ make demo", style="bold green"))
        print_messages(store.messages(query_id), store.assets(query_id), console=screen)
        payload = store.payload(query_id)
    if payload is not None:
        brief_view.print_brief(payload, console=screen)
    lines = tape.getvalue().splitlines()[:MOST_LINES]
    picture = Console(record=True, width=COLUMNS, file=StringIO())
    picture.print(Text.from_ansi("\n".join(lines)))
    svg = picture.export_svg(title="dreamcut demo")
    # Rich's picture loads a font from the network; the reader's own is good enough.
    target.write_text(re.sub(r"@font-face \{.*?\}\n", "", svg, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    record(UUID(sys.argv[1]), target=Path("docs/images/feed.svg"))
