"""The look to aim at, and how far the material is from it."""

from dreamcut.brief import words
from dreamcut.brief.colour import PALETTE_METHOD, Shift, palette_distance, palette_shift
from dreamcut.brief.evidence import Evidence, Statement, computed, measured, stated, whole_prompt
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import TargetColour, TargetLook

CLOSE_PALETTES = 10.0  # CIEDE2000: below it two palettes read as one grade
MOST_WORDS = 4


def target_look(material: Material) -> TargetLook:
    """Return the look of the reference, else that of the footage, else the user's words."""
    reading = material.request.reading
    asked = [*reading.genres, *reading.styles, *reading.moods]
    reference = material.reference
    shown = [part for part in (*material.footage, *material.stills) if part.look and part is not reference]
    lead = reference or (shown[0] if shown else None)
    if lead is None or lead.look is None:
        said = words.listing([f"“{term.span.text}”" for term in asked if term.span])
        text = (
            f"The look is what you say: {said}."
            if said
            else "Nothing fixes a look: no picture and no word of one."
        )
        evidence = tuple(stated(term) for term in asked) or (whole_prompt(reading.prompt),)
        return TargetLook(
            words=tuple(term.value for term in asked), statements=(Statement(text=text, evidence=evidence),)
        )
    colours = tuple(
        TargetColour(hex=colour.hex, name=colour.name, share=colour.share)
        for colour in lead.look.palette.colours
    )
    findings = lead.report.findings
    derived = [word.word for word in findings.words[:MOST_WORDS]] if findings else []
    statements = [_palette_words(lead)]
    statements += [grade for part in shown if reference and (grade := grade_words(part, reference))]
    return TargetLook(
        colours=colours,
        words=tuple(dict.fromkeys([*derived, *(term.value for term in asked)])),
        statements=tuple(statements),
    )


def _palette_words(part: Part) -> Statement:
    """Return the palette of one asset in words."""
    look = part.look
    if look is None:
        raise ValueError(f"{part.name} has no look")
    named: dict[str, float] = {}
    for colour in look.palette.colours:
        named[colour.name] = named.get(colour.name, 0.0) + colour.share
    top = [f"{name} {words.percent(share)}" for name, share in list(named.items())[:3]]
    evidence = [
        measured(part.report, f"look.palette.colours[{i}].name")
        for i in range(min(3, len(look.palette.colours)))
    ]
    text = (
        f"{part.name} sets the palette: {words.listing(top)}; {look.tone.key} light, mean luma "
        f"{look.tone.mean_luma:.2f}."
    )
    return Statement(text=text, evidence=(*evidence, measured(part.report, "look.tone.mean_luma")))


def palette_evidence(part: Part, reference: Part) -> Evidence | None:
    """Return the distance between two palettes as evidence."""
    if part.look is None or reference.look is None:
        return None
    return computed(
        part.report,
        "palette_distance",
        round(palette_distance(part.look.palette, reference.look.palette), 1),
        unit="ΔE00",
        method=f"against {reference.name}: {PALETTE_METHOD}",
        inputs=tuple(f"look.palette.colours[{i}].hex" for i in range(len(part.look.palette.colours))),
    )


def grade_words(part: Part, reference: Part) -> Statement | None:
    """Return how a picture has to be graded to come near the reference."""
    evidence = palette_evidence(part, reference)
    if evidence is None or part.look is None or reference.look is None:
        return None
    distance = evidence.value if isinstance(evidence.value, float) else 0.0
    facts = (evidence, measured(reference.report, "look.palette.colours[0].hex"))
    if distance <= CLOSE_PALETTES:
        text = (
            f"{part.name} is already near {reference.name} (ΔE {distance:.0f}); no grade is needed to join "
            "them."
        )
        return Statement(text=text, evidence=facts)
    shift = shift_words(palette_shift(part.look.palette, reference.look.palette))
    text = f"Grade {part.name} towards {reference.name} (ΔE {distance:.0f} apart): {shift}."
    return Statement(text=text, evidence=facts)


def shift_words(shift: Shift) -> str:
    """Return a shift of a palette as a colourist would say it, the parts that matter."""
    said = []
    if abs(shift.lightness) >= 2:
        said.append(
            f"{'lift' if shift.lightness > 0 else 'lower'} lightness by {abs(shift.lightness):.0f} L*"
        )
    if abs(shift.chroma) >= 2:
        said.append(f"{'add' if shift.chroma > 0 else 'take out'} {abs(shift.chroma):.0f} C* of colour")
    if abs(shift.b) >= 3:
        said.append(f"shift {abs(shift.b):.0f} b* towards {'yellow' if shift.b > 0 else 'blue'}")
    if abs(shift.a) >= 3:
        said.append(f"{abs(shift.a):.0f} a* towards {'magenta' if shift.a > 0 else 'green'}")
    return words.listing(said) or "the means agree, only single colours differ"
