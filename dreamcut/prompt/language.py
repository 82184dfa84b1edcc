# ruff: noqa: E501 - a table reads best with one language a line
"""Whether a prompt is English, which the rules are written for."""

import re
import unicodedata

from dreamcut.findings.base import Gap


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ENGLISH = _words(
    "the a an of and with my in on for to is it make using use about from create that this i want we be no video"
)
_FOREIGN = {
    "Spanish": _words("el la los las un una de del y con mi mis para por que en haz crea quiero sin vídeo segundos usando anuncio"),
    "French": _words("le la les un une de des du et avec mon ma mes pour que en fais crée créer je veux sans vidéo secondes utilisant"),
    "German": _words("der die das ein eine einen und mit mein meine meinem für den von im in mach erstelle ich will ohne sekunden aus"),
    "Portuguese": _words("o a os as um uma de do da e com meu minha para por que em faça crie quero sem vídeo segundos usando"),
    "Italian": _words("il lo la gli un una di del e con mio mia per che in fai crea voglio senza video secondi usando"),
    "Dutch": _words("de het een en met mijn voor van in maak ik wil zonder seconden gebruik"),
}  # fmt: skip


def foreign_language_gap(prompt: str) -> Gap | None:
    """Return a gap when a prompt seems to be in another language: by its script, else by its function words."""
    letters = [char for char in prompt if char.isalpha()]
    if not letters:
        return None
    other_script = [char for char in letters if not unicodedata.name(char, "").startswith("LATIN")]
    if len(other_script) > 0.3 * len(letters):
        script = unicodedata.name(other_script[0], "another").split()[0].title()
        return _gap(f"the prompt is written in {script} letters")
    words = set(re.findall(r"[^\W\d_]+", prompt.lower()))
    english = sum(word in _ENGLISH for word in words)
    language, hits = max(
        ((name, sum(word in table for word in words)) for name, table in _FOREIGN.items()),
        key=lambda pair: pair[1],
    )
    if hits >= 2 and hits > english:
        return _gap(f"the prompt seems to be {language}")
    return None


def _gap(reason: str) -> Gap:
    return Gap(
        what="wording of the prompt",
        reason=f"{reason}; the reading rules are English, so only numbers, ratios and names were read",
        remedy="repeat the request in English, or set duration, aspect ratio and intent as options",
    )
