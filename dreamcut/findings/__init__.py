"""What each analyzer promises: the JSON kept in `dreamcut_assets.analysis`, versioned."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from dreamcut.findings.audio import AudioFindings
from dreamcut.findings.base import SCHEMA_VERSION, Finding, Findings, Gap, Measure, TimeRange, Tool, Word
from dreamcut.findings.image import ImageFindings
from dreamcut.findings.video import VideoFindings

AnyFindings = Annotated[ImageFindings | VideoFindings | AudioFindings, Field(discriminator="kind")]

_adapter: TypeAdapter[ImageFindings | VideoFindings | AudioFindings] = TypeAdapter(AnyFindings)


def load_findings(document: object) -> ImageFindings | VideoFindings | AudioFindings:
    """Read stored JSON (already parsed) back into findings.

    Raises:
        pydantic.ValidationError: the document is of no version that this code reads.
    """
    return _adapter.validate_python(document)


__all__ = [
    "SCHEMA_VERSION",
    "AnyFindings",
    "AudioFindings",
    "Finding",
    "Findings",
    "Gap",
    "ImageFindings",
    "Measure",
    "TimeRange",
    "Tool",
    "VideoFindings",
    "Word",
    "load_findings",
]
