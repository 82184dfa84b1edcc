"""From what a user types to a request: kinds by content, and one clear complaint."""

import mimetypes
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from dreamcut.errors import InvalidRequest, MediaError, printable
from dreamcut.models import AssetKind, NewAsset, NewQuery

LOCAL_USER = "local"  # whoever uses this machine's command line

EXAMPLE_PROMPT = (
    "Make a cinematic 30-second cyberpunk trailer with neon rain, "
    "using my reference image and video, and add my voiceover"
)
EXAMPLE_ASSETS = ("cyberpunk_ref.png", "city_drive.mp4", "voiceover.mp3")


def new_query(
    prompt: str,
    assets: Sequence[str],
    *,
    duration_seconds: float | None = None,
    aspect_ratio: str | None = None,
    intent: str | None = None,
    descriptions: Sequence[str] = (),
) -> NewQuery:
    """Return the request for what was typed.

    Args:
        assets: paths, or http, https and storage: addresses.
        descriptions: `ASSET=TEXT`, the asset by its path as typed, its address or its file name.

    Raises:
        InvalidRequest: something cannot be used; says what.
    """
    texts = _descriptions(descriptions, assets=assets)
    options = {"duration_seconds": duration_seconds, "aspect_ratio": aspect_ratio}
    try:
        return NewQuery.model_validate(
            {
                "user_id": LOCAL_USER,
                "prompt": prompt,
                "assets": tuple(_new_asset(asset, description=texts.get(asset)) for asset in assets),
                "intent": intent,
                "options": {name: value for name, value in options.items() if value is not None},
            }
        )
    except ValidationError as error:
        raise InvalidRequest(_first_complaint(error)) from error


def example() -> NewQuery:
    """Return the request of the demo."""
    folder = example_folder()
    return new_query(EXAMPLE_PROMPT, [str(folder / name) for name in EXAMPLE_ASSETS])


def example_folder() -> Path:
    """Return the folder of the demo's media: beside this module in a wheel, in docs/ in a checkout."""
    here = Path(__file__).parent
    inside_wheel, in_checkout = here / "example", here.parent / "docs" / "examples" / "cyberpunk"
    return inside_wheel if inside_wheel.is_dir() else in_checkout


def kind_of(path: Path) -> AssetKind:
    """Return what a file is: by its first bytes, else by its name, so that a broken file has a kind too.

    Raises:
        InvalidRequest: neither says.
    """
    from analyzers.signatures import sniff

    try:
        kind = sniff(path)
    except MediaError:  # empty or unreadable: its analysis will say so
        kind = None
    return kind or _kind_by_name(path.name)


def _new_asset(typed: str, *, description: str | None) -> NewAsset:
    if typed.startswith("storage://"):  # its names are plain, without percent-encoding
        name = typed.rpartition("/")[2]
        return NewAsset(url=typed, kind=_kind_by_name(name), filename=name, description=description)
    if urlsplit(typed).scheme in {"http", "https"}:
        name = unquote(Path(urlsplit(typed).path).name)
        return NewAsset(url=typed, kind=_kind_by_name(name), filename=name, description=description)
    path = Path(typed).expanduser()
    if not path.exists():
        raise InvalidRequest(f"{printable(typed)}: no such file")
    if path.is_dir():
        raise InvalidRequest(f"{printable(typed)}: a folder; name the files in it")
    return NewAsset(
        url=path.absolute().as_uri(),
        kind=kind_of(path),
        filename=printable(path.name),
        description=description,
        file_size_bytes=path.stat().st_size,
    )


def _kind_by_name(name: str) -> AssetKind:
    import filetype

    guessed, _encoding = mimetypes.guess_type(name, strict=False)
    if guessed is None:  # Python's table knows fewer
        known = filetype.get_type(ext=Path(name).suffix.lower().lstrip("."))
        guessed = known.mime if known else ""
    family = guessed.partition("/")[0]
    if family in set(AssetKind):
        return AssetKind(family)
    raise InvalidRequest(f"{printable(name) or 'an address without a name'}: no image, video or sound file")


def _descriptions(typed: Sequence[str], *, assets: Sequence[str]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    for entry in typed:
        name, equals, text = entry.partition("=")
        meant = [asset for asset in assets if name in {asset, Path(asset).name}]
        if not equals or not text.strip():
            raise InvalidRequest(f"--describe {printable(entry)}: write it as ASSET=TEXT")
        if not meant:
            raise InvalidRequest(f"--describe {printable(name)}: no asset of that name was given")
        texts.update(dict.fromkeys(meant, text.strip()))
    return texts


def _first_complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    where = " ".join(str(part) for part in first["loc"] if part != "options")
    return f"{where.replace('_', ' ')}: {first['msg']}"
