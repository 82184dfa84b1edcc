"""A running project with a small schema of its own beside the migrated one, shared by all tests here.

Rows belong to users, and each test makes its own user: what one test writes another does not see.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from supabase_project import SupabaseProject, Visitor

Row = dict[str, Any]

_NOTES: list[Row] = [
    {
        "title": "a,b",
        "rank": 1,
        "done": True,
        "tags": ["x", "y"],
        "data": {"n": 1, "deep": {"k": ["p", "q"]}},
    },
    {"title": 'say "hi"', "rank": 2, "done": False, "tags": ["y"], "data": {"n": 2}},
    {"title": "per%cent", "rank": 3, "done": None, "tags": [], "data": None},
    {"title": "Émile (1)", "rank": None, "done": True, "tags": ["x"], "data": [1, 2]},
]

_SCHEMA = (Path(__file__).parent / "schema.sql").read_text()


@pytest.fixture(scope="session")
def project(
    pg_server: str, pg_templates: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SupabaseProject]:
    """A running project whose database has the notes of `schema.sql` in it."""
    name = f"gateway_{uuid4().hex}"
    with psycopg.connect(pg_server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(pg_templates("strict"))
            )
        )
        url = make_conninfo(pg_server, dbname=name)
        with psycopg.connect(url) as connection:
            connection.execute(_SCHEMA)
        running = SupabaseProject(url, storage=tmp_path_factory.mktemp("storage"))
        running.start()
        yield running
        running.stop()
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def new_user(project: SupabaseProject) -> Callable[[], Visitor]:
    """Make a signed-in user."""

    def make() -> Visitor:
        user_id = str(uuid4())
        return Visitor(project, project.keys.token(role="authenticated", user_id=user_id), id=user_id)

    return make


@pytest.fixture
def user(new_user: Callable[[], Visitor]) -> Visitor:
    """A signed-in user."""
    return new_user()


@pytest.fixture(scope="session")
def anon(project: SupabaseProject) -> Visitor:
    """A visitor who has not signed in."""
    return Visitor(project, project.keys.anon)


@pytest.fixture(scope="session")
def worker(project: SupabaseProject) -> Visitor:
    """The service role."""
    return Visitor(project, project.keys.service_role, key=project.keys.service_role)


@pytest.fixture
def owner(project: SupabaseProject) -> Iterator[psycopg.Connection[Any]]:
    """A session of the database's owner, who sees what is really there."""
    with psycopg.connect(project.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def notes() -> list[Row]:
    """What the author has written."""
    return _NOTES


@pytest.fixture
def author(user: Visitor, notes: list[Row]) -> Visitor:
    """A user who has written notes."""
    user.client().table("notes").insert(notes).execute()
    return user


@pytest.fixture
def linked(author: Visitor, owner: psycopg.Connection[Any]) -> dict[str, str]:
    """Ids of the author's notes; the first has three comments and a detail, and links to the second."""
    client = author.client()
    ids = {row["title"]: row["id"] for row in client.table("notes").select("id,title").execute().data}
    first, second = ids["a,b"], ids['say "hi"']
    client.table("comments").insert([{"note_id": first, "body": body} for body in ("c", "a", "b")]).execute()
    client.table("comments").insert({"note_id": second, "body": "z"}).execute()
    client.table("details").insert({"note_id": first, "text": "more"}).execute()
    client.table("links").insert({"source_id": first, "target_id": second}).execute()
    return ids
