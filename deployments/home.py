"""The folder of the local services."""

import os

from dreamcut.errors import ServiceUnavailable
from dreamcut.settings import Settings


def prepare_home(settings: Settings) -> None:
    """Create the folder, private but for what the database's account must pass.

    Raises:
        ServiceUnavailable: it cannot be created; says why.
    """
    # As root, Postgres runs under another account and has to pass through; what is private is inside.
    mode = 0o755 if hasattr(os, "geteuid") and os.geteuid() == 0 else 0o700
    try:
        if not settings.home.exists():
            settings.home.mkdir(parents=True, exist_ok=True)  # two commands may start at once
            settings.home.chmod(mode)
        for folder in (settings.home / "prefect", settings.home / "run", settings.logs):
            folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ServiceUnavailable(
            f"{settings.home}: {error.strerror}; set DREAMCUT_HOME to a folder that you may write to"
        ) from error
