"""Inside the decoder child: still images, with Pillow."""

import copy  # Pillow's GIF reader imports it when it meets a GIF: too late for us
import io
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageFile, UnidentifiedImageError

from analyzers.decoder import PICTURE, Refused, send, send_json

# Pillow also opens formats that start other programs (EPS) or embed others (PDF, WMF): not here.
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "PPM", "JPEG2000", "TGA", "ICO", "PSD")
EXIF_ORIENTATION = 0x0112
BITS_OF_MODE = {"1": 1, "I;16": 16, "I;16L": 16, "I;16B": 16, "I": 32, "F": 32}


def load_codecs() -> None:
    """Register all plugins and touch the lazy parts: no file can be opened later."""
    Image.init()
    ImageCms.createProfile("sRGB")
    copy.copy(b"")
    "".encode("utf-16")  # codecs are modules too
    "".encode("latin-1")


def decode(file: BinaryIO, request: dict[str, Any]) -> None:
    """Send a header and the picture: RGBA, sRGB, upright, long edge at most `long_edge_px`."""
    Image.MAX_IMAGE_PIXELS = None  # our own limit speaks first, and more clearly
    edge = int(request["long_edge_px"])
    image = open_image(file, max_pixels=int(request["max_pixels"]))
    header: dict[str, Any] = {
        "format": image.format,
        "mode": image.mode,
        "bits_per_channel": bits_per_channel(image),
        "stored_width_px": image.width,
        "stored_height_px": image.height,
        "orientation": orientation(image),
        "has_alpha": image.has_transparency_data,
        "frames": int(getattr(image, "n_frames", 1)),
    }
    profile = image.info.get("icc_profile")
    header["colour_profile"] = profile_name(profile)
    image, damaged = load_pixels(file, image, edge=edge)
    header["damaged"] = damaged
    upright = to_upright_rgba(image, orientation=header["orientation"], profile=profile, edge=edge)
    send_json(header)
    send(b"R", PICTURE.pack(0.0, upright.width, upright.height, 4), upright.tobytes())


def open_image(file: BinaryIO, *, max_pixels: int) -> Image.Image:
    """Read the header only."""
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise Refused("unreadable", "is not an image that can be read") from error
    except (OSError, ValueError, SyntaxError, OverflowError) as error:
        raise Refused("unreadable", f"is a broken image ({error})") from error
    if image.width * image.height > max_pixels:
        megapixels = image.width * image.height / 1e6
        raise Refused(
            "too_large",
            f"has {image.width} x {image.height} px ({megapixels:.0f} megapixels); "
            f"the limit is {max_pixels / 1e6:.0f} megapixels",
        )
    return image


def load_pixels(file: BinaryIO, image: Image.Image, *, edge: int) -> tuple[Image.Image, str | None]:
    """Decode; where the file ends too early, keep what is there and say so."""
    try:
        image.draft(None, (edge, edge))  # JPEG: let the codec scale by 1/2, 1/4 or 1/8
        image.load()
    except (OSError, ValueError, SyntaxError, IndexError, EOFError, Image.DecompressionBombError) as error:
        reason = str(error)
    else:
        return image, None
    file.seek(0)
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = Image.open(file, formats=FORMATS)
        image.draft(None, (edge, edge))
        image.load()
    except (OSError, ValueError, SyntaxError, IndexError, EOFError) as error:
        raise Refused("unreadable", f"is a broken image ({error})") from error
    return image, f"the file is damaged ({reason}); only a part of the picture could be read"


def to_upright_rgba(image: Image.Image, *, orientation: int, profile: bytes | None, edge: int) -> Image.Image:
    """Scale first, where the mode allows, so that a big picture never exists as RGBA in full size."""
    if image.mode in ("I", "F", "I;16", "I;16L", "I;16B"):
        image = to_eight_bits(image)
    if image.mode in ("P", "PA", "1") or "transparency" in image.info:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    image = scaled_down(image, edge)
    if profile:
        image = to_srgb(image, profile)
    image = image.convert("RGBA")
    transpose = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }.get(orientation)
    return image.transpose(transpose) if transpose is not None else image


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Map 16- and 32-bit grey to 8 bits; Pillow's own conversion clips instead of scaling."""
    low, high = image.getextrema()
    full = 1.0 if image.mode == "F" and float(high) <= 1.0 else 65535.0  # type: ignore[arg-type]
    if image.mode == "F" and 1.0 < float(high) <= 255.0:  # type: ignore[arg-type]
        full = 255.0
    del low
    return image.convert("F").point(lambda value: value * (255.0 / full)).convert("L")


def scaled_down(image: Image.Image, edge: int) -> Image.Image:
    """Return the image with a long edge of at most `edge` px, box-filtered first for speed."""
    longest = max(image.size)
    if longest <= edge:
        return image
    size = (max(1, round(image.width * edge / longest)), max(1, round(image.height * edge / longest)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert through the embedded ICC profile; a broken profile is ignored, as viewers do."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    base = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        converted = ImageCms.profileToProfile(
            base,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    if converted is None:
        return image
    if alpha is not None:
        converted.putalpha(alpha)
    return converted


def profile_name(profile: bytes | None) -> str | None:
    """Return the description inside an ICC profile, one line."""
    if not profile:
        return None
    try:
        text = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return "unreadable profile"
    return "".join(c for c in text.strip() if c.isprintable())[:100] or "unnamed profile"


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 where absent or nonsense."""
    try:
        value = image.getexif().get(EXIF_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def bits_per_channel(image: Image.Image) -> int:
    """Return the stored depth; Pillow decodes 16-bit RGB to 8 and tells only in the raw mode."""
    if image.mode in BITS_OF_MODE:
        return BITS_OF_MODE[image.mode]
    for tile in getattr(image, "tile", ()):
        if "16" in str(tile[3]):
            return 16
    return 8
