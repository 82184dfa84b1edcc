"""What the brief is made from: facts handed in, so that the same facts give the same brief."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from pydantic import Field, model_validator

from dreamcut.findings import AnyFindings
from dreamcut.models import Asset, Intent, QueryOptions, Record
from dreamcut.prompt import PromptReading


class AssetReport(Record):
    """One asset and what became of it: findings, or the reason why there are none, or both when partial."""

    asset: Asset
    findings: AnyFindings | None = None
    failure: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _has_an_outcome(self) -> "AssetReport":
        if self.findings is None and self.failure is None:
            raise ValueError("a report without findings states the failure")
        if self.findings is not None and self.findings.kind != self.asset.kind:
            raise ValueError(f"findings of kind {self.findings.kind} for an asset of kind {self.asset.kind}")
        return self


class LedgerEntry(Record):
    """One step of the work: who did it, how long it took and what it cost."""

    step: str = Field(min_length=1)
    tool: str = Field(min_length=1)
    is_model: bool = False
    asset_id: UUID | None = None
    seconds: float = Field(ge=0)
    cost_usd: Decimal = Field(default=Decimal(0), ge=0)


class BriefRequest(Record):
    """Everything that a brief is composed from."""

    query_id: UUID
    created_at: datetime
    reading: PromptReading
    intent: Intent  # the user's choice, else that of the reading
    options: QueryOptions = QueryOptions()
    reports: tuple[AssetReport, ...] = ()  # in the order in which the user gave the assets
    ledger: tuple[LedgerEntry, ...] = ()
    processing_seconds: float = Field(default=0, ge=0)
