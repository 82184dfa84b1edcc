"""Who sees and does what. Each refusal stands beside somebody to whom the same is allowed."""

from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from queries import report, start_query, value

from dreamcut.store.migrations import bootstrap, migrate

ANNA, BERT = str(UUID(int=1)), str(UUID(int=2))
EVERYTHING_ON = b"alter default privileges in schema public grant all on "
TABLES = ("dreamcut_queries", "dreamcut_assets", "dreamcut_messages")
START = """
    select public.initialize_dreamcut_query(%s, 'A trailer', 'video', '{}', '[{"url": "a", "type": "image"}]')
"""


def visible(connection: Any) -> list[int]:
    return [value(connection, f"select count(*) from public.{table}") for table in TABLES]


def test_users_see_their_own_queries_only(connect: Any, service: Any) -> None:
    start_query(service, user_id=ANNA, assets=2)
    assert visible(service) == [1, 2, 1]
    assert visible(connect("authenticated", user=ANNA)) == [1, 2, 1]
    assert visible(connect("authenticated", user=BERT)) == [0, 0, 0]
    assert visible(connect("authenticated")) == [0, 0, 0]


def test_anonymous_may_select_and_sees_nothing(connect: Any, service: Any) -> None:
    start_query(service, user_id=ANNA)
    assert visible(connect("anon")) == [0, 0, 0]
    assert visible(connect("anon", user=ANNA)) == [0, 0, 0]


def test_user_starts_a_query_for_themselves_only(connect: Any, service: Any) -> None:
    anna = connect("authenticated", user=ANNA)
    assert value(anna, START, ANNA)
    assert visible(anna) == [1, 1, 1]
    with pytest.raises(errors.InsufficientPrivilege, match="for yourself only"):
        value(anna, START, BERT)
    with pytest.raises(errors.InsufficientPrivilege, match="for yourself only"):
        value(connect("authenticated"), START, ANNA)
    with pytest.raises(errors.InsufficientPrivilege):
        value(connect("anon"), START, ANNA)
    assert visible(service) == [1, 1, 1]


@pytest.mark.parametrize("role", ["anon", "authenticated"])
@pytest.mark.parametrize(
    "statement",
    [
        "insert into public.dreamcut_queries (user_id, user_prompt, intent) values ('{user}', 'p', 'video')",
        "update public.dreamcut_queries set cost_estimate = 0",
        "delete from public.dreamcut_queries",
        "truncate public.dreamcut_messages",
        "insert into public.dreamcut_messages (query_id, type, content) values ('{query}', 'final', 'x')",
        "update public.dreamcut_assets set analysis = '{{}}'",
        "select public.update_asset_progress('{asset}', 100, 'completed')",
        "select public.complete_dreamcut_query('{query}', '{{}}')",
        "select public.fail_dreamcut_query('{query}', 'why')",
        "select public.add_dreamcut_message('{query}', 'final', 'forged')",
    ],
)
def test_not_even_the_owner_writes(connect: Any, service: Any, role: str, statement: str) -> None:
    query = start_query(service, user_id=ANNA, assets=1)
    anna = connect(role, user=ANNA)
    with pytest.raises(errors.InsufficientPrivilege):
        anna.execute(statement.format(user=ANNA, query=query.id, asset=query.assets[0]).encode())


def test_service_role_has_full_access(service: Any) -> None:
    query = start_query(service, user_id=ANNA, assets=1)
    service.execute("update public.dreamcut_queries set options = '{\"a\": 1}'")
    service.execute(
        "insert into public.dreamcut_messages (query_id, type, content) values (%s, 'status', 'x')",
        [query.id],
    )
    assert report(service, query.assets[0], "completed", 100)
    service.execute("delete from public.dreamcut_queries")
    assert visible(service) == [0, 0, 0]


@pytest.mark.parametrize("profile", ["everything is granted by default", "nothing is granted by default"])
def test_grants_do_not_depend_on_the_projects_defaults(new_database: Any, profile: str) -> None:
    url = new_database()
    with psycopg.connect(url, autocommit=True) as owner:
        bootstrap(owner)
        if profile.startswith("everything"):
            for kind in (b"tables", b"functions", b"sequences"):
                owner.execute(EVERYTHING_ON + kind + b" to anon, authenticated, service_role")
        else:
            owner.execute("alter default privileges revoke execute on functions from public")
        migrate(owner)
        rights = owner.execute(
            """
            select r.role, array_agg(distinct t.privilege order by t.privilege)
              from unnest(array['anon', 'authenticated', 'service_role']) r(role),
                   unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                       t(privilege),
                   unnest(%s::text[]) n(name)
             where has_table_privilege(r.role, 'public.' || n.name, t.privilege)
             group by r.role
            """,
            [list(TABLES)],
        ).fetchall()
        callable_by = owner.execute(
            """
            select r.role, array_agg(p.proname::text order by p.proname)
              from unnest(array['anon', 'authenticated']) r(role), pg_proc p
             where p.pronamespace = 'public'::regnamespace
               and p.prorettype <> 'trigger'::regtype
               and has_function_privilege(r.role, p.oid, 'execute')
             group by r.role
            """
        ).fetchall()
        assert value(
            owner,
            """
            select bool_and(has_function_privilege('service_role', p.oid, 'execute'))
              from pg_proc p
             where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype
            """,
        )
    everything = ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"]
    assert dict(rights) == {"anon": ["SELECT"], "authenticated": ["SELECT"], "service_role": everything}
    readers_and_start = ["dreamcut_analysis", "dreamcut_brief", "initialize_dreamcut_query"]
    assert dict(callable_by) == {"authenticated": readers_and_start}


def test_every_policy_names_its_role(connect: Any) -> None:
    owner = connect("owner")
    assert value(owner, "select count(*) from pg_policies where 'service_role' = any (roles)") == 5
    assert value(owner, "select count(*) from pg_policies where 'public' = any (roles)") == 0


def test_no_function_runs_with_a_callers_search_path(connect: Any) -> None:
    loose = (
        connect("owner")
        .execute(
            """
        select proname from pg_proc
         where pronamespace = 'public'::regnamespace
           and not coalesce(proconfig, '{}') @> array['search_path=""']
        """
        )
        .fetchall()
    )
    assert loose == []
