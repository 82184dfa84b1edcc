"""What the image analyzer promises."""

from typing import Literal

from pydantic import Field

from dreamcut.findings.base import Finding, Findings
from dreamcut.findings.look import Look


class ImageFile(Finding):
    """The file as stored and as shown."""

    format: str  # Pillow's name: "JPEG", "PNG", "AVIF"
    mode: str  # Pillow's pixel mode: "RGB", "CMYK", "I;16"
    bits_per_channel: int = Field(ge=1, le=64)
    stored_width_px: int = Field(ge=1)
    stored_height_px: int = Field(ge=1)
    orientation: int = Field(ge=1, le=8)  # EXIF; 1 when absent
    width_px: int = Field(ge=1)  # as displayed, orientation applied
    height_px: int = Field(ge=1)
    aspect_ratio: float = Field(gt=0)  # displayed width / height
    aspect_name: str  # nearest common ratio within 2 %, else like "1.83:1"
    colour_profile: str | None  # description of the embedded ICC profile
    has_alpha: bool
    transparent_share: float = Field(ge=0, le=1)  # area with alpha < 50 %
    frames: int = Field(ge=1)


class ImageFindings(Findings):
    """One still image."""

    kind: Literal["image"] = "image"
    file: ImageFile
    look: Look | None = None
    perceptual_hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")  # 64-bit DCT pHash
