"""Objects of Supabase Storage: those of the query's own user, in a stream, and the key goes nowhere else."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from supabase_project import SupabaseProject
from wire import answer, wire_to

from dreamcut.errors import AssetNotFound, AssetUnreachable
from dreamcut.settings import Settings
from tasks.fetch import FetchLimits, local_file
from tasks.storage import StorageAccess, storage_access, storage_source

BODY = bytes(range(256)) * 400
ANNA = "11111111-2222-3333-4444-555555555555"
ACCESS = StorageAccess(url="https://x.supabase.co", key="sb_secret_hush", user_id=ANNA)


@pytest.fixture
def project(supabase_project: SupabaseProject) -> SupabaseProject:
    """A project with private buckets: `footage` with objects of two users, and `library`."""
    from supabase import create_client

    client = create_client(supabase_project.url, supabase_project.keys.service_role)
    for bucket in ("footage", "library"):
        client.storage.create_bucket(bucket, options={"public": False})
    for bucket, name in (
        ("footage", f"{ANNA}/reel/a b (1).mp4"),
        ("footage", "bert/secret.mp4"),
        ("library", "shared.mp4"),
    ):
        client.storage.from_(bucket).upload(name, BODY, {"content-type": "video/mp4"})
    return supabase_project


def access_to(project: SupabaseProject, **more: Any) -> StorageAccess:
    return StorageAccess(url=project.url, key=project.keys.service_role, user_id=ANNA, **more)


def fetched(url: str, scratch: Path, access: StorageAccess | None) -> bytes:
    limits = FetchLimits(
        scratch=scratch, max_bytes=1 << 20, idle_seconds=5, total_seconds=20, first_delay_seconds=0.001
    )
    with local_file(url, filename="a.mp4", local_files=False, limits=limits, storage=access) as file:
        assert file.sha256 == hashlib.sha256(BODY).hexdigest()
        return file.path.read_bytes()


def test_a_users_own_object_is_read_and_others_are_not(project: SupabaseProject, tmp_path: Path) -> None:
    assert fetched(f"storage://footage/{ANNA}/reel/a b (1).mp4", tmp_path, access_to(project)) == BODY
    for url in ("storage://footage/bert/secret.mp4", "storage://library/shared.mp4"):
        with pytest.raises(AssetNotFound, match=r"own user's folder.*DREAMCUT_SHARED_BUCKETS"):
            fetched(url, tmp_path, access_to(project))
    # it is we who refuse: the key could have read it
    of_bert = access_to(project).model_copy(update={"user_id": "bert"})
    assert fetched("storage://footage/bert/secret.mp4", tmp_path, of_bert) == BODY


def test_a_shared_bucket_is_everybodys(project: SupabaseProject, tmp_path: Path) -> None:
    access = access_to(project, shared_buckets=("library",))
    assert fetched("storage://library/shared.mp4", tmp_path, access) == BODY
    with pytest.raises(AssetNotFound, match="own user's folder"):
        fetched("storage://footage/bert/secret.mp4", tmp_path, access)


def test_what_is_not_there_is_told_in_storages_words(project: SupabaseProject, tmp_path: Path) -> None:
    with pytest.raises(AssetNotFound, match=r"^a\.mp4: the host answered 404 \(Object not found\)$"):
        fetched(f"storage://footage/{ANNA}/none.mp4", tmp_path, access_to(project))


def test_signed_and_public_addresses_need_no_key(project: SupabaseProject, tmp_path: Path) -> None:
    from supabase import create_client

    client = create_client(project.url, project.keys.service_role)
    signed = client.storage.from_("footage").create_signed_url(f"{ANNA}/reel/a b (1).mp4", 60)["signedURL"]
    assert fetched(signed, tmp_path, None) == BODY
    client.storage.create_bucket("open", options={"public": True})
    client.storage.from_("open").upload("x.mp4", BODY)
    assert fetched(client.storage.from_("open").get_public_url("x.mp4"), tmp_path, None) == BODY
    with pytest.raises(AssetNotFound, match="400") as caught:
        fetched(signed.replace("token=", "token=x"), tmp_path, None)
    assert "token" not in str(caught.value)


def test_a_broken_stream_of_storage_goes_on(project: SupabaseProject, tmp_path: Path) -> None:
    def cut(handler: Any) -> None:
        status, headers, body = handler.forward()
        handler.send_response(status)
        handler.send_header("ETag", headers["etag"])
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:5000])
        handler.close_connection = True

    with wire_to(project.url) as wire:
        access = access_to(project).model_copy(update={"url": wire.url})
        wire.faults = [answer(503), answer(544), cut]
        assert fetched(f"storage://footage/{ANNA}/reel/a b (1).mp4", tmp_path, access) == BODY
        wire.faults = [answer(400, b'{"statusCode": "429", "message": "busy"}')] * 99
        with pytest.raises(AssetUnreachable, match=r"429 \(busy\)"):
            fetched(f"storage://footage/{ANNA}/reel/a b (1).mp4", tmp_path, access)


def test_the_key_does_not_follow_a_redirect(project: SupabaseProject, tmp_path: Path) -> None:
    def send_away(to: str) -> Callable[[Any], None]:
        return lambda handler: handler.reply(302, {"Location": to}, b"")

    with wire_to(project.url) as wire, wire_to(project.url) as stranger:
        wire.faults = [send_away(f"{stranger.url}/collect")]
        stranger.faults = [answer(200)]
        access = access_to(project).model_copy(update={"url": wire.url})
        with pytest.raises(AssetNotFound, match="answered 302"):
            fetched(f"storage://footage/{ANNA}/reel/a b (1).mp4", tmp_path, access)
        assert (wire.met, stranger.met) == (1, 0)


@pytest.mark.parametrize(
    "url",
    [
        "storage://",
        "storage:///x/y.mp4",
        "storage://footage",
        "storage://footage/",
        f"storage://footage/{ANNA}/",
        f"storage://footage/{ANNA}//x.mp4",
        f"storage://footage/{ANNA}/../bert/secret.mp4",
        f"storage://footage/{ANNA}/./x.mp4",
        f"storage://footage/{ANNA}/..",
        f"storage://footage/{ANNA}%2F..%2Fbert/secret.mp4",
        f"storage://footage/{ANNA}/%2e%2e/bert/secret.mp4",
        f"storage://footage/{ANNA}\\..\\bert\\secret.mp4",
        f"storage://footage/{ANNA}/x.mp4?download",
        f"storage://footage/{ANNA}/x.mp4#part",
        f"storage://footage/{ANNA}/x\n.mp4",
        f"storage://me@footage/{ANNA}/x.mp4",
        f"storage://../{ANNA}/x.mp4",
        f"storage://.hidden/{ANNA}/x.mp4",
    ],
)
def test_other_spellings_of_a_place_are_refused(url: str) -> None:
    shared = ACCESS.model_copy(update={"shared_buckets": ("footage", "..", "me@footage", ".hidden", "")})
    for access in (ACCESS, shared):
        with pytest.raises(AssetNotFound, match="plainly"):
            storage_source(url, filename="x.mp4", access=access)


def test_each_part_of_a_place_is_sent_as_it_is() -> None:
    source = storage_source(f"storage://footage/{ANNA}/ä b+c&d=e;f.mp4", filename="x.mp4", access=ACCESS)
    assert source.url == (
        f"https://x.supabase.co/storage/v1/object/authenticated/footage/{ANNA}/%C3%A4%20b%2Bc%26d%3De%3Bf.mp4"
    )
    assert "hush" not in repr(source) + repr(ACCESS)


def test_without_a_project_there_is_no_storage(tmp_path: Path) -> None:
    assert storage_access(Settings(home=tmp_path), user_id=ANNA) is None
    with pytest.raises(AssetNotFound, match="SUPABASE_URL and SUPABASE_SERVICE_ROLE_KEY"):
        fetched(f"storage://footage/{ANNA}/x.mp4", tmp_path, None)
