"""A database that cannot be used: one line that says what to do, from the command and from the flow."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from services import Command, free_port
from supabase_project import SupabaseProject

from deployments import prefect_server
from dreamcut.settings import Settings
from dreamcut.store import open_store
from dreamcut.store.migrations import bootstrap

SECRET = "hush-hush-hush"


@dataclass
class Places:
    """What a wrong setting may point at."""

    database_url: str
    new_database: Callable[..., str]
    new_project: Callable[[str], SupabaseProject]
    environment: dict[str, str] = field(default_factory=dict)
    fresh_url: str = ""

    def project(self, *, url: str | None = None) -> SupabaseProject:
        """Start a project and point the environment at it."""
        project = self.new_project(url or self.database_url)
        self.environment |= {
            "SUPABASE_URL": project.url,
            "SUPABASE_SERVICE_ROLE_KEY": project.keys.service_role,
        }
        return project


@pytest.fixture
def places(
    database_url: str,
    new_database: Callable[..., str],
    new_supabase_project: Callable[[str], SupabaseProject],
) -> Places:
    return Places(database_url, new_database, new_supabase_project)


def half_a_pair(places: Places) -> None:
    places.environment["SUPABASE_URL"] = "https://abcdefgh.supabase.co"


def other_half(places: Places) -> None:
    places.environment["SUPABASE_SERVICE_ROLE_KEY"] = SECRET


def wrong_url(places: Places) -> None:
    places.environment |= {"SUPABASE_URL": "abcdefgh.supabase.co", "SUPABASE_SERVICE_ROLE_KEY": SECRET}


def nobody_there(places: Places) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    places.environment |= {"SUPABASE_URL": address, "SUPABASE_SERVICE_ROLE_KEY": SECRET}


def wrong_key(places: Places) -> None:
    places.project()
    places.environment["SUPABASE_SERVICE_ROLE_KEY"] = SECRET


def anon_key(places: Places) -> None:
    project = places.project()
    places.environment["SUPABASE_SERVICE_ROLE_KEY"] = project.keys.anon


def expired_key(places: Places) -> None:
    project = places.project()
    places.environment["SUPABASE_SERVICE_ROLE_KEY"] = project.keys.token(role="service_role", seconds=-1)


def fresh_project(places: Places) -> None:
    places.fresh_url = places.new_database()
    with psycopg.connect(places.fresh_url, autocommit=True) as owner:
        bootstrap(owner)
    places.project(url=places.fresh_url)


def older_project(places: Places) -> None:
    _forget_newest_migration(places.database_url)
    places.project()


def newer_project(places: Places) -> None:
    _record_unknown_migration(places.database_url)
    places.project()


def refused_database(places: Places) -> None:
    places.environment["DREAMCUT_DATABASE_URL"] = f"postgresql://me:{SECRET}@127.0.0.1:{free_port()}/db"


def unknown_host(places: Places) -> None:
    places.environment["DREAMCUT_DATABASE_URL"] = f"postgresql://me:{SECRET}@nowhere.invalid/db"


def wrong_password(places: Places) -> None:
    host = psycopg.conninfo.conninfo_to_dict(places.database_url)["host"]
    places.environment["DREAMCUT_DATABASE_URL"] = f"postgresql://nobody:{SECRET}@/db?host={host}"


def no_connection_string(places: Places) -> None:
    places.environment["DREAMCUT_DATABASE_URL"] = f"postgresql://me:{SECRET}/@host/db"


def newer_database(places: Places) -> None:
    _record_unknown_migration(places.database_url)
    places.environment["DREAMCUT_DATABASE_URL"] = places.database_url


CASES: dict[Callable[[Places], None], tuple[int, tuple[str, ...]]] = {
    half_a_pair: (2, ("SUPABASE_SERVICE_ROLE_KEY", "set both, or neither")),
    other_half: (2, ("SUPABASE_URL", "set both, or neither")),
    wrong_url: (2, ("SUPABASE_URL", "https://abcdefgh.supabase.co")),
    nobody_there: (3, ("no answer from http://127.0.0.1", "SUPABASE_URL")),
    wrong_key: (3, ("SUPABASE_SERVICE_ROLE_KEY", "service_role or secret key")),
    anon_key: (3, ("SUPABASE_SERVICE_ROLE_KEY", "anon key", "service_role or secret key")),
    expired_key: (3, ("SUPABASE_SERVICE_ROLE_KEY", "expired")),
    fresh_project: (3, ("supabase db push", "dreamcut migrate")),
    older_project: (3, ("supabase db push", "dreamcut migrate")),
    newer_project: (3, ("20990101000000", "install a newer DreamCut")),
    refused_database: (3, ("DREAMCUT_DATABASE_URL: ", "refused")),
    unknown_host: (3, ("DREAMCUT_DATABASE_URL: ", "nowhere.invalid")),
    wrong_password: (3, ("DREAMCUT_DATABASE_URL: ", "password authentication failed")),
    no_connection_string: (2, ("DREAMCUT_DATABASE_URL: ", "percent-encoded")),
    newer_database: (3, ("20990101000000", "install a newer DreamCut")),
}
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)


@cases
def test_the_command_says_what_to_do(
    dreamcut: Command, places: Places, case: Callable[[Places], None], new_image: Callable[..., Path]
) -> None:
    code, says = CASES[case]
    case(places)
    done = dreamcut("analyze", "A poster", new_image("a.png"), **places.environment)
    assert (done.returncode, done.stdout) == (code, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("dreamcut: ")
    for words in says:
        assert words in line
    _hides_secrets(done.stderr, places)
    _holds_no_query(places)


@cases
def test_the_flow_says_what_to_do(
    places: Places, case: Callable[[Places], None], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows.analyze_query import analyze_query

    case(places)
    for name, text in {**places.environment, "DREAMCUT_DATABASE_PATIENCE_SECONDS": "0"}.items():
        monkeypatch.setenv(name, text)
    url = prefect_server.api_url(settings)
    with temporary_settings({PREFECT_API_URL: url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        state = analyze_query(prompt="A poster", return_state=True)
    assert state.is_failed()
    for words in CASES[case][1]:
        assert words in str(state.message)
    _hides_secrets(str(state.message), places)
    _holds_no_query(places)


@pytest.mark.parametrize("command", ["status", "doctor"])
@pytest.mark.parametrize("case", [half_a_pair, wrong_key, fresh_project, wrong_password])
def test_those_who_only_look_name_the_cause_too(
    dreamcut: Command, places: Places, case: Callable[[Places], None], command: str
) -> None:
    case(places)
    done = dreamcut(command, COLUMNS="400", **places.environment)
    assert done.returncode == 3
    for words in CASES[case][1]:
        assert words in done.stdout
    _hides_secrets(done.stdout + done.stderr, places)


def test_a_fresh_project_is_migrated_and_used(
    dreamcut: Command, places: Places, new_image: Callable[..., Path]
) -> None:
    fresh_project(places)
    alone = dreamcut("migrate", **places.environment)
    assert alone.returncode == 2
    assert "DREAMCUT_DATABASE_URL" in alone.stderr
    database_url = places.fresh_url
    first = dreamcut("migrate", DREAMCUT_DATABASE_URL=database_url, **places.environment)
    assert first.stdout.splitlines()[0] == "applied create_dreamcut_realtime_schema"
    again = dreamcut("migrate", "--database-url", database_url)
    assert (again.returncode, again.stdout) == (0, "the database has every migration already\n")

    done = dreamcut("analyze", "A poster of a project", new_image("a.png"), **places.environment)
    assert done.returncode == 0, done.stderr
    with open_store(database_url=database_url) as store:
        [query] = store.queries()
        assert query.prompt == "A poster of a project"
    assert str(query.id)[:8] in dreamcut("show", **places.environment).stdout
    status = dreamcut("status", **places.environment).stdout
    assert places.environment["SUPABASE_URL"] in status


def _forget_newest_migration(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "delete from supabase_migrations.schema_migrations"
            " where version = (select max(version) from supabase_migrations.schema_migrations)"
        )


def _record_unknown_migration(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "insert into supabase_migrations.schema_migrations (version, name)"
            " values ('20990101000000', 'add_dreamcut_x')"
        )


def _hides_secrets(text: str, places: Places) -> None:
    assert SECRET not in text
    assert places.environment.get("SUPABASE_SERVICE_ROLE_KEY", SECRET) not in text


def _holds_no_query(places: Places) -> None:
    with psycopg.connect(places.database_url) as owner:
        assert owner.execute("select count(*) from public.dreamcut_queries").fetchone() == (0,)
