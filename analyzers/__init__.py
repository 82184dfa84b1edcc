"""Pure measurement: a local file in, findings out.

One kind, one room: `analyze` looks the room up in a table. Importing this module is cheap; a room
and its libraries are imported when a file of its kind comes.
"""

from importlib import import_module
from pathlib import Path

from analyzers.steps import OnStep, ignore_step
from dreamcut.findings import AudioFindings, ImageFindings, VideoFindings
from dreamcut.models import AssetKind

ROOMS = {
    AssetKind.IMAGE: "analyzers.image",
    AssetKind.VIDEO: "analyzers.video",
    AssetKind.AUDIO: "analyzers.audio",
}


def analyze(
    path: Path, kind: AssetKind, *, on_step: OnStep = ignore_step, sha256: str | None = None
) -> ImageFindings | VideoFindings | AudioFindings:
    """Measure one file, calling `on_step` after each step with all findings so far.

    Args:
        sha256: of the file, where it is known already: then it is not read for that again.

    Raises:
        MediaError: the file cannot be analysed; the message names it and says why.
        AnalysisCancelled: `analyzers.child.stop_children` was called meanwhile.
    """
    findings: ImageFindings | VideoFindings | AudioFindings
    findings = import_module(ROOMS[kind]).analyze(path, on_step=on_step, sha256=sha256)
    return findings
