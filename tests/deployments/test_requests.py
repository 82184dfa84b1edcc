"""From what was typed to a request."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deployments import requests
from dreamcut.errors import InvalidRequest
from dreamcut.models import AssetKind, Intent


def test_the_kind_comes_from_the_content(new_image: Callable[..., Path], tmp_path: Path) -> None:
    picture = new_image("a.png")
    disguised = tmp_path / "film.mp4"
    disguised.write_bytes(picture.read_bytes())
    assert requests.kind_of(disguised) is AssetKind.IMAGE


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.JPG", AssetKind.IMAGE),
        ("a.heic", AssetKind.IMAGE),
        ("a.mkv", AssetKind.VIDEO),
        ("a.mov", AssetKind.VIDEO),
        ("a.flac", AssetKind.AUDIO),
    ],
)
def test_a_broken_file_has_the_kind_of_its_name(tmp_path: Path, name: str, kind: AssetKind) -> None:
    (tmp_path / name).write_text("broken")
    assert requests.kind_of(tmp_path / name) is kind
    (tmp_path / name).write_bytes(b"")
    assert requests.kind_of(tmp_path / name) is kind


def test_a_file_that_is_no_media_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    with pytest.raises(InvalidRequest, match=r"^notes\.txt: "):
        requests.new_query("a film", [str(tmp_path / "notes.txt")])


def test_a_strange_name_survives_as_an_address(new_image: Callable[..., Path], tmp_path: Path) -> None:
    odd = tmp_path / "a b\n#%20?é.png"
    new_image("a.png").rename(odd)
    [asset] = requests.new_query("a film", [str(odd)]).assets
    assert asset.url == odd.as_uri()
    assert asset.filename == "a b�#%20?é.png"
    assert asset.file_size_bytes == odd.stat().st_size


def test_an_address_keeps_its_query_and_names_its_file() -> None:
    [asset] = requests.new_query("a film", ["https://host/a/my%20clip.mov?key=1"]).assets
    assert (asset.url, asset.filename, asset.kind) == (
        "https://host/a/my%20clip.mov?key=1",
        "my clip.mov",
        AssetKind.VIDEO,
    )


def test_an_object_of_storage_is_named_plainly() -> None:
    [asset] = requests.new_query("a film", ["storage://footage/local/my clip.mov"]).assets
    assert (asset.url, asset.filename, asset.kind) == (
        "storage://footage/local/my clip.mov",
        "my clip.mov",
        AssetKind.VIDEO,
    )


def test_options_and_descriptions_reach_the_request(new_image: Callable[..., Path]) -> None:
    path = new_image("a.png")
    request = requests.new_query(
        "a film",
        [str(path)],
        duration_seconds=12.5,
        aspect_ratio="9:16",
        intent="mixed",
        descriptions=["a.png=the = look"],
    )
    assert request.options.model_dump(exclude_none=True) == {"duration_seconds": 12.5, "aspect_ratio": "9:16"}
    assert request.intent is Intent.MIXED
    assert request.assets[0].description == "the = look"


def test_the_example_is_complete() -> None:
    kinds = [asset.kind for asset in requests.example().assets]
    assert kinds == [AssetKind.IMAGE, AssetKind.VIDEO, AssetKind.AUDIO]
    assert (requests.example_folder() / "ATTRIBUTION.md").is_file()
