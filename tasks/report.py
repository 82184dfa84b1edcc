"""What a task tells the database about its asset while it works. Every report may be repeated."""

import time
from collections.abc import Callable
from decimal import Decimal

from analyzers.steps import Step
from dreamcut import director
from dreamcut.errors import DreamCutError
from dreamcut.findings import AnyFindings
from dreamcut.models import Asset, AssetStatus
from dreamcut.prompt import PromptReading
from dreamcut.store.protocol import AssetOutcome, Store

MIN_SECONDS_BETWEEN_REPEATS = 0.1  # one step may report in a burst; a screen shows ten a second


def report_start(store: Store, asset: Asset) -> None:
    """Say that work on an asset begins."""
    store.start_asset(asset.id, progress=asset.progress, message=director.asset_started(asset))


def step_reporter(store: Store, asset: Asset, *, check: Callable[[], None]) -> Callable[[Step], None]:
    """Return an `on_step` that stores progress and the findings so far; `check` may raise to stop."""
    last, last_step = 0.0, ""
    furthest = asset.progress

    def on_step(step: Step) -> None:
        nonlocal last, last_step, furthest
        check()
        now = time.monotonic()
        too_soon = step.name == last_step and now - last < MIN_SECONDS_BETWEEN_REPEATS
        if too_soon or step.progress < furthest:
            return
        last, last_step, furthest = now, step.name, step.progress
        store.update_asset(
            asset.id,
            status=AssetStatus.ANALYZING,
            progress=step.progress,
            analysis=None if step.findings is None else step.findings.model_dump(mode="json"),
            message=director.asset_progress(asset, step.name, progress=step.progress),
        )

    return on_step


def report_findings(
    store: Store, asset: Asset, findings: AnyFindings, *, reading: PromptReading, elapsed_seconds: float
) -> None:
    """Store the findings of an asset and say what they are, as the prompt sees them."""
    models = sorted({f"{tool.name} {tool.version}" for tool in findings.tools if tool.is_model})
    store.update_asset(
        asset.id,
        status=AssetStatus.COMPLETED,
        progress=100,
        analysis=findings.model_dump(mode="json"),
        outcome=AssetOutcome(
            processing_time_ms=round(elapsed_seconds * 1000),
            model_used=", ".join(models) or None,
            cost_estimate=Decimal(0),  # all tools run on this machine
        ),
        message=director.asset_completed(asset, findings, reading),
    )


def report_failure(store: Store, asset: Asset, error: Exception) -> None:
    """End an asset as failed and say why, in words that are meant for its user."""
    reason = str(error) if isinstance(error, DreamCutError) else f"{type(error).__name__} in the analysis"
    store.update_asset(
        asset.id,
        status=AssetStatus.FAILED,
        progress=asset.progress,
        outcome=AssetOutcome(error_message=reason),
        message=director.asset_failed(asset, reason),
    )
