"""The published schema is the one the code has."""

import json
from pathlib import Path

from dreamcut.brief import compose
from dreamcut.brief.schema import brief_schema
from tests.support.findings import flagship

PUBLISHED = Path(__file__).parents[3] / "docs" / "schema" / "brief.schema.json"


def test_the_published_schema_is_current() -> None:
    message = "run: python -m dreamcut.brief.schema > docs/schema/brief.schema.json"
    assert PUBLISHED.read_text(encoding="utf-8") == brief_schema(), message


def test_the_schema_names_every_key_of_a_payload() -> None:
    schema = json.loads(brief_schema())
    assert set(compose(flagship()).to_payload()) == set(schema["properties"])
    assert {"in", "out"} <= set(schema["$defs"]["SourceRange"]["properties"])
    assert schema["$defs"]["Statement"]["properties"]["evidence"]["minItems"] == 1
