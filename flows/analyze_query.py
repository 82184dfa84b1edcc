"""One query, from its assets to its brief."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, as_completed
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from dreamcut.errors import DreamCutError, InvalidRequest, LeaseLost, StoreError
from dreamcut.models import Asset, AssetStatus, Intent, NewAsset, NewQuery, Query, QueryOptions, QueryStatus
from dreamcut.store.protocol import Lease
from tasks import stop
from tasks.analyze import ANALYZE
from tasks.brief import compose_brief
from tasks.lease import held_query
from tasks.reading import stored_options
from tasks.report import report_failure
from tasks.runner import CoresTaskRunner
from tasks.stores import check_database, query_store

log = logging.getLogger(__name__)

_ENDED = {AssetStatus.COMPLETED, AssetStatus.FAILED}


def run_name() -> str:
    """Name a run after its query, so that it is found in Prefect's list."""
    query_id = flow_run.parameters.get("query_id")
    return f"query {query_id}" if query_id else f"new query {flow_run.id}"


@flow(
    name="analyze-query",
    flow_run_name=run_name,
    task_runner=CoresTaskRunner(),  # type: ignore[arg-type]  # TaskRunner is invariant in its futures
    persist_result=False,
    retries=0,
)
def analyze_query(
    *,
    prompt: str | None = None,
    assets: list[NewAsset] | None = None,
    options: QueryOptions | None = None,
    intent: Intent | None = None,
    user_id: str = "prefect",
    query_id: UUID | None = None,
    local_files: bool = False,
) -> State[Any]:  # Any: a failed state carries no result
    """Analyse the assets of a query and compose its creative brief.

    Give a prompt for a new query, or the id of one that exists: what is finished of it is kept. A run that
    is repeated by Prefect picks up the query that it created.

    Args:
        prompt: what is to be made, in the user's words.
        assets: images, videos and sounds, at most 20.
        options: what the user fixed beside the prompt; it wins over the prompt's words.
        intent: image, video, audio or mixed; none: the prompt decides.
        user_id: whose query it is.
        query_id: an existing query; the parameters above are then not used.
        local_files: allow paths and file: addresses, which name files of the machine that runs this.
    """
    began = time.monotonic()
    check_database()
    query = _pick_up(
        query_id, prompt=prompt, assets=assets or [], options=options, intent=intent, user_id=user_id
    )
    if query.status is QueryStatus.COMPLETED:
        return Completed(message=f"query {query.id} was completed before", data=query.id)
    if query.status is QueryStatus.FAILED:
        return Failed(message=f"query {query.id} has failed before: {query.error_message}")
    with held_query(query.id) as lease:
        if lease is None:
            return _with_another_worker(_read(query.id))
        stop.resume_query(query.id)
        try:
            stored_options(query)  # one that cannot be used ends the query before any work
            failures = _analyze_assets(lease, local_files=local_files)
            if _read(query.id).status is QueryStatus.PROCESSING:  # all failed: the database has ended it
                compose_brief(query.id, lease=lease, processing_seconds=time.monotonic() - began)
        except LeaseLost:  # the query is another's now, who ends it
            raise
        except BaseException as error:  # a cancelled or broken query must not stay open
            _end_as_failed(lease, error)
            raise
    return _outcome(_read(query.id), failures=failures)


def _pick_up(
    query_id: UUID | None,
    *,
    prompt: str | None,
    assets: Sequence[NewAsset],
    options: QueryOptions | None,
    intent: Intent | None,
    user_id: str,
) -> Query:
    if query_id is not None:
        return _read(query_id)
    if prompt is None:
        raise InvalidRequest("give a prompt for a new query, or the query_id of one that exists")
    request = NewQuery(
        user_id=user_id,
        prompt=prompt,
        assets=tuple(assets),
        intent=intent,
        options=options or QueryOptions(),
        idempotency_key=f"flow-run-{flow_run.id}",
    )
    from dreamcut.prompt import read_prompt

    reading = read_prompt(prompt, options=request.options)
    with query_store() as store:
        return store.query(store.initialize_query(request, intent=intent or reading.intent.value))


def _analyze_assets(lease: Lease, *, local_files: bool) -> int:
    """Run one task for each asset that has not ended; returns how many assets have failed."""
    with query_store() as store:
        assets = store.assets(lease.query_id)
    waiting = [asset for asset in assets if asset.status not in _ENDED]
    futures = {
        ANALYZE[asset.kind].submit(asset, lease=lease, local_files=local_files): asset for asset in waiting
    }
    failures = sum(asset.status is AssetStatus.FAILED for asset in assets)
    try:
        for future in as_completed(list(futures)):
            failures += not _settled(future, futures[future], lease=lease)
    except BaseException:
        stop.stop_query(lease.query_id, until=lambda: _all_ended(futures), limit_seconds=stop.LIMIT_SECONDS)
        raise
    return failures


def _settled(future: PrefectFuture[UUID], asset: Asset, *, lease: Lease) -> bool:
    """Say whether an asset was analysed; one that was not ends as failed, and nothing else does."""
    try:
        future.result()
    except Exception as error:  # noqa: BLE001 - one bad asset becomes a stated failure in the brief
        with query_store(lease) as store:
            report_failure(store, asset, error)
        log.warning("failed asset=%s kind=%s error=%s", asset.id, asset.kind.value, type(error).__name__)
        return False
    return True


def _all_ended(futures: Mapping[PrefectFuture[UUID], Asset]) -> bool:
    return all(future.state.is_final() for future in futures)


def _end_as_failed(lease: Lease, error: BaseException) -> None:
    match error:
        case DreamCutError():
            reason = str(error)
        case Exception():
            reason = f"{type(error).__name__}: {error}"
        case _:
            reason = "cancelled"
    try:
        with query_store(lease, patience_seconds=0) as store:
            store.fail_query(lease.query_id, error_message=reason)
    except StoreError:  # it may be why we are here; whoever recovers stalled queries will find this one
        log.warning("could not end query=%s", lease.query_id)


def _read(query_id: UUID) -> Query:
    with query_store() as store:
        return store.query(query_id)


def _with_another_worker(query: Query) -> State[Any]:  # Any: a failed state carries no result
    if query.status is not QueryStatus.PROCESSING:
        return _outcome(query, failures=0)
    return Completed(
        name="AlreadyRunning",
        message=f"query {query.id} is being worked on by {query.worker_id}",
        data=query.id,
    )


def _outcome(query: Query, *, failures: int) -> State[Any]:  # Any: a failed state carries no result
    if query.status is not QueryStatus.COMPLETED:
        return Failed(message=f"query {query.id}: {query.error_message}")
    if failures:
        return Completed(
            name="CompletedWithFailures",
            message=f"query {query.id}: {failures} asset(s) failed",
            data=query.id,
        )
    return Completed(message=f"query {query.id}", data=query.id)
