"""The door in front of a hosted project: no API key, no entrance; and whose request comes in."""

import json

from starlette.requests import Request
from starlette.responses import Response

from gateway.claims import Caller, Keys, TokenRefused


class KeyRefused(Exception):
    """The `apikey` header is missing or unknown."""

    def __init__(self, message: str, hint: str) -> None:
        self.body = {"message": message, "hint": hint}
        super().__init__(message)

    def response(self) -> Response:
        """Return the error as the door of a hosted project words it: no code, no details."""
        return Response(json.dumps(self.body), status_code=401, media_type="application/json")


def check_api_key(request: Request, keys: Keys) -> str:
    """Return the API key of a request.

    Raises:
        KeyRefused: there is none, or it is not of this project.
    """
    key = request.headers.get("apikey")
    if not key:
        raise KeyRefused("No API key found in request", "No `apikey` request header or url param was found.")
    if not keys.is_api_key(key):
        raise KeyRefused("Invalid API key", "Double check your Supabase `anon` or `service_role` API key.")
    return key


def bearer_of(request: Request) -> str | None:
    """Return the token of the `Authorization` header; None when there is no such header."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenRefused("PGRST301", "Empty JWT is sent in Authorization header")
    return token.strip()


def caller_of(request: Request, keys: Keys) -> Caller:
    """Return whose request it is: that of the bearer, else that of the API key.

    Raises:
        KeyRefused: the API key is missing or unknown.
        TokenRefused: the bearer is no valid token.
    """
    key = check_api_key(request, keys)
    return keys.caller(bearer_of(request) or key)
