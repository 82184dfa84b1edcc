"""Queries started, read and listed through the test gateway."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from queries import report, start_query, value
from supabase_project import SupabaseProject

from dreamcut.errors import (
    InvalidRequest,
    NotFound,
    StateConflict,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from dreamcut.models import AssetKind, Intent, NewAsset, QueryOptions
from dreamcut.realtime import acreate_dreamcut_manager, create_dreamcut_manager
from dreamcut.realtime.requests import initialize_parameters

ANNA, BERT = str(UUID(int=1)), str(UUID(int=2))
Worker = psycopg.Connection[Any]
CLIP = {
    "url": "https://cdn.test/drive.mp4",
    "type": "video",
    "description": "the drive",
    "metadata": {"a": 1},
}


def test_a_query_is_started_and_read(new_manager: Any) -> None:
    manager = new_manager(ANNA)
    still = NewAsset(url="https://cdn.test/ref.jpg", kind=AssetKind.IMAGE, filename="look.jpg")
    query_id = manager.initialize_query(
        ANNA, "A calm 20-second video ad", [CLIP, still], options={"aspect_ratio": "9:16", "theme": "dark"}
    )
    read = manager.get_query(query_id)
    assert read.query.id == query_id
    assert read.query.intent is Intent.VIDEO  # as the prompt says
    assert read.query.options == {"aspect_ratio": "9:16", "theme": "dark"}
    assert [(asset.filename, asset.kind, asset.description) for asset in read.assets] == [
        ("drive.mp4", AssetKind.VIDEO, "the drive"),
        ("look.jpg", AssetKind.IMAGE, None),
    ]
    assert read.assets[0].metadata == {"a": 1}
    assert [message.seq for message in read.messages] == [1]
    assert read.brief is None


def test_a_stated_intent_wins_over_the_prompt(new_manager: Any) -> None:
    manager = new_manager(ANNA)
    query_id = manager.initialize_query(
        ANNA, "A video ad", intent="audio", options=QueryOptions(frame_rate=25)
    )
    assert manager.get_query(query_id).query.intent is Intent.AUDIO
    assert manager.get_query(query_id).query.options == {"frame_rate": 25}


def test_the_same_key_gives_the_same_query(new_manager: Any) -> None:
    manager = new_manager(ANNA)
    first = manager.initialize_query(ANNA, "A video ad", idempotency_key="once")
    assert manager.initialize_query(ANNA, "A video ad", idempotency_key="once") == first
    assert manager.initialize_query(ANNA, "A video ad") != first
    with pytest.raises(StateConflict, match="another prompt"):
        manager.initialize_query(ANNA, "Something else", idempotency_key="once")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"prompt": ""}, "prompt"),
        ({"user_id": ""}, "user_id"),
        ({"assets": [{"type": "video"}]}, "url"),
        ({"assets": [{"url": "a", "type": "smell"}]}, "kind"),
        ({"assets": [CLIP | {"colour": "teal"}]}, "colour"),
        ({"assets": ["a.jpg"]}, "assets"),
        ({"assets": [CLIP] * 21}, "assets"),
        ({"intent": "opera"}, "intent"),
        ({"options": {"duration_seconds": -1}}, "duration_seconds"),
        ({"options": {"weight": float("nan")}}, "JSON"),
        ({"user_id": "an\x00na"}, "user id"),
    ],
)
def test_what_cannot_be_used_is_named(arguments: dict[str, Any], says: str) -> None:
    nothing = {"assets": [], "intent": None, "options": None, "idempotency_key": None}
    good = {"user_id": ANNA, "prompt": "A video ad", **nothing}
    assert initialize_parameters(**good)["p_user_prompt"] == "A video ad"
    with pytest.raises(InvalidRequest, match=says):
        initialize_parameters(**good | arguments)


def test_text_that_no_database_holds_is_mended(new_manager: Any) -> None:
    manager = new_manager(ANNA)
    query_id = manager.initialize_query(
        ANNA, "rain \ud83d and \x00 neon", [CLIP | {"metadata": {"a": "\x00"}}]
    )
    read = manager.get_query(query_id)
    assert read.query.prompt == "rain \ufffd and \ufffd neon"
    assert read.assets[0].metadata == {"a": "\ufffd"}


def test_users_start_and_read_their_own_only(new_manager: Any) -> None:
    anna, bert, service = new_manager(ANNA), new_manager(BERT), new_manager()
    query_id = anna.initialize_query(ANNA, "A video ad")
    assert anna.get_query(query_id).query.user_id == ANNA
    assert service.get_query(query_id).query.user_id == ANNA
    with pytest.raises(NotFound):
        bert.get_query(query_id)
    assert bert.get_user_queries(ANNA) == []
    with pytest.raises(StoreError, match="for yourself only"):
        bert.initialize_query(ANNA, "A video ad")
    assert service.initialize_query(BERT, "A video ad")


def test_queries_are_listed_newest_first(new_manager: Any) -> None:
    manager = new_manager(ANNA)
    ids = [manager.initialize_query(ANNA, f"Video {n}") for n in range(3)]
    assert [query.id for query in manager.get_user_queries(ANNA)] == ids[::-1]
    assert [query.id for query in manager.get_user_queries(ANNA, limit=2)] == ids[:0:-1]


def test_the_findings_of_an_asset_are_read_whole(new_manager: Any, worker: Worker) -> None:
    query = start_query(worker, user_id=ANNA, assets=1)
    findings = {"beats": [n / 7 for n in range(20_000)]}
    report(worker, query.assets[0], "completed", 100, analysis=findings)
    stored = value(worker, "select analysis from public.dreamcut_assets where id = %s", query.assets[0])
    assert "left_out" in stored  # else this shows nothing
    assert new_manager(ANNA).get_analysis(query.assets[0]) == findings
    assert new_manager(BERT).get_analysis(query.assets[0]) is None


def test_a_query_that_is_not_there(new_manager: Any) -> None:
    with pytest.raises(NotFound):
        new_manager(ANNA).get_query(uuid4())
    with pytest.raises(InvalidRequest, match="query_id"):
        new_manager(ANNA).get_query("x")


def test_a_server_that_is_away(supabase_project: SupabaseProject) -> None:
    with create_dreamcut_manager(supabase_project.url, supabase_project.keys.service_role) as manager:
        assert manager.get_user_queries(ANNA) == []
        supabase_project.kill()
        with pytest.raises(StoreUnavailable):
            manager.get_user_queries(ANNA)
        supabase_project.start()
        assert manager.get_user_queries(ANNA) == []


def test_an_expired_token_is_replaced_once(supabase_project: SupabaseProject) -> None:
    keys = supabase_project.keys
    # Its own words are that it holds for a day more: only the project knows better.
    refused = keys.token(role="authenticated", user_id=ANNA)[:-4] + "AAAA"
    tokens = [refused, keys.token(role="authenticated", user_id=ANNA)]
    with create_dreamcut_manager(
        supabase_project.url, keys.anon, access_token=lambda: tokens.pop(0)
    ) as manager:
        assert manager.initialize_query(ANNA, "A video ad")
    assert tokens == []
    with (
        create_dreamcut_manager(supabase_project.url, keys.anon, access_token=refused) as manager,
        pytest.raises(StoreRefused) as caught,
    ):
        manager.get_user_queries(ANNA)
    assert refused not in str(caught.value)


def test_the_asynchronous_manager_does_the_same(supabase_project: SupabaseProject) -> None:
    keys = supabase_project.keys

    async def start() -> None:
        token = keys.token(role="authenticated", user_id=ANNA)
        async with await acreate_dreamcut_manager(
            supabase_project.url, keys.anon, access_token=token
        ) as manager:
            query_id = await manager.initialize_query(ANNA, "A video ad", [CLIP])
            assert (await manager.get_query(query_id)).query.id == query_id
            assert [query.id for query in await manager.get_user_queries(ANNA)] == [query_id]
            with pytest.raises(NotFound):
                await manager.get_query(uuid4())

    asyncio.run(start())
