"""The environment as typed values, read once at the doors (`deployments/`, `tasks/`), passed on as data."""

import os
import tempfile
from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field, PositiveInt, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dreamcut.errors import InvalidRequest


def usable_cores() -> int:
    """Return the number of processor cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):  # Linux; it knows of taskset and cpuset limits
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def default_home() -> Path:
    """Return the folder for the database, Prefect's data and logs.

    Postgres refuses to run as root, so as root its files belong to another account, which cannot pass
    through root's private home: there the folder is the system's place for such data.
    """
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/dreamcut")
    return user_data_path("dreamcut", appauthor=False)


class Settings(BaseSettings):
    """What an operator may set; every variable starts with `DREAMCUT_`."""

    model_config = SettingsConfigDict(env_prefix="DREAMCUT_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=default_home)
    database_url: str | None = Field(
        default=None, repr=False
    )  # None: the embedded Postgres; holds a password
    pg_bin: Path | None = None  # folder of another PostgreSQL's programs, for the embedded server
    # Prefect's own variable: with it we use that server and start none.
    prefect_api_url: str | None = Field(default=None, validation_alias="PREFECT_API_URL", repr=False)
    prefect_port: int = Field(default=4200, ge=1, le=65535)  # another free one is taken when it is busy
    workers: PositiveInt = Field(default_factory=usable_cores)  # assets analysed at once
    lease_seconds: int = Field(default=30, ge=1, le=3600)  # after which the work of a dead worker is free
    max_download_bytes: PositiveInt = 4 * 1024**3
    download_idle_seconds: float = Field(default=30.0, gt=0)  # without a byte from the host
    download_total_seconds: float = Field(default=1800.0, gt=0)
    scratch: Path = Field(default_factory=lambda: Path(tempfile.gettempdir()))  # for files being downloaded

    @field_validator("home", "scratch")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links

    @property
    def logs(self) -> Path:
        """Folder of the local services' logs."""
        return self.home / "logs"


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        InvalidRequest: a variable holds a value that cannot be used; names the variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "DREAMCUT_" + str(first["loc"][0]).upper() if first["loc"] else "DREAMCUT_*"
        raise InvalidRequest(f"{variable}: {first['msg']}") from error
