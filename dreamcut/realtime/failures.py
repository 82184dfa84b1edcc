"""What the project's HTTP side said to a front end, as one of our errors. No key or token is part of one."""

import json

import httpx

from dreamcut.errors import DreamCutError, StoreError, StoreRefused
from dreamcut.store.failures import store_error
from dreamcut.store.rest_failures import answer_error

_TOKEN_CODES = {"PGRST300", "PGRST301", "PGRST302", "PGRST303"}
_UNAUTHORIZED = 401


def raise_for_answer(response: httpx.Response) -> None:
    """Raise our error for an answer that is none; a hook of the blocking HTTP client.

    Raises:
        DreamCutError: the one for what was said.
    """
    if not response.is_success:
        response.read()
        raise _error_of(response)


async def raise_for_answer_later(response: httpx.Response) -> None:
    """Do the same as a hook of the asynchronous HTTP client.

    Raises:
        DreamCutError: the one for what was said.
    """
    if not response.is_success:
        await response.aread()
        raise _error_of(response)


def _error_of(response: httpx.Response) -> DreamCutError:
    code, said = _code_and_words(response)
    if code in _TOKEN_CODES or response.status_code == _UNAUTHORIZED:
        return StoreRefused(
            f"the project refuses the key or the access token ({said or response.status_code}): "
            "check that they are of this project and have not expired"
        )
    if code == "42501":
        return StoreError(f"the user may not do that: {said}")
    if len(code) == 5:  # a SQLSTATE; PostgREST's own codes are longer
        return store_error(code, said)
    return answer_error(response)


def _code_and_words(response: httpx.Response) -> tuple[str, str]:
    try:
        body = json.loads(response.content)
    except ValueError:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("code") or ""), str(body.get("message") or body.get("msg") or "")
