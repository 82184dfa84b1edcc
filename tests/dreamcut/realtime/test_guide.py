"""The examples of docs/realtime.md, as they are."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from queries import Started, report, value
from supabase_project import SupabaseProject

GUIDE = Path(__file__).parents[3] / "docs" / "realtime.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=["sync", "async"])
def test_an_example_runs_to_the_end(
    code: str, supabase_project: SupabaseProject, worker: psycopg.Connection[Any]
) -> None:
    project = {
        "SUPABASE_URL": supabase_project.url,
        "SUPABASE_SERVICE_ROLE_KEY": supabase_project.keys.service_role,
    }
    running = subprocess.Popen(
        [sys.executable, "-u", "-c", code], env=os.environ | project, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    first = running.stdout.readline()
    query_id = value(worker, "select id from public.dreamcut_queries")
    assets = worker.execute("select id from public.dreamcut_assets").fetchall()
    for asset in Started(query_id, [row[0] for row in assets]).assets:
        report(worker, asset, "completed", 100)
    value(worker, 'select public.finish_dreamcut_query(%s, \'{"title": "Rain"}\')', query_id)
    rest, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert "🎬 Got your request. Let's break it down..." in first + rest
    assert "Ready for production!" in rest
