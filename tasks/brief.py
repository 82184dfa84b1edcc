"""The last step of a query: findings in, brief out, query completed."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from dreamcut import director
from dreamcut.brief import AssetReport, Brief, BriefRequest, LedgerEntry, compose
from dreamcut.findings import Findings, VideoFindings, load_findings
from dreamcut.models import Asset, AssetStatus, Query, QueryOptions, QueryStage
from dreamcut.prompt import read_prompt
from dreamcut.store.protocol import Store
from tasks.retry import worth_retrying
from tasks.stores import query_store

log = logging.getLogger(__name__)

MERGING_PROGRESS = 85  # the database says 80 when the last asset ends


@task(
    name="compose-brief",
    task_run_name="brief:{query_id}",
    retries=2,
    retry_delay_seconds=[2, 8],
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def compose_brief(query_id: UUID, *, processing_seconds: float) -> str:
    """Compose the brief of a query whose assets have all ended, and complete it; returns the brief's title.

    Args:
        processing_seconds: what the work took until now.
    """
    began = datetime.now(UTC)
    with query_store() as store:
        query = store.query(query_id)
        reports = tuple(_report(store, asset) for asset in store.assets(query_id))
        request = BriefRequest(
            query_id=query_id,
            created_at=query.created_at,
            reading=read_prompt(query.prompt, options=stored_options(query)),
            intent=query.intent,
            options=stored_options(query),
            reports=reports,
            ledger=tuple(_ledger(reports)),
            processing_seconds=processing_seconds,
        )
        for message in director.merging(request):
            store.add_message(query_id, message)
        store.advance_query(query_id, stage=QueryStage.MERGING, progress=MERGING_PROGRESS)
        brief = compose(request)
        for message in director.composed(brief):
            store.add_message(query_id, message)
        _complete(store, query_id, brief, processing_seconds=processing_seconds + _since(began))
    log.info("completed query=%s assets=%d", query_id, len(reports))
    return brief.title


def stored_options(query: Query) -> QueryOptions:
    """Return the options that we know; a front end may keep others beside them."""
    return QueryOptions.model_validate(
        {k: v for k, v in query.options.items() if k in QueryOptions.model_fields}
    )


def _report(store: Store, asset: Asset) -> AssetReport:
    if asset.status is AssetStatus.FAILED:
        return AssetReport(asset=asset, failure=asset.error_message)
    return AssetReport(asset=asset, findings=load_findings(store.analysis(asset.id)))


def _ledger(reports: tuple[AssetReport, ...]) -> Iterator[LedgerEntry]:
    for report in reports:
        if report.findings is None:
            continue
        parts: list[Findings] = [report.findings]
        if isinstance(report.findings, VideoFindings) and report.findings.sound is not None:
            parts.append(report.findings.sound)
        for part in parts:
            for tool in part.tools:
                yield LedgerEntry(
                    step=f"analyze {report.asset.kind.value}",
                    tool=f"{tool.name} {tool.version}",
                    is_model=tool.is_model,
                    asset_id=report.asset.id,
                    seconds=tool.seconds,
                )


def _complete(store: Store, query_id: UUID, brief: Brief, *, processing_seconds: float) -> None:
    store.complete_query(
        query_id,
        brief.to_payload(),
        processing_time_ms=round(processing_seconds * 1000),
        models_used=brief.models_used,
        cost_estimate=Decimal(brief.cost_usd),
    )


def _since(began: datetime) -> float:
    return (datetime.now(UTC) - began).total_seconds()
