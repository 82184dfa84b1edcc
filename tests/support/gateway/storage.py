"""Objects of private and public buckets under /storage/v1, as storage-api serves them.

The service role may do all; a user reads and writes the folder named by their id; signed URLs and public
buckets are open. A refusal has HTTP status 400 and the real one inside, as with storage-api.
"""

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import quote

import jwt
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gateway.objects import Bucket, ObjectStore, Stored
from gateway.project import Project
from gateway.storage_request import Asked, StorageRefused, denied, invalid, no_bucket

Serve = Callable[[Asked], Awaitable[Response]]
_READ = ["GET", "HEAD"]


def storage_routes(project: Project) -> list[BaseRoute]:
    """Return the routes of the part of storage-api that the clients use."""
    store = ObjectStore(project.storage_folder)
    served: list[tuple[str, list[str], Serve]] = [
        ("/bucket", ["POST"], _create_bucket),
        ("/bucket", ["GET"], _list_buckets),
        ("/bucket/{bucket}", ["GET"], _get_bucket),
        ("/object/public/{bucket}/{name:path}", _READ, _read_public),
        ("/object/sign/{bucket}/{name:path}", ["POST"], _sign),
        ("/object/sign/{bucket}", ["POST"], _sign_many),
        ("/object/sign/{bucket}/{name:path}", _READ, _read_signed),
        ("/object/authenticated/{bucket}/{name:path}", _READ, _read_private),
        ("/object/info/{bucket}/{name:path}", _READ, _info),
        ("/object/list/{bucket}", ["POST"], _list),
        ("/object/{bucket}", ["DELETE"], _remove),
        ("/object/{bucket}/{name:path}", _READ, _read),
        ("/object/{bucket}/{name:path}", ["POST", "PUT"], _upload),
    ]
    return [
        *(
            Route(f"/storage/v1{path}", _endpoint(serve, project, store), methods=methods)
            for path, methods, serve in served
        ),
        Route("/storage/v1/{path:path}", _nothing, methods=[*_READ, "POST", "PUT", "PATCH", "DELETE"]),
    ]


def _endpoint(serve: Serve, project: Project, store: ObjectStore) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return await serve(Asked(request, project, store))
        except StorageRefused as refused:
            return refused.response()

    return answer


async def _nothing(request: Request) -> Response:
    message = f"Route {request.method}:{request.url.path} is not part of the test gateway"
    return JSONResponse({"statusCode": "404", "error": "Not Found", "message": message}, status_code=404)


async def _create_bucket(asked: Asked) -> Response:
    _check_service_role(asked)
    given = await asked.json()
    name = given.get("name") or ""
    if not name or name != name.strip() or "/" in name or name.startswith("."):
        raise StorageRefused(400, "InvalidBucketName", "Invalid Input", "Bucket name invalid")
    if unknown := given.keys() - {"id", "name", "public", "file_size_limit"}:
        raise invalid(f"{', '.join(sorted(unknown))} is not part of the test gateway")
    if given.get("id", name) != name:
        raise invalid("a bucket whose id is not its name is not part of the test gateway")
    if asked.store.bucket(name) is not None:
        raise StorageRefused(409, "ResourceAlreadyExists", "Duplicate", "The resource already exists")
    limit = given.get("file_size_limit")
    asked.store.add_bucket(Bucket(name, bool(given.get("public")), None if limit is None else int(limit)))
    return JSONResponse({"name": name})


async def _list_buckets(asked: Asked) -> Response:
    _check_service_role(asked)
    return JSONResponse([_bucket_json(bucket) for bucket in asked.store.buckets()])


async def _get_bucket(asked: Asked) -> Response:
    _check_service_role(asked)
    return JSONResponse(_bucket_json(asked.bucket()))


def _check_service_role(asked: Asked) -> None:
    if asked.caller().role != "service_role":
        raise denied("new row violates row-level security policy")


def _bucket_json(bucket: Bucket) -> dict[str, Any]:
    long_ago = "2020-01-01T00:00:00.000Z"
    return {
        "id": bucket.id,
        "name": bucket.id,
        "owner": "",
        "public": bucket.public,
        "file_size_limit": bucket.file_size_limit,
        "allowed_mime_types": None,
        "created_at": long_ago,
        "updated_at": long_ago,
    }


async def _read_public(asked: Asked) -> Response:
    if not asked.bucket().public:
        raise no_bucket()
    return _file(asked, asked.object())


async def _read_private(asked: Asked) -> Response:
    if asked.bucket().public:
        return _file(asked, asked.object())
    return _file(asked, asked.own_object())


async def _read(asked: Asked) -> Response:
    if asked.request.headers.get("authorization") is None and not asked.bucket().public:
        raise no_bucket()
    return await _read_private(asked)


async def _read_signed(asked: Asked) -> Response:
    token = asked.request.query_params.get("token")
    if token is None:
        raise invalid("querystring must have required property 'token'")
    try:
        signed = jwt.decode(token, asked.keys.url_secret, algorithms=["HS256"])
    except jwt.InvalidTokenError as error:
        expired = isinstance(error, jwt.ExpiredSignatureError)
        message = '"exp" claim timestamp check failed' if expired else "signature verification failed"
        raise StorageRefused(400, "InvalidJWT", "InvalidJWT", message) from error
    if signed.get("url") != f"{asked.bucket_id}/{asked.name}":
        raise StorageRefused(400, "InvalidSignature", "InvalidSignature", "Invalid signature")
    return _file(asked, asked.object())


async def _sign(asked: Asked) -> Response:
    given = await asked.json()
    asked.own_object()
    return JSONResponse({"signedURL": _signed_url(asked, asked.name, given)})


async def _sign_many(asked: Asked) -> Response:
    given = await asked.json()
    asked.bucket()
    answers = []
    for name in given.get("paths") or []:
        there = asked.may_touch(name) and asked.store.find(asked.bucket_id, name) is not None
        answers.append(
            {
                "error": None
                if there
                else "Either the object does not exist or you do not have access to it",
                "path": name,
                "signedURL": _signed_url(asked, name, given) if there else None,
            }
        )
    return JSONResponse(answers)


def _signed_url(asked: Asked, name: str, given: dict[str, Any]) -> str:
    if given.get("transform"):
        raise invalid("transform is not part of the test gateway")
    try:
        seconds = int(given["expiresIn"])
    except (KeyError, TypeError, ValueError) as error:
        raise invalid("body must have required property 'expiresIn'") from error
    url = f"{asked.bucket_id}/{name}"
    content = {"url": url, "iat": int(time.time()), "exp": int(time.time()) + seconds}
    token = jwt.encode(content, asked.keys.url_secret, algorithm="HS256")
    return f"/object/sign/{quote(url)}?token={token}"


async def _info(asked: Asked) -> Response:
    stored = asked.own_object()
    return JSONResponse(
        {
            "id": stored.id,
            "name": stored.name,
            "bucket_id": stored.bucket_id,
            "size": stored.size,
            "content_type": stored.content_type,
            "cache_control": stored.cache_control,
            "etag": stored.etag,
            "last_modified": stored.updated_at,
            "created_at": stored.updated_at,
            "metadata": {},
        }
    )


async def _list(asked: Asked) -> Response:
    given = await asked.json()
    asked.bucket()
    if given.get("search"):
        raise invalid("search is not part of the test gateway")
    prefix = (given.get("prefix") or "").strip("/")
    prefix = f"{prefix}/" if prefix else ""
    visible = (each for each in asked.store.objects(asked.bucket_id) if asked.may_touch(each.name))
    entries = _entries(visible, prefix)
    first = int(given.get("offset") or 0)
    return JSONResponse(entries[first : first + int(given.get("limit") or 100)])


def _entries(objects: Iterable[Stored], prefix: str) -> list[dict[str, Any]]:
    """Return what lies directly below a prefix, by name: objects, and folders, which have no id."""
    found: dict[str, dict[str, Any]] = {}
    for stored in objects:
        if not stored.name.startswith(prefix):
            continue
        name, slash, _ = stored.name.removeprefix(prefix).partition("/")
        found[name] = {
            "name": name,
            "id": None if slash else stored.id,
            "updated_at": None if slash else stored.updated_at,
            "created_at": None if slash else stored.updated_at,
            "last_accessed_at": None if slash else stored.updated_at,
            "metadata": None if slash else _metadata(stored),
        }
    return [found[name] for name in sorted(found)]


def _metadata(stored: Stored) -> dict[str, Any]:
    return {
        "eTag": stored.etag,
        "size": stored.size,
        "mimetype": stored.content_type,
        "cacheControl": stored.cache_control,
        "lastModified": stored.updated_at,
        "contentLength": stored.size,
        "httpStatusCode": 200,
    }


async def _remove(asked: Asked) -> Response:
    given = await asked.json()
    asked.bucket()
    removed = []
    for name in given.get("prefixes") or []:
        stored = asked.store.find(asked.bucket_id, name)
        if stored is not None and asked.may_touch(name):
            asked.store.remove(asked.bucket_id, name)
            removed.append({"name": name, "id": stored.id, "bucket_id": stored.bucket_id})
    return JSONResponse(removed)


async def _upload(asked: Asked) -> Response:
    bucket = asked.bucket()
    if not asked.may_touch(asked.name):
        raise denied("new row violates row-level security policy")
    if not asked.name or any(part in ("", ".", "..") for part in asked.name.split("/")):
        raise StorageRefused(400, "InvalidKey", "InvalidKey", f"Invalid key: {asked.name}")
    replaces = asked.request.method == "PUT" or asked.request.headers.get("x-upsert") == "true"
    if not replaces and asked.store.find(asked.bucket_id, asked.name) is not None:
        raise StorageRefused(409, "ResourceAlreadyExists", "Duplicate", "The resource already exists")
    content, content_type, cache_control = _content(asked.request.headers, await asked.request.body())
    if bucket.file_size_limit is not None and len(content) > bucket.file_size_limit:
        message = "The object exceeded the maximum allowed size"
        raise StorageRefused(413, "EntityTooLarge", "Payload too large", message)
    stored = asked.store.put(
        asked.bucket_id, asked.name, content, content_type=content_type, cache_control=cache_control
    )
    return JSONResponse({"Id": stored.id, "Key": f"{asked.bucket_id}/{asked.name}"})


def _content(headers: Headers, body: bytes) -> tuple[bytes, str, str]:
    """Return content, type and cache control of an upload: a form with one file, or the bare bytes."""
    sent_as = headers.get("content-type", "application/octet-stream")
    if not sent_as.startswith("multipart/form-data"):
        return body, sent_as, headers.get("cache-control", "no-cache")
    content, content_type, cache_control = None, "application/octet-stream", "no-cache"
    for head, part in _form_parts(body, sent_as):
        disposition = head.get("content-disposition", "")
        if 'name="cacheControl"' in disposition:
            cache_control = f"max-age={part.decode()}"
        elif "filename=" in disposition:
            content, content_type = part, head.get("content-type", content_type)
    if content is None:
        raise invalid("the form holds no file")
    return content, content_type, cache_control


def _form_parts(body: bytes, sent_as: str) -> Iterable[tuple[dict[str, str], bytes]]:
    """Yield head and content of each part of a form."""
    _, _, boundary = sent_as.partition("boundary=")
    mark = b"\r\n--" + boundary.strip('"').encode()
    for part in (b"\r\n" + body).split(mark)[1:-1]:
        head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = (line.partition(":") for line in head.decode().split("\r\n"))
        yield {name.lower(): value.strip() for name, _, value in lines}, content


def _file(asked: Asked, stored: Stored) -> Response:
    """Return an object, or the part of it that the header Range asks for."""
    headers = {"etag": stored.etag, "cache-control": stored.cache_control}
    if asked.request.headers.get("if-none-match") == stored.etag:
        return Response(status_code=304, headers=headers)
    asked_range = asked.request.headers.get("range", "")
    if asked_range.startswith("bytes=") and _begins_behind(asked_range, stored.size):
        raise StorageRefused(416, "S3Error", "The requested range is not satisfiable", "InvalidRange")
    download = asked.request.query_params.get("download")
    if download is not None:
        named = f'; filename="{quote(download)}"' if download else ""
        headers["content-disposition"] = f"attachment{named}"
    path = asked.store.path(stored.bucket_id, stored.name)
    return FileResponse(path, headers=headers, media_type=stored.content_type)


def _begins_behind(asked_range: str, size: int) -> bool:
    first = asked_range.removeprefix("bytes=").partition("-")[0]
    return first.isdigit() and int(first) >= size
