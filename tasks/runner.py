"""How many assets are analysed at once."""

from typing import Any, Self

from prefect.task_runners import ThreadPoolTaskRunner

from dreamcut.settings import load_settings


class CoresTaskRunner(ThreadPoolTaskRunner[Any]):  # Any: of tasks with any result
    """Threads as `DREAMCUT_WORKERS` says, by default one a core; read when a flow starts, not at import.

    The decoders are children and numpy frees the interpreter's lock, so threads are enough.
    """

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max_workers=max_workers or 1)

    def duplicate(self) -> Self:
        """Return the runner for one flow run; Prefect asks for it as each begins."""
        return type(self)(max_workers=load_settings().workers)
