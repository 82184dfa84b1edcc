"""Each asset in a few facts: what it is, what it is for, what it needs."""

from dreamcut.brief import words
from dreamcut.brief.evidence import Evidence, Statement, measured
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import AssetSummary, Conflict
from dreamcut.brief.request import AssetReport
from dreamcut.brief.voice import phrases_of
from dreamcut.findings import AudioFindings, ImageFindings, VideoFindings
from dreamcut.findings.look import Look

MOST_WORDS = 4
LONGEST_QUOTE_WORDS = 14


def summaries(material: Material, conflicts: tuple[Conflict, ...]) -> tuple[AssetSummary, ...]:
    """Return one summary an asset, in the order in which the user gave them."""
    parts = {part.id: part for part in material.parts}
    return tuple(
        _summary(report, parts.get(report.asset.id), conflicts) for report in material.request.reports
    )


def _summary(report: AssetReport, part: Part | None, conflicts: tuple[Conflict, ...]) -> AssetSummary:
    asset = report.asset
    if part is None:
        text = f"{asset.filename} has no part: it could not be read."
        because = Statement(text=text, evidence=(measured(report, "failure"),))
        return AssetSummary(
            asset_id=asset.id,
            name=asset.filename,
            kind=asset.kind,
            role=None,
            role_because=because,
            failure=report.failure,
        )
    needs = tuple(
        Statement(text=conflict.resolution.text, evidence=conflict.evidence)
        for conflict in conflicts
        if conflict.measured and conflict.measured.asset_id == asset.id
    )
    return AssetSummary(
        asset_id=asset.id,
        name=asset.filename,
        kind=asset.kind,
        role=part.role,
        role_because=part.because,
        facts=_facts(report),
        needs=needs,
        failure=report.failure,
    )


def _facts(report: AssetReport) -> tuple[Statement, ...]:
    """Return what was measured, in sentences, most telling first."""
    findings = report.findings
    if isinstance(findings, ImageFindings):
        return (*_words(report), *_look(report, findings.look), _image_file(report, findings))
    if isinstance(findings, VideoFindings):
        sound = _sound(report, findings.sound, "sound.") if findings.sound else ()
        return (
            _video_file(report, findings),
            *_shots(report, findings),
            *_words(report),
            *_look(report, findings.look),
            *sound,
        )
    if isinstance(findings, AudioFindings):
        return (*_sound(report, findings, ""), *_words(report))
    return ()


def _words(report: AssetReport) -> tuple[Statement, ...]:
    """Return the words that the analyzer derived; the rule of each stands in the evidence."""
    findings = report.findings
    chosen = findings.words[:MOST_WORDS] if findings else ()
    if not chosen:
        return ()
    evidence: list[Evidence] = []
    for index, _ in enumerate(chosen):
        evidence.append(measured(report, f"words[{index}].word"))
        evidence.append(measured(report, f"words[{index}].rule"))
    heading = "Tone" if isinstance(findings, AudioFindings) else "Look"
    text = f"{heading}: {words.listing([word.word for word in chosen])}."
    return (Statement(text=text, evidence=tuple(evidence)),)


def _look(report: AssetReport, look: Look | None) -> tuple[Statement, ...]:
    if look is None:
        return ()
    colours = look.palette.colours[:4]
    named = words.listing([f"{colour.name} {words.percent(colour.share)}" for colour in colours])
    palette = tuple(measured(report, f"look.palette.colours[{i}].name") for i in range(len(colours)))
    text = f"Palette: {named}."
    tone = (
        f"{words.capital(look.tone.key)} light, mean luma {look.tone.mean_luma:.2f}; "
        f"{words.percent(look.colour.cool_share)} of the coloured area is cool."
    )
    tone_evidence = (
        measured(report, "look.tone.key"),
        measured(report, "look.tone.mean_luma"),
        measured(report, "look.colour.cool_share"),
    )
    return (Statement(text=text, evidence=palette), Statement(text=tone, evidence=tone_evidence))


def _image_file(report: AssetReport, findings: ImageFindings) -> Statement:
    file = findings.file
    text = f"{file.width_px} × {file.height_px} px, {file.aspect_name}, {file.format}."
    metrics = ("file.width_px", "file.height_px", "file.aspect_ratio", "file.format")
    return Statement(text=text, evidence=tuple(measured(report, metric) for metric in metrics))


def _video_file(report: AssetReport, findings: VideoFindings) -> Statement:
    geometry, timing = findings.geometry, findings.timing
    rate = (
        "variable frame rate" if timing.variable else f"{words.number(timing.frame_rate, 3)} frames a second"
    )
    text = (
        f"{words.seconds(timing.duration_seconds)}, {geometry.width_px} × {geometry.height_px} px, "
        f"{geometry.aspect_name}, {rate}."
    )
    metrics = ("timing.duration_seconds", "geometry.width_px", "geometry.height_px", "timing.frame_rate")
    return Statement(text=text, evidence=tuple(measured(report, metric) for metric in metrics))


def _shots(report: AssetReport, findings: VideoFindings) -> tuple[Statement, ...]:
    shots = findings.shots
    if not shots:
        return ()
    lengths = [shot.duration_seconds for shot in shots]
    text = (
        f"{words.count(len(shots), 'shot')}, {words.seconds(min(lengths))} to {words.seconds(max(lengths))} "
        "long"
    )
    if len(shots) == 1:
        text = f"One shot of {words.seconds(lengths[0])}"
    evidence = [measured(report, "shots.count")]
    if findings.motion_kind and findings.motion is not None:
        text += f"; {findings.motion_kind} motion, {words.small(findings.motion)} picture widths a second"
        evidence.append(measured(report, "motion"))
    return (Statement(text=f"{text}.", evidence=tuple(evidence)),)


def _sound(report: AssetReport, audio: AudioFindings, root: str) -> tuple[Statement, ...]:
    """Return what is heard: length and level, what kind of sound, what is said, the pulse."""
    found = []
    text, evidence = words.seconds(audio.duration_seconds), [measured(report, f"{root}duration_seconds")]
    if root:
        text = f"Its sound: {text}"
    if audio.loudness and audio.loudness.integrated_lufs is not None:
        text += f" at {words.signed(audio.loudness.integrated_lufs)} LUFS"
        evidence.append(measured(report, f"{root}loudness.integrated_lufs"))
        if audio.loudness.true_peak_dbtp is not None:
            text += f", peaks at {words.signed(audio.loudness.true_peak_dbtp)} dBTP"
            evidence.append(measured(report, f"{root}loudness.true_peak_dbtp"))
    found.append(Statement(text=f"{text}.", evidence=tuple(evidence)))
    kinds = [
        (name, value, path)
        for name, value, path in (
            ("speech", audio.speech_seconds, "speech_seconds"),
            ("music", audio.music_seconds, "music_seconds"),
        )
        if value
    ]
    if kinds:
        said = words.listing([f"{words.seconds(value)} of {name}" for name, value, _ in kinds])
        heard = tuple(measured(report, root + path) for _, _, path in kinds)
        found.append(
            Statement(text=f"{'It holds ' + said if root else words.capital(said)}.", evidence=heard)
        )
    if audio.transcript and audio.transcript.words:
        found.append(_said(report, audio, root))
    if audio.tempo:
        text = f"{'Its music has ' if root else ''}{words.number(audio.tempo.bpm)} BPM"
        if audio.tempo.alternatives_bpm:
            others = words.listing([words.number(bpm) for bpm in audio.tempo.alternatives_bpm], "or")
            text += f" (or {others}: octaves of the same pulse)"
        pulse = measured(report, f"{root}tempo.bpm", confidence=audio.tempo.confidence)
        found.append(Statement(text=f"{text}.", evidence=(pulse,)))
    return tuple(found)


def _said(report: AssetReport, audio: AudioFindings, root: str) -> Statement:
    """Return the words heard, shortened, with the model's confidence."""
    transcript = audio.transcript
    if transcript is None:
        raise ValueError("nothing was said")
    spoken = transcript.text.split()
    quote = " ".join(spoken[:LONGEST_QUOTE_WORDS]) + (" …" if len(spoken) > LONGEST_QUOTE_WORDS else "")
    confidence = sum(word.confidence for word in transcript.words) / len(transcript.words)
    count = len(phrases_of(audio))
    text = f"{words.count(len(transcript.words), 'word')} in {words.count(count, 'phrase')}: “{quote}”"
    evidence = [
        measured(report, f"{root}transcript.words.count"),
        measured(report, f"{root}transcript.text", confidence=confidence),
    ]
    if transcript.speaking_rate_wpm:
        text += f", {transcript.speaking_rate_wpm:.0f} words a minute"
        evidence.append(measured(report, f"{root}transcript.speaking_rate_wpm"))
    return Statement(text=f"{text}.", evidence=tuple(evidence))
