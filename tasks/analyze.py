"""Measure one asset: fetch it, run the analyzer of its kind, store what was found."""

import logging
import time
from typing import Any
from uuid import UUID

from prefect import task
from prefect.cache_policies import NO_CACHE

import analyzers
from dreamcut.models import Asset, AssetKind
from dreamcut.settings import load_settings
from dreamcut.store.protocol import Lease
from tasks import stop
from tasks.fetch import FetchLimits, local_file
from tasks.reading import stored_reading
from tasks.report import report_findings, report_start, step_reporter
from tasks.retry import worth_retrying
from tasks.storage import storage_access
from tasks.stores import query_store

log = logging.getLogger(__name__)

_OPTIONS: dict[str, Any] = {  # Any: Prefect's options are of many types
    "task_run_name": "{asset.kind.value}:{asset.filename}",
    "retries": 2,
    "retry_delay_seconds": [2, 8],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": worth_retrying,
    "cache_policy": NO_CACHE,  # findings are kept in the database
    "persist_result": False,
}


@task(name="analyze-image", **_OPTIONS)
def analyze_image(asset: Asset, *, lease: Lease, local_files: bool = False) -> UUID:
    """Measure one image and store the findings; returns the asset's id."""
    return _measure(asset, lease=lease, local_files=local_files)


@task(name="analyze-video", **_OPTIONS)
def analyze_video(asset: Asset, *, lease: Lease, local_files: bool = False) -> UUID:
    """Measure one video and store the findings; returns the asset's id."""
    return _measure(asset, lease=lease, local_files=local_files)


@task(name="analyze-audio", **_OPTIONS)
def analyze_audio(asset: Asset, *, lease: Lease, local_files: bool = False) -> UUID:
    """Measure one sound file and store the findings; returns the asset's id."""
    return _measure(asset, lease=lease, local_files=local_files)


ANALYZE = {
    AssetKind.IMAGE: analyze_image,
    AssetKind.VIDEO: analyze_video,
    AssetKind.AUDIO: analyze_audio,
}


def _measure(asset: Asset, *, lease: Lease, local_files: bool) -> UUID:
    settings = load_settings()
    limits = FetchLimits(
        scratch=settings.scratch,
        max_bytes=settings.max_download_bytes,
        idle_seconds=settings.download_idle_seconds,
        total_seconds=settings.download_total_seconds,
    )
    began = time.monotonic()

    def check() -> None:
        stop.check(asset.query_id)

    with query_store(lease, check=check) as store:
        check()
        report_start(store, asset)
        on_step = step_reporter(store, asset, check=check)
        query = store.query(asset.query_id)
        with local_file(
            asset.url,
            filename=asset.filename,
            local_files=local_files,
            limits=limits,
            storage=storage_access(settings, user_id=query.user_id),
            check=check,
        ) as file:
            findings = analyzers.analyze(file.path, asset.kind, on_step=on_step, sha256=file.sha256)
        elapsed_seconds = time.monotonic() - began
        report_findings(
            store, asset, findings, reading=stored_reading(query), elapsed_seconds=elapsed_seconds
        )
    log.info("analyzed asset=%s kind=%s seconds=%.2f", asset.id, asset.kind.value, elapsed_seconds)
    return asset.id
