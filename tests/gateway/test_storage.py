"""Stored objects through the unmodified client: who may read them, how, and what a refusal looks like."""

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
from storage3.exceptions import StorageApiError
from supabase_project import SupabaseProject, Visitor

_CONTENT = bytes(range(256)) * 5 + b"\r\n--not-a-boundary\r\n\r\n"
_PNG: Any = {"content-type": "image/png", "cache-control": "60"}


@pytest.fixture
def new_bucket(worker: Visitor) -> Callable[..., str]:
    """Make a bucket: private, or `public=True`."""

    def make(**options: Any) -> str:
        name = f"bucket-{uuid4().hex}"
        worker.client().storage.create_bucket(name, options={"public": False, **options})
        return name

    return make


@pytest.fixture
def private(new_bucket: Callable[..., str]) -> str:
    """A private bucket."""
    return new_bucket()


@pytest.fixture
def stored(private: str, user: Visitor) -> str:
    """Path of an object that the user uploaded to the private bucket."""
    path = f"{user.id}/a folder/ünd $ö.png"
    user.client().storage.from_(private).upload(path, _CONTENT, _PNG)
    return path


def reason(caught: pytest.ExceptionInfo[StorageApiError]) -> tuple[str, str]:
    return str(caught.value.status), caught.value.code


def test_owner_reads_back_what_they_wrote(private: str, stored: str, user: Visitor, worker: Visitor) -> None:
    for reader in (user, worker):
        assert reader.client().storage.from_(private).download(stored) == _CONTENT


def test_object_of_another_user_is_as_if_it_were_not_there(
    private: str, stored: str, user: Visitor, new_user: Callable[[], Visitor], anon: Visitor
) -> None:
    assert user.client().storage.from_(private).download(stored) == _CONTENT
    for stranger in (new_user(), anon):
        bucket = stranger.client().storage.from_(private)
        for attempt in (bucket.download, bucket.info, lambda path, b=bucket: b.create_signed_url(path, 60)):
            with pytest.raises(StorageApiError, match="Object not found") as caught:
                attempt(stored)
            assert reason(caught) == ("404", "not_found")
        assert bucket.list(user.id) == []
        assert bucket.remove([stored]) == []
    assert user.client().storage.from_(private).exists(stored)


def test_nobody_writes_into_anothers_folder(
    private: str, user: Visitor, new_user: Callable[[], Visitor], anon: Visitor
) -> None:
    for stranger, path in (
        (new_user(), f"{user.id}/x"),
        (anon, f"{user.id}/x"),
        (user, "x"),
        (user, "other/x"),
    ):
        with pytest.raises(StorageApiError, match="row-level security") as caught:
            stranger.client().storage.from_(private).upload(path, b"x")
        assert reason(caught) == ("403", "Unauthorized")


def test_public_bucket_is_open_to_read_alone(
    new_bucket: Callable[..., str], private: str, stored: str, worker: Visitor, anon: Visitor
) -> None:
    name = new_bucket(public=True)
    worker.client().storage.from_(name).upload("a/b.txt", b"open", {"content-type": "text/plain"})
    url = anon.client().storage.from_(name).get_public_url("a/b.txt")
    answer = httpx.get(url)
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (
        200,
        b"open",
        "text/plain; charset=utf-8",
    )
    with pytest.raises(StorageApiError, match="row-level security"):
        anon.client().storage.from_(name).upload("a/c.txt", b"no")
    refused = httpx.get(anon.client().storage.from_(private).get_public_url(stored))
    assert (refused.status_code, refused.json()["statusCode"], refused.json()["error"]) == (
        400,
        "404",
        "Bucket not found",
    )


def test_answer_carries_type_tag_and_age(private: str, stored: str, user: Visitor) -> None:
    path = f"/storage/v1/object/authenticated/{private}/{stored}"
    answer = user.send("GET", path)
    tag = f'"{hashlib.md5(_CONTENT, usedforsecurity=False).hexdigest()}"'
    assert answer.content == _CONTENT
    assert answer.headers["etag"] == tag
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-length"] == str(len(_CONTENT))
    assert answer.headers["cache-control"] == "max-age=60"
    assert answer.headers["accept-ranges"] == "bytes"
    unchanged = user.send("GET", path, headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    head = user.send("HEAD", path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(_CONTENT)))


@pytest.mark.parametrize(
    ("asked", "part"),
    [("bytes=0-9", slice(0, 10)), ("bytes=1000-", slice(1000, None)), ("bytes=-7", slice(-7, None))],
)
def test_part_of_an_object_can_be_read(
    private: str, stored: str, user: Visitor, asked: str, part: slice
) -> None:
    path = f"/storage/v1/object/authenticated/{private}/{stored}"
    answer = user.send("GET", path, headers={"Range": asked})
    first, last, _ = part.indices(len(_CONTENT))
    assert (answer.status_code, answer.content) == (206, _CONTENT[part])
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(_CONTENT)}"


def test_part_behind_the_end_is_refused(private: str, stored: str, user: Visitor) -> None:
    path = f"/storage/v1/object/authenticated/{private}/{stored}"
    refused = user.send("GET", path, headers={"Range": f"bytes={len(_CONTENT)}-"})
    assert (refused.status_code, refused.json()["statusCode"]) == (400, "416")


def test_signed_url_opens_one_object_for_a_while(private: str, stored: str, user: Visitor) -> None:
    bucket = user.client().storage.from_(private)
    url = bucket.create_signed_url(stored, 60)["signedURL"]
    assert url is not None
    assert httpx.get(url).content == _CONTENT
    bucket.upload(f"{user.id}/other", b"other")
    other = f"{user.project.url}/storage/v1/object/sign/{private}/{user.id}/other"
    token = url.partition("token=")[2]
    for broken, message in (
        (f"{other}?token={token}", "Invalid signature"),
        (url[:-3] + "abc", "signature verification failed"),
        (bucket.create_signed_url(stored, -1)["signedURL"], '"exp" claim timestamp check failed'),
        (f"{url.partition('?')[0]}?token={user.token}", "signature verification failed"),
        (url.partition("?")[0], "querystring must have required property 'token'"),
    ):
        assert broken is not None
        refused = httpx.get(broken)
        assert (refused.status_code, refused.json()["statusCode"], refused.json()["message"]) == (
            400,
            "400",
            message,
        )


def test_signature_of_a_url_is_no_access_token(private: str, stored: str, user: Visitor) -> None:
    url = user.client().storage.from_(private).create_signed_url(stored, 60)["signedURL"]
    assert url is not None
    bearer = {"Authorization": f"Bearer {url.partition('token=')[2]}"}
    assert user.send("GET", "/rest/v1/notes", headers=bearer).status_code == 401


def test_many_urls_are_signed_at_once(private: str, stored: str, user: Visitor) -> None:
    signed = user.client().storage.from_(private).create_signed_urls([stored, "not/there"], 60)
    assert [each["error"] is None for each in signed] == [True, False]
    assert httpx.get(str(signed[0]["signedURL"])).content == _CONTENT


def test_upload_replaces_only_when_told(private: str, stored: str, user: Visitor) -> None:
    bucket = user.client().storage.from_(private)
    with pytest.raises(StorageApiError, match="already exists") as caught:
        bucket.upload(stored, b"second")
    assert reason(caught) == ("409", "Duplicate")
    assert bucket.download(stored) == _CONTENT
    bucket.upload(stored, b"third", {"upsert": "true"})
    assert bucket.download(stored) == b"third"
    bucket.update(stored, b"fourth")
    assert bucket.download(stored) == b"fourth"


def test_bare_body_is_stored_as_it_comes(private: str, user: Visitor) -> None:
    # as the JavaScript client sends an ArrayBuffer
    path = f"/storage/v1/object/{private}/{user.id}/raw.bin"
    headers = {"Content-Type": "application/x-thing", "Cache-Control": "max-age=5"}
    assert user.send("POST", path, content=_CONTENT, headers=headers).status_code == 200
    answer = user.send("GET", path)
    assert (answer.content, answer.headers["content-type"]) == (_CONTENT, "application/x-thing")
    assert answer.headers["cache-control"] == "max-age=5"


def test_listing_shows_one_level(private: str, user: Visitor) -> None:
    bucket = user.client().storage.from_(private)
    for name in ("b.txt", "a.txt", "deep/er/c.txt"):
        bucket.upload(f"{user.id}/{name}", b"12345")
    listed = bucket.list(user.id)
    assert [entry["name"] for entry in listed] == ["a.txt", "b.txt", "deep"]
    assert [entry["id"] is None for entry in listed] == [False, False, True]
    assert listed[0]["metadata"]["size"] == 5
    assert [entry["name"] for entry in bucket.list(user.id, {"limit": 1, "offset": 1})] == ["b.txt"]


def test_removed_object_is_gone(private: str, stored: str, user: Visitor) -> None:
    bucket = user.client().storage.from_(private)
    assert bucket.exists(stored)
    assert [entry["name"] for entry in bucket.remove([stored, "not/there"])] == [stored]
    assert not bucket.exists(stored)


def test_bucket_that_is_not_there_is_refused(user: Visitor, worker: Visitor) -> None:
    for who in (user, worker):
        with pytest.raises(StorageApiError, match="Bucket not found") as caught:
            who.client().storage.from_("no-such-bucket").download("x")
        assert reason(caught) == ("404", "Bucket not found")


def test_size_limit_of_a_bucket_holds(new_bucket: Callable[..., str], worker: Visitor) -> None:
    bucket = worker.client().storage.from_(new_bucket(file_size_limit=10))
    bucket.upload("small", b"0123456789")
    with pytest.raises(StorageApiError, match="exceeded") as caught:
        bucket.upload("big", b"0123456789a")
    assert reason(caught) == ("413", "Payload too large")


@pytest.mark.parametrize("path", ["", "a//b", "a/../b", "../../etc/passwd", "a/./b"])
def test_path_that_leads_elsewhere_is_refused(private: str, worker: Visitor, path: str) -> None:
    encoded = path.replace("/", "%2F").replace(".", "%2E")
    refused = worker.send("POST", f"/storage/v1/object/{private}/{encoded}", content=b"x")
    assert refused.status_code == 400
    assert refused.json()["error"] == "InvalidKey"


def test_only_the_service_role_makes_buckets(
    user: Visitor, worker: Visitor, new_bucket: Callable[..., str]
) -> None:
    name = new_bucket()
    assert name in [bucket.id for bucket in worker.client().storage.list_buckets()]
    assert worker.client().storage.get_bucket(name).public is False
    with pytest.raises(StorageApiError) as caught:
        user.client().storage.create_bucket("mine")
    assert reason(caught) == ("403", "Unauthorized")
    with pytest.raises(StorageApiError, match="already exists"):
        worker.client().storage.create_bucket(name)


@pytest.mark.parametrize(
    ("bearer", "status", "error"),
    [(None, "400", "InvalidRequest"), ("garbage", "403", "Unauthorized"), ("expired", "403", "Unauthorized")],
)
def test_private_object_wants_a_valid_bearer(
    *, private: str, stored: str, user: Visitor, bearer: str | None, status: str, error: str
) -> None:
    token = user.project.keys.token(role="authenticated", user_id=user.id, seconds=-10)
    header = None if bearer is None else f"Bearer {token if bearer == 'expired' else bearer}"
    path = f"/storage/v1/object/authenticated/{private}/{stored}"
    refused = user.send("GET", path, headers={"Authorization": header})
    assert refused.status_code == 400
    assert (refused.json()["statusCode"], refused.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/storage/v1/object/copy"),
        ("POST", "/storage/v1/upload/resumable"),
        ("GET", "/storage/v1/render/image/public/a/b.png"),
        ("DELETE", "/storage/v1/bucket/a"),
        ("GET", "/storage/v1"),
    ],
)
def test_what_is_not_in_the_subset_is_refused(worker: Visitor, method: str, path: str) -> None:
    assert worker.send(method, path).status_code in (404, 405)


def test_objects_survive_a_restart(supabase_project: SupabaseProject) -> None:
    key = supabase_project.keys.service_role
    storage = Visitor(supabase_project, key, key=key).client().storage
    storage.create_bucket("kept")
    storage.from_("kept").upload("a", b"content")
    supabase_project.kill()
    supabase_project.start()
    assert storage.from_("kept").download("a") == b"content"
