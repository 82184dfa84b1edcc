"""What a worker reports about an asset, and which reports are refused."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from psycopg import errors
from psycopg.types.json import Jsonb
from queries import feed, report, start_query, value, wait_until_blocked


def test_report_is_stored_whole(service: Any) -> None:
    query = start_query(service, assets=1)
    report(
        service,
        query.assets[0],
        "completed",
        90,
        analysis={"palette": []},
        model_used="whisper-tiny.en",
        quality_score=Decimal("0.875"),
        confidence_score=Decimal(1),
        processing_time_ms=321,
        worker_id="host:1",
    )
    row = service.execute(
        """
        select progress, analysis, model_used, quality_score, confidence_score, processing_time_ms, worker_id,
               analyzed_at is not null
          from public.dreamcut_assets
        """
    ).fetchone()
    assert row == (100, {"palette": []}, "whisper-tiny.en", Decimal("0.88"), 1, 321, "host:1", True)


@pytest.mark.parametrize("name", ["quality_score", "confidence_score"])
@pytest.mark.parametrize("score", [-9, -0.01, 1.01, 7, 9.996, 10, "NaN"])
def test_score_out_of_range_is_refused_and_nothing_is_written(service: Any, name: str, score: Any) -> None:
    query = start_query(service, assets=1)
    with pytest.raises(errors.NumericValueOutOfRange, match="scores must be 0 to 1"):
        report(service, query.assets[0], "completed", 100, **{name: Decimal(score)})
    assert value(service, "select status from public.dreamcut_assets") == "pending"


@pytest.mark.parametrize("progress", [-1, 101])
def test_progress_out_of_range_is_refused(service: Any, progress: int) -> None:
    query = start_query(service, assets=1)
    with pytest.raises(errors.NumericValueOutOfRange):
        report(service, query.assets[0], "analyzing", progress)


def test_unknown_status_is_refused(service: Any) -> None:
    query = start_query(service, assets=1)
    with pytest.raises(errors.InvalidParameterValue, match="cannot be"):
        report(service, query.assets[0], "done", 100)


@pytest.mark.parametrize(
    "statement",
    [
        "select public.update_asset_progress(%s, 10, 'analyzing')",
        "select public.complete_dreamcut_query(%s, '{}')",
        "select public.fail_dreamcut_query(%s, 'why')",
        "select public.advance_dreamcut_query(%s, 'analyzing', 10)",
        "select public.add_dreamcut_message(%s, 'status', 'hello')",
    ],
)
def test_unknown_id_is_an_error(service: Any, statement: str) -> None:
    with pytest.raises(errors.NoDataFound, match="there is no"):
        value(service, statement, uuid4())


def test_failed_asset_always_says_why(service: Any) -> None:
    query = start_query(service)
    report(service, query.assets[0], "failed", 0)
    service.execute("update public.dreamcut_assets set status = 'failed' where id = %s", [query.assets[1]])
    reasons = service.execute("select distinct error_message from public.dreamcut_assets").fetchall()
    assert reasons == [("The analysis failed without a stated reason.",)]


def test_failing_keeps_the_progress_that_was_reached(service: Any) -> None:
    query = start_query(service)
    report(service, query.assets[0], "analyzing", 50)
    report(service, query.assets[0], "failed", 0, error_message="out of memory")
    assert value(service, "select progress from public.dreamcut_assets where position = 0") == 50


def test_partial_analysis_is_replaced_while_analyzing(service: Any) -> None:
    query = start_query(service)
    assert report(service, query.assets[0], "analyzing", 25, analysis={"step": 1})
    assert report(service, query.assets[0], "analyzing", 25, analysis={"step": 2})
    assert not report(service, query.assets[0], "analyzing", 10, analysis={"step": 0})
    assert value(service, "select analysis from public.dreamcut_assets where position = 0") == {"step": 2}


def test_repeated_report_writes_its_message_once(service: Any) -> None:
    query = start_query(service)
    for _ in range(2):
        changed = report(service, query.assets[0], "analyzing", 10, message="Analyzing image: 0.jpg")
    assert not changed
    assert [content for _, _, content in feed(service, query.id)][1:] == ["Analyzing image: 0.jpg"]


def test_message_of_a_new_key_is_written_without_progress(service: Any) -> None:
    query = start_query(service)
    said = {"message": "tempo 120", "message_key": "tempo"}
    report(service, query.assets[0], "analyzing", 10)
    assert report(service, query.assets[0], "analyzing", 10, **said)
    assert not report(service, query.assets[0], "analyzing", 10, **said)


def test_contract_call_without_status_starts_the_asset(service: Any) -> None:
    query = start_query(service)
    service.execute("select public.update_asset_progress(%s, 10)", [query.assets[0]])
    assert value(service, "select status from public.dreamcut_assets where position = 0") == "analyzing"


def test_request_is_stored_as_it_was_sent(service: Any) -> None:
    sent = [
        {
            "url": "https://cdn.test/a/city_drive.mp4?token=1#t=3",
            "type": "video",
            "description": "footage",
            "file_size_bytes": 5_000_000_000,
            "metadata": None,
        },
        {"url": "https://cdn.test/", "type": "audio", "filename": "voice.mp3", "metadata": {"a": [1]}},
    ]
    value(
        service,
        "select public.initialize_dreamcut_query('u', 'A trailer', 'video', %s, %s)",
        Jsonb({"duration_seconds": 30}),
        Jsonb(sent),
    )
    rows = service.execute(
        """
        select position, filename, type, user_description, file_size_bytes, metadata
          from public.dreamcut_assets order by position
        """
    ).fetchall()
    assert rows == [
        (0, "city_drive.mp4", "video", "footage", 5_000_000_000, {}),
        (1, "voice.mp3", "audio", None, None, {"a": [1]}),
    ]
    assert value(service, "select options from public.dreamcut_queries") == {"duration_seconds": 30}


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        (("u", "p", None, "[]"), errors.NotNullViolation),
        ((None, "p", "video", "[]"), errors.NotNullViolation),
        (("u", "", "video", "[]"), errors.CheckViolation),
        (("u", "p", "film", "[]"), errors.CheckViolation),
        (("u", "p", "video", "{}"), errors.InvalidParameterValue),
        (("u", "p", "video", '[{"type": "image"}]'), errors.InvalidParameterValue),
        (("u", "p", "video", '[{"url": "a", "type": "text"}]'), errors.InvalidParameterValue),
        (("u", "p", "video", '["a.jpg"]'), errors.InvalidParameterValue),
        (
            ("u", "p", "video", str([{"url": "a", "type": "image"}] * 21).replace("'", '"')),
            errors.InvalidParameterValue,
        ),
    ],
)
def test_unusable_request_is_refused_whole(service: Any, parameters: Any, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        value(service, "select public.initialize_dreamcut_query(%s, %s, %s, '{}', %s::jsonb)", *parameters)
    assert value(service, "select count(*) from public.dreamcut_queries") == 0


def test_same_idempotency_key_gives_the_same_query(service: Any) -> None:
    first = start_query(service, key="k")
    assert start_query(service, key="k") == first
    assert start_query(service, key="other").id != first.id
    assert start_query(service, key="k", user_id="user-2").id != first.id
    assert len(feed(service, first.id)) == 1
    with pytest.raises(errors.ObjectNotInPrerequisiteState, match="another prompt"):
        value(service, "select public.initialize_dreamcut_query('user-1', 'else', 'mixed', '{}', '[]', 'k')")


def test_same_idempotency_key_at_the_same_time_gives_the_same_query(connect: Any, service: Any) -> None:
    first, second = connect(autocommit=False), connect(autocommit=False)
    started = start_query(first, key="k")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(start_query, second, key="k")
        wait_until_blocked(service, second.info.backend_pid)
        first.commit()
        assert waiting.result(timeout=30) == started
    second.commit()
    assert value(service, "select count(*) from public.dreamcut_queries") == 1
