"""The image analyzer: a file in, findings out."""

from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from analyzers import versions
from analyzers.image.damage import decoded_part
from analyzers.look import ANALYSIS_EDGE_PX, measure_look
from analyzers.look.aspect import aspect_name
from analyzers.look.phash import perceptual_hash
from analyzers.look.tone import luma_of
from analyzers.look.words import look_words
from analyzers.media import Fingerprint, Still, StillInfo, fingerprint, read_image
from analyzers.steps import OnStep, Step, ignore_step
from dreamcut.findings import Gap, ImageFindings, Tool, Word
from dreamcut.findings.image import ImageFile
from dreamcut.findings.look import Look

_HALF_OPAQUE = 128  # alpha; below, a pixel counts as transparent
_BACKDROP = 128  # grey behind transparent pixels: a dark or light logo keeps its shape in the hash
_FLAT_LUMA = 1 / 255  # a picture that varies by less has no structure to compare


def analyze(path: Path, *, on_step: OnStep = ignore_step, sha256: str | None = None) -> ImageFindings:
    """Measure a still image; an animation by its first frame.

    Args:
        path: a local file; it is only ever opened through `analyzers.media`.
        on_step: told after "format" (10 %), "look" (75 %) and "words" (90 %), with all so far.
        sha256: of the file, where it is known already.

    Returns:
        The findings. `partial` only when the file is damaged: then the part that could be
        decoded was measured, and a gap says what is missing.

    Raises:
        MediaError: the file cannot be analysed; the message names it and says why.
        AnalysisCancelled: the decoder was stopped meanwhile.
    """
    started = perf_counter()
    identity = fingerprint(path, sha256=sha256)
    still = read_image(path, long_edge_px=ANALYSIS_EDGE_PX)
    draft = _Draft(identity, _file_of(still), decode_seconds=perf_counter() - started)
    visible = still.pixels[..., 3] >= _HALF_OPAQUE
    if still.damaged:
        visible &= decoded_part(still.pixels)
        draft.gaps.append(
            Gap(what="a part of the picture", reason=still.damaged, remedy="send the whole file")
        )
    on_step(Step("format", 10, draft.findings(partial=True)))

    started = perf_counter()
    _measure(draft, still.pixels, visible=visible)
    draft.measure_seconds = perf_counter() - started
    on_step(Step("look", 75, draft.findings(partial=True)))

    if draft.look:
        draft.words = look_words(draft.look)
    on_step(Step("words", 90, draft.findings(partial=True)))
    return draft.findings(partial=still.damaged is not None)


@dataclass
class _Draft:
    """What is known so far."""

    identity: Fingerprint
    file: ImageFile
    decode_seconds: float
    measure_seconds: float = 0.0
    look: Look | None = None
    perceptual_hash: str | None = None
    words: tuple[Word, ...] = ()
    gaps: list[Gap] = field(default_factory=list)

    def findings(self, *, partial: bool) -> ImageFindings:
        """Freeze it."""
        return ImageFindings(
            analyzer_version=versions.IMAGE,
            file_bytes=self.identity.file_bytes,
            sha256=self.identity.sha256,
            file=self.file,
            look=self.look,
            perceptual_hash=self.perceptual_hash,
            words=self.words,
            gaps=tuple(self.gaps),
            tools=(
                Tool(name="pillow", version=version("pillow"), seconds=self.decode_seconds),
                Tool(name="numpy", version=np.__version__, seconds=self.measure_seconds),
            ),
            partial=partial,
        )


def _measure(draft: _Draft, pixels: NDArray[np.uint8], *, visible: NDArray[np.bool_]) -> None:
    """Measure what is visible, and note what cannot be measured."""
    if not visible.any():
        hidden = draft.file.transparent_share == 1
        reason = "every pixel is transparent" if hidden else "no part of the picture could be decoded"
        draft.gaps.extend(Gap(what=what, reason=reason) for what in ("look", "perceptual_hash"))
        return
    rgb = np.ascontiguousarray(pixels[..., :3])
    draft.look = measure_look(rgb, visible=None if visible.all() else visible)
    if draft.look.detail is None:
        draft.gaps.append(
            Gap(what="look.detail", reason="sharpness and noise need visible areas of 3 x 3 px or more")
        )
    luma = luma_of(np.where(visible[..., None], rgb, np.uint8(_BACKDROP)))
    if float(np.ptp(luma)) < _FLAT_LUMA:
        draft.gaps.append(Gap(what="perceptual_hash", reason="the picture has no structure to compare"))
    else:
        draft.perceptual_hash = perceptual_hash(luma)


def _file_of(still: Still) -> ImageFile:
    info: StillInfo = still.info
    ratio = info.width_px / info.height_px
    return ImageFile(
        format=info.format,
        mode=info.mode,
        bits_per_channel=info.bits_per_channel,
        stored_width_px=info.stored_width_px,
        stored_height_px=info.stored_height_px,
        orientation=info.orientation,
        width_px=info.width_px,
        height_px=info.height_px,
        aspect_ratio=ratio,
        aspect_name=aspect_name(ratio),
        colour_profile=info.colour_profile,
        has_alpha=info.has_alpha,
        transparent_share=float(np.mean(still.pixels[..., 3] < _HALF_OPAQUE)),
        frames=info.frames,
    )
