"""The last step of a query: findings in, brief out, query completed."""

import logging
import time
from collections.abc import Iterator
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from dreamcut import director
from dreamcut.brief import AssetReport, Brief, BriefRequest, LedgerEntry, compose
from dreamcut.brief.model import Severity
from dreamcut.findings import Findings, VideoFindings, load_findings
from dreamcut.models import Asset, AssetStatus, Intent, NewMessage
from dreamcut.store.protocol import Lease, Store
from tasks.reading import stored_intent, stored_options, stored_reading
from tasks.retry import worth_retrying
from tasks.stores import query_store

log = logging.getLogger(__name__)


@task(
    name="compose-brief",
    task_run_name="brief:{query_id}",
    retries=2,
    retry_delay_seconds=[2, 8],
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def compose_brief(query_id: UUID, *, lease: Lease, processing_seconds: float) -> str:
    """Compose the brief of a query whose assets have all ended, and complete it; returns the brief's title.

    Args:
        lease: of the query.
        processing_seconds: what the work took until now.
    """
    began = time.monotonic()
    with query_store(lease) as store:
        query = store.query(query_id)
        reports = tuple(_report(store, asset) for asset in store.assets(query_id))
        brief = compose(
            BriefRequest(
                query_id=query_id,
                created_at=query.created_at,
                reading=stored_reading(query),
                intent=stored_intent(query),
                options=stored_options(query),
                reports=reports,
                ledger=tuple(_ledger(reports)),
                processing_seconds=processing_seconds,
            )
        )
        for message in _messages(stored_intent(query), brief):
            store.add_message(query_id, message)
        store.complete_query(
            query_id,
            brief.to_payload(),
            processing_time_ms=round((processing_seconds + time.monotonic() - began) * 1000),
            models_used=brief.models_used,
            cost_estimate=brief.cost_usd,
        )
    log.info("completed query=%s assets=%d", query_id, len(reports))
    return brief.title


def _messages(intent: Intent, brief: Brief) -> Iterator[NewMessage]:
    """Yield what the director says of a brief, in the order of the feed."""
    yield director.intent(intent)
    yield director.assets([(asset.kind, asset.role) for asset in brief.assets])
    for conflict in brief.conflicts:
        if conflict.measured is None or conflict.measured.metric != "failure":  # that was said when it failed
            yield director.conflict(conflict)
    yield director.merging()
    yield director.suggestions(brief.directions)
    yield director.ready()
    yield director.production(
        ready_for_production=brief.creative_brief.ready_for_production,
        waiting=sum(conflict.severity is Severity.BLOCKING for conflict in brief.conflicts),
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
