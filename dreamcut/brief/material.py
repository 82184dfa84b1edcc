"""The assets, each with its part in the piece."""

import re
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from dreamcut.brief.evidence import Evidence, Statement, measured, presence, stated
from dreamcut.brief.request import AssetReport, BriefRequest
from dreamcut.findings import AudioFindings, ImageFindings, VideoFindings
from dreamcut.findings.look import Look
from dreamcut.models import AssetKind, Intent
from dreamcut.prompt import AssetRole, Mention

SPEECH_SHARE = 0.3  # of an audio file; from here on it counts as a voice, else as music or effect
EFFECT_SECONDS = 8.0  # shorter sound without speech is an effect
_DESCRIBED = (
    (AssetRole.VOICEOVER, r"voice[\s_-]?over|narrat\w*|\bvo\b|\bvoice\b"),
    (AssetRole.LOGO, r"\blogo\b|wordmark"),
    (AssetRole.BROLL, r"b[\s_-]?roll|cutaway"),
    (AssetRole.STYLE_REFERENCE, r"\brefs?\b|reference|style|mood[\s_-]?board|key[\s_-]?(?:visual|art)|look"),
    (AssetRole.SOUND_EFFECT, r"\bsfx\b|sound effects?|foley"),
    (AssetRole.MUSIC, r"\bmusic\b|soundtrack|\bsong\b|\btrack\b|\bscore\b|\bbeat\b"),
    (AssetRole.FOOTAGE, r"footage|\bclip\b|rushes|\bvideo\b"),
    (AssetRole.STILL, r"\bphoto\b|\bpicture\b|\bstill\b|product shot"),
)  # fmt: skip
_FITS = {
    AssetKind.IMAGE: {AssetRole.STYLE_REFERENCE, AssetRole.STILL, AssetRole.LOGO},
    AssetKind.VIDEO: {AssetRole.FOOTAGE, AssetRole.BROLL, AssetRole.STYLE_REFERENCE},
    AssetKind.AUDIO: {AssetRole.VOICEOVER, AssetRole.MUSIC, AssetRole.SOUND_EFFECT},
}


@dataclass(frozen=True)
class Part:
    """One readable asset and its role."""

    report: AssetReport
    role: AssetRole
    because: Statement
    mention: Mention | None = None  # the words that asked for it

    @property
    def id(self) -> UUID:
        """Id of the asset."""
        return self.report.asset.id

    @property
    def name(self) -> str:
        """File name of the asset."""
        return self.report.asset.filename

    @property
    def video(self) -> VideoFindings:
        """Findings of a video; a TypeError for any other kind."""
        if not isinstance(self.report.findings, VideoFindings):
            raise TypeError(f"{self.name} is no video")
        return self.report.findings

    @property
    def audio(self) -> AudioFindings:
        """Findings of an audio file; a TypeError for any other kind."""
        if not isinstance(self.report.findings, AudioFindings):
            raise TypeError(f"{self.name} is no audio")
        return self.report.findings

    @property
    def image(self) -> ImageFindings:
        """Findings of an image; a TypeError for any other kind."""
        if not isinstance(self.report.findings, ImageFindings):
            raise TypeError(f"{self.name} is no image")
        return self.report.findings

    @property
    def look(self) -> Look | None:
        """The look of a picture, None for sound."""
        findings = self.report.findings
        return findings.look if isinstance(findings, ImageFindings | VideoFindings) else None


@dataclass(frozen=True)
class Material:
    """Everything readable, by role, in the order in which the user gave it."""

    request: BriefRequest
    parts: tuple[Part, ...]

    def of(self, *roles: AssetRole) -> tuple[Part, ...]:
        """Return the parts of some roles."""
        return tuple(part for part in self.parts if part.role in roles)

    @property
    def footage(self) -> tuple[Part, ...]:
        """Videos to be cut, main footage before b-roll."""
        return self.of(AssetRole.FOOTAGE) + self.of(AssetRole.BROLL)

    @property
    def stills(self) -> tuple[Part, ...]:
        """Pictures to be shown."""
        return self.of(AssetRole.STILL)

    @property
    def reference(self) -> Part | None:
        """The first style reference with a measured look."""
        return next((part for part in self.of(AssetRole.STYLE_REFERENCE) if part.look), None)

    @property
    def voice(self) -> Part | None:
        """The first voice-over that can be laid: sound of some length."""
        voices = self.of(AssetRole.VOICEOVER)
        return next((part for part in voices if part.audio.duration_seconds > 0), None)

    @property
    def music(self) -> Part | None:
        """The first music track of some length."""
        return next((part for part in self.of(AssetRole.MUSIC) if part.audio.duration_seconds > 0), None)


def material_of(request: BriefRequest) -> Material:
    """Return the readable assets with their roles: by description, prompt, file name, then measurement."""
    readable = [report for report in request.reports if report.findings is not None]
    return Material(request=request, parts=tuple(_part(report, readable, request) for report in readable))


def _part(report: AssetReport, readable: list[AssetReport], request: BriefRequest) -> Part:
    """Return one asset with its role and the reason for it."""
    name = report.asset.filename
    described = _described_role(report.asset.description, report.asset.kind)
    if described and report.asset.description:
        text = f"{name} is the {described.label}: you describe it so."
        return Part(
            report, described, Statement(text=text, evidence=(measured(report, "asset.description"),))
        )
    mention = _mention_of(report, readable, request)
    if mention:
        quote = mention.span.text if mention.span else mention.role.value
        text = f"{name} is the {mention.role.label}: it is the {report.asset.kind} given for “{quote}”."
        return Part(
            report, mention.role, Statement(text=text, evidence=(stated(mention), presence(report))), mention
        )
    named = _described_role(re.sub(r"[_\-.\d]+", " ", name), report.asset.kind)
    if named and not (named is AssetRole.VOICEOVER and not _has_speech(report)):
        text = f"{name} is taken as the {named.label}: its file name says so."
        return Part(report, named, Statement(text=text, evidence=(measured(report, "asset.filename"),)))
    return _measured_role(report, readable, request)


def _described_role(text: str | None, kind: AssetKind) -> AssetRole | None:
    """Return the role that some words name, if it suits the kind."""
    for role, pattern in _DESCRIBED:
        if text and role in _FITS[kind] and re.search(pattern, text, re.IGNORECASE):
            return role
    return None


def _mention_of(report: AssetReport, readable: list[AssetReport], request: BriefRequest) -> Mention | None:
    """Return the words of the prompt that an asset answers: in order, voices by what speaks."""
    kind = report.asset.kind
    same = [other for other in readable if other.asset.kind is kind and not other.asset.description]
    mentions = [m for m in request.reading.materials if m.kind is kind and m.owned]
    if kind is AssetKind.AUDIO:
        voices = [m for m in mentions if m.role is AssetRole.VOICEOVER]
        others = [m for m in mentions if m.role is not AssetRole.VOICEOVER]
        speaking = [other for other in same if _has_speech(other)]
        silent = [other for other in same if not _has_speech(other)]
        return _in_order(report, speaking, voices) or _in_order(report, silent, others)
    return _in_order(report, same, mentions)


def _in_order(report: AssetReport, reports: list[AssetReport], mentions: list[Mention]) -> Mention | None:
    """Pair reports and mentions by their order; the last mention of several takes all that is left."""
    if report not in reports or not mentions:
        return None
    index = reports.index(report)
    if index < len(mentions):
        return mentions[index]
    return mentions[-1] if mentions[-1].several else None


def _has_speech(report: AssetReport) -> bool:
    """Whether enough of an audio file is speech to be a voice-over."""
    findings = report.findings
    if (
        not isinstance(findings, AudioFindings)
        or not findings.duration_seconds
        or not findings.speech_seconds
    ):
        return False
    return findings.speech_seconds >= SPEECH_SHARE * findings.duration_seconds


def _measured_role(report: AssetReport, readable: list[AssetReport], request: BriefRequest) -> Part:
    """Return the role that follows from what the file is."""
    name, findings = report.asset.filename, report.findings
    match report.asset.kind:
        case AssetKind.VIDEO:
            text = f"{name} is the footage: it is a video and nothing says otherwise."
            return Part(report, AssetRole.FOOTAGE, Statement(text=text, evidence=(presence(report),)))
        case AssetKind.IMAGE:
            footage = any(other.asset.kind is AssetKind.VIDEO for other in readable)
            still = request.intent is Intent.IMAGE or not footage
            role = AssetRole.STILL if still else AssetRole.STYLE_REFERENCE
            why = "no footage stands beside it" if still else "footage carries the picture"
            text = f"{name} is the {role.label}: {why}."
            return Part(report, role, Statement(text=text, evidence=(presence(report),)))
        case AssetKind.AUDIO:
            audio = findings if isinstance(findings, AudioFindings) else None
            evidence: tuple[Evidence, ...] = (presence(report),)
            if audio and audio.speech_seconds is not None:
                evidence = (measured(report, "speech_seconds"), measured(report, "duration_seconds"))
            if _has_speech(report):
                text = f"{name} is the voice-over: most of what it holds is speech."
                return Part(report, AssetRole.VOICEOVER, Statement(text=text, evidence=evidence))
            effect = audio is not None and audio.duration_seconds < EFFECT_SECONDS and not audio.music_seconds
            role = AssetRole.SOUND_EFFECT if effect else AssetRole.MUSIC
            what = "a sound effect" if effect else "music"
            text = f"{name} is taken as {what}: it is sound without much speech."
            return Part(report, role, Statement(text=text, evidence=evidence))
        case _:
            assert_never(report.asset.kind)
