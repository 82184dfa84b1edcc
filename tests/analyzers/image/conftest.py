"""The corpus of real media, where it is at hand."""

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real media; the test is skipped where it is absent."""
    beside = Path(__file__).parents[3].parent / "shared" / "corpus"
    folder = Path(os.environ.get("DREAMCUT_CORPUS", beside))
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip("the corpus is not beside the project; DREAMCUT_CORPUS can name its folder")
    return folder


@pytest.fixture(scope="session")
def manifest(corpus: Path) -> list[dict[str, Any]]:
    """What is known of each still image of the corpus."""
    lines = (corpus / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [e for e in entries if e["kind"] == "image" and not e["path"].startswith("hostile/")]
