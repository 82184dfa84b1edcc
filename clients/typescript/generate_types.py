"""Write database.types.ts: what the Supabase CLI says of a database with all migrations applied.

    make types-typescript        (or: npm run types, with the project's Python first on the path)

Needs the Supabase CLI, which `make node` installs. Starts an embedded Postgres of its own and stops it; no
Docker, no network.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

import psycopg

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROGRAMS = ROOT / "supabase" / "node_modules" / ".bin"
TYPES = HERE / "database.types.ts"
_HEADER = "// Generated from supabase/migrations by `make types-typescript`: do not edit.\n"
_STYLE = ("--parser=typescript", "--no-semi", "--single-quote", "--print-width=110")


def generated_types(conninfo: str) -> str:
    """Return the types of a database's schema `public`, as TypeScript.

    Raises:
        subprocess.CalledProcessError: one of the two programs failed; it has said why on stderr.
    """
    with psycopg.connect(conninfo) as connection:
        info = connection.info
        where = urlencode({"host": info.host, "port": info.port})
        # The password goes by the environment: an argument is for everybody on the machine to see.
        address = f"postgresql://{quote(info.user)}@localhost/{quote(info.dbname)}?{where}"
        password = info.password
    what = ["gen", "types", "--lang=typescript", "--schema=public", f"--remote={address}"]
    raw = subprocess.run(
        [PROGRAMS / "supabase", *what],
        env=os.environ | {"PGPASSWORD": password, "DO_NOT_TRACK": "1"},
        cwd=HERE,
        check=True,
        stdout=subprocess.PIPE,
    )
    pretty = subprocess.run(
        [PROGRAMS / "prettier", *_STYLE], input=raw.stdout, check=True, stdout=subprocess.PIPE
    )
    return _HEADER + pretty.stdout.decode()


def main() -> None:
    """Write the file."""
    sys.path.insert(0, str(ROOT))
    from dreamcut.store.embedded import EmbeddedPostgres
    from dreamcut.store.migrations import ensure_schema

    with tempfile.TemporaryDirectory(prefix="dc-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedPostgres(Path(folder))
        conninfo = server.start()
        try:
            ensure_schema(conninfo)
            TYPES.write_text(generated_types(conninfo), encoding="utf-8")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
