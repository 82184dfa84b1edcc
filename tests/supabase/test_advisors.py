"""The platform's own advisor finds nothing to warn of. It is the Supabase CLI: `make node` installs it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tcp_door import tcp_url

INSTALLED = Path(__file__).parents[2] / "supabase" / "node_modules" / ".bin" / "supabase"
DEFECTS = """
    create table public.open_to_all (id int);
    grant select on public.open_to_all to anon;
    create function public.loose() returns int language sql as 'select 1';
    alter policy "Users can view own queries" on public.dreamcut_queries using (auth.uid()::text = user_id);
"""


@pytest.fixture(scope="session")
def command() -> str:
    """Path of the Supabase CLI."""
    found = str(INSTALLED) if INSTALLED.exists() else shutil.which("supabase")
    if found is None:
        pytest.skip("the Supabase CLI is not installed: run `make node` while npm has a registry")
    return found


def advice(command: str, conninfo: str, folder: Path) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code for warnings, and what the advisor has to say at any level."""
    with tcp_url(conninfo) as url:
        done = subprocess.run(
            [
                command,
                "db",
                "advisors",
                f"--remote={url}",
                "--level=info",
                "--fail-on=warn",
                "--output-format=json",
            ],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "DO_NOT_TRACK": "1", "SUPABASE_TELEMETRY_DISABLED": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    return done.returncode, json.loads(done.stdout)["results"]


def test_the_advisor_warns_of_nothing(command: str, database_url: str, tmp_path: Path) -> None:
    code, results = advice(command, database_url, tmp_path)
    # A new database has used no index; the row-level security of auth.users is the platform's.
    assert [r["cacheKey"] for r in results if r["level"] != "INFO"] == []
    assert {r["name"] for r in results if r["metadata"]["schema"] == "public"} == {"unused_index"}
    assert code == 0


def test_the_advisor_warns_of_defects(command: str, database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(DEFECTS.encode())
    code, results = advice(command, database_url, tmp_path)
    warned = {r["name"] for r in results if r["level"] != "INFO"}
    assert {"rls_disabled_in_public", "function_search_path_mutable", "auth_rls_initplan"} <= warned
    assert code != 0
