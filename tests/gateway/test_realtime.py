"""The websocket, message by message, in both protocols."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from realtime_socket import RealtimeSocket
from supabase_project import SupabaseProject
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dreamcut.store.embedded import EmbeddedPostgres
from dreamcut.store.migrations import ensure_schema

Open = Callable[..., RealtimeSocket]

A, B = (str(uuid4()) for _ in range(2))
QUERIES = {"event": "*", "schema": "public", "table": "dreamcut_queries"}


@pytest.fixture
def owner(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session of the tables' owner, each statement its own transaction."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def socket(supabase_project: SupabaseProject) -> Iterator[Open]:
    """Open websockets that are closed with the test."""
    with ExitStack() as opened:

        def connect(*, key: str | None = None, version: str = "2.0.0") -> RealtimeSocket:
            keys = supabase_project.keys
            return opened.enter_context(
                RealtimeSocket(supabase_project.url, key or keys.anon, version=version)
            )

        yield connect


@pytest.fixture
def token_of(supabase_project: SupabaseProject) -> Callable[..., str]:
    """Sign a user's token."""

    def sign(user: str, *, seconds: float = 3600) -> str:
        return supabase_project.keys.token(role="authenticated", user_id=user, seconds=seconds)

    return sign


def new_query(owner: psycopg.Connection[Any], user: str = A, prompt: str = "a prompt") -> str:
    row = owner.execute(
        "insert into dreamcut_queries (user_id, user_prompt, intent)"
        " values (%s, %s, 'image') returning id::text",
        [user, prompt],
    ).fetchone()
    assert row is not None
    return str(row[0])


def row_as_json(owner: psycopg.Connection[Any], table: str, id: Any) -> Any:
    row = owner.execute(f"select to_jsonb(whole) from {table} whole where whole.id = %s", [id]).fetchone()
    assert row is not None
    return row[0]


def publish(owner: psycopg.Connection[Any], columns: str, *, grant: str = "select on things") -> None:
    """Make a published table `things` that every signed-in user sees whole."""
    owner.execute(
        f"create table things ({columns}); alter table things enable row level security;"
        "create policy all_see on things for select to authenticated using (true);"
        f"grant {grant} to authenticated; alter publication supabase_realtime add table things"
    )


THINGS = {"event": "*", "schema": "public", "table": "things"}


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_a_channel_is_joined_then_listens_then_tells(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str], version: str
) -> None:
    client = socket(version=version)
    id = str(uuid4())
    bindings = [QUERIES, {**QUERIES, "event": "INSERT", "filter": f"id=eq.{id}"}]
    ref = client.send(
        "realtime:dreamcut_queries:1",
        "phx_join",
        {
            "config": {
                "broadcast": {"ack": False, "self": False},
                "presence": {"key": "", "enabled": False},
                "private": False,
                "postgres_changes": bindings,
            },
            "access_token": token_of(A),
        },
    )
    reply = client.expect("phx_reply")
    assert (reply["ref"], reply["topic"]) == (ref, "realtime:dreamcut_queries:1")
    told = reply["payload"]["response"]["postgres_changes"]
    ids = [binding.pop("id") for binding in told]
    assert (told, reply["payload"]["status"]) == (bindings, "ok")
    assert len(set(ids)) == 2
    assert all(isinstance(id, int) and id > 0 for id in ids)

    system = client.expect("system")
    assert system["ref"] is None
    assert system["payload"] == {
        "channel": "dreamcut_queries:1",
        "extension": "postgres_changes",
        "message": "Subscribed to PostgreSQL",
        "status": "ok",
    }

    owner.execute(
        "insert into dreamcut_queries (id, user_id, user_prompt, intent) values (%s, %s, E'\"ä\\n', 'image')",
        [id, A],
    )
    event = client.expect("postgres_changes")
    assert (event["ref"], event["topic"]) == (None, "realtime:dreamcut_queries:1")
    assert sorted(event["payload"].pop("ids")) == sorted(ids)
    data = event["payload"]["data"]
    at = datetime.fromisoformat(data.pop("commit_timestamp"))
    columns = data.pop("columns")
    assert data == {
        "schema": "public",
        "table": "dreamcut_queries",
        "type": "INSERT",
        "errors": None,
        "record": row_as_json(owner, "dreamcut_queries", id),
    }
    assert abs(at.timestamp() - datetime.fromisoformat(data["record"]["created_at"]).timestamp()) < 5
    assert {"name": "models_used", "type": "_text"} in columns

    owner.execute("update dreamcut_queries set user_prompt = 'b' where id = %s", [id])
    data = client.change()
    assert data["type"] == "UPDATE"
    assert data["record"] == row_as_json(owner, "dreamcut_queries", id)
    assert data["old_record"] == {"id": id}

    owner.execute("delete from dreamcut_queries where id = %s", [id])
    data = client.change()
    assert (data["type"], data["old_record"], "record" in data) == ("DELETE", {"id": id}, False)


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_heartbeat_leave_and_what_is_unknown(socket: Open, version: str) -> None:
    client = socket(version=version)
    assert client.send("phoenix", "heartbeat") == client.expect("phx_reply")["ref"]
    client.join("room")
    for event in ("broadcast", "presence", "whatever"):
        client.send("realtime:room", event, {"type": event})
        payload = client.expect("phx_reply")["payload"]
        assert (payload["status"], event in payload["response"]["reason"]) == ("error", True)
    client.send("realtime:room", "phx_leave")
    assert client.expect("phx_reply")["payload"] == {"status": "ok", "response": {}}
    assert client.expect("phx_close")["topic"] == "realtime:room"
    client.send("realtime:room", "access_token", {"access_token": "x"})
    assert client.expect("phx_reply")["payload"]["response"] == {"reason": "unmatched topic"}


@pytest.mark.parametrize(
    ("topic", "config", "reason"),
    [
        ("room", {}, "unmatched topic"),
        ("realtime:", {}, "topic name"),
        ("realtime:room", {"private": True}, "private"),
        ("realtime:room", {"presence": {"key": "", "enabled": True}}, "presence"),
        ("realtime:room", {"broadcast": {"replay": {"since": 1}}}, "broadcast"),
        ("realtime:room", {"postgres_changes": {}}, "postgres_changes"),
        ("realtime:room", {"other": 1}, "other"),
    ],
)
def test_a_join_that_asks_for_the_unknown_is_refused(
    socket: Open, topic: str, config: dict[str, Any], reason: str
) -> None:
    client = socket()
    client.send(topic, "phx_join", {"config": config})
    payload = client.expect("phx_reply")["payload"]
    assert payload["status"] == "error"
    assert reason in payload["response"]["reason"]


@pytest.mark.parametrize(
    ("binding", "reason"),
    [
        ({**QUERIES, "select": ["id"]}, "select"),
        ({**QUERIES, "event": "TRUNCATE"}, "TRUNCATE"),
        ({**QUERIES, "filter": "id=like.a%"}, "filter"),
        ({**QUERIES, "filter": "id=not.eq.a"}, "filter"),
        ({**QUERIES, "filter": "id"}, "filter"),
        ({**QUERIES, "filter": "stage=eq.init,status=eq.failed"}, "one filter"),
        ({**QUERIES, "filter": "stage=in.init"}, "parentheses"),
        ({**QUERIES, "filter": "nowhere=eq.1"}, "invalid column for filter nowhere"),
        ({**QUERIES, "filter": "progress=eq.much"}, "invalid input syntax for type integer"),
        ({**QUERIES, "filter": f"progress=in.({','.join(map(str, range(101)))})"}, "Maximum 100"),
        ({"event": "*", "schema": "public", "filter": "id=eq.1"}, "No subscription params"),
        ({"event": "*"}, "No subscription params"),
        ({**QUERIES, "table": "nowhere"}, "Please check Realtime is enabled"),
    ],
)
def test_a_binding_that_cannot_be_listened_to_is_named_by_the_system(
    socket: Open, binding: dict[str, Any], reason: str
) -> None:
    client = socket()
    client.join("room", binding)
    payload = client.expect("system")["payload"]
    assert (payload["status"], payload["extension"]) == ("error", "postgres_changes")
    assert reason in payload["message"]
    client.listen("other", QUERIES)


def test_no_frame_closes_the_socket(socket: Open) -> None:
    for frame in ("[]", "{}", "nonsense", b"\3\0", '[null,"1","phoenix","heartbeat",[]]'):
        client = socket()
        client.send_raw(frame)
        with pytest.raises(ConnectionClosed):
            client.receive()


def test_the_door_refuses_keys_and_versions(socket: Open) -> None:
    for arguments, status in (
        ({"key": "nonsense"}, 401),
        ({"version": "3.0.0"}, 403),
    ):
        with pytest.raises(InvalidStatus) as refused:
            socket(**arguments)
        assert refused.value.response.status_code == status


def test_rows_are_told_to_whom_they_belong(
    socket: Open,
    owner: psycopg.Connection[Any],
    token_of: Callable[..., str],
    supabase_project: SupabaseProject,
) -> None:
    first, second, worker, nobody = socket(), socket(), socket(), socket()
    first.listen("q", QUERIES, token=token_of(A))
    second.listen("q", QUERIES, token=token_of(B))
    worker.listen("q", QUERIES, token=supabase_project.keys.service_role)
    nobody.listen("q", QUERIES)
    of_a, of_b = new_query(owner, A), new_query(owner, B)
    assert first.change()["record"]["id"] == of_a
    assert second.change()["record"]["id"] == of_b  # and nothing before it
    assert [worker.change()["record"]["id"] for _ in range(2)] == [of_a, of_b]
    owner.execute("delete from dreamcut_queries where id = %s", [of_a])
    for client in (first, second, worker, nobody):  # the log has no rights for what is gone
        assert client.change()["old_record"] == {"id": of_a}


def test_a_row_that_is_gone_is_not_told(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    client = socket()
    client.listen("q", {**QUERIES, "event": "INSERT"}, token=token_of(A))
    with owner.transaction():
        gone = new_query(owner)
        owner.execute("delete from dreamcut_queries where id = %s", [gone])
    stays = new_query(owner)
    assert client.change()["record"]["id"] == stays


def test_filters_choose_rows(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id integer primary key, size numeric, name text")
    filters = {
        "size=eq.2.0": {2},
        "size=neq.2": {1, 3},
        "size=lt.2": {1},
        "size=lte.2": {1, 2},
        "size=gt.2": {3},
        "size=gte.2": {2, 3},
        "name=in.(a,c)": {1, 3},
        'name=in.("a","b")': {1, 2},
        "id=eq.3": {3},
    }
    client = socket()
    bindings = [{**THINGS, "filter": text} for text in filters]
    ids = client.listen("t", THINGS, *bindings, token=token_of(A))
    owner.execute("insert into things values (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, null, null)")
    whole, *rest = ids
    for row in (1, 2, 3, 4):
        payload = client.expect("postgres_changes")["payload"]
        passed = {id for id, rows in zip(rest, filters.values(), strict=True) if row in rows}
        assert (payload["data"]["record"]["id"], set(payload["ids"])) == (row, {whole} | passed)
    # Of a deleted row only the key is known: other filters let nothing through.
    owner.execute("delete from things where id in (3, 4)")
    assert set(client.expect("postgres_changes")["payload"]["ids"]) == {whole, rest[-1]}
    assert set(client.expect("postgres_changes")["payload"]["ids"]) == {whole}


def test_values_are_typed_as_the_database_types_them(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    owner.execute("create type mood as enum ('fine'); create domain small as integer check (value < 10)")
    publish(
        owner,
        "id uuid primary key, i2 smallint, i4 integer, i8 bigint, n numeric, n2 numeric(10, 4), f4 real,"
        " f8 double precision, b boolean, t text, v varchar(9), c char(4), j json, jb jsonb, ts timestamp,"
        " tz timestamptz, d date, ti time, tt timetz, iv interval, ta text[], na numeric[], ua uuid[],"
        " ja jsonb[], tza timestamptz[], m mood, ma mood[], s small, r int4range, nul text",
    )
    client = socket()
    client.listen("t", THINGS, token=token_of(A))
    first, second = uuid4(), uuid4()
    owner.execute("set timezone = 'Asia/Kolkata'")
    owner.execute(
        "insert into things values"
        " (%s, -1, 2, 9007199254740993, 1.50, 0.2, 1e-20, 'NaN', true, E'a\"\\\\\\n\\u2028\\u00e4', 'v', 'c',"
        """ '{"a": [1]}', '{"a": {"b": [1.50, null]}}', '2026-01-02 03:04:05.1',"""
        " '2026-01-02 03:04:05.123456+02',"
        " '2026-01-02', '03:04', '03:04+02', '1 day 02:00',"
        """ array['a,"b', null, '', '{}'], '{{1.0,2},{3,NaN}}', array[%s::uuid], array['{"a": 1}'::jsonb],"""
        " array['2026-01-02 03:04+00'::timestamptz], 'fine', '{fine,fine}', 7, '[1,5)', null),"
        " (%s, 0, 0, 0, 'Infinity', 0, '-Infinity', 1e20, false, '', '', '', '1', '\"x\"', 'infinity',"
        " 'infinity', '-infinity', '00:00', '00:00-01', '0', '{}', '{}', '{}', '{}', '{}', 'fine', '{}', 0,"
        " 'empty', null)",
        [first, first, second],
    )
    owner.execute("set timezone = 'UTC'")  # as the hosted server has it
    for id in (first, second):
        assert client.change()["record"] == row_as_json(owner, "things", id)


def test_an_unchanged_big_value_is_absent(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id integer primary key, progress integer, big text")
    owner.execute("alter table things alter big set storage external")
    client = socket()
    client.listen("t", THINGS, token=token_of(A))
    big = "x" * 10_000
    owner.execute("insert into things values (1, 0, %s)", [big])
    assert client.change()["record"] == {"id": 1, "progress": 0, "big": big}
    owner.execute("update things set progress = 1")
    assert client.change()["record"] == {"id": 1, "progress": 1}
    owner.execute("alter table things replica identity full")
    owner.execute("update things set progress = 2")
    data = client.change()
    assert data["record"] == {"id": 1, "progress": 2, "big": big}
    assert data["old_record"] == {"id": 1, "progress": 1, "big": big}
    owner.execute("delete from things")
    assert client.change()["old_record"] == {"id": 1}  # nobody's rights can be checked for what is gone
    owner.execute("alter table things disable row level security")
    owner.execute("insert into things values (2, 0, 'b')")
    assert client.change()["type"] == "INSERT"
    owner.execute("delete from things")
    assert client.change()["old_record"] == {"id": 2, "progress": 0, "big": "b"}


def test_a_record_that_is_too_large_loses_its_long_values(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id uuid primary key, short text, longer text, nothing text, big text")
    client = socket()
    client.listen("t", THINGS, token=token_of(A))
    id = uuid4()
    # With its quotes a text of 62 is as long as may be.
    owner.execute(
        "insert into things values (%s, %s, %s, null, %s)", [id, "s" * 62, "l" * 63, "b" * 1024 * 1024]
    )
    data = client.change()
    assert data["errors"] == ["Error 413: Payload Too Large"]
    assert data["record"] == {"id": str(id), "short": "s" * 62}
    owner.execute("update things set big = %s", ["b" * 1000 * 1000])
    data = client.change()
    assert (data["errors"], len(data["record"])) == (None, 5)


def test_a_role_gets_what_it_may_select(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id integer primary key, name text, secret text", grant="select (id, name) on things")
    client = socket()
    client.listen("t", THINGS, token=token_of(A))
    owner.execute("insert into things values (1, 'a', 'hidden')")
    data = client.change()
    assert data["record"] == {"id": 1, "name": "a"}
    assert data["columns"] == [{"name": "id", "type": "int4"}, {"name": "name", "type": "text"}]
    owner.execute("revoke select (id) on things from authenticated")
    owner.execute("update things set name = 'b'")
    data = client.change()
    assert data["errors"] == ["Error 401: Unauthorized"]
    assert (data["record"], data["columns"], data["commit_timestamp"]) == ({}, [], None)


def test_a_table_without_key_tells_an_error(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "name text")
    client = socket()
    client.listen("t", THINGS, token=token_of(A))
    owner.execute("insert into things values ('a')")
    assert client.change()["errors"] == ["Error 400: Bad Request, no primary key"]


def test_a_table_that_leaves_the_publication_is_silent(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id integer primary key")
    client = socket()
    client.listen("t", {"event": "*", "schema": "public"}, token=token_of(A))
    owner.execute("insert into things values (1)")
    assert client.change()["record"] == {"id": 1}
    owner.execute("alter publication supabase_realtime drop table things")
    owner.execute("insert into things values (2)")
    id = new_query(owner)
    assert client.change()["record"]["id"] == id
    owner.execute("alter publication supabase_realtime add table things")
    owner.execute("insert into things values (3)")
    assert client.change()["record"] == {"id": 3}


def test_what_was_committed_before_is_not_told(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str], database_url: str
) -> None:
    first, later = socket(), socket()
    first.listen("q", QUERIES, token=token_of(A))
    with psycopg.connect(database_url) as open_one:
        spans = new_query(open_one)  # begun before the join, committed after it
        old = new_query(owner)
        later.listen("q", QUERIES, token=token_of(A))
    new = new_query(owner)
    assert [first.change()["record"]["id"] for _ in range(3)] == [old, spans, new]
    assert [later.change()["record"]["id"] for _ in range(2)] == [spans, new]


def test_what_waits_to_be_told_is_not_told_to_those_who_join_meanwhile(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id integer primary key")
    owner.execute(
        "create policy slowly on things for select to anon using (pg_sleep(0.5) is not null);"
        "grant select on things to anon"
    )
    slow, later = socket(), socket()
    slow.listen("t", THINGS)
    owner.execute("insert into things values (1)")
    owner.execute("insert into things values (2)")
    later.listen("t", THINGS, token=token_of(A))  # the first holds up the second, and this
    owner.execute("insert into things values (3)")
    assert later.change()["record"] == {"id": 3}
    assert [slow.change()["record"]["id"] for _ in range(3)] == [1, 2, 3]


def test_another_token_brings_other_rights(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    client = socket()
    client.listen("q", QUERIES, token=token_of(A))
    new_query(owner, B)
    of_a = new_query(owner, A)
    assert client.change()["record"]["id"] == of_a
    client.send("realtime:q", "access_token", {"access_token": token_of(B)})
    assert client.expect("system")["payload"]["message"] == "Subscribed to PostgreSQL"
    new_query(owner, A)
    of_b = new_query(owner, B)
    assert client.change()["record"]["id"] == of_b


def test_a_bad_token_ends_the_channel(socket: Open, token_of: Callable[..., str]) -> None:
    client = socket()
    for bad, reason in (
        ("nonsense", "JWT"),
        (token_of(A, seconds=-10), "Token has expired"),
    ):
        client.send("realtime:q", "phx_join", {"config": {}, "access_token": bad})
        payload = client.expect("phx_reply")["payload"]
        assert (payload["status"], reason in payload["response"]["reason"]) == ("error", True)
        client.join("q", token=token_of(A))
        client.send("realtime:q", "access_token", {"access_token": bad})
        payload = client.expect("system")["payload"]
        assert (payload["status"], payload["extension"]) == ("error", "system")
        assert reason in payload["message"]
        client.expect("phx_close")


def test_a_token_that_expires_ends_the_channel(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    ends, stays = socket(), socket()
    stays.listen("q", QUERIES, token=token_of(A))
    ends.listen("q", QUERIES, token=token_of(A, seconds=2))
    assert ends.expect("system")["payload"]["message"].startswith("Token has expired")
    assert ends.expect("phx_close")["topic"] == "realtime:q"
    id = new_query(owner)
    assert stays.change()["record"]["id"] == id
    ends.listen("q", QUERIES, token=token_of(A))  # and nothing of what was committed without it
    id = new_query(owner)
    assert ends.change()["record"]["id"] == id


def test_joining_again_replaces_the_channel(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    client = socket()
    first = client.send("realtime:q", "phx_join", {"config": {"postgres_changes": [QUERIES]}})
    assert client.expect("phx_reply")["ref"] == first
    client.expect("system")
    payload = {"config": {"postgres_changes": [QUERIES]}, "access_token": token_of(A)}
    second = client.send("realtime:q", "phx_join", payload)
    assert client.expect("phx_reply")["ref"] == second
    assert client.expect("phx_close")["ref"] == first
    assert client.expect("system")["join_ref"] == second
    client.send("realtime:q", "phx_leave", join_ref=first)  # of the former channel: it crossed the close
    id = new_query(owner)
    assert client.change()["record"]["id"] == id


def slots(owner: psycopg.Connection[Any]) -> int:
    row = owner.execute(
        "select count(*) from pg_replication_slots where database = current_database()"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_the_slot_is_there_for_listeners_only(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    first, second = socket(), socket()
    first.join("nothing")
    assert slots(owner) == 0
    first.listen("q", QUERIES)
    second.listen("q", QUERIES)
    assert slots(owner) == 1
    for client, left in ((first, 1), (second, 0)):
        client.send("realtime:q", "phx_leave")
        client.expect("phx_reply")
        client.expect("phx_close")
        assert slots(owner) == left
    first.listen("q", QUERIES, token=token_of(A))
    id = new_query(owner)
    assert first.change()["record"]["id"] == id


def test_a_client_that_comes_and_goes_leaves_no_slot(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    client = socket()
    for _ in range(10):
        client.send("realtime:q", "phx_join", {"config": {"postgres_changes": [QUERIES]}})
        client.send("realtime:q", "phx_leave")
    closed = 0
    while closed < 10:
        closed += client.receive()["event"] == "phx_close"
    assert slots(owner) == 0
    client.listen("q", QUERIES, token=token_of(A))
    id = new_query(owner)
    assert client.change()["record"]["id"] == id


def test_joined_is_not_listening(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str], database_url: str
) -> None:
    client = socket()
    with psycopg.connect(database_url) as other:
        held = new_query(other)  # a slot waits for the transactions that are open when it is made
        client.join("q", QUERIES, token=token_of(A))
        client.send("phoenix", "heartbeat")
        client.expect("phx_reply")  # and no `system` yet
        early = new_query(owner)
        client.send("realtime:q", "phx_leave")
        client.expect("phx_reply")
        client.expect("phx_close")
        assert slots(owner) == 0  # though the transaction is open still
        client.join("q", QUERIES, token=token_of(A))
        client.send("phoenix", "heartbeat")
        client.expect("phx_reply")
    client.expect("system")
    late = new_query(owner)
    assert client.change()["record"]["id"] == late
    assert len({held, early, late}) == 3


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_no_slot_outlives_the_gateway(
    socket: Open, owner: psycopg.Connection[Any], supabase_project: SupabaseProject, end: str
) -> None:
    client = socket()
    client.listen("q", QUERIES)
    assert slots(owner) == 1
    getattr(supabase_project, end)()
    # A killed process's session ends by itself, a moment later.
    owner.execute(
        "select pg_terminate_backend(active_pid, 10000) from pg_replication_slots"
        " where database = current_database()"
    )
    assert slots(owner) == 0


def test_channels_outlive_a_restart_of_the_database(
    pg_home: Path, new_supabase_project: Callable[[str], SupabaseProject], token_of: Callable[..., str]
) -> None:
    server = EmbeddedPostgres(pg_home)
    database_url = server.start()
    ensure_schema(database_url)
    project = new_supabase_project(database_url)
    with RealtimeSocket(project.url, project.keys.anon) as client:
        client.listen("q", QUERIES, token=token_of(A))
        server.stop()
        client.send("phoenix", "heartbeat")
        client.expect("phx_reply")
        server.start()
        assert client.expect("system")["payload"]["message"] == "Subscribed to PostgreSQL"
        with psycopg.connect(database_url, autocommit=True) as owner:
            id = new_query(owner)
        assert client.change()["record"]["id"] == id


def test_after_the_sessions_were_ended_channels_are_told_anew(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    client = socket()
    client.listen("q", QUERIES, token=token_of(A))
    owner.execute(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid() and usename = current_user"
    )
    assert client.expect("system")["payload"]["message"] == "Subscribed to PostgreSQL"
    id = new_query(owner)
    assert client.change()["record"]["id"] == id


def test_one_caller_s_broken_policy_does_not_silence_others(
    socket: Open, owner: psycopg.Connection[Any], token_of: Callable[..., str]
) -> None:
    publish(owner, "id integer primary key")
    owner.execute(
        "create policy breaks on things for select to anon using (1 / (id - id) = 1);"
        "grant select on things to anon"
    )
    broken, sound = socket(), socket()
    broken.listen("t", THINGS)
    sound.listen("t", THINGS, token=token_of(A))
    owner.execute("insert into things values (1)")
    assert sound.change()["record"] == {"id": 1}
    assert broken.expect("system")["payload"]["message"] == "division by zero"
