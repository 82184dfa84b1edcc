"""A brief that was imported from the predecessor, in the terminal."""

from typing import Any

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from dreamcut.brief import words
from dreamcut.errors import printable

_SOURCE = "legacy"


def is_imported(payload: dict[str, Any]) -> bool:
    """Say whether a stored brief is the predecessor's."""
    return payload.get("source") == _SOURCE


def print_imported(payload: dict[str, Any], *, console: Console) -> None:
    """Print what an imported brief is about; its documents are for `--json`."""
    asked, files = payload["query_summary"], payload["assets_analysis"]["by_type"]
    counted = ", ".join(words.count(number, f"{kind} file") for kind, number in files.items()) or "no assets"
    console.print()
    console.print(Rule(Text("A brief of the earlier DreamCut", style="bold magenta"), style="magenta"))
    console.print()
    console.print(
        Text(" ".join(printable(line) for line in asked["original_prompt"].splitlines())), style="bold"
    )
    console.print(f"{asked['intent']}, {counted}")
    console.print("Nothing in it was measured by this DreamCut; its own documents: --json.", style="yellow")
    for step in payload["creative_brief"]["next_steps"]:
        console.print(f"  · {step}")
