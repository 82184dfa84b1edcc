"""Which failures are worth another try."""

from typing import Any

from dreamcut.errors import DreamCutError


def worth_retrying(_task: object, _run: object, state: Any) -> bool:  # Any: a Prefect state of any result
    """Prefect's `retry_condition_fn`: only failures that say so; the same bytes fail the same way."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, DreamCutError) and error.retryable
