"""Rows as PostgREST and the realtime server send them, as what a front end is given.

Columns that this code does not know are ignored: the database may be newer.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from dreamcut.errors import SchemaMismatch
from dreamcut.models import Asset, AssetStatus, Message, Query, QueryStatus, Record

Row = Mapping[str, Any]
Model = TypeVar("Model", bound=Record)

LEFT_OUT = "left_out"  # top-level key of an outline: {path: length} of the arrays that lie beside the row
_COLUMN = {"prompt": "user_prompt", "kind": "type", "description": "user_description"}


class QueryUpdate(Query):
    """A query as it stands now."""

    revision: int = Field(ge=1)  # one more with every change of the row
    last_message_seq: int = Field(ge=0)
    payload: dict[str, Any] | None  # the brief; whole where the query has ended, null before

    @property
    def ended(self) -> bool:
        """Whether it is completed or failed, so that nothing of it changes any more."""
        return self.status is not QueryStatus.PROCESSING


class AssetUpdate(Asset):
    """An asset as it stands now."""

    revision: int = Field(ge=1)  # one more with every change of the row
    analysis: dict[str, Any]  # findings so far, {} before the first; long arrays may be left out
    metadata: dict[str, Any]  # free JSON of the front end
    quality_score: float | None
    confidence_score: float | None

    @property
    def ended(self) -> bool:
        """Whether its analysis is over."""
        return self.status in (AssetStatus.COMPLETED, AssetStatus.FAILED)


class FeedMessage(Message):
    """A message of the director's feed."""

    key: str | None = None  # what it is about, unique within its query


class QuerySnapshot(Record):
    """Everything about one query at one moment."""

    query: QueryUpdate
    assets: tuple[AssetUpdate, ...]  # in the order in which the user gave them
    messages: tuple[FeedMessage, ...]  # the feed from its beginning
    brief: dict[str, Any] | None  # whole; None before completion


def query_update(row: Row) -> QueryUpdate:
    """Return the query of a whole row of `dreamcut_queries`."""
    return _parsed(QueryUpdate, row, table="dreamcut_queries")


def plain_query(row: Row) -> Query:
    """Return the query of a row without its payload."""
    return _parsed(Query, row, table="dreamcut_queries")


def asset_update(row: Row) -> AssetUpdate:
    """Return the asset of a whole row of `dreamcut_assets`."""
    return _parsed(AssetUpdate, row, table="dreamcut_assets")


def feed_message(row: Row) -> FeedMessage:
    """Return the message of a whole row of `dreamcut_messages`."""
    return _parsed(FeedMessage, row, table="dreamcut_messages")


def column_of(field: str) -> str:
    """Return the column that a field of a model is read from."""
    return _COLUMN.get(field, field)


def columns_of(model: type[Record]) -> frozenset[str]:
    """Return the columns that a model cannot do without."""
    return frozenset(column_of(name) for name, field in model.model_fields.items() if field.is_required())


def is_outline(document: Row | None) -> bool:
    """Return whether arrays were left out of a brief or an analysis."""
    return document is not None and LEFT_OUT in document


def _parsed(model: type[Model], row: Row, *, table: str) -> Model:
    """Return a model of a row.

    Raises:
        SchemaMismatch: the row is not what this code knows.
    """
    try:
        return model.model_validate(
            {name: row[column_of(name)] for name in model.model_fields if column_of(name) in row}
        )
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SchemaMismatch(
            f"{table}.{column_of(where)}: {first['msg']}; database and client are of different versions"
        ) from error
