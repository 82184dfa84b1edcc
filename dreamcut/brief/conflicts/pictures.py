"""Shape, size and palette of what is shown."""

from dreamcut.brief import words
from dreamcut.brief.colour import palette_shift
from dreamcut.brief.conflicts.claim import conflict
from dreamcut.brief.evidence import Evidence, measured, stated
from dreamcut.brief.looks import CLOSE_PALETTES, palette_evidence, shift_words
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import Action, Conflict, ConflictKind, Constraint, ConstraintSource, Severity
from dreamcut.brief.target import Target, constraint, practice
from dreamcut.findings import VideoFindings
from dreamcut.models import Intent

SAME_SHAPE_SHARE = 0.02
SAME_SIZE_SHARE = 0.02
SMALLEST_HD_PX = 720  # lines of the smallest HD raster
HARD_UPSCALE = 1.5
HARD_CROP_SHARE = 0.6  # a crop that keeps less loses what the shot was framed for
FAR_PALETTES = 20.0


def _shown(material: Material) -> tuple[Part, ...]:
    """Return what will be seen, in the order of the material."""
    if material.request.intent is Intent.AUDIO:
        return ()
    return (*material.footage, *material.stills)


def _pixels(part: Part) -> tuple[str, int, int]:
    """Return the path, width and height of the displayed picture."""
    if isinstance(part.report.findings, VideoFindings):
        geometry = part.report.findings.geometry
        return "geometry", geometry.width_px, geometry.height_px
    return "file", part.image.file.width_px, part.image.file.height_px


def shape_of(part: Part) -> tuple[str, float, str]:
    """Return path, number and name of the visible shape: inside the bars where there are any."""
    findings = part.report.findings
    if isinstance(findings, VideoFindings):
        matte = findings.defects.matte if findings.defects else None
        if matte:
            return (
                "defects.matte.active_aspect_ratio",
                matte.active_aspect_ratio,
                f"{matte.active_aspect_ratio:.2f}:1",
            )
        return "geometry.aspect_ratio", findings.geometry.aspect_ratio, findings.geometry.aspect_name
    return "file.aspect_ratio", part.image.file.aspect_ratio, part.image.file.aspect_name


def aspect_conflicts(material: Material, target: Target) -> list[Conflict]:
    """Return pictures whose shape is not the asked one, or not that of the main footage."""
    shown = _shown(material)
    if not shown:
        return []
    said: tuple[Evidence, ...]
    if target.ratio:
        goal, name = target.ratio.number, target.ratio.value
        wanted, said, rest = constraint(target.ratio, name), (stated(target.ratio),), shown
    else:
        _, goal, name = shape_of(shown[0])
        rule = f"the shape of {shown[0].name}"
        wanted = Constraint(source=ConstraintSource.MATERIAL, value=name, rule=rule)
        said, rest = (measured(shown[0].report, shape_of(shown[0])[0]),), shown[1:]
    found = []
    for part in rest:
        path, have, have_name = shape_of(part)
        if abs(have / goal - 1) > SAME_SHAPE_SHARE:
            evidence = (measured(part.report, path), *said)
            found.append(_crop(part, have, have_name, goal, name, wanted=wanted, evidence=evidence))
    return found


def _crop(
    part: Part,
    have: float,
    have_name: str,
    goal: float,
    name: str,
    *,
    wanted: Constraint,
    evidence: tuple[Evidence, ...],
) -> Conflict:
    """Return the conflict of one shape, with the window that a crop keeps."""
    _, width, height = _pixels(part)
    kept = min(have / goal, goal / have)
    if have > goal:
        side, window = "width", f"{_even(width * kept)} × {height} px of {width} × {height}"
    else:
        side, window = "height", f"{width} × {_even(height * kept)} px of {width} × {height}"
    return conflict(
        ConflictKind.ASPECT_RATIO,
        Severity.IMPORTANT if kept < HARD_CROP_SHARE else Severity.MINOR,
        f"{part.name} is {have_name}, the piece {name}.",
        constraint=wanted,
        evidence=evidence,
        action=Action.CROP,
        resolution=(
            f"Crop {part.name} to {window}: {words.percent(kept)} of its {side} stays. Where to look in "
            "each shot is not measured yet, so the window is centred."
        ),
        auto=kept >= HARD_CROP_SHARE,
        alternatives=("show it whole with bars", "show it whole over a blurred copy"),
    )


def _even(value: float) -> int:
    return max(2, round(value / 2) * 2)


def resolution_conflicts(material: Material, target: Target) -> list[Conflict]:
    """Return pictures too small for the asked size, or for HD where no size is asked."""
    found = []
    for part in _shown(material):
        root, width, height = _pixels(part)
        side = "width_px" if width < height else "height_px"
        have = min(width, height)
        evidence: tuple[Evidence, ...] = (measured(part.report, f"{root}.{side}"),)
        if target.size:
            goal, name = target.size.short_edge_px, target.size.name
            wanted = constraint(target.size, name, "px")
            evidence = (*evidence, stated(target.size))
        elif root == "geometry":
            goal, name = SMALLEST_HD_PX, f"HD, {SMALLEST_HD_PX} lines"
            wanted = practice(SMALLEST_HD_PX, "px", "the smallest HD raster has 720 lines")
        else:
            continue
        if have >= goal * (1 - SAME_SIZE_SHARE):
            continue
        factor = goal / have
        asked = f"you asked for {name}" if target.size else f"HD starts at {goal} lines"
        severity = Severity.IMPORTANT if factor > HARD_UPSCALE and target.size else Severity.MINOR
        found.append(
            conflict(
                ConflictKind.RESOLUTION,
                severity,
                f"{part.name} is {width} × {height} px; {asked}.",
                constraint=wanted,
                evidence=evidence,
                action=Action.SCALE,
                resolution=(
                    f"Scale {part.name} up {words.number(factor, 2)} times to {goal} px on its short edge; "
                    "that adds no detail."
                ),
                alternatives=("hand in the camera original", f"deliver at {width} × {height} px"),
            )
        )
    return found


def palette_conflicts(material: Material) -> list[Conflict]:
    """Return footage whose palette is far from the reference."""
    reference = material.reference
    if reference is None or reference.look is None:
        return []
    found = []
    for part in (*material.footage, *material.stills):
        evidence = palette_evidence(part, reference)
        if evidence is None or part.look is None or not isinstance(evidence.value, float):
            continue
        if evidence.value <= CLOSE_PALETTES:
            continue
        shift = shift_words(palette_shift(part.look.palette, reference.look.palette))
        colour = reference.look.palette.colours[0]
        rule = f"the palette of {reference.name}, mostly {colour.name}"
        found.append(
            conflict(
                ConflictKind.PALETTE,
                Severity.IMPORTANT if evidence.value > FAR_PALETTES else Severity.MINOR,
                f"{part.name} is ΔE {evidence.value:.0f} away from {reference.name}: {_most(part)} against "
                f"{_most(reference)}.",
                constraint=Constraint(
                    source=ConstraintSource.MATERIAL, value=CLOSE_PALETTES, unit="ΔE00", rule=rule
                ),
                evidence=(evidence, measured(reference.report, "look.palette.colours[0].hex")),
                action=Action.GRADE,
                resolution=f"Grade {part.name}: {shift}.",
                alternatives=(
                    f"keep the colours of {part.name}",
                    f"pick only the shots nearest to {reference.name}",
                ),
            )
        )
    return found


def _most(part: Part) -> str:
    """Return the two largest colours of a picture by name."""
    names = list(dict.fromkeys(colour.name for colour in part.look.palette.colours)) if part.look else []
    return words.listing(names[:2])
