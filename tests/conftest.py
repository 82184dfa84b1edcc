"""Fixtures of all rooms."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

# Before anything imports Prefect: it reads its settings then, and must neither find a user's nor call home.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="dreamcut-prefect-")
atexit.register(shutil.rmtree, os.environ["PREFECT_HOME"], ignore_errors=True)
os.environ.pop("PREFECT_API_URL", None)
os.environ.update(DO_NOT_TRACK="1", PREFECT_SERVER_ANALYTICS_ENABLED="false")
_ours = ("DREAMCUT_", "SUPABASE_")
for _name in [name for name in os.environ if name.startswith(_ours) and name != "DREAMCUT_CORPUS"]:
    del os.environ[_name]

pytest_plugins = ["postgres", "services", "supabase_project"]

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Folder of real media with ground truth; tests that need it are skipped where it is absent."""
    folder = Path(os.environ.get("DREAMCUT_CORPUS") or ROOT.parent / "shared" / "corpus")
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip(f"no corpus at {folder}: set DREAMCUT_CORPUS to its folder")
    return folder


@pytest.fixture(scope="session")
def example() -> Path:
    """Folder of the media that the demo analyses."""
    return ROOT / "docs" / "examples" / "cyberpunk"


@pytest.fixture
def new_image(tmp_path: Path) -> Callable[..., Path]:
    """Write a plain picture: `new_image("a.png", colour=(255, 0, 0))`."""
    from PIL import Image

    def write(
        name: str, *, colour: tuple[int, int, int] = (200, 30, 90), size: tuple[int, int] = (64, 48)
    ) -> Path:
        path = tmp_path / name
        Image.new("RGB", size, colour).save(path)
        return path

    return write
