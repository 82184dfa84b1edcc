"""A PostgreSQL server of our own: found, started, shared by every process, stopped.

The folder of a server (`home`) holds
    data/       the cluster, of the account that runs the server
    run/        its socket, unless the path would be too long for one
    log/        its log
    server/     a copy of the programs, where their own folder cannot be read by that account
    pgpass      passwords, readable by the owner of `home` only; its presence says the server is set up
    lock        held while somebody starts, sets up or stops the server
"""

import fcntl
import hashlib
import os
import re
import secrets
import shlex
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from dreamcut.errors import ServiceUnavailable
from dreamcut.models import Record
from dreamcut.store.accounts import Account, account_name, server_account
from dreamcut.store.binaries import server_binaries

_DATABASE = "dreamcut"
_OWNER = "dreamcut"  # owns the database and applies migrations; no superuser
_ADMIN = "postgres"
_PORT = 5432  # only names the socket; the server listens on no network
_SOCKET_PATH_BYTES = 103  # macOS; Linux has 107
_START_SECONDS = 10.0  # backends of a killed server hold its shared memory for up to 2.4 s (measured)
_LOG_BYTES = 10 * 1024**2

_SETTINGS = {
    "listen_addresses": "",
    "port": str(_PORT),
    "wal_level": "logical",
    "max_connections": "80",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "max_slot_wal_keep_size": "512MB",
    "max_worker_processes": "4",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] ",
    # Refusals are answers to whoever asked; statements may hold a user's prompt.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}


class ServerStatus(Record):
    """What is known of an embedded server without asking it."""

    home: Path
    is_running: bool
    pid: int | None
    version: int | None  # major; None before the first start
    account: str | None
    conninfo: str | None  # carries no password: it names the file that does


class EmbeddedPostgres:
    """One server in one folder. Every method may be called by several processes at once."""

    def __init__(self, home: Path, *, bin_dir: Path | None = None) -> None:
        self.home = home.absolute()
        self._bin_dir = bin_dir
        self._data = self.home / "data"
        self._log = self.home / "log" / "postgres.log"
        self._passwords = self.home / "pgpass"

    def start(self) -> str:
        """Make sure that the server runs, and return the connection string of its database.

        Cold (nothing there yet) takes about a second, warm 0.1 s, running under a millisecond.

        Raises:
            ServiceUnavailable: it does not start; says why and what to do.
        """
        if self._passwords.exists() and self._answers():
            return self.conninfo
        account = self._prepare_home()
        with self._locked():
            if not self._answers():
                self._launch(account)
            if not self._passwords.exists():
                self._set_up()
        return self.conninfo

    def stop(self) -> bool:
        """Stop the server and wait for its end; returns False when it did not run.

        Raises:
            ServiceUnavailable: it does not stop.
        """
        if not self._data.exists():
            return False
        account = server_account(self._data)
        with self._locked():
            if self._pid() is None:
                return False
            programs, _ = server_binaries(self.home, account=account, bin_dir=self._bin_dir)
            done = account.run(
                [programs / "pg_ctl", "-D", self._data, "-m", "fast", "-w", "-t", "30", "stop"]
            )
            if done.returncode != 0 and self._pid() is not None:
                raise ServiceUnavailable(
                    f"PostgreSQL in {self.home} does not stop: {_last_line(done.stderr)}"
                )
        return True

    def status(self) -> ServerStatus:
        """Return what runs here."""
        is_running = self._passwords.exists() and self._answers()
        exists = self._data.exists()
        return ServerStatus(
            home=self.home,
            is_running=is_running,
            pid=self._pid() if is_running else None,
            version=self._data_version() if exists else None,
            account=account_name(self._data.stat().st_uid) if exists else None,
            conninfo=self.conninfo if is_running else None,
        )

    @property
    def conninfo(self) -> str:
        """Connection string of the database's owner, without its password."""
        return self._conninfo(_OWNER, _DATABASE, self._passwords)

    def _conninfo(self, user: str, database: str, passwords: Path) -> str:
        return make_conninfo(
            host=str(self._socket_folder()), port=_PORT, user=user, dbname=database, passfile=str(passwords)
        )

    def _socket_folder(self) -> Path:
        inside = self.home / "run"
        path = str(inside)
        if len(os.fsencode(path)) + len(f"/.s.PGSQL.{_PORT}") <= _SOCKET_PATH_BYTES and re.fullmatch(
            r"[\w./ -]+", path
        ):
            return inside
        mark = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        return Path(f"/tmp/dreamcut-{mark}")  # noqa: S108 - short, and the same for every process; its owner is checked

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.home / "lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _answers(self) -> bool:
        """Tell whether a server that finished starting listens on our socket."""
        try:
            if not (self._data / "postmaster.pid").read_text().split("\n")[7].startswith("ready"):
                return False
        except (OSError, IndexError):
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self._socket_folder() / f".s.PGSQL.{_PORT}"))
            except OSError:
                return False
        return True

    def _pid(self) -> int | None:
        """Return the number of our server process; None when the file is missing or speaks of another."""
        try:
            pid = int((self._data / "postmaster.pid").read_text().split("\n")[0])
            process = psutil.Process(pid)
            ours = process.name().startswith("postgres") and Path(process.cwd()) == self._data.resolve()
        except (OSError, ValueError, psutil.Error):
            return None
        return pid if ours else None

    def _data_version(self) -> int | None:
        try:
            return int((self._data / "PG_VERSION").read_text().split(".")[0])
        except (OSError, ValueError):
            return None

    def _prepare_home(self) -> Account:
        try:
            if not self.home.exists():
                with suppress(FileExistsError):  # another command makes it at this very moment
                    self.home.mkdir(parents=True)
                    self.home.chmod(0o755 if os.geteuid() == 0 else 0o700)
            account = server_account(self._data)
            if not account.can_enter(self.home):
                raise ServiceUnavailable(self._unreachable(account))
            for folder, mode in ((self._log.parent, 0o700), (self._socket_folder(), 0o755)):
                folder.mkdir(exist_ok=True, mode=mode)
                if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), account.uid):
                    raise ServiceUnavailable(f"{folder} belongs to somebody else: remove it")
                account.own(folder)
        except OSError as error:
            raise ServiceUnavailable(
                f"the database needs {error.filename or self.home}: {error.strerror}; "
                "set DREAMCUT_HOME to a folder that you may write to"
            ) from error
        return account

    def _unreachable(self, account: Account) -> str:
        blocked = next(
            (folder for folder in [*reversed(self.home.parents), self.home] if not account.can_enter(folder)),
            self.home,
        )
        return (
            f"PostgreSQL refuses to run as root, and the account `{account.name}` that runs it instead may "
            f"not enter {blocked}: set DREAMCUT_HOME to a folder that it may enter, such as /var/lib/dreamcut"
        )

    def _launch(self, account: Account) -> None:
        programs, version = server_binaries(self.home, account=account, bin_dir=self._bin_dir)
        if not self._data.exists():
            self._create_cluster(account, programs)
        if (written_by := self._data_version()) != version:
            raise ServiceUnavailable(
                f"{self._data} was written by PostgreSQL {written_by}, but {version} is installed: "
                "install the former, or move the folder away to start anew"
            )
        self._write_settings()
        if self._log.exists() and self._log.stat().st_size > _LOG_BYTES:
            self._log.replace(self._log.with_suffix(".old"))
        settings = f"-c config_file={shlex.quote(str(self.home / 'postgresql.conf'))}"
        command: list[str | Path] = [programs / "pg_ctl", "-D", self._data, "-l", self._log]
        command += ["-w", "-t", "60", "-o", settings, "start"]
        give_up = time.monotonic() + _START_SECONDS
        while True:
            self._clear_stale_pid_file()
            begins = self._log.stat().st_size if self._log.exists() else 0
            done = account.run(command)
            if done.returncode == 0:
                return
            said = self._log_since(begins) or done.stderr
            # A killed server's children hold its memory and its lock for a moment.
            if not re.search(r"shared memory|lock file", said) or time.monotonic() > give_up:
                raise ServiceUnavailable(f"PostgreSQL does not start: {_last_line(said)} (log: {self._log})")
            time.sleep(0.1)

    def _create_cluster(self, account: Account, programs: Path) -> None:
        """Create the cluster aside, so that an interrupted start leaves nothing half made under its name."""
        passwords = {_ADMIN: secrets.token_hex(24), _OWNER: secrets.token_hex(24)}
        _write_private(
            self._passwords.with_suffix(".new"),
            "".join(f"*:*:*:{user}:{word}\n" for user, word in passwords.items()),
        )
        self._passwords.unlink(missing_ok=True)
        half = self.home / "data.new"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(mode=0o700)
        account.own(half)
        secret = self._log.parent / "initdb.password"
        _write_private(secret, passwords[_ADMIN])
        account.own(secret)
        command: list[str | Path] = [programs / "initdb", "-D", half, "-U", _ADMIN, "--pwfile", secret]
        command += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "--no-instructions"]
        try:
            done = account.run(command)
        finally:
            secret.unlink()
        if done.returncode != 0:
            raise ServiceUnavailable(
                f"PostgreSQL cannot create its files in {self.home}: {_last_line(done.stderr)}"
            )
        half.rename(self._data)

    def _write_settings(self) -> None:
        # Beside the data, not in it: as root we write nothing where another account could place a link.
        settings = _SETTINGS | {
            "unix_socket_directories": f'"{self._socket_folder()}"',
            "hba_file": str(self._data / "pg_hba.conf"),
            "ident_file": str(self._data / "pg_ident.conf"),
        }
        lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        path = self.home / "postgresql.conf"
        path.write_text("# Written at every start.\n" + "".join(lines), encoding="utf-8")
        path.chmod(0o644)

    def _clear_stale_pid_file(self) -> None:
        """Remove the files of a killed server whose process number somebody else has by now.

        PostgreSQL removes them itself when the number is free, and otherwise refuses to start. As the file
        also guards against a killed server's children, it stays while any process works in the data folder.
        """
        pid_file = self._data / "postmaster.pid"
        try:
            number_is_taken = psutil.pid_exists(int(pid_file.read_text().split("\n")[0]))
        except (OSError, ValueError):
            return
        if number_is_taken and self._pid() is None and not _works_in(self._data):
            pid_file.unlink(missing_ok=True)
            (self._socket_folder() / f".s.PGSQL.{_PORT}.lock").unlink(missing_ok=True)

    def _log_since(self, begins: int) -> str:
        try:
            # No link: as root we would show another file's text.
            with os.fdopen(os.open(self._log, os.O_RDONLY | os.O_NOFOLLOW), errors="replace") as file:
                file.seek(begins)
                return file.read(64 * 1024)
        except OSError:
            return ""

    def _set_up(self) -> None:
        """Create the database and its owner, then put the passwords in place, which says that it is done."""
        waiting = self._passwords.with_suffix(".new")
        words = dict(line.split(":")[3:5] for line in waiting.read_text().splitlines())
        owner, database = sql.Identifier(_OWNER), sql.Identifier(_DATABASE)
        try:
            with psycopg.connect(self._conninfo(_ADMIN, "postgres", waiting), autocommit=True) as connection:
                if not connection.execute("select 1 from pg_roles where rolname = %s", [_OWNER]).fetchone():
                    connection.execute(
                        sql.SQL(
                            "create role {} login createdb createrole replication bypassrls password {}"
                        ).format(owner, words[_OWNER])
                    )
                if not connection.execute(
                    "select 1 from pg_database where datname = %s", [_DATABASE]
                ).fetchone():
                    connection.execute(sql.SQL("create database {} owner {}").format(database, owner))
        except psycopg.Error as error:
            raise ServiceUnavailable(
                f"the new PostgreSQL in {self.home} cannot be set up: {error}"
            ) from error
        waiting.rename(self._passwords)


def _works_in(folder: Path) -> bool:
    """Tell whether the working folder of any process that we may look at is this one."""
    return any(process.info["cwd"] == str(folder.resolve()) for process in psutil.process_iter(["cwd"]))


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def _last_line(text: str) -> str:
    """Return what the server gave as the reason: its last FATAL line, or the last line at all."""
    lines = [line for line in text.strip().splitlines() if line] or ["it says nothing"]
    return next((line for line in reversed(lines) if "FATAL" in line), lines[-1])
