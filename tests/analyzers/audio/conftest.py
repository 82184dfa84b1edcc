"""Fixtures for sound."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real media with ground truth; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("DREAMCUT_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip(f"no corpus at {folder}: set DREAMCUT_CORPUS to its folder")
    return folder


@pytest.fixture(scope="session")
def truth(corpus: Path) -> dict[str, dict[str, Any]]:
    """Ground truth by path inside the corpus."""
    lines = (corpus / "manifest.jsonl").read_text().splitlines()
    return {entry["path"]: entry["gt"] for entry in map(json.loads, lines)}
