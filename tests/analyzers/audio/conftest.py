"""Fixtures for sound."""

import json
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def truth(corpus: Path) -> dict[str, dict[str, Any]]:
    """Ground truth by path inside the corpus."""
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    return {entry["path"]: entry["gt"] for entry in map(json.loads, lines)}
