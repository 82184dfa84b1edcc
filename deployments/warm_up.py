"""What is slow the first time, done at install: `python -m deployments.warm_up`, part of `make setup`.

Prefect creates its database in some 13 s and librosa compiles its beat tracker in some 20 s (measured on two
cores). Nothing here is needed: without it the first query waits.
"""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

from deployments import services
from dreamcut.errors import DreamCutError
from dreamcut.settings import load_settings


def warm_up() -> None:
    """Start the local services once and, while Prefect prepares itself, compile what librosa needs."""
    settings = load_settings()
    with ThreadPoolExecutor(max_workers=1) as beside:
        prefect = beside.submit(_step, "Prefect server", lambda: services.ensure_prefect(settings))
        _step("database", lambda: services.ready_store(settings).close())
        _step("audio analysis", import_module("analyzers.audio").warm)
        prefect.result()


def _step(name: str, work: Callable[[], object]) -> None:
    began = time.monotonic()
    try:
        work()
    except DreamCutError as error:
        print(f"{name}: {error}", file=sys.stderr)
    else:
        print(f"{name}: ready after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    warm_up()
