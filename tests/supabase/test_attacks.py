"""Ways round the rules: each is tried beside what the same person may do."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from actors import ANNA, ANON, BERT, OWNER, SERVICE, STRANGER, Actor, ask, request_of
from psycopg import errors, sql
from psycopg.conninfo import make_conninfo
from psycopg.types.json import Jsonb
from queries import start_query, value

START = "select public.initialize_dreamcut_query(%s, 'A trailer', 'video', %s, %s)"
COUNT = "select count(*) from public.dreamcut_queries"
IMAGE = {"url": "https://cdn.test/a.png", "type": "image"}


@pytest.fixture(scope="module")
def owner(
    module_database: Callable[..., str], pg_templates: Callable[[str], str], grant_profile: str
) -> Iterator[psycopg.Connection[Any]]:
    """A session that may take on every role, on a database with a query of Anna's and one of Bert's."""
    with psycopg.connect(module_database(template=pg_templates(grant_profile)), autocommit=True) as session:
        start_query(session, user_id=ANNA, assets=1, key="key")
        start_query(session, user_id=BERT, assets=1, key="key")
        yield session


def start(owner: Any, actor: Actor, user: str | None, *, options: Any = None, assets: Any = None) -> Any:
    return ask(
        owner, actor, START, [user, Jsonb(options or {}), Jsonb([IMAGE] if assets is None else assets)]
    )


# --- Claims
def test_claims_without_a_subject_are_nobody(owner: Any) -> None:
    nobody = Actor("nobody", "authenticated", '{"role": "authenticated"}')
    assert ask(owner, OWNER, "select auth.uid() is not null") == [(True,)]
    assert ask(owner, nobody, "select auth.uid() is not null") == [(False,)]
    assert ask(owner, OWNER, COUNT) == [(1,)]
    assert ask(owner, nobody, COUNT) == [(0,)]
    for user in (ANNA, "", None):
        with pytest.raises(errors.InsufficientPrivilege):
            start(owner, nobody, user)


@pytest.mark.parametrize("claims", ["", "{}", "null"])
def test_no_claims_are_nobody(owner: Any, claims: str) -> None:
    nobody = Actor("nobody", "authenticated", claims)
    assert ask(owner, nobody, COUNT) == [(0,)]
    with pytest.raises(errors.InsufficientPrivilege):
        start(owner, nobody, None)


@pytest.mark.parametrize("subject", ["anna", f"{ANNA}' or true --", "%", ""])
def test_a_subject_that_is_no_uuid_gets_nothing(owner: Any, subject: str) -> None:
    odd = Actor("odd", "authenticated", f'{{"sub": "{subject}"}}')
    for request in (lambda: ask(owner, odd, COUNT), lambda: start(owner, odd, subject)):
        with pytest.raises(errors.InvalidTextRepresentation):
            request()


def test_a_claimed_role_is_not_a_role(owner: Any) -> None:
    forger = Actor("forger", "authenticated", f'{{"role": "service_role", "sub": "{BERT}"}}')
    assert ask(owner, SERVICE, COUNT) == [(2,)]
    assert ask(owner, forger, COUNT) == [(1,)]
    assert start(owner, SERVICE, ANNA)
    with pytest.raises(errors.InsufficientPrivilege, match="for yourself only"):
        start(owner, forger, ANNA)
    with pytest.raises(errors.InsufficientPrivilege):
        ask(owner, forger, "update public.dreamcut_queries set cost_estimate = 0")


def test_the_subject_is_compared_as_a_whole(owner: Any) -> None:
    for user in (f"{ANNA} ", ANNA[:-1], ANNA.replace("-", ""), f"{ANNA}\u200b"):
        with pytest.raises(errors.InsufficientPrivilege):
            start(owner, OWNER, user)
    assert start(owner, OWNER, ANNA)


@pytest.fixture
def login(pg_server: str, owner: Any) -> Iterator[Callable[[str], Any]]:
    """Sessions of logins that are members of one role, as whoever finds a database password would have."""
    url = make_conninfo(pg_server, user="postgres", dbname=owner.info.dbname)
    with psycopg.connect(url, autocommit=True) as session:
        made = []

        def become(role: str) -> Any:
            name = f"login_{uuid4().hex}"
            session.execute(
                sql.SQL("create role {} noinherit in role {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )
            made.append(name)
            session.execute(sql.SQL("set session authorization {}").format(sql.Identifier(name)))
            return session

        yield become
        session.execute("reset session authorization")
        for name in made:
            session.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def test_a_member_of_authenticated_cannot_become_the_service(login: Callable[[str], Any]) -> None:
    session = login("authenticated")
    session.execute("set role authenticated")
    with pytest.raises(errors.InsufficientPrivilege):
        session.execute("set role service_role")
    with pytest.raises(errors.InsufficientPrivilege):
        session.execute("select set_config('role', 'service_role', false)")
    assert value(session, "select current_user") == "authenticated"
    with pytest.raises(errors.InsufficientPrivilege):
        session.execute("reset role; select public.claim_dreamcut_query('w')")


def test_a_member_of_the_service_role_can(login: Callable[[str], Any]) -> None:
    session = login("service_role")
    session.execute("set role service_role")
    assert value(session, COUNT) == 2


# --- Names that lead elsewhere
def test_temporary_objects_do_not_stand_in_for_ours(owner: Any) -> None:
    with request_of(owner, OWNER) as session:
        session.execute(
            """
            create temp table dreamcut_queries (like public.dreamcut_queries including defaults);
            create temp table dreamcut_assets (like public.dreamcut_assets including defaults);
            create temp table dreamcut_messages (like public.dreamcut_messages including defaults);
            create function pg_temp.now() returns timestamptz language sql as
                $$ select 'infinity'::timestamptz $$;
            create function pg_temp.jsonb_typeof(jsonb) returns text language sql as $$ select 'array' $$;
            set local search_path = pg_temp, public, pg_catalog;
            """
        )
        query_id = value(session, START, ANNA, Jsonb({}), Jsonb([IMAGE]))
        assert value(session, "select count(*) from pg_temp.dreamcut_queries") == 0
        assert value(
            session, "select isfinite(created_at) from public.dreamcut_queries where id = %s", query_id
        )


TRAPS = """
    create temp table ran_as (who pg_catalog.text);
    grant all on pg_temp.ran_as to public;
    create function pg_temp.spring(pg_catalog.text) returns boolean language plpgsql as $$
    begin
        insert into pg_temp.ran_as values (current_user);
        return true;
    end;
    $$;
    grant execute on function pg_temp.spring(pg_catalog.text) to public;
"""
TRAP = "create domain pg_temp.{0} as pg_catalog.{0} check (pg_temp.spring(value::pg_catalog.text))"


def test_a_domain_named_as_a_type_does_not_run_with_our_rights(database_url: str) -> None:
    # Each in a session of its own, as functions remember the types of their first call.
    with psycopg.connect(database_url) as session:
        session.execute("select set_config('request.jwt.claims', %s, false)", [OWNER.claims])
        session.execute("set role authenticated")
        session.execute(TRAPS.encode())
        for name in ("text", "uuid", "jsonb", "bool", "int4", "int8", "timestamptz"):
            session.execute(TRAP.format(name).encode())
        session.execute("select 'x'::pg_temp.text")
        assert value(session, "select array_agg(distinct who) from pg_temp.ran_as") == ["authenticated"]
        value(session, START, ANNA, Jsonb({}), Jsonb([IMAGE]))
        assert value(session, "select array_agg(distinct who) from pg_temp.ran_as") == ["authenticated"]


def test_nobody_makes_objects_in_our_schemas(owner: Any) -> None:
    for schema in ("public", "dreamcut_private"):
        for actor in (ANON, OWNER):
            with pytest.raises(errors.InsufficientPrivilege):
                ask(owner, actor, f"create function {schema}.now() returns int language sql as 'select 1'")
            with pytest.raises(errors.InsufficientPrivilege):
                ask(owner, actor, f"create table {schema}.dreamcut_new (id int)")
    ask(owner, OWNER, "create table pg_temp.dreamcut_new (id int)")


# --- Round row-level security
def test_own_views_and_functions_see_no_more(owner: Any) -> None:
    with request_of(owner, OWNER) as session:
        session.execute("create temp view all_queries as select * from public.dreamcut_queries")
        session.execute(
            "create function pg_temp.count_all() returns bigint language sql security definer as "
            f"$$ {COUNT} $$"
        )
        assert value(session, "select count(*) from all_queries") == 1
        assert value(session, "select pg_temp.count_all()") == 1
    assert ask(owner, SERVICE, COUNT) == [(2,)]


def test_a_leaky_function_is_not_shown_hidden_rows(owner: Any) -> None:
    with request_of(owner, OWNER) as session:
        session.execute(
            """
            create temp table leaked (prompt text);
            create function pg_temp.leak(text) returns boolean language plpgsql cost 0.0000001 as $$
            begin
                insert into pg_temp.leaked values ($1);
                return true;
            end;
            $$;
            """
        )
        session.execute("select 1 from public.dreamcut_queries where pg_temp.leak(user_id)")
        assert session.execute("select distinct prompt from pg_temp.leaked").fetchall() == [(ANNA,)]


def test_row_level_security_cannot_be_switched_off(owner: Any) -> None:
    with request_of(owner, OWNER) as session:
        session.execute("set local row_security = off")
        with pytest.raises(errors.InsufficientPrivilege):
            session.execute(COUNT)
    for statement in (
        "alter table public.dreamcut_queries disable row level security",
        'drop policy "Users can view own queries" on public.dreamcut_queries',
        "create policy mine on public.dreamcut_queries for select using (true)",
        "alter function public.dreamcut_health security definer",
        "set local session_replication_role = replica",
    ):
        with pytest.raises(errors.InsufficientPrivilege):
            ask(owner, OWNER, statement)


# --- What a user may send
def test_a_key_of_another_user_leads_to_nothing_of_theirs(owner: Any) -> None:
    statement = "select public.initialize_dreamcut_query(%s, %s, 'mixed', '{}', '[]', 'key')"
    [(bert_again,)] = ask(owner, STRANGER, statement, [BERT, "Make a trailer"])
    assert bert_again == value(owner, "select id from public.dreamcut_queries where user_id = %s", BERT)
    [(carls,)] = ask(
        owner,
        replace(OWNER, claims='{"sub": "00000000-0000-0000-0000-000000000003"}'),
        statement,
        ["00000000-0000-0000-0000-000000000003", "Make a trailer"],
    )
    assert carls not in [row[0] for row in owner.execute("select id from public.dreamcut_queries").fetchall()]


@pytest.mark.parametrize("character", ["a", "é", "界", "🎬", "\x01"])
def test_a_prompt_has_5000_characters_of_any_kind(owner: Any, character: str) -> None:
    statement = "select public.initialize_dreamcut_query(%s, %s, 'video')"
    assert ask(owner, OWNER, statement, [ANNA, character * 5000])
    with pytest.raises(errors.CheckViolation):
        ask(owner, OWNER, statement, [ANNA, character * 5001])


def test_what_a_user_sends_is_bounded(owner: Any) -> None:
    assert start(owner, OWNER, ANNA, options={"note": "x" * 16_000})
    with pytest.raises(errors.InvalidParameterValue, match="16 kB"):
        start(owner, OWNER, ANNA, options={"note": "x" * 16_384})
    with pytest.raises(errors.InvalidParameterValue, match="16 kB"):
        start(owner, OWNER, ANNA, options={"bomb": "x" * 10_000_000})
    assert start(owner, OWNER, ANNA, assets=[IMAGE] * 20)
    with pytest.raises(errors.InvalidParameterValue, match="20 assets"):
        start(owner, OWNER, ANNA, assets=[IMAGE] * 21)
    assert start(owner, OWNER, ANNA, assets=[IMAGE | {"metadata": {"note": "x" * 32_000}}])
    with pytest.raises(errors.InvalidParameterValue, match='"size"'):
        start(owner, OWNER, ANNA, assets=[IMAGE, IMAGE | {"metadata": {"note": "x" * 33_000}}])
    with pytest.raises(errors.InvalidParameterValue, match='"url"'):
        start(owner, OWNER, ANNA, assets=[IMAGE | {"url": "https://cdn.test/" + "x" * 8192}])


@pytest.mark.parametrize("depth", [100, 5000])
def test_deep_json_is_stored_or_refused(owner: Any, depth: int) -> None:
    bomb = '{"a":' * depth + "1" + "}" * depth
    statement = "select public.initialize_dreamcut_query(%s, 'p', 'video', %s::jsonb)"
    if depth * len('{"a": }') < 16_384:
        assert ask(owner, OWNER, statement, [ANNA, bomb])
    else:
        with pytest.raises(errors.InvalidParameterValue):
            ask(owner, OWNER, statement, [ANNA, bomb])


def test_bottomless_json_ends_the_request_and_not_the_server(owner: Any) -> None:
    with pytest.raises(errors.StatementTooComplex):
        ask(
            owner,
            OWNER,
            "select public.initialize_dreamcut_query(%s, 'p', 'video', %s::jsonb)",
            [ANNA, "[" * 1_000_000],
        )
    assert start(owner, OWNER, ANNA)


@pytest.mark.parametrize(
    ("assets", "refusal"),
    [
        ({}, errors.InvalidParameterValue),
        ("x", errors.InvalidParameterValue),
        ([None], errors.InvalidParameterValue),
        ([[]], errors.InvalidParameterValue),
        (["https://cdn.test/a.png"], errors.InvalidParameterValue),
        ([IMAGE | {"type": "IMAGE"}], errors.InvalidParameterValue),
        ([IMAGE | {"file_size_bytes": "many"}], errors.InvalidTextRepresentation),
        ([IMAGE | {"file_size_bytes": -1}], errors.CheckViolation),
        ([IMAGE | {"file_size_bytes": 10**30}], errors.NumericValueOutOfRange),
    ],
)
def test_malformed_assets_are_refused(owner: Any, assets: Any, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        start(owner, OWNER, ANNA, assets=assets)


@pytest.mark.parametrize(
    "field",
    [
        "id",
        "query_id",
        "status",
        "progress",
        "analysis",
        "worker_id",
        "revision",
        "attempts",
        "cost_estimate",
        "quality_score",
        "position",
    ],
)
def test_an_asset_brings_no_state_with_it(owner: Any, field: str) -> None:
    forged = {
        "id": str(uuid4()),
        "query_id": str(uuid4()),
        "status": "completed",
        "progress": 100,
        "analysis": {"forged": 1},
        "worker_id": "me",
        "revision": 9,
        "attempts": 9,
        "cost_estimate": 9,
        "quality_score": 1,
        "position": 9,
    }
    with request_of(owner, OWNER) as session:
        query_id = value(session, START, ANNA, Jsonb({}), Jsonb([IMAGE | {field: forged[field]}]))
        stored = value(
            session, "select to_jsonb(a) from public.dreamcut_assets a where query_id = %s", query_id
        )
    assert stored[field] != forged[field]
