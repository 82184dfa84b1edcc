"""Query, asset and message as the database stores them, and the states they move through."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

MAX_PROMPT_CHARS = 5000
MAX_ASSETS = 20


class AssetKind(StrEnum):
    """What an asset is; the analyzer follows from it."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


class Intent(StrEnum):
    """What the user wants to get."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    MIXED = "mixed"


class QueryStatus(StrEnum):
    """Whether a query still runs; it only ever leaves PROCESSING."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class QueryStage(StrEnum):
    """How far a query is, first to last."""

    INIT = "init"
    ANALYZING = "analyzing"
    MERGING = "merging"
    DONE = "done"


class AssetStatus(StrEnum):
    """How far an asset is; the last two are final."""

    PENDING = "pending"
    ANALYZING = "analyzing"
    COMPLETED = "completed"
    FAILED = "failed"


class MessageType(StrEnum):
    """What a director's message is about."""

    STATUS = "status"
    ASSET_START = "asset_start"
    ASSET_PROGRESS = "asset_progress"
    ASSET_COMPLETE = "asset_complete"
    MERGE = "merge"
    FINAL = "final"
    CONFLICT = "conflict"
    SUGGESTION = "suggestion"
    ERROR = "error"


class Record(BaseModel):
    """Data that crosses rooms: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class QueryOptions(Record):
    """What the user fixed beside the prompt; it wins over the prompt's words."""

    duration_seconds: float | None = Field(default=None, gt=0, le=4 * 3600)
    aspect_ratio: str | None = Field(
        default=None, pattern=r"^\d{1,4}(\.\d+)?:\d{1,4}(\.\d+)?$", examples=["16:9", "9:16"]
    )
    width_px: int | None = Field(default=None, ge=16, le=16384)
    height_px: int | None = Field(default=None, ge=16, le=16384)
    frame_rate: float | None = Field(default=None, gt=0, le=240)


class NewAsset(Record):
    """An asset as the user sends it."""

    url: str = Field(min_length=1, max_length=4096)  # a path, file:, http(s): or storage: address
    kind: AssetKind
    filename: str | None = Field(default=None, max_length=512)
    description: str | None = Field(default=None, max_length=2000)
    file_size_bytes: int | None = Field(default=None, ge=0)
    metadata: dict[str, Any] = Field(default_factory=dict)  # free JSON of the front end, returned untouched


class NewQuery(Record):
    """A request as the user sends it."""

    user_id: str = Field(min_length=1, max_length=256)
    prompt: str = Field(min_length=1, max_length=MAX_PROMPT_CHARS)
    assets: Annotated[tuple[NewAsset, ...], Field(max_length=MAX_ASSETS)] = ()
    intent: Intent | None = None  # None: the prompt decides
    options: QueryOptions = QueryOptions()
    idempotency_key: str | None = Field(default=None, max_length=200)


class Query(Record):
    """One row of `dreamcut_queries`, its payload aside."""

    id: UUID
    user_id: str
    prompt: str
    intent: Intent
    options: dict[str, Any]  # as stored: QueryOptions plus whatever a front end keeps there
    status: QueryStatus
    stage: QueryStage
    progress: int = Field(ge=0, le=100)
    error_message: str | None
    processing_time_ms: int | None
    models_used: tuple[str, ...]
    cost_estimate: Decimal | None
    worker_id: str | None  # who claimed it last
    attempts: int = Field(ge=0)  # how often it was claimed
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None


class Asset(Record):
    """One row of `dreamcut_assets`, its analysis aside."""

    id: UUID
    query_id: UUID
    position: int = Field(ge=0)  # the order in which the user gave them
    url: str
    filename: str
    kind: AssetKind
    description: str | None
    status: AssetStatus
    progress: int = Field(ge=0, le=100)
    error_message: str | None
    processing_time_ms: int | None
    model_used: str | None
    cost_estimate: Decimal | None
    worker_id: str | None  # who reported last
    attempts: int = Field(ge=0)  # how often its analysis was begun


class NewMessage(Record):
    """A director's message to be written."""

    type: MessageType
    content: str = Field(min_length=1)
    emoji: str | None = None
    key: str | None = None  # unique within the query: a repeat is not written
    data: dict[str, Any] = Field(default_factory=dict)


class Message(Record):
    """One row of `dreamcut_messages`."""

    id: UUID
    query_id: UUID
    seq: int = Field(ge=1)  # gapless within a query, in the order of commit
    type: MessageType
    content: str
    emoji: str | None
    asset_id: UUID | None
    data: dict[str, Any]
    created_at: datetime

    @property
    def line(self) -> str:
        """The message as the director says it: the emoji first, unless an arrow leads (`→ ✅ …`)."""
        if self.emoji and not self.content.startswith("→"):
            return f"{self.emoji} {self.content}"
        return self.content
