"""The JSON Schema of the brief, as kept in `docs/schema/`.

Run as a module to print the current one: `python -m dreamcut.brief.schema > docs/schema/brief.schema.json`.
"""

import json
import sys

from dreamcut.brief.model import Brief


def brief_schema() -> str:
    """Return the schema of a stored brief as indented JSON, ending with a newline."""
    schema = Brief.model_json_schema(mode="serialization", by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(brief_schema())
