"""The command as a process: answers, exit codes, and what is left behind."""

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from services import COMMAND, Command, command_environment

from dreamcut import __version__
from dreamcut.brief import Brief
from dreamcut.models import QueryStatus
from dreamcut.settings import Settings
from dreamcut.store import open_store
from tasks.stores import database_url as url_of

WAIT_SECONDS = 120.0


def only_line(text: str) -> str:
    """Return the one line of a text."""
    [line] = text.splitlines()
    return line


def test_help_names_every_command_and_exit_code(dreamcut: Command) -> None:
    done = dreamcut("--help")
    assert done.returncode == 0
    for word in (
        "analyze",
        "inspect",
        "demo",
        "up",
        "down",
        "status",
        "show",
        "health",
        "doctor",
        "Exit codes",
        "130",
    ):
        assert word in done.stdout


def test_version(dreamcut: Command) -> None:
    assert dreamcut("--version").stdout == f"dreamcut {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["analyze"], "PROMPT"),
        (["analyze", "a film", "missing.png"], "missing.png: no such file"),
        (["analyze", "a film", "."], "a folder"),
        (["analyze", "a film", "--duration", "long"], "--duration"),
        (["analyze", "a film", "--aspect-ratio", "wide"], "aspect ratio"),
        (["analyze", "a film", "--intent", "opera"], "intent"),
        (["analyze", "a film", "--describe", "x.png=mine"], "x.png"),
        (["analyze", ""], "prompt"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(dreamcut: Command, arguments: list[str], says: str) -> None:
    done = dreamcut(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in only_line(done.stderr)


def test_inspect_prints_json_alone(dreamcut: Command, new_image: Callable[..., Path]) -> None:
    done = dreamcut("inspect", new_image("red.png", colour=(255, 0, 0), size=(64, 48)), "--json")
    findings = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (findings["kind"], findings["file"]["width_px"], findings["file"]["height_px"]) == (
        "image",
        64,
        48,
    )
    assert findings["look"]["palette"]["colours"][0]["hex"] == "#ff0000"


def test_inspect_names_a_bad_file_on_one_line(dreamcut: Command, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    done = dreamcut("inspect", "empty.mp4")
    assert (done.returncode, done.stdout) == (1, "")
    assert only_line(done.stderr).startswith("dreamcut: empty.mp4: ")


def test_analyze_prints_json_alone_and_writes_the_brief(
    dreamcut: Command, new_image: Callable[..., Path], tmp_path: Path
) -> None:
    done = dreamcut(
        "analyze",
        "A 20-second calm film",
        new_image("sea.png"),
        "--describe",
        "sea.png=the look",
        "--out",
        "o",
        "--json",
    )
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["query"]["status"] == "completed"
    assert document["assets"][0]["description"] == "the look"
    assert [m["seq"] for m in document["messages"]] == list(range(1, len(document["messages"]) + 1))
    assert Brief.model_validate(document["brief"]) == Brief.model_validate_json(
        (tmp_path / "o" / "brief.json").read_text()
    )
    assert (tmp_path / "o" / "brief.md").read_text().startswith("# ")


def test_without_a_terminal_the_feed_is_plain_lines(
    dreamcut: Command, new_image: Callable[..., Path], tmp_path: Path
) -> None:
    bad = tmp_path / "bad\x1b[31m.png"
    bad.write_text("no picture")
    done = dreamcut("analyze", "A poster", new_image("good.png"), bad)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "🎬 Got your request. Let's break it down..."
    start = lines.index("🖼️ Analyzing image: good.png")
    assert lines[start + 1].startswith("→ ✅ ")
    assert any(line.startswith("❌ bad�[31m.png: ") for line in lines)
    assert "\x1b" not in done.stdout + done.stderr
    folder = next((tmp_path / "dreamcut-out").iterdir())
    assert {path.name for path in folder.iterdir()} == {"brief.json", "brief.md"}
    assert f"{folder.relative_to(tmp_path)}" in done.stdout


def test_nothing_but_bad_files_is_code_1(dreamcut: Command, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no picture")
    done = dreamcut("analyze", "A poster", "a.png")
    assert done.returncode == 1
    assert "a.png: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_show_replays_a_query(dreamcut: Command, new_image: Callable[..., Path]) -> None:
    first = dreamcut("analyze", "A poster of a lighthouse", new_image("a.png"), "--json")
    query_id = json.loads(first.stdout)["query"]["id"]
    assert json.loads(dreamcut("show", query_id[:13], "--json").stdout) == json.loads(first.stdout)
    assert query_id[:8] in dreamcut("show").stdout
    assert "🚀" in dreamcut("show", query_id).stdout
    unknown = dreamcut("show", "00000000-0000-0000-0000-000000000000")
    assert unknown.returncode == 1
    assert "00000000" in only_line(unknown.stderr)


def test_health_names_what_failed(dreamcut: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_text("this is no picture")
    failed = json.loads(dreamcut("analyze", "A poster", "broken.png", "--json").stdout)["query"]["id"]
    rows = json.loads(dreamcut("health", "--json", "--limit", "100").stdout)
    failing = [row for row in rows if row["concern"] == "failing" and row["query_id"] == failed]
    assert {row["subject"] for row in failing} == {"query", "broken.png"}
    printed = dreamcut("health").stdout
    assert "failing: failed in the last day" in printed
    assert failed[:8] in printed


def test_an_unreachable_database_is_code_3(dreamcut: Command, new_image: Callable[..., Path]) -> None:
    done = dreamcut(
        "analyze",
        "A poster",
        new_image("a.png"),
        DREAMCUT_DATABASE_URL="postgresql://nobody:secret@127.0.0.1:1/none",
    )
    assert done.returncode == 3
    assert only_line(done.stderr).startswith("dreamcut: ")
    assert "secret" not in done.stderr


def test_an_unreachable_prefect_is_code_3_and_ends_the_query(
    dreamcut: Command, new_image: Callable[..., Path]
) -> None:
    done = dreamcut(
        "analyze", "A poster of a pear", new_image("a.png"), PREFECT_API_URL="http://127.0.0.1:1/api"
    )
    assert done.returncode == 3
    assert "http://127.0.0.1:1" in done.stderr.splitlines()[-1]
    [query] = [
        q for q in json.loads(dreamcut("show", "--json").stdout) if q["prompt"] == "A poster of a pear"
    ]
    assert query["status"] == "failed"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_its_query_and_its_children(
    settings: Settings, example: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "analyze", "A film", str(example / "city_drive.mp4")],
        cwd=tmp_path,
        env=command_environment(settings.home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    family = _wait_for_decoder(process.pid)
    process.send_signal(number)
    _out, complaint = process.communicate(timeout=60)
    assert process.returncode == 130
    assert only_line(complaint) == "dreamcut: interrupted"
    _gone, alive = psutil.wait_procs(family, timeout=5)
    assert alive == []
    with open_store(database_url=url_of(settings)) as store:
        [newest] = store.queries(limit=1)
        assert newest.status is QueryStatus.FAILED
        assert "cancelled" in (newest.error_message or "")


def test_every_hostile_file_is_named_and_leaves_nothing(dreamcut: Command, corpus: Path) -> None:
    for path in sorted((corpus / "hostile").iterdir()):
        done = dreamcut("inspect", path)
        assert done.returncode in (0, 1), path.name
        if done.returncode == 1:
            assert only_line(done.stderr).startswith("dreamcut: "), path.name
        assert "Traceback" not in done.stderr, path.name


def test_hostile_files_together_end_in_one_query(dreamcut: Command, corpus: Path) -> None:
    files = sorted((corpus / "hostile").iterdir())
    done = dreamcut("analyze", "A film", *files, "--json")
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert done.returncode == 0  # some of them are good files with odd names
    assert {asset["status"] for asset in document["assets"]} == {"completed", "failed"}
    for asset in document["assets"]:
        if asset["status"] == "failed":
            assert asset["error_message"].startswith(asset["filename"])


def _wait_for_decoder(pid: int) -> list[psutil.Process]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        family = psutil.Process(pid).children(recursive=True)
        with_decoder = [p for p in family if "analyzers.decoder" in " ".join(p.cmdline())]
        if with_decoder:
            return family
        time.sleep(0.02)
    raise AssertionError("no decoder was started")
