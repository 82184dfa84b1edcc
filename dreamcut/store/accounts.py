"""Under which account the database server runs. PostgreSQL refuses root, so as root it needs another one."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dreamcut.errors import ServiceUnavailable
from dreamcut.models import Record

_UNPRIVILEGED = ("postgres", "_postgres", "nobody")  # the second on macOS


class Account(Record):
    """A user of this machine, and whether we have to become them."""

    name: str
    uid: int
    gid: int
    is_us: bool

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, in the root folder, and return what it printed.

        Raises:
            OSError: it cannot be executed.
            ServiceUnavailable: it took longer than two minutes.
        """
        environment = {k: v for k, v in os.environ.items() if k in {"PATH", "TMPDIR", "ICU_DATA"}}
        try:
            return subprocess.run(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
                cwd="/",
                env=environment | {"LC_ALL": "C"},
                user=None if self.is_us else self.uid,
                group=None if self.is_us else self.gid,
                extra_groups=None if self.is_us else [],
            )
        except subprocess.TimeoutExpired as error:
            raise ServiceUnavailable(f"{command[0]} did not end within two minutes") from error

    def can_enter(self, folder: Path) -> bool:
        """Tell whether the account may pass through a folder; asks the system, so that ACLs count."""
        return self.run(["/bin/sh", "-c", 'cd "$0"', folder]).returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or folder to the account."""
        if not self.is_us:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account(data: Path) -> Account:
    """Return the account for a server with this data folder: us, or as root one without rights.

    Raises:
        ServiceUnavailable: the folder belongs to somebody else, or there is no account to become.
    """
    we = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if we != 0:
        if owner not in (None, we):
            raise ServiceUnavailable(
                f"{data} belongs to {account_name(owner)}, not to {account_name(we)}: "
                "set DREAMCUT_HOME to a folder of your own"
            )
        return Account(name=account_name(we), uid=we, gid=os.getegid(), is_us=True)
    for entry in _candidates(owner):
        return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, is_us=False)
    raise ServiceUnavailable(
        "PostgreSQL refuses to run as root, and this machine has no account `postgres` or `nobody` "
        "to run it as: run DreamCut as an ordinary user, or set DREAMCUT_DATABASE_URL"
    )


def _candidates(owner: int | None) -> list[pwd.struct_passwd]:
    by_name = {entry.pw_name: entry for entry in pwd.getpwall() if entry.pw_uid != 0}
    if owner:
        return [entry for entry in by_name.values() if entry.pw_uid == owner]
    return [by_name[name] for name in _UNPRIVILEGED if name in by_name]


def account_name(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:  # containers run under numbers that no file names
        return f"user {uid}"
