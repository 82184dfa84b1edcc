"""How a picture looks: shared by still images, keyframes and shots."""

from enum import StrEnum

from pydantic import Field

from dreamcut.findings.base import Finding, Share


class TonalKey(StrEnum):
    """Where most of the light sits."""

    LOW = "low-key"
    MID = "mid-key"
    HIGH = "high-key"


class Swatch(Finding):
    """One colour of a palette."""

    hex: str = Field(pattern=r"^#[0-9a-f]{6}$")  # sRGB
    name: str  # nearest named colour, CIEDE2000: "dark teal"
    share: Share  # of the visible area
    lightness: float = Field(ge=0, le=100)  # CIE L*
    chroma: float = Field(ge=0, le=200)  # CIE C*ab
    hue_degrees: float = Field(ge=0, lt=360)  # CIE h_ab; meaningless below chroma ~5


class Palette(Finding):
    """The dominant colours, most area first."""

    colours: tuple[Swatch, ...] = Field(min_length=1, max_length=6)
    contrast: float = Field(ge=1, le=21)  # WCAG ratio, darkest swatch to lightest


class Tone(Finding):
    """Light and dark, of gamma-encoded luma 0 to 1 (BT.709)."""

    mean_luma: Share
    median_luma: Share
    rms_contrast: float = Field(ge=0, le=0.5)  # standard deviation of luma
    p05_luma: Share
    p95_luma: Share
    peak_luma: Share | None = None  # 99.9th percentile: the brightest that is more than a speck
    lit_tile_share: Share | None = None  # of the 16 px tiles: dark, with a point of light inside
    shadow_share: Share  # luma < 0.1
    black_clipped_share: Share  # luma <= 2/255
    white_clipped_share: Share  # luma >= 253/255
    key: TonalKey


class Colour(Finding):
    """Amount and direction of colour."""

    mean_saturation: Share  # HSV saturation weighted by value
    colourfulness: float = Field(ge=0)  # Hasler and Süsstrunk 2003, on 0-255 values
    warm_share: Share  # of the chromatic area: hue red to yellow
    cool_share: Share  # of the chromatic area: hue green-cyan to violet
    chromatic_share: Share  # of the visible area with CIE chroma > 10
    neon_share: Share  # of the visible area: very saturated and bright, in the dark (see docs/looks.md)
    electric_share: Share | None = None  # of the visible area: neon whose hue is green to magenta
    orange_share: Share | None = None  # of the visible area: chroma > 20, hue orange
    teal_share: Share | None = None  # of the visible area: chroma > 20, hue teal to cyan-blue
    violet_share: Share | None = None  # of the visible area: chroma > 30, hue violet to magenta
    blown_share: Share | None = None  # of the visible area: one or two channels clipped, not all three


class Detail(Finding):
    """Sharpness and noise, at ANALYSIS_EDGE_PX; smaller pictures are measured as they are."""

    sharpness: float = Field(ge=0)  # variance of the Laplacian of luma 0-1, Pech-Pacheco 2000
    edge_share: Share  # of the area with a clear edge
    noise_sigma: float = Field(ge=0)  # Immerkær 1996, luma 0-1
    blur: Share | None = None  # Crété et al. 2007: 0 sharp to 1 blurred; None where nothing varies
    flat_share: Share | None = None  # of the area whose neighbours are all exactly alike, as in graphics
    edge_px: int | None = Field(default=None, ge=3)  # long edge of the plane that was measured


class Look(Finding):
    """Everything measured of one picture."""

    palette: Palette
    tone: Tone
    colour: Colour
    detail: Detail | None  # None below 3 x 3 px: there is no neighbourhood to measure
