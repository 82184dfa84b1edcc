"""The request of a stored query, as understood."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from dreamcut.errors import InvalidRequest
from dreamcut.models import Intent, Query, QueryOptions

if TYPE_CHECKING:
    from dreamcut.prompt import PromptReading


def stored_options(query: Query) -> QueryOptions:
    """Return the options that we know; a front end may keep others beside them.

    Raises:
        InvalidRequest: one of them cannot be used; names it.
    """
    known = {name: value for name, value in query.options.items() if name in QueryOptions.model_fields}
    try:
        return QueryOptions.model_validate(known)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(f"options.{first['loc'][0]}: {first['msg']}") from error


def stored_intent(query: Query) -> Intent:
    """Return what is to be made: as stored, or as the prompt says where a front end left that open.

    Front ends cannot read prompts; the column wants a value, so they say `"intent": "auto"` in the options.
    """
    if query.options.get("intent") == "auto":
        return stored_reading(query).intent.value
    return query.intent


def stored_reading(query: Query) -> "PromptReading":
    """Return what the prompt and the options of a query ask for."""
    from dreamcut.prompt import read_prompt

    return read_prompt(query.prompt, options=stored_options(query))
