"""Everybody against everything: what the mission allows works, all else is refused with 42501.

The tables, columns and functions are read from the catalog: a new one without a line here fails. Nothing is
changed, as each request is undone; so one database serves the module.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from actors import ACTORS, ANNA, ANON, BERT, OWNER, SERVICE, STRANGER, Actor, ask
from psycopg import errors
from psycopg.types.json import Jsonb
from queries import Started, report, start_query, value

EVERYBODY, USERS, NOBODY = frozenset(ACTORS), frozenset({OWNER, STRANGER, SERVICE}), frozenset[Actor]()
LARGE = {"series": list(range(30_000))}  # 178 kB of JSON: more than a row keeps


@dataclass(frozen=True)
class Scene:
    """Anna's query with all that can hang on one, Bert's beside it, and one without assets of each."""

    owner: psycopg.Connection[Any]
    annas: Started
    annas_ready: Started
    lease_token: int

    def fill(self, statement: str) -> str:
        """Put the ids of Anna's query into a statement."""
        return statement.format(
            anna=ANNA,
            query=self.annas.id,
            ready=self.annas_ready.id,
            asset=self.annas.assets[0],
            token=self.lease_token,
        )


@pytest.fixture(scope="module")
def scene(
    module_database: Callable[..., str], pg_templates: Callable[[str], str], grant_profile: str
) -> Iterator[Scene]:
    with psycopg.connect(module_database(template=pg_templates(grant_profile)), autocommit=True) as owner:
        annas = start_query(owner, user_id=ANNA, assets=2)
        berts = start_query(owner, user_id=BERT, assets=2)
        annas_ready = start_query(owner, user_id=ANNA, assets=0)
        start_query(owner, user_id=BERT, assets=0)
        for query in (annas, berts):
            report(owner, query.assets[0], "analyzing", 10, analysis=LARGE)
        token = value(owner, "select token from public.claim_dreamcut_query('w', 600, %s)", annas.id)
        yield Scene(owner=owner, annas=annas, annas_ready=annas_ready, lease_token=token)


# --- Tables: who may select at all, and how many rows each then sees.
READERS = {
    "dreamcut_queries": EVERYBODY,
    "dreamcut_assets": EVERYBODY,
    "dreamcut_messages": EVERYBODY,
    "dreamcut_documents": USERS,
    "dreamcut_leases": frozenset({SERVICE}),
}
INSERTS = {
    "dreamcut_queries": "(user_id, user_prompt, intent) values ('{anna}', 'forged', 'video')",
    "dreamcut_assets": "(query_id, url, filename, type) values ('{query}', 'x', 'x', 'image')",
    "dreamcut_messages": "(query_id, type, content) values ('{query}', 'final', 'forged')",
    "dreamcut_documents": "(query_id, document) values ('{query}', '{{}}')",
    "dreamcut_leases": "(id, query_id, asset_id) select id, query_id, id from public.dreamcut_assets limit 0",
}


def test_every_table_has_a_line(scene: Scene) -> None:
    tables = scene.owner.execute(
        """
        select relname from pg_class
         where relnamespace in ('public'::regnamespace, 'dreamcut_private'::regnamespace)
           and relkind not in ('i', 'S', 't', 'c')
        """
    ).fetchall()
    assert {name for (name,) in tables} == set(READERS) == set(INSERTS)


@pytest.mark.parametrize("actor", ACTORS, ids=str)
@pytest.mark.parametrize("table", READERS)
def test_select(scene: Scene, table: str, actor: Actor) -> None:
    statement = f"select * from public.{table}"
    all_rows = len(ask(scene.owner, SERVICE, statement))
    assert all_rows > 0
    if actor not in READERS[table]:
        with pytest.raises(errors.InsufficientPrivilege):
            ask(scene.owner, actor, statement)
        return
    seen = len(ask(scene.owner, actor, statement))
    # Anna and Bert have the same, and both together have it all.
    assert seen == {ANON: 0, OWNER: all_rows / 2, STRANGER: all_rows / 2, SERVICE: all_rows}[actor]


@pytest.mark.parametrize("table", [table for table, readers in READERS.items() if OWNER in readers])
def test_a_stranger_sees_nothing_of_a_query_by_its_id(scene: Scene, table: str) -> None:
    key = "id" if table == "dreamcut_queries" else "query_id"
    statement = f"select * from public.{table} where {key} = %s"
    assert ask(scene.owner, OWNER, statement, [scene.annas.id])
    assert ask(scene.owner, STRANGER, statement, [scene.annas.id]) == []


@pytest.mark.parametrize("actor", ACTORS, ids=str)
@pytest.mark.parametrize("verb", ["insert", "update", "delete", "truncate", "merge"])
@pytest.mark.parametrize("table", READERS)
def test_write(scene: Scene, table: str, verb: str, actor: Actor) -> None:
    statement = {
        "insert": f"insert into public.{table} {INSERTS[table]}",
        "update": f"update public.{table} set id = id",
        "delete": f"delete from public.{table}",
        "truncate": f"truncate public.{table} cascade",
        "merge": f"merge into public.{table} t using public.{table} s on t.id = s.id"
        " when matched then delete",
    }[verb]
    if actor is SERVICE:
        ask(scene.owner, actor, scene.fill(statement))
        return
    with pytest.raises(errors.InsufficientPrivilege):
        ask(scene.owner, actor, scene.fill(statement))


def test_not_even_one_column_can_be_written(scene: Scene) -> None:
    columns = scene.owner.execute(
        """
        select c.relname, a.attname
          from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace
           and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        """
    ).fetchall()
    forgeable = {
        "status",
        "payload",
        "cost_estimate",
        "revision",
        "worker_id",
        "attempts",
        "user_id",
        "token",
    }
    assert forgeable <= {column for _, column in columns}
    for table, column in columns:
        statement = f"update public.{table} set {column} = {column}"
        ask(scene.owner, SERVICE, statement)
        for actor in (ANON, OWNER, STRANGER):
            with pytest.raises(errors.InsufficientPrivilege):
                ask(scene.owner, actor, statement)


def test_privileges_are_these_and_no_others(scene: Scene) -> None:
    rights = scene.owner.execute(
        """
        select r.role, c.relname, array_agg(t.privilege::text order by t.privilege)
          from unnest(array['anon', 'authenticated', 'service_role', 'public']) r(role),
               unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                   t(privilege),
               pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
           and has_table_privilege(r.role, c.oid, t.privilege)
         group by r.role, c.relname
        """
    ).fetchall()
    everything = ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"]
    expected = {("service_role", table): everything for table in READERS}
    for role, actor in (("anon", ANON), ("authenticated", OWNER)):
        expected |= {(role, table): ["SELECT"] for table, readers in READERS.items() if actor in readers}
    assert {(role, table): privileges for role, table, privileges in rights} == expected
    sequences = scene.owner.execute(
        """
        select r.role, c.relname
          from unnest(array['anon', 'authenticated', 'service_role']) r(role), pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind = 'S'
           and has_sequence_privilege(r.role, c.oid, 'usage, select, update')
        """
    ).fetchall()
    assert sequences == [("service_role", "dreamcut_lease_tokens")]


# --- Functions: a call that works for those who may, by name.
@dataclass(frozen=True)
class Call:
    """How to call a function, and who may."""

    statement: str
    allowed: frozenset[Actor] = frozenset({SERVICE})


IS_TRIGGER = Call("select {schema}.{name}()", NOBODY)
FUNCTIONS = {
    "public.initialize_dreamcut_query": Call(
        "select public.initialize_dreamcut_query('{anna}', 'A trailer', 'video')", frozenset({OWNER, SERVICE})
    ),
    "dreamcut_private.initialize_query": Call(
        "select dreamcut_private.initialize_query('{anna}', 'A trailer', 'video', '{{}}', '[]', null)",
        frozenset({OWNER, SERVICE}),
    ),
    "public.dreamcut_brief": Call("select public.dreamcut_brief('{query}')", USERS),
    "public.dreamcut_analysis": Call("select public.dreamcut_analysis('{asset}')", USERS),
    "public.add_dreamcut_message": Call("select public.add_dreamcut_message('{query}', 'status', 'x')"),
    "public.advance_dreamcut_asset": Call(
        "select public.advance_dreamcut_asset('{asset}', 100, 'completed')"
    ),
    "public.update_asset_progress": Call("select public.update_asset_progress('{asset}', 100, 'completed')"),
    "public.advance_dreamcut_query": Call("select public.advance_dreamcut_query('{query}', 'analyzing', 60)"),
    "public.finish_dreamcut_query": Call("select public.finish_dreamcut_query('{ready}', '{{}}')"),
    "public.complete_dreamcut_query": Call("select public.complete_dreamcut_query('{ready}', '{{}}')"),
    "public.fail_dreamcut_query": Call("select public.fail_dreamcut_query('{query}', 'why')"),
    "public.take_dreamcut_lease": Call("select public.take_dreamcut_lease(false, null, 'w', 30)"),
    "public.claim_dreamcut_query": Call("select public.claim_dreamcut_query('w')"),
    "public.claim_dreamcut_asset": Call("select public.claim_dreamcut_asset('w')"),
    "public.renew_dreamcut_lease": Call("select public.renew_dreamcut_lease({token})"),
    "public.release_dreamcut_lease": Call("select public.release_dreamcut_lease({token})"),
    "public.release_dreamcut_worker": Call("select public.release_dreamcut_worker('w')"),
    "public.check_dreamcut_lease": Call("select public.check_dreamcut_lease({token}, '{query}', null)"),
    "public.keep_dreamcut_document": Call("select public.keep_dreamcut_document('{query}', null, '{{}}')"),
    "public.dreamcut_row_document": Call("select public.dreamcut_row_document('{{}}')"),
    "public.dreamcut_outline": Call("select public.dreamcut_outline('{{}}', 5, '')"),
    "public.dreamcut_document_bytes": Call("select public.dreamcut_document_bytes()"),
    "public.dreamcut_step": Call("select public.dreamcut_step('done')"),
    "public.dreamcut_health": Call("select public.dreamcut_health()"),
    "public.dreamcut_schema_version": Call("select public.dreamcut_schema_version()"),
    "public.import_legacy_dreamcut_briefs": Call("select public.import_legacy_dreamcut_briefs()"),
    "public.import_legacy_dreamcut_brief": Call(
        "select public.import_legacy_dreamcut_brief("
        "jsonb_build_object('id', gen_random_uuid(), 'status', 'done', 'title', 'A film'), 'nobody', null)"
    ),
    "public.dreamcut_legacy_assets": Call("select public.dreamcut_legacy_assets('{{}}')"),
    "public.dreamcut_legacy_text": Call("select public.dreamcut_legacy_text('{{}}', 'query')"),
    "public.keep_dreamcut_query_state": IS_TRIGGER,
    "public.keep_dreamcut_asset_state": IS_TRIGGER,
    "public.keep_dreamcut_row_small": IS_TRIGGER,
    "public.place_dreamcut_asset": IS_TRIGGER,
    "public.number_dreamcut_message": IS_TRIGGER,
    "public.check_query_completion": IS_TRIGGER,
    "public.notify_dreamcut_change": IS_TRIGGER,
    "public.count_dreamcut_revision": IS_TRIGGER,
    "public.offer_dreamcut_work": IS_TRIGGER,
    "public.update_updated_at_column": IS_TRIGGER,
}


def test_every_function_has_a_line(scene: Scene) -> None:
    functions = scene.owner.execute(
        """
        select pronamespace::regnamespace || '.' || proname, prorettype = 'trigger'::regtype
          from pg_proc
         where pronamespace in ('public'::regnamespace, 'dreamcut_private'::regnamespace)
        """
    ).fetchall()
    assert len(functions) == len(dict(functions))  # no two of one name: a call by name would have a choice
    assert dict(functions) == {name: call is IS_TRIGGER for name, call in FUNCTIONS.items()}


@pytest.mark.parametrize("actor", ACTORS, ids=str)
@pytest.mark.parametrize("name", [name for name, call in FUNCTIONS.items() if call is not IS_TRIGGER])
def test_call(scene: Scene, name: str, actor: Actor) -> None:
    call = FUNCTIONS[name]
    if actor in call.allowed:
        ask(scene.owner, actor, scene.fill(call.statement))
        return
    with pytest.raises(errors.InsufficientPrivilege):
        ask(scene.owner, actor, scene.fill(call.statement))


@pytest.mark.parametrize("actor", ACTORS, ids=str)
@pytest.mark.parametrize("name", [name for name, call in FUNCTIONS.items() if call is IS_TRIGGER])
def test_a_trigger_function_cannot_be_called(scene: Scene, name: str, actor: Actor) -> None:
    # The one that other tables share may be executable, as these may need; Postgres refuses the call itself.
    refusals: tuple[type[Exception], ...] = (errors.InsufficientPrivilege,)
    if actor is SERVICE or name == "public.update_updated_at_column":
        refusals += (errors.FeatureNotSupported,)
    with pytest.raises(refusals):
        ask(scene.owner, actor, f"select {name}()")


def test_a_whole_document_is_read_by_its_owner_only(scene: Scene) -> None:
    statement = "select public.dreamcut_analysis(%s)"
    asset = [scene.annas.assets[0]]
    assert ask(scene.owner, OWNER, statement, asset) == [(LARGE,)]
    assert ask(scene.owner, SERVICE, statement, asset) == [(LARGE,)]
    assert ask(scene.owner, STRANGER, statement, asset) == [(None,)]


def test_a_query_is_started_for_oneself_only(scene: Scene) -> None:
    statement = "select public.initialize_dreamcut_query(%s, 'A trailer', 'video', '{}', %s)"
    assets = Jsonb([{"url": "https://cdn.test/a.png", "type": "image"}])
    assert ask(scene.owner, OWNER, statement, [ANNA, assets])
    assert ask(scene.owner, STRANGER, statement, [BERT, assets])
    assert ask(scene.owner, SERVICE, statement, [ANNA, assets])
    for actor, user in ((STRANGER, ANNA), (OWNER, BERT), (OWNER, ""), (OWNER, None), (ANON, ANNA)):
        with pytest.raises(errors.InsufficientPrivilege):
            ask(scene.owner, actor, statement, [user, assets])
