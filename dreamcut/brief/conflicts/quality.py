"""Faults of the material that an editor wants to know of."""

from collections.abc import Iterable

from dreamcut.brief import words
from dreamcut.brief.conflicts.claim import conflict
from dreamcut.brief.evidence import Evidence, measured
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import Action, Conflict, ConflictKind, Severity
from dreamcut.brief.target import practice
from dreamcut.findings import AudioFindings, TimeRange, VideoFindings

DRAWN_FLAT_SHARE = 0.6  # of the area without any texture: graphics, text, screenshots (docs/looks.md)
DARK_HIGHLIGHTS_LUMA = 0.25  # the 95th percentile below it: even the lights are dark
BLOWN_SHARE = 0.10  # of the area, white without detail
CLIPPED_SHARE = 0.0005  # of the samples
SHORTEST_STRETCH_SECONDS = 0.2


def quality_conflicts(material: Material) -> list[Conflict]:
    """Return the faults of every readable asset."""
    found: list[Conflict] = []
    for part in material.parts:
        findings = part.report.findings
        found += _partial(part)
        found += _exposure(part)
        if isinstance(findings, VideoFindings):
            found += _video(part, findings)
            if findings.sound:
                found += _clipping(part, findings.sound, "sound.")
        elif isinstance(findings, AudioFindings):
            found += _clipping(part, findings, "")
    return found


def _fault(
    statement: str,
    evidence: tuple[Evidence, ...],
    *,
    limit: tuple[float | str, str, str],
    action: Action,
    resolution: str,
    severity: Severity = Severity.MINOR,
    auto: bool = True,
    alternatives: tuple[str, ...] = (),
) -> Conflict:
    """Return a fault; `limit` is value, unit and the rule behind it."""
    return conflict(
        ConflictKind.QUALITY,
        severity,
        statement,
        constraint=practice(*limit),
        evidence=evidence,
        action=action,
        resolution=resolution,
        auto=auto,
        alternatives=alternatives,
    )


def _partial(part: Part) -> list[Conflict]:
    if not (part.report.findings and part.report.findings.partial):
        return []
    reason = f": {part.report.failure}" if part.report.failure else ""
    return [
        _fault(
            f"Only a part of {part.name} could be read{reason}.",
            (measured(part.report, "partial"),),
            limit=("whole file", "", "a file should be readable to its end"),
            action=Action.PROVIDE,
            resolution=f"Only what was read is used; hand {part.name} in again for the rest.",
            severity=Severity.IMPORTANT,
            auto=False,
        )
    ]


def _exposure(part: Part) -> list[Conflict]:
    look, found = part.look, []
    if look is None or (look.detail and (look.detail.flat_share or 0.0) > DRAWN_FLAT_SHARE):
        return []  # flat colours are drawn, not exposed
    if look.tone.p95_luma < DARK_HIGHLIGHTS_LUMA:
        found.append(
            _fault(
                f"{part.name} is dark even in its lights: 95 % of it lies below luma "
                f"{look.tone.p95_luma:.2f}.",
                (measured(part.report, "look.tone.p95_luma"),),
                limit=(DARK_HIGHLIGHTS_LUMA, "", "a low-key picture still has lights"),
                action=Action.GRADE,
                resolution=f"Lift {part.name} in the grade; its noise rises with it.",
            )
        )
    if look.tone.white_clipped_share > BLOWN_SHARE:
        found.append(
            _fault(
                f"{words.percent(look.tone.white_clipped_share)} of {part.name} is white without detail.",
                (measured(part.report, "look.tone.white_clipped_share"),),
                limit=(BLOWN_SHARE, "", "a large white area is either meant or over-exposed"),
                action=Action.DECIDE,
                resolution="Kept as it is: a white ground and an over-exposed sky measure the same.",
                auto=False,
            )
        )
    return found


def _video(part: Part, video: VideoFindings) -> list[Conflict]:
    found = []
    if video.timing.interlaced:
        found.append(
            _fault(
                f"{part.name} is interlaced.",
                (measured(part.report, "timing.interlaced"),),
                limit=("progressive", "", "screens show whole frames"),
                action=Action.CONFORM,
                resolution=f"De-interlace {part.name} before scaling.",
                severity=Severity.IMPORTANT,
            )
        )
    defects = video.defects
    if defects is None:
        return found
    found += _stretches(part, defects.black, "black", "defects.black")
    found += _stretches(part, defects.frozen, "frozen", "defects.frozen")
    if defects.flashes_seconds:
        times = words.listing([words.timecode(at) for at in defects.flashes_seconds[:4]])
        flashes = (
            "1 flash" if len(defects.flashes_seconds) == 1 else f"{len(defects.flashes_seconds)} flashes"
        )
        evidence = tuple(
            measured(part.report, f"defects.flashes_seconds[{i}]", unit="s")
            for i in range(min(4, len(defects.flashes_seconds)))
        )
        found.append(
            _fault(
                f"{flashes} in {part.name}, at {times}.",
                evidence,
                limit=(0, "flashes", "a flash inside a shot reads as a cut"),
                action=Action.AVOID,
                resolution="The chosen ranges keep 0.15 s clear of each.",
            )
        )
    if defects.matte:
        matte = defects.matte
        bars = {"letterbox": "above and below", "pillarbox": "left and right"}.get(matte.kind, "all round")
        sides = {side: getattr(matte, f"{side}_px") for side in ("top", "bottom", "left", "right")}
        widest = max(sides, key=lambda side: sides[side])
        found.append(
            _fault(
                f"{part.name} has black bars {bars}, up to {sides[widest]} px; the picture inside is "
                f"{matte.active_aspect_ratio:.2f}:1.",
                (
                    measured(part.report, f"defects.matte.{widest}_px"),
                    measured(part.report, "defects.matte.active_aspect_ratio"),
                ),
                limit=(0, "px", "bars belong to the delivery, not to the material"),
                action=Action.CROP,
                resolution=f"Crop the bars of {part.name} away before framing.",
            )
        )
    return found


def _stretches(part: Part, ranges: Iterable[TimeRange], what: str, path: str) -> list[Conflict]:
    """Return black or frozen stretches as one fault."""
    long = [(i, span) for i, span in enumerate(ranges) if span.duration_seconds >= SHORTEST_STRETCH_SECONDS]
    if not long:
        return []
    total = sum(span.duration_seconds for _, span in long)
    places = words.listing(
        [f"{words.timecode(s.start_seconds)}–{words.timecode(s.end_seconds)}" for _, s in long[:4]]
    )
    more = f" and {len(long) - 4} more" if len(long) > 4 else ""
    evidence = tuple(
        measured(part.report, f"{path}[{i}].{edge}_seconds", time_range=span)
        for i, span in long[:4]
        for edge in ("start", "end")
    )
    return [
        _fault(
            f"{words.seconds(total)} of {part.name} are {what}: {places}{more}.",
            evidence,
            limit=(SHORTEST_STRETCH_SECONDS, "s", f"a {what} stretch is seen from about 0.2 s on"),
            action=Action.AVOID,
            resolution=f"No chosen range of {part.name} touches them.",
        )
    ]


def _clipping(part: Part, audio: AudioFindings, root: str) -> list[Conflict]:
    if audio.clipped_share is None or audio.clipped_share <= CLIPPED_SHARE:
        return []
    whose = f"The sound of {part.name}" if root else part.name
    return [
        _fault(
            f"{whose} is clipped: {audio.clipped_share * 100:.2f} % of its samples stand in runs at full "
            "scale.",
            (measured(part.report, f"{root}clipped_share"),),
            limit=(CLIPPED_SHARE, "", "clipping is heard as distortion; lowering the level does not undo it"),
            action=Action.REPAIR,
            resolution=(
                f"De-clip {whose[:1].lower() if root else whose[:1]}{whose[1:]} before mixing; record it "
                "again if that is still heard."
            ),
            severity=Severity.IMPORTANT,
            auto=False,
            alternatives=("record it again with 6 dB of headroom",),
        )
    ]
