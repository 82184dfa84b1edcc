"""A request to the storage half: whose it is, what it may touch, and how it is refused."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.claims import Caller, TokenRefused
from gateway.door import bearer_of
from gateway.objects import Bucket, ObjectStore, Stored
from gateway.project import Project


class StorageRefused(Exception):
    """The request gets storage-api's error body instead of an answer."""

    def __init__(self, status: int, code: str, error: str, message: str) -> None:
        self.body = {"statusCode": str(status), "code": code, "error": error, "message": message}
        super().__init__(f"{code} {message}")

    def response(self) -> Response:
        """Return the error as it goes over the wire."""
        return JSONResponse(self.body, status_code=400)


def no_object() -> StorageRefused:
    return StorageRefused(404, "NoSuchKey", "not_found", "Object not found")


def no_bucket() -> StorageRefused:
    return StorageRefused(404, "NoSuchBucket", "Bucket not found", "Bucket not found")


def denied(message: str) -> StorageRefused:
    return StorageRefused(403, "AccessDenied", "Unauthorized", message)


def invalid(message: str) -> StorageRefused:
    return StorageRefused(400, "InvalidRequest", "InvalidRequest", message)


class Asked:
    """A request, and what it is allowed to touch."""

    def __init__(self, request: Request, project: Project, store: ObjectStore) -> None:
        self.request = request
        self.store = store
        self.keys = project.keys
        self.bucket_id: str = request.path_params.get("bucket", "")
        self.name: str = request.path_params.get("name", "")

    def caller(self) -> Caller:
        """Return whose request it is; a bearer is needed."""
        try:
            token = bearer_of(self.request)
            if token is None:
                raise invalid("headers must have required property 'authorization'")
            return self.keys.caller(token)
        except TokenRefused as error:
            raise denied(str(error)) from error

    def bucket(self) -> Bucket:
        bucket = self.store.bucket(self.bucket_id)
        if bucket is None:
            raise no_bucket()
        return bucket

    def object(self) -> Stored:
        stored = self.store.find(self.bucket_id, self.name)
        if stored is None:
            raise no_object()
        return stored

    def may_touch(self, name: str) -> bool:
        caller = self.caller()
        if caller.role == "service_role":
            return True
        folder, slash, _ = name.partition("/")
        return bool(slash) and caller.role == "authenticated" and folder == caller.claims.get("sub")

    def own_object(self) -> Stored:
        """Return the object if the caller may see it: else it is as if there were none."""
        self.bucket()
        if not self.may_touch(self.name):
            raise no_object()
        return self.object()

    async def json(self) -> dict[str, Any]:
        try:
            given = json.loads(await self.request.body())
        except ValueError as error:
            raise invalid("body must be object") from error
        if not isinstance(given, dict):
            raise invalid("body must be object")
        return given
