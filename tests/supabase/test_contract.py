"""What an existing front end relies on, name for name, and what it shares the database with."""

from typing import Any

import psycopg
import pytest
from queries import start_query, value

from dreamcut.store.migrations import bootstrap, migrate

COLUMNS = {
    "dreamcut_queries": (
        "id uuid, user_id text, user_prompt text, intent text, options jsonb, status text, "
        "stage text, progress integer, payload jsonb, error_message text, processing_time_ms integer, "
        "models_used text[], "
        "cost_estimate numeric(10,4), created_at timestamptz, updated_at timestamptz, "
        "completed_at timestamptz"
    ),
    "dreamcut_assets": (
        "id uuid, query_id uuid, url text, filename text, type text, user_description text, "
        "file_size_bytes bigint, metadata jsonb, status text, progress integer, analysis jsonb, "
        "worker_id text, model_used text, processing_time_ms integer, error_message text, "
        "quality_score numeric(3,2), "
        "confidence_score numeric(3,2), created_at timestamptz, updated_at timestamptz, "
        "analyzed_at timestamptz"
    ),
    "dreamcut_messages": (
        "id uuid, query_id uuid, type text, content text, emoji text, asset_id uuid, data jsonb, "
        "created_at timestamptz"
    ),
}
FUNCTIONS = {
    "initialize_dreamcut_query": (
        "p_user_id text, p_user_prompt text, p_intent text, p_options jsonb DEFAULT '{}'::jsonb, "
        "p_assets jsonb DEFAULT '[]'::jsonb",
        "uuid",
    ),
    "update_asset_progress": (
        "p_asset_id uuid, p_progress integer, p_status text DEFAULT NULL::text, "
        "p_analysis jsonb DEFAULT NULL::jsonb, p_model_used text DEFAULT NULL::text, "
        "p_message text DEFAULT NULL::text, p_message_type text DEFAULT 'asset_progress'::text, "
        "p_emoji text DEFAULT NULL::text",
        "void",
    ),
    "complete_dreamcut_query": (
        "p_query_id uuid, p_payload jsonb, p_processing_time_ms integer DEFAULT NULL::integer, "
        "p_models_used text[] DEFAULT NULL::text[], p_cost_estimate numeric DEFAULT NULL::numeric",
        "void",
    ),
    "check_query_completion": ("", "trigger"),
    "update_updated_at_column": ("", "trigger"),
}
LEGACY = """
    create table public.briefs (
        id uuid primary key default gen_random_uuid(),
        status text not null,
        updated_at timestamptz default now()
    );
    create function public.update_updated_at_column() returns trigger language plpgsql as $$
    begin
        new.updated_at = now();
        return new;
    end;
    $$;
    create trigger update_briefs_updated_at before update on public.briefs
        for each row execute function update_updated_at_column();
    insert into public.briefs (status, updated_at) values ('done', '2020-01-01');
"""


@pytest.mark.parametrize("table", COLUMNS)
def test_table_has_the_contracts_columns_first(service: Any, table: str) -> None:
    columns = value(
        service,
        """
        select string_agg(
                   attname || ' '
                   || replace(format_type(atttypid, atttypmod), 'timestamp with time zone', 'timestamptz'),
                   ', ' order by attnum
               )
          from pg_attribute
         where attrelid = %s::regclass
           and attnum > 0
        """,
        f"public.{table}",
    )
    assert columns.startswith(COLUMNS[table])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_keeps_the_contracts_parameters(service: Any, name: str) -> None:
    parameters, returned = FUNCTIONS[name]
    found = service.execute(
        "select pg_get_function_arguments(oid), pg_get_function_result(oid) from pg_proc where proname = %s",
        [name],
    ).fetchall()
    assert len(found) == 1
    assert found[0][0].startswith(parameters)
    assert found[0][1] == returned
    added = found[0][0][len(parameters) :].strip(", ")
    assert all("DEFAULT" in parameter for parameter in added.split(", ") if added)


def test_tables_are_published_for_realtime(service: Any) -> None:
    published = service.execute(
        "select tablename from pg_publication_tables where pubname = 'supabase_realtime' order by tablename"
    ).fetchall()
    assert [name for (name,) in published] == ["dreamcut_assets", "dreamcut_messages", "dreamcut_queries"]


def test_update_moves_the_timestamp(connect: Any, service: Any) -> None:
    start_query(service, assets=1)
    for table in ("dreamcut_queries", "dreamcut_assets"):
        before = value(service, f"select updated_at from public.{table}")
        moved = value(service, f"update public.{table} set error_message = 'x' returning updated_at = now()")
        assert moved
        assert value(service, f"select updated_at from public.{table}") > before


def test_legacy_tables_and_their_trigger_keep_working(new_database: Any) -> None:
    with psycopg.connect(new_database(), autocommit=True) as owner:
        owner.execute(LEGACY)
        bootstrap(owner)
        migrate(owner)
        assert value(owner, "select updated_at = '2020-01-01' from public.briefs")
        assert value(owner, "update public.briefs set status = 'failed' returning updated_at = now()")
        assert (
            value(owner, "select relrowsecurity from pg_class where oid = 'public.briefs'::regclass") is False
        )
