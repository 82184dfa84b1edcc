"""Past queries, printed again."""

import json

import legacy
import psycopg
from services import Command

from dreamcut.store.postgres import PostgresStore


def test_an_imported_query_is_shown(store: PostgresStore, dreamcut: Command, database_url: str) -> None:
    sample = legacy.READABLE[1]
    with psycopg.connect(database_url, autocommit=True) as old:
        legacy.install(old)
        brief_id = legacy.add_brief(old, sample.name, **sample.row)
    store.import_legacy_briefs(limit=10, owner_if_none="nobody")
    shown = dreamcut("show", str(brief_id), DREAMCUT_DATABASE_URL=database_url)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "Imported from the earlier DreamCut" in shown.stdout
    assert sample.prompt in shown.stdout
    assert "Nothing in it was measured by this DreamCut" in shown.stdout
    listed = json.loads(dreamcut("show", str(brief_id), "--json", DREAMCUT_DATABASE_URL=database_url).stdout)
    assert listed["brief"]["legacy"]["analysis"] == sample.row["analysis"]
