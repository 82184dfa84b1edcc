"""A whole run on a Supabase project: the command, the flow's process, the feed and the storage."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from services import Command
from supabase_project import SupabaseProject

from dreamcut.brief import Brief
from dreamcut.store import open_store


def test_a_query_runs_on_a_project_with_an_object_of_its_storage(
    dreamcut: Command,
    supabase_project: SupabaseProject,
    new_image: Callable[..., Path],
    database_url: str,
) -> None:
    from supabase import create_client

    picture = new_image("sea.png").read_bytes()
    client = create_client(supabase_project.url, supabase_project.keys.service_role)
    client.storage.create_bucket("footage", options={"public": False})
    for owner in ("local", "somebody-else"):
        client.storage.from_("footage").upload(f"{owner}/sea.png", picture, {"content-type": "image/png"})
    environment = {
        "SUPABASE_URL": supabase_project.url,
        "SUPABASE_SECRET_KEY": supabase_project.keys.secret_key,  # the newer name, and the newer kind of key
    }
    done = dreamcut(
        "analyze",
        "A calm 20-second film",
        "storage://footage/local/sea.png",
        "storage://footage/somebody-else/sea.png",
        "--json",
        **environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    mine, theirs = document["assets"]
    assert (mine["status"], theirs["status"]) == ("completed", "failed")
    assert "own user's folder" in theirs["error_message"]
    assert Brief.model_validate(document["brief"])
    assert [m["seq"] for m in document["messages"]] == list(range(1, len(document["messages"]) + 1))
    query_id = document["query"]["id"]
    assert json.loads(dreamcut("show", query_id[:8], "--json", **environment).stdout) == document

    with open_store(database_url=database_url) as direct:  # it is in the project's database
        [query] = direct.queries()
        findings = direct.analysis(direct.assets(query.id)[0].id)
    assert str(query.id) == query_id
    assert findings is not None
    assert findings["sha256"] == hashlib.sha256(picture).hexdigest()
    assert supabase_project.keys.secret_key not in done.stdout


def test_without_a_terminal_the_feed_of_a_project_is_plain_lines(
    dreamcut: Command, supabase_project: SupabaseProject, new_image: Callable[..., Path]
) -> None:
    done = dreamcut(
        "analyze",
        "A poster",
        new_image("a.png"),
        SUPABASE_URL=supabase_project.url,
        SUPABASE_SERVICE_ROLE_KEY=supabase_project.keys.service_role,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "🎬 Got your request. Let's break it down..."
    assert lines[lines.index("🖼️ Analyzing image: a.png") + 1].startswith("→ ✅ ")
