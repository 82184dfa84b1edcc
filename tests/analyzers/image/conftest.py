"""The corpus of real media, where it is at hand."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def manifest(corpus: Path) -> list[dict[str, Any]]:
    """What is known of each still image of the corpus."""
    lines = (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [e for e in entries if e["kind"] == "image" and not e["path"].startswith("hostile/")]
