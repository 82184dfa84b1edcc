"""The environment as typed values, read once at the doors (`deployments/`, `tasks/`), passed on as data."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

from platformdirs import user_data_path
from pydantic import AliasChoices, Field, PositiveInt, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dreamcut.errors import InvalidRequest
from dreamcut.models import Record

_KEY_VARIABLES = ("SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SECRET_KEY")  # the second is the newer name
_FRONT_END_KEY_VARIABLES = ("SUPABASE_ANON_KEY", "SUPABASE_PUBLISHABLE_KEY", "SUPABASE_KEY")


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


class SupabaseProject(Record):
    """A project's address and the key of its service role."""

    url: str
    key: str = Field(repr=False)


class Settings(BaseSettings):
    """What an operator may set; every variable of ours starts with `DREAMCUT_`."""

    model_config = SettingsConfigDict(env_prefix="DREAMCUT_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=default_home)
    database_url: str | None = Field(
        default=None, repr=False
    )  # None: the embedded Postgres; holds a password
    # Supabase's own variables: with both, the store is that project. The key opens every row and object.
    supabase_url: str | None = Field(default=None, validation_alias="SUPABASE_URL")
    supabase_key: str | None = Field(
        default=None, validation_alias=AliasChoices(*_KEY_VARIABLES), repr=False, exclude=True
    )
    # What a front end carries; with a user's token it reads that user's rows.
    supabase_front_end_key: str | None = Field(
        default=None, validation_alias=AliasChoices(*_FRONT_END_KEY_VARIABLES), repr=False, exclude=True
    )
    # Buckets whose objects every user's query may name; of all others those in the folder of the user's id.
    shared_buckets: Annotated[tuple[str, ...], NoDecode] = ()
    database_patience_seconds: float = Field(default=120.0, ge=0)  # for which a run waits for its database
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

    @field_validator("database_url", "supabase_url", "supabase_key", "supabase_front_end_key")
    @classmethod
    def _stripped(cls, text: str | None) -> str | None:
        return (text or "").strip() or None  # an empty variable is none

    @field_validator("shared_buckets", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        return tuple(filter(None, map(str.strip, names.split(",")))) if isinstance(names, str) else names

    @field_validator("home", "scratch")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links

    @property
    def supabase(self) -> SupabaseProject | None:
        """The Supabase project to work on, or None where its variables are not set.

        Raises:
            InvalidRequest: one of them is set without the other.
        """
        if self.supabase_url is None and self.supabase_key is None:
            return None
        if self.supabase_key is None:
            raise InvalidRequest(f"SUPABASE_URL is set without {_KEY_VARIABLES[0]}: set both, or neither")
        if self.supabase_url is None:
            raise InvalidRequest(f"{_KEY_VARIABLES[0]} is set without SUPABASE_URL: set both, or neither")
        return SupabaseProject(url=self.supabase_url, key=self.supabase_key)

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
        name = str(first["loc"][0]).upper() if first["loc"] else "*"
        variable = name if name.startswith(("SUPABASE_", "PREFECT_")) else f"DREAMCUT_{name}"
        raise InvalidRequest(f"{variable}: {first['msg']}") from error
