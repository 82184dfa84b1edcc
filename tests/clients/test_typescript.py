"""The TypeScript client, in Node, against the gateway. Node's own tests are in clients/typescript/tests."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest
from supabase_project import SupabaseProject

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "typescript"
DATABASE_TOOLS = ROOT / "supabase" / "node_modules"
# Without force-exit Node waits ten seconds for a timer that supabase-js leaves behind. That we leave none is
# a test of its own.
_NODE_TEST = ("--import=tsx", "--test", "--test-reporter=tap", "--test-force-exit", "--test-timeout=120000")
_OUTPUT_SHOWN = 6_000  # characters


@pytest.fixture(scope="session")
def node() -> str:
    """Node 20 or newer with the client's packages; whoever lacks them skips."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("no node on the path: install Node 20 or newer to test the TypeScript client")
    asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    version = asked.stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < 20:
        pytest.skip(f"node is {version}: the TypeScript client needs Node 20 or newer")
    if not (CLIENT / "node_modules" / "tsx").is_dir():
        pytest.skip("clients/typescript has no node_modules: run `make node` while npm has a registry")
    return program


def _run(
    command: list[str | Path], *, cwd: Path = CLIENT, environment: Mapping[str, str] | None = None
) -> str:
    """Run a program to its end and return what it printed; a failure shows it."""
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        pytest.fail(f"{Path(command[0]).name} ended with {done.returncode}:\n{done.stdout[-_OUTPUT_SHOWN:]}")
    return done.stdout


def _run_tests(node: str, *files: Path, environment: Mapping[str, str] | None = None) -> None:
    """Run node tests; what failed is named, with its error."""
    done = subprocess.run(
        [node, *_NODE_TEST, *files],
        check=False,
        cwd=CLIENT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
    )
    failed = re.findall(r"^ *not ok \d+ - .*?^ *\.\.\.$", done.stdout, re.MULTILINE | re.DOTALL)
    if done.returncode != 0:
        told = "\n".join(failed) or done.stdout
        pytest.fail(f"{told[:_OUTPUT_SHOWN]}\n{done.stderr[-_OUTPUT_SHOWN:]}", pytrace=False)
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout
    assert int(passed[1]) > 0, "no test was found"


def test_it_type_checks_and_so_does_a_page_with_one_alias(node: str) -> None:
    compiler = CLIENT / "node_modules" / ".bin" / "tsc"
    _run([compiler, "--noEmit"])
    _run([compiler, "--noEmit", "--project", "tests/consumer"])


def test_hints_and_reads_merge(node: str) -> None:
    _run_tests(node, *sorted((CLIENT / "tests" / "unit").glob("*.test.ts")))


@pytest.mark.parametrize("part", ["requests", "following", "outage", "fuzz"])
def test_it_keeps_its_promises(node: str, database_url: str, part: str) -> None:
    gateway = [sys.executable, "-m", "gateway", "--until-stdin-closes", "--database-url", database_url]
    gateway += ["--secret", "a-secret-of-the-tests-that-is-long-enough"]
    _run_tests(
        node,
        CLIENT / "tests" / "gateway" / f"{part}.test.ts",
        environment={
            "DREAMCUT_GATEWAY": json.dumps(gateway),
            "PYTHONPATH": str(ROOT / "tests" / "support"),
        },
    )


def test_a_page_of_the_earlier_dreamcut_works_unchanged_and_leaves_nothing(
    node: str, supabase_project: SupabaseProject
) -> None:
    """The process ends by itself: no timer, socket or channel of the manager keeps it."""
    shown = _run(
        [node, "--import", "tsx", "visit.ts"],
        cwd=CLIENT / "tests" / "consumer",
        environment=_environment(supabase_project),
    )
    assert shown.splitlines() == [
        "🎬 Got your request. Let's break it down...",
        "🎬 Creative brief ready 🎬",
        "🚀 Ready for production!",
    ]


def test_the_built_file_works_in_plain_node(node: str, supabase_project: SupabaseProject) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm on the path")
    _run([npm, "run", "build"])
    shown = _run([node, "tests/consumer/built.mjs"], environment=_environment(supabase_project))
    assert shown.splitlines() == ["Got your request. Let's break it down..."]


def test_the_types_are_those_of_the_migrated_database(node: str, database_url: str) -> None:
    if not (DATABASE_TOOLS / "supabase").is_dir():
        pytest.skip("the Supabase CLI is not installed: run `make node` while npm has a registry")
    generator = _generator()
    assert generator.TYPES.read_text(encoding="utf-8") == generator.generated_types(database_url), (
        "the schema has changed: run `make types-typescript`"
    )


def _generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_types", CLIENT / "generate_types.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _environment(project: SupabaseProject) -> dict[str, str]:
    """A worker's key, so that one process can be the page and the worker."""
    return {
        "NEXT_PUBLIC_SUPABASE_URL": project.url,
        "NEXT_PUBLIC_SUPABASE_ANON_KEY": project.keys.service_role,
    }


def test_no_lock_file_names_a_registry() -> None:
    lock = (CLIENT / "package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert "http" not in lock


def test_the_code_of_the_readme_is_the_code_that_is_checked() -> None:
    blocks = re.findall(
        r"^```tsx\n(.*?)^```", (CLIENT / "README.md").read_text(encoding="utf-8"), re.M | re.S
    )
    checked = (CLIENT / "tests" / "consumer" / "readme.ts").read_text(encoding="utf-8")
    assert len(blocks) == 2
    for block in blocks:
        assert block in checked
