"""How a conflict is put together from its evidence."""

from dreamcut.brief.evidence import Basis, Evidence
from dreamcut.brief.model import (
    Action,
    Conflict,
    ConflictKind,
    Constraint,
    Measured,
    Resolution,
    Severity,
    SourceRange,
)


def conflict(
    kind: ConflictKind,
    severity: Severity,
    statement: str,
    *,
    constraint: Constraint,
    evidence: tuple[Evidence, ...],
    action: Action,
    resolution: str,
    auto: bool = True,
    ranges: tuple[SourceRange, ...] = (),
    alternatives: tuple[str, ...] = (),
) -> Conflict:
    """Return a conflict, its id still to be given. What was measured is the first evidence that has a metric.

    Its basis is the weakest of what it rests on, and its confidence the product of the stated ones.
    """
    facts = [one for one in evidence if one.metric and not one.metric.startswith("asset.") and one.tool]
    first = facts[0] if facts else None
    confidence = 1.0
    for one in facts:
        confidence *= 1.0 if one.confidence is None else one.confidence
    basis = Basis.STATED if not facts else Basis.MEASURED
    if any(one.basis is Basis.INFERRED for one in facts):
        basis = Basis.INFERRED
    return Conflict(
        id="",
        kind=kind,
        severity=severity,
        statement=statement,
        constraint=constraint,
        measured=_measured(first) if first else None,
        resolution=Resolution(action=action, text=resolution, ranges=ranges, auto=auto),
        basis=basis,
        confidence=confidence,
        alternatives=alternatives,
        evidence=evidence,
    )


def _measured(evidence: Evidence) -> Measured | None:
    if (
        evidence.asset_id is None
        or evidence.metric is None
        or evidence.value is None
        or evidence.tool is None
    ):
        return None
    return Measured(
        asset_id=evidence.asset_id,
        metric=evidence.metric,
        value=evidence.value,
        unit=evidence.unit,
        tool=evidence.tool,
    )
