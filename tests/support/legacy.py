"""The predecessor's database: its tables, rows as it wrote them, and what tells that nobody touched them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[Any]
Json = dict[str, Any]

_SQL = Path(__file__).with_name("legacy.sql").read_text(encoding="utf-8")
SHARED_FUNCTION = _SQL[_SQL.index("-- begin shared") : _SQL.index("-- end shared")]

ALICE, BOB = (UUID(int=n, version=4) for n in (1, 2))
_NAMES = UUID(int=0)

# As a project of before 30 October 2026 grants by default, with the accounts table of Supabase in short.
_SUPABASE = """
    alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
    alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
    alter table auth.users add column aud text, add column raw_user_meta_data jsonb;
"""
_PUBLISHED = "alter publication supabase_realtime add table public.briefs, public.jobs"

# What of the contract the predecessor may have applied itself, in short, as Supabase records it.
EARLIER_DREAMCUT = """
    create schema supabase_migrations;
    create table supabase_migrations.schema_migrations (
        version text primary key, statements text[], name text
    );
    insert into supabase_migrations.schema_migrations (version, name)
        values ('20250918101500', 'create_dreamcut_realtime_schema');
    create table public.dreamcut_queries (
        id uuid primary key default gen_random_uuid(),
        user_id text not null,
        updated_at timestamptz default now()
    );
    create table public.dreamcut_assets (
        id uuid primary key default gen_random_uuid(),
        query_id uuid references public.dreamcut_queries (id) on delete cascade
    );
    create table public.dreamcut_messages (
        id uuid primary key default gen_random_uuid(),
        query_id uuid references public.dreamcut_queries (id) on delete cascade
    );
    create index idx_dreamcut_queries_user_id on public.dreamcut_queries (user_id);
    create function public.check_query_completion() returns trigger language plpgsql as
        $$ begin return new; end; $$;
    create trigger trigger_check_query_completion after update on public.dreamcut_assets
        for each row execute function public.check_query_completion();
    create trigger update_dreamcut_queries_updated_at before update on public.dreamcut_queries
        for each row execute function public.update_updated_at_column();
    create function public.initialize_dreamcut_query(
        p_user_id text, p_user_prompt text, p_intent text, p_options jsonb default '{}',
        p_assets jsonb default '[]'
    ) returns uuid language sql as $$ select null::uuid $$;
    create function public.update_asset_progress(
        p_asset_id uuid, p_progress integer, p_status text default null, p_analysis jsonb default null,
        p_model_used text default null, p_message text default null,
        p_message_type text default 'asset_progress', p_emoji text default null
    ) returns void language sql as $$ $$;
    create function public.complete_dreamcut_query(
        p_query_id uuid, p_payload jsonb, p_processing_time_ms integer default null,
        p_models_used text[] default null, p_cost_estimate numeric default null
    ) returns void language sql as $$ $$;
    alter publication supabase_realtime add table public.dreamcut_queries;
    insert into public.dreamcut_queries (user_id) values ('user123');
"""


def install(connection: Connection, *, titled: bool = True, supabase: bool = False) -> None:
    """Create the predecessor's tables, functions, views and policies, and two accounts.

    Args:
        titled: with the columns `title` and `description`.
        supabase: on a project with Supabase's older default grants, its tables published.
    """
    script = _SQL if titled else re.sub(r".*-- titled\n", "", _SQL)
    with connection.transaction():
        if supabase:
            connection.execute(_SUPABASE)
        connection.execute(script.encode())
        if supabase:
            connection.execute(_PUBLISHED)
        for user in (ALICE, BOB):
            connection.execute("insert into auth.users (id, email) values (%s, %s)", [user, f"{user}@x.test"])


def brief_id(name: str) -> UUID:
    """Return the id of the brief that is called so."""
    return uuid5(_NAMES, name)


def add_brief(
    connection: Connection,
    name: str,
    *,
    request: object,
    analysis: object,
    plan: object | None = None,
    status: str = "analyzed",
    user_id: UUID | None = ALICE,
    **more: object,
) -> UUID:
    """Write one brief; `more` are further columns."""
    columns = {
        "id": brief_id(name),
        "brief_id": f"brief_{name}",
        "request": Jsonb(request),
        "analysis": Jsonb(analysis),
        "plan": Jsonb(PLAN if plan is None else plan),
        "status": status,
        "user_id": user_id,
        **{key: Jsonb(item) if isinstance(item, dict) else item for key, item in more.items()},
    }
    names = ", ".join(columns)
    places = ", ".join(f"%({key})s" for key in columns)
    connection.execute(f"insert into public.briefs ({names}) values ({places})".encode(), columns)
    return brief_id(name)


def add_job(connection: Connection, brief: UUID, **columns: object) -> UUID:
    """Write one job of a brief."""
    sent = {"brief_id": brief, "type": "analysis", **columns}
    names, places = ", ".join(sent), ", ".join(f"%({key})s" for key in sent)
    row = connection.execute(
        f"insert into public.jobs ({names}) values ({places}) returning id".encode(), sent
    ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


def asset(name: str, kind: str | None, **more: object) -> Json:
    """Return a file as the front end sent it with a request."""
    sent: Json = {"url": f"https://cdn.test/{name}", **more}
    return sent if kind is None else {**sent, "mediaType": kind}


def request_of(query: str, *assets: object, **more: object) -> Json:
    """Return a request as the query analyzer took it."""
    return {"query": query, "assets": list(assets), **more}


def sample_analysis(prompt: str, *assets: object, intent: str = "video") -> Json:
    """Return an analysis in the shape of the predecessor's published sample ("C")."""
    return {
        "brief": {
            "id": "brief_1757983248865_4uxsgp",
            "userId": "legacy_user",
            "userPrompt": prompt,
            "intent": intent,
            "options": {"durationSeconds": 30, "aspectRatio": "16:9", "imageCount": 1, "budget": None},
            "assets": list(assets),
            "globalAnalysis": {
                "goal": f"Create {intent} from: {prompt}",
                "constraints": {"durationSeconds": None, "aspectRatio": None},
                "assetRoles": {},
                "conflicts": [],
                "opportunities": ["Deliver for the target platform"],
                "qualityAssessment": {"overallViability": 0.85},
            },
            "creativeOptions": [{"id": "creative_1", "title": "Explainer", "viabilityScore": 0.7}],
            "recommendedPipeline": {"integration": "unified"},
            "warnings": [],
            "metadata": {"processingTimeMs": 6990, "modelsUsed": {"query": "llama31_405b"}},
        },
        "debug": {"analysisSteps": ["query", "assets"], "processingTime": "8515ms"},
    }


PLAN: Json = {"assetProcessing": {}, "creativeOptions": [{"id": "a", "title": "Ä–🎬"}], "costEstimate": 0}


class Example(NamedTuple):
    """A brief and what its query must be: prompt, intent, kinds of the assets in order, options."""

    name: str
    row: Mapping[str, Any]
    prompt: str
    intent: str
    kinds: tuple[str, ...] = ()
    options: Mapping[str, Any] = {}


# The shapes that the predecessor's code wrote, each with what its user had asked for.
READABLE = (
    Example(
        "query analyzer",
        {
            "request": request_of(
                "Мечтая за кино – 30 s 🎬",
                asset("ref.jpg?token=1", "image", id="a1", metadata={"description": "the mood"}),
                asset("drive.mp4", "video"),
                intent="mix",
                outputVideoSeconds=30,
                preferences={"aspect_ratio": "9:16", "platform_target": "social"},
                budget_credits=12,
            ),
            "analysis": {"vision": {"a1": {"caption": "neon"}}, "video": {}, "audio": {}},
        },
        "Мечтая за кино – 30 s 🎬",
        "mixed",
        ("image", "video"),
        {"duration_seconds": 30, "aspect_ratio": "9:16"},
    ),
    Example(
        "sample",
        {
            "request": {},
            "analysis": sample_analysis(
                "build a professional video", {"url": "https://cdn.test/a.mp3", "type": "audio"}
            ),
            "status": "done",
        },
        "build a professional video",
        "video",
        ("audio",),
        {"duration_seconds": 30, "aspect_ratio": "16:9"},
    ),
    Example(
        "modern request",
        {
            "request": {
                "userId": "legacy_user",
                "prompt": "A poster",
                "intent": "image",
                "options": {"aspectRatio": "Smart Auto", "imageCount": 2, "durationSeconds": 0},
                "assets": [
                    {
                        "url": "https://cdn.test/x.png",
                        "type": "image/png",
                        "filename": "x.png",
                        "userDescription": "x",
                    }
                ],
            },
            "analysis": {"comprehensive": {"userPrompt": "A poster"}, "final_analysis": None},
            "user_id": None,
        },
        "A poster",
        "image",
        ("image",),
    ),
    Example(
        "bare addresses",
        {
            # kinds are in the analysis only, one by address, one by id
            "request": {
                "query": "Cut it",
                "mediaType": "text",
                "assets": ["https://cdn.test/1", "https://cdn.test/2"],
            },
            "analysis": {
                "video": {"https://cdn.test/1": {"scenes": 3}},
                "assets": [{"url": "https://cdn.test/2", "detectedMime": "video/mp4", "id": 7}],
                "intent": {"primary_output_type": "sculpture"},
            },
            "user_id": BOB,
        },
        "Cut it",
        "video",
        ("video", "video"),
    ),
    Example(
        "strings for objects",
        {
            "request": "please",
            "analysis": {"query_summary": {"original_prompt": " A song "}, "assets": "none", "brief": "C"},
            "plan": "soon",
            "status": "failed",
        },
        "A song",
        "mixed",
    ),
)

# Rows of which no query can be made, and why.
UNREADABLE: dict[str, tuple[Json, str]] = {
    "null": ({"request": None, "analysis": None}, "it has no prompt"),
    "empty": ({"request": {}, "analysis": {}}, "it has no prompt"),
    "blank": ({"request": {"query": " \n"}, "analysis": []}, "it has no prompt"),
    "text": ({"request": "what?", "analysis": "none", "plan": 0}, "it has no prompt"),
    "no prompt but objects": (
        {"request": {"query": {"text": "x"}}, "analysis": {"brief": [1]}},
        "it has no prompt",
    ),
    "the end of time": (
        {"request": request_of("x"), "analysis": {}, "created_at": "infinity"},
        "its dates are out of any range",
    ),
}


def fill(connection: Connection, *, briefs: int, ended: int) -> None:
    """Write so many briefs of some 4 kB with two assets and one job each, the first ones ended."""
    with connection.transaction():
        connection.execute(
            """
            insert into public.briefs (brief_id, created_at, request, analysis, plan, status, user_id)
            select 'brief_' || n,
                   timestamptz '2025-09-16 00:40:48Z' + n * interval '1 minute',
                   %s::jsonb || jsonb_build_object('query', 'Film number ' || n),
                   %s::jsonb || jsonb_build_object('padding', repeat(md5(n::text), 100)),
                   %s,
                   case when n > %s then (array['queued', 'processing'])[1 + n %% 2]
                        else (array['analyzed', 'done', 'failed'])[1 + n %% 3] end,
                   %s
              from generate_series(1, %s) n
            """,
            [
                json.dumps(request_of("", asset("a.jpg", "image"), asset("b.mp4", "video"), intent="video")),
                json.dumps(sample_analysis("Film")),
                json.dumps(PLAN),
                ended,
                ALICE,
                briefs,
            ],
        )
        connection.execute(
            "insert into public.jobs (brief_id, type) select id, 'analysis' from public.briefs"
        )
        connection.execute(
            "update public.jobs j set status = 'failed', error = 'out of memory' from public.briefs b"
            " where b.id = j.brief_id and b.status = 'failed'"
        )


_DEFINITIONS = {
    "tables": """
        select c.relname, c.relkind, c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
               c.relreplident, c.relfilenode, c.relowner
          from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'i', 'S')
    """,
    "columns": """
        select a.attrelid::regclass::text, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
               a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attacl
          from pg_attribute a
          join pg_class c on c.oid = a.attrelid
          left join pg_attrdef d on (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and a.attnum > 0
    """,
    "indexes": "select tablename, indexname, indexdef from pg_indexes where schemaname = 'public'",
    "constraints": """
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid)
          from pg_constraint where connamespace = 'public'::regnamespace
    """,
    "policies": "select * from pg_policies where schemaname = 'public'",
    "triggers": """
        select t.tgrelid::regclass::text, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid)
          from pg_trigger t join pg_class c on c.oid = t.tgrelid
         where c.relnamespace = 'public'::regnamespace and not t.tgisinternal
    """,
    "views": "select viewname, definition, viewowner from pg_views where schemaname = 'public'",
    "functions": """
        select p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proacl, p.proowner
          from pg_proc p where p.pronamespace = 'public'::regnamespace
    """,
    "published": """
        select pubname, schemaname, tablename, attnames, rowfilter from pg_publication_tables
    """,
}


def definitions(connection: Connection) -> dict[str, dict[str, str]]:
    """Return what the schema `public` holds: kind of object -> name -> its whole definition."""
    found: dict[str, dict[str, str]] = {}
    for kind, statement in _DEFINITIONS.items():
        rows = connection.execute(statement.encode()).fetchall()
        found[kind] = {" ".join(str(part) for part in row[:3]): repr(row) for row in rows}
    return found


def checksums(connection: Connection) -> dict[str, str]:
    """Return the MD5 of each legacy table over all its rows, in order.

    With a row go its place and the transactions that wrote it and last locked it: a row that was locked, or
    written with its own values, counts as touched.
    """
    sums = {}
    for table in ("public.briefs", "public.jobs", "auth.users"):
        row = connection.execute(
            f"""
            select count(*) || ' ' || md5(string_agg(
                       concat_ws(' ', t.ctid, t.xmin, t.xmax, t::text), e'\\n' order by t.id
                   ))
              from {table} t
            """.encode()
        ).fetchone()
        assert row is not None
        sums[table] = str(row[0])
    return sums
