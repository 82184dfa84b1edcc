"""The request of a stored query, as understood."""

from typing import TYPE_CHECKING

from dreamcut.models import Query, QueryOptions

if TYPE_CHECKING:
    from dreamcut.prompt import PromptReading


def stored_options(query: Query) -> QueryOptions:
    """Return the options that we know; a front end may keep others beside them."""
    known = {name: value for name, value in query.options.items() if name in QueryOptions.model_fields}
    return QueryOptions.model_validate(known)


def stored_reading(query: Query) -> "PromptReading":
    """Return what the prompt and the options of a query ask for."""
    from dreamcut.prompt import read_prompt

    return read_prompt(query.prompt, options=stored_options(query))
