"""Findings of one file, for people: what an editor would want to know first."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dreamcut.errors import printable
from dreamcut.findings import AudioFindings, Findings, ImageFindings, VideoFindings
from dreamcut.findings.look import Look

MAX_SHOTS = 40
SWATCH_COLUMNS = 40
Row = tuple[str, Text | str]


def print_findings(
    findings: ImageFindings | VideoFindings | AudioFindings, *, name: str, console: Console
) -> None:
    """Print what was measured, the words derived from it, and what could not be measured."""
    console.print(Text(printable(name), style="bold"))
    match findings:
        case ImageFindings():
            _print_rows(_image_rows(findings), console=console)
        case VideoFindings():
            _print_rows(_video_rows(findings), console=console)
            _print_shots(findings, console=console)
        case AudioFindings():
            _print_rows(_audio_rows(findings), console=console)
    _print_rows(_common_rows(findings), console=console)


def timecode(seconds: float) -> str:
    """Write seconds as minutes and seconds, 1:05.30."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:05.2f}"


def _image_rows(findings: ImageFindings) -> Iterator[Row]:
    file = findings.file
    yield "image", f"{file.format}, {file.mode}, {file.bits_per_channel} bits a channel"
    yield "size", f"{file.width_px} x {file.height_px} px, {file.aspect_name}"
    if file.colour_profile:
        yield "profile", printable(file.colour_profile)
    if findings.look is not None:
        yield from _look_rows(findings.look)


def _video_rows(findings: VideoFindings) -> Iterator[Row]:
    container, geometry, timing = findings.container, findings.geometry, findings.timing
    variable = ", variable" if timing.variable else ""
    interlaced = ", interlaced" if timing.interlaced else ""
    yield "video", f"{container.video_codec}, {container.pixel_format}, in {container.format}"
    yield "size", f"{geometry.width_px} x {geometry.height_px} px, {geometry.aspect_name}"
    yield "length", f"{timecode(timing.duration_seconds)}, {timing.frames} frames"
    yield "rate", f"{timing.frame_rate:.3f} fps{variable}{interlaced}"
    if findings.cuts_per_minute is not None:
        yield "editing", f"{len(findings.shots)} shots, {findings.cuts_per_minute:.1f} cuts a minute"
    if findings.motion_kind is not None:
        yield "motion", findings.motion_kind.value
    if findings.defects is not None:
        black, frozen = len(findings.defects.black), len(findings.defects.frozen)
        yield "defects", f"{black} black, {frozen} frozen, {len(findings.defects.flashes_seconds)} flashes"
    if findings.look is not None:
        yield from _look_rows(findings.look)
    if findings.sound is not None:
        yield from _audio_rows(findings.sound)


def _audio_rows(findings: AudioFindings) -> Iterator[Row]:
    for stream in findings.streams:
        yield "sound", f"{stream.codec}, {stream.sample_rate_hz} Hz, {stream.layout}"
    yield "sound length", timecode(findings.duration_seconds)
    if findings.loudness is not None and findings.loudness.integrated_lufs is not None:
        peak = findings.loudness.true_peak_dbtp
        yield (
            "loudness",
            f"{findings.loudness.integrated_lufs:.1f} LUFS"
            + (f", peak {peak:.1f} dBTP" if peak is not None else ""),
        )
    for segment in findings.segments:
        yield segment.kind.value, f"{timecode(segment.start_seconds)} to {timecode(segment.end_seconds)}"
    if findings.tempo is not None:
        yield "tempo", f"{findings.tempo.bpm:.1f} BPM, confidence {findings.tempo.confidence:.2f}"
    if findings.transcript is not None:
        yield "said", printable(findings.transcript.text)


def _look_rows(look: Look) -> Iterator[Row]:
    bar = Text()
    for swatch in look.palette.colours:
        bar.append(" " * max(1, round(swatch.share * SWATCH_COLUMNS)), style=f"on {swatch.hex}")
    yield "palette", bar
    yield "colours", ", ".join(f"{swatch.name} {swatch.share:.0%}" for swatch in look.palette.colours)
    yield "light", f"{look.tone.key.value}, mean luma {look.tone.mean_luma:.2f}"
    yield "colour", f"saturation {look.colour.mean_saturation:.2f}, {look.colour.cool_share:.0%} cool"
    if look.detail is not None:
        yield "detail", f"sharpness {look.detail.sharpness:.4f}, noise {look.detail.noise_sigma:.3f}"


def _common_rows(findings: Findings) -> Iterator[Row]:
    for word in findings.words:
        yield "→ " + word.word, Text(word.rule, style="dim")
    if findings.partial:
        yield "partial", Text("only a part of the file could be read", style="yellow")
    for gap in findings.gaps:
        remedy = f" ({gap.remedy})" if gap.remedy else ""
        yield "gap", Text(printable(f"{gap.what}: {gap.reason}{remedy}"), style="yellow")


def _print_rows(rows: Iterator[Row], *, console: Console) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(style="cyan", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value in rows:
        grid.add_row(Text(label), value if isinstance(value, Text) else Text(value))
    if grid.row_count:
        console.print(grid)


def _print_shots(findings: VideoFindings, *, console: Console) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="cyan")
    for name in ("shot", "from", "to", "opens with", "motion", "keyframe"):
        table.add_column(name)
    for shot in findings.shots[:MAX_SHOTS]:
        table.add_row(
            str(shot.index + 1),
            timecode(shot.start_seconds),
            timecode(shot.end_seconds),
            f"{shot.opens_with.value} {shot.confidence:.2f}",
            shot.motion_kind.value if shot.motion_kind else "",
            timecode(shot.keyframe.at_seconds) if shot.keyframe else "",
        )
    console.print(table)
    if len(findings.shots) > MAX_SHOTS:
        console.print(Text(f"and {len(findings.shots) - MAX_SHOTS} more: --json has all", style="dim"))
