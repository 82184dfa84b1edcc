"""A project, a worker that writes to its database, and managers that watch."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID

import psycopg
import pytest
from supabase_project import SupabaseProject

from dreamcut.realtime import create_dreamcut_manager
from dreamcut.realtime.blocking import DreamCutManager

ANNA, BERT = str(UUID(int=1)), str(UUID(int=2))
NewManager = Callable[..., DreamCutManager]


@pytest.fixture
def worker(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A worker's session, each statement its own transaction."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("set role service_role")
        yield connection


@pytest.fixture
def new_manager(supabase_project: SupabaseProject) -> Iterator[NewManager]:
    """Make managers that are closed with the test: `new_manager(ANNA)`; nobody is the service role."""
    with ExitStack() as opened:

        def make(user_id: str | None = None, **more: Any) -> DreamCutManager:
            keys = supabase_project.keys
            if user_id is None:
                return opened.enter_context(create_dreamcut_manager(supabase_project.url, keys.service_role))
            more.setdefault("access_token", keys.token(role="authenticated", user_id=user_id))
            return opened.enter_context(create_dreamcut_manager(supabase_project.url, keys.anon, **more))

        yield make
