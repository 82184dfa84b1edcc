"""The page about the database is what the database says of itself."""

from deployments.describe_schema import PAGE, describe


def test_the_committed_page_is_current(database_url: str) -> None:
    said = describe(database_url)
    assert "dreamcut_queries" in said
    assert PAGE.read_text(encoding="utf-8") == said, "run `python -m deployments.describe_schema`"
