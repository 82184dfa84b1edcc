"""What an application passes in, checked and put as the database's functions want it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from dreamcut.errors import InvalidRequest
from dreamcut.models import Intent, NewAsset, NewQuery, QueryOptions
from dreamcut.store.storable import storable, storable_json, unchanged

GivenAsset = NewAsset | Mapping[str, Any]
GivenOptions = QueryOptions | Mapping[str, Any]

_FIELD = {"type": "kind", "user_description": "description"}


def initialize_parameters(
    user_id: str,
    prompt: str,
    assets: Sequence[GivenAsset],
    *,
    intent: Intent | str | None,
    options: GivenOptions | None,
    idempotency_key: str | None,
) -> dict[str, Any]:
    """Return the parameters of `initialize_dreamcut_query`.

    Raises:
        InvalidRequest: something cannot be used; names it.
    """
    free = {} if options is None or isinstance(options, QueryOptions) else dict(options)
    try:
        request = NewQuery(
            user_id=str(user_id),
            prompt=storable(prompt) if isinstance(prompt, str) else prompt,
            assets=tuple(_asset(asset) for asset in assets),
            intent=None if intent is None else Intent(intent),
            options=options if isinstance(options, QueryOptions) else _known(free),
            idempotency_key=idempotency_key,
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"{where}: {first['msg']}") from error
    except ValueError as error:
        raise InvalidRequest(f'intent: one of {", ".join(Intent)}, not "{intent}"') from error
    return {
        "p_user_id": unchanged(request.user_id, "the user id"),
        "p_user_prompt": request.prompt,
        "p_intent": (request.intent or _read_intent(request)).value,
        "p_options": storable_json({**free, **request.options.model_dump(exclude_none=True)}).value,
        "p_assets": storable_json([_row(asset) for asset in request.assets]).value,
        "p_idempotency_key": idempotency_key and unchanged(idempotency_key, "the idempotency key"),
    }


def as_uuid(given: UUID | str, noun: str) -> UUID:
    """Return an id.

    Raises:
        InvalidRequest: it is none.
    """
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidRequest(f"{noun}: not a UUID") from error


def _known(options: Mapping[str, Any]) -> QueryOptions:
    """Return what we know of the options; a front end may keep more there."""
    return QueryOptions.model_validate(
        {name: options[name] for name in QueryOptions.model_fields if name in options}
    )


def _asset(given: GivenAsset) -> NewAsset:
    if isinstance(given, NewAsset):
        return given
    if not isinstance(given, Mapping):
        raise InvalidRequest("assets: each must be a NewAsset or a mapping with url and type")
    return NewAsset.model_validate({_FIELD.get(name, name): value for name, value in given.items()})


def _row(asset: NewAsset) -> dict[str, Any]:
    return {
        "url": unchanged(asset.url, "the address of an asset"),
        "type": asset.kind.value,
        "filename": asset.filename,
        "description": asset.description,
        "file_size_bytes": asset.file_size_bytes,
        "metadata": asset.metadata,
    }


def _read_intent(request: NewQuery) -> Intent:
    from dreamcut.prompt import read_prompt

    return read_prompt(request.prompt, options=request.options).intent.value
