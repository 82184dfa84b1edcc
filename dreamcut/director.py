"""What the director says while a query is worked on: the user's wording, measured facts.

Pure: each function returns a message with a stable key, so that saying it twice writes it once. The keys
that start with `query:` are those of the database, which says the same lines where nobody said them before.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from dreamcut.brief.model import Action, Conflict, ConflictKind, Direction
from dreamcut.brief.words import count, listing, number, short_seconds, signed
from dreamcut.errors import printable
from dreamcut.findings import AnyFindings, AudioFindings, ImageFindings, VideoFindings
from dreamcut.findings.base import Word
from dreamcut.models import Asset, AssetKind, Intent, MessageType, NewMessage
from dreamcut.prompt import AssetRole, Bound, PromptReading

_START_EMOJI = {AssetKind.IMAGE: "🖼️", AssetKind.VIDEO: "🎥", AssetKind.AUDIO: "🎵"}
# Words of the analyzers that tell how a picture feels; all others tell how it looks.
MOODS = {
    "dark", "moody", "bright", "calm", "tense", "dramatic", "gritty", "serene",
    "energetic", "mysterious", "cheerful", "gloomy", "airy", "warm", "cool", "cold",
    "high-contrast", "low-contrast", "futuristic", "nocturnal", "lively", "subdued", "intense", "quiet",
}  # fmt: skip
# The line itself says "look": "neon look", not "cyberpunk palette look".
_IMAGE_ENDING = re.compile(r" (?:palette|look|colour)$")
_KINDS_OF_SOUND = {"narration", "voice over music"}  # said by the fact itself
_AS_ADJECTIVES = {
    "even delivery": "even",
    "deep voice": "deep-voiced",
    "high voice": "high-voiced",
    "measured pace": "measured",
    "steady beat": "steady",
    "dark timbre": "dark",
}
_PROMISES = {
    Action.SPREAD: "spread the phrases",
    Action.CROP: "crop it",
    Action.SCALE: "scale it up",
    Action.CONFORM: "conform it",
    Action.GAIN: "set the level",
    Action.GRADE: "grade it",
    Action.DUCK: "duck the music under the voice",
    Action.MUTE: "mute it",
    Action.AVOID: "cut around it",
    Action.REPAIR: "repair it",
    Action.TRIM: "trim it",
    Action.FILL: "fill the rest",
}
MOST_LOOKS = MOST_MOODS = 2
CLOSE_SECONDS = 0.5  # a length this near to the asked one fits


def request_received() -> NewMessage:
    """Return the first line of every query."""
    return _line(MessageType.STATUS, "🎬", "Got your request. Let's break it down...", key="query:received")


def asset_started(asset: Asset) -> NewMessage:
    """Return the line before an asset is analysed."""
    content = f"Analyzing {asset.kind}: {printable(asset.filename)}"
    return _line(
        MessageType.ASSET_START, _START_EMOJI[asset.kind], content, key=f"asset:{asset.position}:start"
    )


def asset_progress(asset: Asset, step: str, *, progress: int) -> NewMessage:
    """Return the line for a step of an analysis; one that reports several times is said once.

    Args:
        step: a noun from the craft, "shots" or "loudness".
        progress: of the asset, percent.
    """
    return _line(
        MessageType.ASSET_PROGRESS,
        None,
        f"{printable(asset.filename)}: {step}",
        key=f"asset:{asset.position}:step:{step}",
        data={"step": step, "progress": progress},
    )


def asset_completed(asset: Asset, findings: AnyFindings, reading: PromptReading) -> NewMessage:
    """Return what an asset turned out to be, two to four measured facts."""
    if isinstance(findings, ImageFindings):
        facts = _image_facts(findings)
    elif isinstance(findings, VideoFindings):
        facts = _video_facts(findings, reading)
    else:
        facts = _audio_facts(findings)
    if findings.partial:
        facts.append("only partly readable")
    content = f"→ ✅ {', '.join(facts)}"
    data = {"facts": facts, "words": [word.word for word in findings.words]}
    return _line(MessageType.ASSET_COMPLETE, "✅", content, key=f"asset:{asset.position}:complete", data=data)


def asset_failed(asset: Asset, reason: str) -> NewMessage:
    """Return why an asset cannot be used, its name once."""
    name, said = printable(asset.filename), printable(" ".join(reason.split()))
    content = said if said.startswith(name) else f"{name}: {said}"
    return _line(MessageType.ERROR, "❌", content, key=f"asset:{asset.position}:failed")


def conflict(found: Conflict) -> NewMessage:
    """Return a conflict in one line, with what is done about it."""
    data = found.model_dump(mode="json")
    return _line(MessageType.CONFLICT, "⚠️", _conflict_words(found), key=f"conflict:{found.id}", data=data)


def intent(chosen: Intent) -> NewMessage:
    """Return what will be made."""
    return _line(MessageType.STATUS, "🎯", f"Intent: {chosen}", key="intent", data={"intent": chosen.value})


def assets(roles: Sequence[tuple[AssetKind, AssetRole | None]]) -> NewMessage:
    """Return how many assets of which kind and role there are.

    Args:
        roles: kind and role of each asset, the role None where it could not be read.
    """
    kinds = Counter(kind for kind, _ in roles)
    parts = []
    for kind, amount in kinds.items():
        names = dict.fromkeys(role.value if role else "unreadable" for of, role in roles if of is kind)
        noun = str(kind) if kind is AssetKind.AUDIO else count(amount, kind).split(" ", 1)[1]
        parts.append(f"{amount} {noun} ({', '.join(names)})")
    content = f"Assets: {', '.join(parts) or 'none'}"
    return _line(MessageType.STATUS, "📁", content, key="assets", data={"total": len(roles)})


def suggestions(directions: Sequence[Direction]) -> NewMessage:
    """Return the names of the directions."""
    names = [direction.name for direction in directions]
    content = f"Suggested directions: {'; '.join(names)}"
    return _line(MessageType.SUGGESTION, "💡", content, key="suggestions", data={"directions": names})


def merging() -> NewMessage:
    """Return the line before the brief is composed."""
    return _line(MessageType.MERGE, "🎭", "Combining query + assets into creative brief...", key="merging")


def ready() -> NewMessage:
    """Return the line after the brief is composed; its emoji stands in the text."""
    return _line(MessageType.FINAL, "🎬", "Creative brief ready 🎬", key="query:ready")


def production(*, ready_for_production: bool, waiting: int = 0) -> NewMessage:
    """Return the last line: ready, or how many decisions wait for the user."""
    if ready_for_production:
        return _line(MessageType.FINAL, "🚀", "Ready for production!", key="query:production")
    content = f"Before production: {count(waiting, 'decision')} for you in the brief"
    return _line(MessageType.FINAL, "⚠️", content, key="query:production", data={"waiting": waiting})


def _line(
    kind: MessageType, emoji: str | None, content: str, *, key: str, data: Mapping[str, object] | None = None
) -> NewMessage:
    return NewMessage(type=kind, emoji=emoji, content=content, key=key, data=dict(data or {}))


def _image_facts(findings: ImageFindings) -> list[str]:
    """Return look and mood, or size and main colour where no rule gave a word."""
    looks, moods = _split(findings.words)
    facts = []
    if looks:
        facts.append(f"{', '.join(looks)} look")
    if moods:
        facts.append(f"{', '.join(moods)} mood")
    if not facts and findings.look:
        names = list(dict.fromkeys(colour.name for colour in findings.look.palette.colours))[:2]
        facts.append(f"{listing(names)} palette")
    if not facts or not (looks and moods):
        facts.append(f"{findings.file.width_px}x{findings.file.height_px}")
    return facts


def _split(found: Sequence[Word]) -> tuple[list[str], list[str]]:
    """Return the words for how it looks and those for how it feels, most telling first."""
    names = list(dict.fromkeys(_IMAGE_ENDING.sub("", word.word) for word in found))
    looks = [name for name in names if name not in MOODS][:MOST_LOOKS]
    return looks, [name for name in names if name in MOODS][:MOST_MOODS]


def _video_facts(findings: VideoFindings, reading: PromptReading) -> list[str]:
    """Return role, length, and whether it fits the asked length."""
    length = findings.timing.duration_seconds
    role = "b-roll" if _only(reading, AssetRole.BROLL) else "footage"
    facts = [role, short_seconds(length)]
    fit = _fit(length, reading)
    if fit:
        facts.append(fit)
    elif len(findings.shots) > 1:
        facts.append(count(len(findings.shots), "shot"))
    return facts


def _only(reading: PromptReading, role: AssetRole) -> bool:
    """Whether the prompt speaks of videos in one role only."""
    roles = {mention.role for mention in reading.materials if mention.kind is AssetKind.VIDEO}
    return roles == {role}


def _fit(length: float, reading: PromptReading) -> str | None:
    """Return how a length meets the asked one, None where they fit or none is asked."""
    asked = reading.duration
    if asked is None:
        return None
    spare = length - asked.value
    if abs(spare) <= max(CLOSE_SECONDS, 0.02 * asked.value):
        return "fits the length"
    if spare > 0:
        return None if asked.bound is Bound.AT_LEAST else "needs trimming"
    return f"{short_seconds(-spare)} short of {short_seconds(asked.value)}"


def _audio_facts(findings: AudioFindings) -> list[str]:
    """Return what kind of sound it is with its tone, its length and level."""
    words = [word.word for word in findings.words]
    speech, music = findings.speech_seconds or 0.0, findings.music_seconds or 0.0
    if findings.speech_seconds is None and findings.music_seconds is None:
        kind = "sound"
    elif speech and speech >= 0.3 * findings.duration_seconds:
        kind = "narration over music detected" if music >= 0.5 * speech else "narration detected"
    elif music:
        kind = "music detected"
    elif speech:
        kind = "a little speech detected"
    else:
        kind = "sound without speech or music"
    tones = [_AS_ADJECTIVES.get(word, word) for word in words if word not in _KINDS_OF_SOUND][:2]
    facts = [f"{', '.join(tones)} {kind}" if tones else kind, short_seconds(findings.duration_seconds)]
    if findings.tempo and not speech:
        facts.append(f"{number(findings.tempo.bpm, 0)} BPM")
    if findings.loudness and findings.loudness.integrated_lufs is not None:
        facts.append(f"{signed(findings.loudness.integrated_lufs).lstrip('+').replace('−', '-')} LUFS")
    return facts


def _conflict_words(found: Conflict) -> str:
    """Return the user's own wording for a video of another length, else statement and resolution."""
    goal = found.constraint.value
    lengths = [one.value for one in found.evidence if one.metric == "timing.duration_seconds"]
    measured_lengths = [float(value) for value in lengths if isinstance(value, int | float)]
    if found.kind is ConflictKind.DURATION and measured_lengths and isinstance(goal, int | float):
        have, several = sum(measured_lengths), len(measured_lengths) > 1
        videos = (
            f"Videos are {short_seconds(have)} together" if several else f"Video is {short_seconds(have)}"
        )
        will = {
            Action.TRIM: f"trim {'them' if several else 'it'}",
            Action.FILL: f"fill {short_seconds(goal - have)}",
        }
        if found.resolution.action in will:
            return f"{videos} but you want {short_seconds(goal)} - I'll {will[found.resolution.action]}"
    promise = _PROMISES.get(found.resolution.action) if found.resolution.auto else None
    return f"{found.statement.rstrip('.')} - I'll {promise}" if promise else found.statement
