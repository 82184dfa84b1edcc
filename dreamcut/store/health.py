"""What an operator is told of the work in a database."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from dreamcut.models import Record


class Concern(StrEnum):
    """Why something is reported, the most urgent first."""

    STUCK = "stuck"  # has not moved, and nobody works on it
    SILENT = "silent"  # has not moved although a worker holds it
    RESTARTED = "restarted"  # begun more than twice: it may be what ends its workers
    FAILING = "failing"
    SLOW = "slow"
    COST = "cost"


class HealthRow(Record):
    """One row of `dreamcut_health()`; what does not apply to its concern is None."""

    concern: Concern
    subject: str  # a file's name, a query's stage, or a model
    query_id: UUID | None
    asset_id: UUID | None
    worker_id: str | None
    attempts: int | None
    at: datetime | None  # of the last movement or the end
    seconds: float | None  # since the last movement, or of work
    cost_usd: Decimal | None
    detail: str | None
