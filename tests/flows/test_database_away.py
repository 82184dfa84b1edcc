"""The database goes away in the middle of a run, as in a crash: the run waits for it, and nothing is lost."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import pytest
from supabase_project import SupabaseProject

from deployments import prefect_server
from dreamcut.models import AssetKind, AssetStatus, Intent, MessageType, NewAsset, NewQuery, QueryStatus
from dreamcut.settings import Settings
from dreamcut.store import ensure_schema, open_store
from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.pools import close_pools
from dreamcut.store.protocol import Store

WAIT_SECONDS = 120.0


class Database:
    """A server of the test's own and, for a Supabase project, the gateway before it."""

    def __init__(self, server: EmbeddedPostgres, *, project: SupabaseProject | None) -> None:
        self.server = server
        self.project = project

    def crash(self) -> None:
        """End it at once, with whatever it is doing."""
        if self.project is not None:
            self.project.kill()
        pid = self.server.status().pid
        assert pid is not None
        process = psutil.Process(pid)
        process.send_signal(signal.SIGQUIT)  # what `pg_ctl stop -m immediate` sends
        psutil.wait_procs([process], timeout=20)

    def come_back(self) -> None:
        self.server.start()
        if self.project is not None:
            self.project.start()


@pytest.fixture(params=["postgres", "supabase"])
def database(
    request: pytest.FixtureRequest,
    pg_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    new_supabase_project: Callable[[str], SupabaseProject],
) -> Iterator[Database]:
    """The database of the flow's settings."""
    server = EmbeddedPostgres(pg_home)
    url = server.start()
    ensure_schema(url)
    project = None
    if request.param == "supabase":
        project = new_supabase_project(url)
        monkeypatch.setenv("SUPABASE_URL", project.url)
        monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", project.keys.service_role)
    else:
        monkeypatch.setenv("DREAMCUT_DATABASE_URL", url)
    yield Database(server, project=project)
    close_pools(url)


@pytest.fixture
def direct(database: Database) -> Iterator[Store]:
    """A store of the test itself."""
    with open_store(database_url=database.server.conninfo) as store:
        yield store


@pytest.fixture
def short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leases that run out while the database is away; nobody else claims the work."""
    monkeypatch.setenv("DREAMCUT_LEASE_SECONDS", "2")


@pytest.fixture
def somebody_waits() -> Iterator[threading.Event]:
    """Set once a call of a store waits for its database."""
    seen = threading.Event()

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage().startswith("waiting up to"):
                seen.set()

    logger, watch = logging.getLogger("dreamcut.store.patience"), Watch()
    logger.addHandler(watch)
    yield seen
    logger.removeHandler(watch)


@pytest.mark.usefixtures("short_leases")
def test_a_run_outlives_a_crash_of_its_database(
    database: Database,
    direct: Store,
    somebody_waits: threading.Event,
    settings: Settings,
    example: Path,
) -> None:
    kinds = {"cyberpunk_ref.png": AssetKind.IMAGE, "city_drive.mp4": AssetKind.VIDEO}
    assets = tuple(
        NewAsset(url=(example / name).as_uri(), kind=kind, filename=name) for name, kind in kinds.items()
    )
    query_id = direct.initialize_query(
        NewQuery(user_id="u", prompt="A film", assets=assets), intent=Intent.VIDEO
    )

    def break_and_mend() -> int:
        _wait_until(lambda: any(0 < asset.progress < 100 for asset in direct.assets(query_id)))
        database.crash()
        assert somebody_waits.wait(WAIT_SECONDS)
        database.come_back()
        return direct.messages(query_id)[-1].seq

    with ThreadPoolExecutor() as pool:
        mended = pool.submit(break_and_mend)
        state = _run_flow(query_id, settings)
        kept = mended.result()

    assert state.is_completed(), state.message
    assert state.name == "Completed"  # and not with failures
    query = direct.query(query_id)
    assert (query.status, query.attempts) == (QueryStatus.COMPLETED, 1)
    assert direct.payload(query_id) is not None
    messages = direct.messages(query_id)
    assert [message.seq for message in messages] == list(range(1, len(messages) + 1))
    assert len(messages) > kept  # the story went on after it
    lines = [message.line for message in messages if message.type is not MessageType.ASSET_PROGRESS]
    assert len(lines) == len(set(lines))
    for asset in direct.assets(query_id):
        assert asset.status is AssetStatus.COMPLETED
        assert direct.analysis(asset.id) is not None
    assert set(_runs_of_tasks(state, settings).values()) == {1}  # nothing was analysed again


def _run_flow(query_id: UUID, settings: Settings) -> Any:
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.analyze_query import analyze_query

    url = prefect_server.api_url(settings)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return analyze_query(query_id=query_id, local_files=True, return_state=True)


def _runs_of_tasks(state: Any, settings: Settings) -> dict[str, int]:
    """Return how often each task of a flow run has run."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
    from prefect.settings import PREFECT_API_URL, temporary_settings

    mine = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    with (
        temporary_settings({PREFECT_API_URL: prefect_server.api_url(settings)}),
        get_client(sync_client=True) as client,
    ):

        def runs() -> dict[str, int]:
            return {run.name: run.run_count for run in client.read_task_runs(flow_run_filter=mine)}

        _wait_until(lambda: len(runs()) == 3 and all(runs().values()))  # Prefect learns of them by and by
        return runs()


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)
