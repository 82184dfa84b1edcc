"""Two or three ways to make the piece, each exact to the frame."""

from dreamcut.brief import words
from dreamcut.brief.beats import beats_of
from dreamcut.brief.cuts import Cut, Stage, ways_to_cut, ways_to_cut_sound
from dreamcut.brief.evidence import Statement, measured, stated, whole_prompt
from dreamcut.brief.looks import target_look
from dreamcut.brief.material import Material, Part
from dreamcut.brief.model import Beat, Direction, Pacing, SoundCue, Timeline, TitleCard
from dreamcut.brief.sound import bed_cue, bed_of, gain, gain_words, voice_cues, whole_voice_cue
from dreamcut.brief.stillpiece import still_directions
from dreamcut.brief.stretches import sound_stretches, stretches
from dreamcut.brief.target import Target
from dreamcut.brief.voice import phrases
from dreamcut.models import Intent

TITLE_WORDS = 3  # a phrase of so few words reads as a title card
SURE_ENOUGH_TO_PRINT = 0.5  # of each word: a card shows what the model only believes to have heard
MOST_TITLES = 3


def stage_of(material: Material, target: Target) -> Stage | None:
    """Return the stage for a timed piece, None where no length is known or a still picture is asked for."""
    if target.seconds is None or material.request.intent is Intent.IMAGE:
        return None
    sound_only = material.request.intent is Intent.AUDIO
    return Stage(
        material=material,
        target=target,
        frames=max(1, round(target.seconds * target.rate)),
        pool=sound_stretches(material) if sound_only else stretches(material),
        phrases=phrases(material.voice) if material.voice and not sound_only else (),
        bed=None if sound_only else bed_of(material),
    )


def directions_of(material: Material, target: Target) -> tuple[Direction, ...]:
    """Return two directions, or three where the material leads in as many ways; the first is recommended."""
    stage = stage_of(material, target)
    if stage is None:
        return still_directions(material, target)
    sound_only = material.request.intent is Intent.AUDIO
    cuts = list(ways_to_cut_sound(stage) if sound_only else ways_to_cut(stage))
    return tuple(_direction(number, cut, stage) for number, cut in enumerate(cuts, start=1))


def _direction(number: int, cut: Cut, stage: Stage) -> Direction:
    """Return one way to cut as a direction."""
    beats = beats_of(cut, stage)
    sound = _sound(cut, stage)
    own_gain, own_words = _clip_sound(cut, stage)
    rationale = [_source_use(cut, stage), *_levels(cut, stage), *own_words]
    return Direction(
        id=f"direction-{number}",
        name=cut.name,
        logline=cut.logline,
        rationale=tuple(rationale),
        look=target_look(stage.material),
        pacing=_pacing(beats, stage),
        timeline=Timeline(
            frame_rate=stage.rate, frames=stage.frames, duration_seconds=round(stage.seconds, 6)
        ),
        beats=beats,
        sound=sound,
        clip_sound_db=own_gain,
        titles=_titles(cut, stage),
        scoring=cut.scoring,
    )


def _source_use(cut: Cut, stage: Stage) -> Statement:
    """Return a sentence on how much of the timeline the material fills."""
    shown = [one for one in cut.placed if one.stretch]
    filled = sum(one.frames for one in shown) / stage.rate
    whole = words.seconds(stage.seconds)
    parts = {one.stretch.part.id: one.stretch.part for one in shown if one.stretch}
    if not parts:
        text = f"No frame of the {whole} comes from your material; every shot is a generation job."
        return Statement(text=text, evidence=(whole_prompt(stage.material.request.reading.prompt),))
    used = [_used(cut, part) for part in parts.values()]
    one = len(used) == 1 and used[0].startswith("1 ")
    filling = (
        f"the whole {whole}"
        if stage.seconds - filled < 1 / stage.rate
        else f"{words.seconds(filled)} of {whole}"
    )
    text = f"{words.capital(words.listing(used))} {'fills' if one else 'fill'} {filling}"
    again = sum(one.second_use for one in shown)
    if again:
        text += (
            f"; {_stretches(again)} {'shows' if again == 1 else 'show'} other frames of a shot already seen"
        )
    metrics = {"video": "timing.duration_seconds", "audio": "duration_seconds", "image": "asset.kind"}
    evidence = tuple(measured(part.report, metrics[part.report.asset.kind]) for part in parts.values())
    return Statement(text=f"{text}.", evidence=evidence)


def _stretches(amount: int) -> str:
    return "1 stretch" if amount == 1 else f"{amount} stretches"


def _used(cut: Cut, part: Part) -> str:
    """Return how much of one asset is used."""
    uses = [one.stretch for one in cut.placed if one.stretch and one.stretch.part.name == part.name]
    if uses[0].still:
        return f"1 view of {part.name}"
    return f"{_stretches(len(uses))} of {part.name}"


def _levels(cut: Cut, stage: Stage) -> list[Statement]:
    """Return the gain that voice and bed need."""
    voice = stage.material.voice
    found = (
        [gain_words(voice, voice.audio, "", lufs=stage.target.lufs)]
        if voice and cut.measure != "level"
        else []
    )
    if cut.bed:
        found.append(gain_words(cut.bed.part, cut.bed.audio, cut.bed.root, lufs=stage.target.lufs))
    return [statement for statement in found if statement]


def _sound(cut: Cut, stage: Stage) -> tuple[SoundCue, ...]:
    """Return the voice and the bed on the timeline."""
    if stage.material.request.intent is Intent.AUDIO:
        return ()
    cues: list[SoundCue] = []
    voice = stage.material.voice
    if voice and cut.spoken:
        cues += voice_cues(voice, cut.spoken, target=stage.target)
    elif voice:
        cues.append(whole_voice_cue(voice, target=stage.target, length=stage.seconds))
    bed = cut.bed and bed_cue(cut.bed, target=stage.target, length=stage.seconds, has_voice=voice is not None)
    return (*cues, bed) if bed else tuple(cues)


def _clip_sound(cut: Cut, stage: Stage) -> tuple[float | None, list[Statement]]:
    """Return the gain of the clips' own sound: heard where neither voice nor music takes its place."""
    if cut.bed or stage.material.voice or stage.material.request.intent is Intent.AUDIO:
        return None, []
    for part in stage.material.footage:
        if part.video.sound and gain(part.video.sound, lufs=stage.target.lufs) is not None:
            statement = gain_words(part, part.video.sound, "sound.", lufs=stage.target.lufs)
            return gain(part.video.sound, lufs=stage.target.lufs), [statement] if statement else []
    return None, []


def _pacing(beats: tuple[Beat, ...], stage: Stage) -> Pacing:
    """Return how fast the cut is, against the pace of the footage."""
    count = len(beats)
    average = stage.seconds / count
    text = f"{words.count(count, 'shot')}, {words.seconds(average)} on average"
    if count == 1:
        text = f"One shot of {words.seconds(average)}"
    evidence = []
    for part in stage.material.footage[:1]:
        if len(part.video.shots) > 1:
            own = part.video.timing.duration_seconds / len(part.video.shots)
            text += f"; {part.name} itself changes shot every {words.seconds(own)}"
            evidence += [
                measured(part.report, "timing.duration_seconds"),
                measured(part.report, "shots.count"),
            ]
    duration = stage.material.request.reading.duration
    if duration:
        evidence.append(stated(duration))
    return Pacing(
        shots=count,
        average_shot_seconds=round(average, 3),
        statement=Statement(text=f"{text}.", evidence=tuple(evidence) or stage.nothing_to_show()),
    )


def _titles(cut: Cut, stage: Stage) -> tuple[TitleCard, ...]:
    """Return words to show, unless text is unwanted: quoted by the user, else the shortest phrases heard."""
    reading = stage.material.request.reading
    if any(word in term.value for term in reading.excluded for word in ("text", "title", "caption", "word")):
        return ()
    cards = [
        TitleCard(
            text=term.value, because=Statement(text=f"You quote “{term.value}”.", evidence=(stated(term),))
        )
        for term in reading.titles
    ]
    voice = stage.material.voice
    if cards or voice is None:
        return tuple(cards)
    short = [
        one
        for one in cut.spoken
        if one.phrase.text
        and len(one.phrase.text.split()) <= TITLE_WORDS
        and one.phrase.confidence >= SURE_ENOUGH_TO_PRINT
    ]
    for one in short[-MOST_TITLES:]:
        at = round(one.start_frame / stage.rate, 3)
        text = f"The voice says it at {words.timecode(at)}."
        because = Statement(text=text, evidence=(measured(voice.report, one.phrase.metric),))
        cards.append(TitleCard(text=(one.phrase.text or "").rstrip("."), at_seconds=at, because=because))
    return tuple(cards)
