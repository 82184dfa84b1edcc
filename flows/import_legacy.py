"""The gradual way from the predecessor: its briefs that have ended become queries of ours."""

import logging
from typing import Annotated, Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from dreamcut.store.legacy import OWNER_IF_NONE, LegacyImport
from tasks.import_legacy import import_batch

log = logging.getLogger(__name__)

BATCH = 100  # one transaction each: short beside the 8 s that Supabase gives a statement


def run_name() -> str:
    """Name a run after where in the briefs it begins."""
    after = flow_run.parameters.get("after")
    return f"legacy briefs after {after}" if after else "legacy briefs"


@flow(name="import-legacy", flow_run_name=run_name, persist_result=False, retries=0)
def import_legacy(
    *,
    most: Annotated[int, Field(ge=1)] = 100_000,
    batch: Annotated[int, Field(ge=1, le=1000)] = BATCH,
    after: UUID | None = None,
    owner_if_none: Annotated[str, Field(min_length=1)] = OWNER_IF_NONE,
) -> State[Any]:  # Any: as states are typed; the data is a LegacyImport
    """Import the predecessor's briefs that have ended and are no queries yet; its tables are only read.

    May be run as often as wanted, also side by side: what is imported stays, what has ended since is added.

    Args:
        most: how many briefs this run looks at; the result says where the next one may go on.
        batch: how many in one transaction.
        after: look only at briefs with higher ids.
        owner_if_none: whose queries the briefs without a user become.
    """
    done = LegacyImport()
    while done.looked_at < most:
        limit = min(batch, most - done.looked_at)
        done = done.with_batch(import_batch(limit=limit, after=after, owner_if_none=owner_if_none))
        after = done.next_after
        if after is None:
            break
    log.info(
        "imported=%d known=%d waiting=%d refused=%d", done.imported, done.known, done.waiting, done.refused
    )
    name = "CompletedWithFailures" if done.refused else "Completed"
    return Completed(name=name, message=done.summary, data=done)
