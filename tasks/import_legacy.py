"""One batch of the predecessor's briefs, made queries of ours."""

import logging
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

from dreamcut.store.legacy import LegacyBrief, LegacyOutcome
from tasks.retry import worth_retrying
from tasks.stores import query_store

log = logging.getLogger(__name__)


@task(
    name="import-legacy-briefs",
    task_run_name="{limit} briefs after {after}",
    retries=3,
    retry_delay_seconds=[2, 8, 30],
    retry_condition_fn=worth_retrying,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def import_batch(*, limit: int, after: UUID | None, owner_if_none: str) -> list[LegacyBrief]:
    """Look at the next briefs that are no queries yet and import those that have ended; may be repeated."""
    with query_store() as store:
        briefs = store.import_legacy_briefs(limit=limit, after=after, owner_if_none=owner_if_none)
    for brief in briefs:
        if brief.outcome is LegacyOutcome.REFUSED:
            log.warning("refused brief=%s because=%s", brief.brief_id, brief.note)
    return briefs
