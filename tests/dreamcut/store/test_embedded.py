"""The server of our own starts, is shared, survives being killed, and never runs as root."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from dreamcut.errors import ServiceUnavailable
from dreamcut.store.accounts import server_account
from dreamcut.store.binaries import server_binaries
from dreamcut.store.embedded import EmbeddedPostgres

START = (
    "import sys; from pathlib import Path; from dreamcut.store.embedded import EmbeddedPostgres; "
    "print(EmbeddedPostgres(Path(sys.argv[1])).start())"
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


def postmaster(home: Path) -> psutil.Process:
    pid = EmbeddedPostgres(home).status().pid
    assert pid is not None
    return psutil.Process(pid)


def kill(home: Path) -> None:
    """Kill the server at once, and return when its process has ended; its children may still work."""
    killed = postmaster(home)
    killed.kill()
    while killed.is_running() and killed.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.001)


def test_life_of_a_server(pg_home: Path) -> None:
    server = EmbeddedPostgres(pg_home)
    assert not server.status().is_running
    assert not server.stop()
    url = server.start()
    status = server.status()
    assert (status.is_running, status.conninfo) == (True, url)
    assert server.start() == url
    assert server.status().pid == status.pid
    assert server.stop()
    assert not server.status().is_running
    assert server.start() == url


def test_the_connection_string_holds_no_secret_and_the_server_wants_it(pg_session_home: Path) -> None:
    url = EmbeddedPostgres(pg_session_home).start()
    secrets = pg_session_home / "pgpass"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert not any(line.rsplit(":")[-1] in url for line in secrets.read_text().split())
    with psycopg.connect(url) as connection:  # the positive control
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
        assert row == (False,)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace("pgpass", "no-such-file"))


def test_the_server_listens_on_no_network(pg_session_home: Path) -> None:
    assert postmaster(pg_session_home).net_connections("unix")  # the positive control
    assert postmaster(pg_session_home).net_connections("inet") == []


def test_processes_starting_at_once_share_one_server(pg_home: Path) -> None:
    starts = [
        subprocess.Popen([sys.executable, "-c", START, str(pg_home)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    urls = {process.communicate(timeout=60)[0].strip() for process in starts}
    assert [process.returncode for process in starts] == [0, 0, 0]
    assert len(urls) == 1
    data = str((pg_home / "data").resolve())
    servers = [p for p in psutil.process_iter(["name", "cwd", "ppid"]) if p.info["cwd"] == data]
    roots = {p.pid for p in servers} & {p.info["ppid"] for p in servers}
    assert len(roots) == 1  # one postmaster, which outlives those who asked for it


def test_killed_server_comes_back_with_every_committed_row(pg_home: Path) -> None:
    server = EmbeddedPostgres(pg_home)
    url = server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept as select generate_series(1, 10000) as n")
        connection.execute("insert into kept values (10001)")
    kill(pg_home)
    server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("select count(*), max(n) from kept").fetchone() == (10001, 10001)


def test_stale_number_of_a_killed_server_that_somebody_else_has_now(pg_home: Path) -> None:
    server = EmbeddedPostgres(pg_home)
    server.start()
    kill(pg_home)
    pid_file = pg_home / "data" / "postmaster.pid"
    account = server_account(pg_home / "data")
    # a process of the same account, as in a container where numbers start anew
    other = subprocess.Popen(["sleep", "60"], cwd="/", user=account.uid if os.geteuid() == 0 else None)
    try:
        pid_file.write_text("\n".join([str(other.pid), *pid_file.read_text().split("\n")[1:]]))
        server.start()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_interrupted_first_start_is_begun_again_or_finished(pg_home: Path) -> None:
    (pg_home / "data.new").mkdir()
    (pg_home / "data.new" / "PG_VERSION").write_text("17")
    (pg_home / "pgpass.new").write_text("half")
    server = EmbeddedPostgres(pg_home)
    url = server.start()
    (pg_home / "pgpass").rename(pg_home / "pgpass.new")  # all but the last step
    assert not server.status().is_running
    assert server.start() == url
    psycopg.connect(url).close()


def test_folder_too_deep_for_a_socket_still_gets_one(pg_home: Path) -> None:
    deep = pg_home / ("d" * 60) / ("e" * 60) / "it's a home"
    server = EmbeddedPostgres(deep)
    try:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        folder = Path(psycopg.conninfo.conninfo_to_dict(server.conninfo)["host"])
        server.stop()
        shutil.rmtree(folder)


def test_data_of_another_major_version_is_left_alone(pg_home: Path) -> None:
    server = EmbeddedPostgres(pg_home)
    server.start()
    server.stop()
    (pg_home / "data" / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServiceUnavailable, match=r"written by PostgreSQL 12"):
        server.start()
    (pg_home / "data" / "PG_VERSION").write_text("17\n")
    server.start()


def test_folder_without_a_server_is_named(pg_home: Path) -> None:
    with pytest.raises(ServiceUnavailable, match=r"no-postgres holds no `postgres`.*DREAMCUT_PG_BIN"):
        EmbeddedPostgres(pg_home, bin_dir=Path("/no-postgres")).start()


@as_root
def test_root_runs_the_server_as_somebody_else(pg_session_home: Path) -> None:
    server = postmaster(pg_session_home)
    assert 0 not in (*server.uids(), *server.gids())
    assert (pg_session_home / "data").stat().st_uid == server.uids().real


@as_root
def test_root_is_told_of_a_folder_that_the_servers_account_cannot_enter(pg_home: Path) -> None:
    private = pg_home / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(ServiceUnavailable, match=rf"may not enter {private}: set DREAMCUT_HOME"):
        EmbeddedPostgres(private / "home").start()
    assert private.stat().st_mode & 0o777 == 0o700


@as_root
def test_programs_in_a_private_folder_are_copied_once(pg_home: Path) -> None:
    account = server_account(pg_home / "data")
    packaged, version = server_binaries(pg_home, account=account, bin_dir=None)
    private = pg_home / "private"
    shutil.copytree(packaged.parent, private / "pginstall", symlinks=True)
    private.chmod(0o700)
    bin_dir = private / "pginstall" / "bin"
    copied, copied_version = server_binaries(pg_home, account=account, bin_dir=bin_dir)
    assert copied_version == version
    assert copied.is_relative_to(pg_home / "server")
    made = copied.stat().st_ino
    assert server_binaries(pg_home, account=account, bin_dir=bin_dir)[0].stat().st_ino == made
    with psycopg.connect(EmbeddedPostgres(pg_home, bin_dir=bin_dir).start()) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@as_root
def test_somebody_elses_folder_is_refused(pg_session_home: Path) -> None:
    nobody = 65534
    child = os.fork()
    if child == 0:
        said = "it started"
        try:
            os.setuid(nobody)
            EmbeddedPostgres(pg_session_home).start()
        except ServiceUnavailable as error:
            said = str(error)
        finally:
            os._exit(0 if "set DREAMCUT_HOME to a folder of your own" in said else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
