"""Fields that a member locks and unlocks in words: "lock the seed", "keep the style", "unlock everything"."""

from __future__ import annotations

import re
from typing import Final

FIELDS: Final = {
    "seed": "seed", "noise": "seed", "style": "styles", "styles": "styles", "look": "styles", "aspect": "aspect",
    "aspect ratio": "aspect", "shape": "aspect", "format": "aspect", "ratio": "aspect", "size": "aspect",
    "steps": "steps", "guidance": "guidance_scale", "cfg": "guidance_scale", "sampler": "sampler", "model": "model",
    "negative prompt": "negative_prompt", "negatives": "negative_prompt", "count": "count", "number": "count",
    "prompt": "prompt", "mode": "mode", "seeds": "seed", "samen": "seed", "stil": "styles", "semilla": "seed",
    "estilo": "styles", "graine": "seed", "semente": "seed",
}  # fmt: skip
"""What members call a field of the recipe."""
NAME: Final = "|".join(sorted(FIELDS, key=len, reverse=True))
LISTED: Final = rf"(?:the |this |that |my |its |same |den |das |el |la |le |o )*(?:{NAME})"
EVER: Final = (
    r"(?:for (?:me|us|now|good)|from (?:now|here) on|always|please|, ?(?:please|thanks))(?: (?:from (?:now|here) on))?"
)
LOCK: Final = re.compile(
    rf"(?:please )?(?:lock|freeze|pin|fix|hold|keep using|always use|sperre?|bloquea|verrouille|bloqueie)"
    rf"(?: in)? (?P<what>{LISTED}(?:(?:,| and|,? and|,? &| und| y| et| e) {LISTED})*)(?: locked| fixed)?(?: {EVER})?",
    re.IGNORECASE,
)
KEEP: Final = re.compile(
    rf"(?:please )?keep (?P<what>{LISTED}(?:(?:,| and|,? and) {LISTED})*) "
    rf"(?:(?:locked|fixed)(?: {EVER})?|from now on|for (?:all|every) (?:of )?(?:them|the next ones?)|always)",
    re.IGNORECASE,
)
UNLOCK: Final = re.compile(
    rf"(?:please )?(?:unlock|unfreeze|unpin|release|free|let go of|entsperre?|desbloquea|déverrouille|desbloqueie)"
    rf"(?: (?P<what>{LISTED}(?:(?:,| and|,? and) {LISTED})*|everything|all(?: of (?:it|them))?|it|them|alles|todo|tout"
    r"|tudo))?",
    re.IGNORECASE,
)
VERBATIM: Final = re.compile(
    r"(?:please )?(?:(?:turn |switch )?(?P<state>on|off) )?verbatim(?: mode)?(?: (?P<after>on|off))?", re.IGNORECASE
)


def locked(words: str) -> tuple[tuple[str, ...], bool] | None:
    """The fields that some words lock, and True; or unlock, and False (all of them where none is named). Else None."""
    said = words.strip(" .!")
    for pattern in (LOCK, KEEP):
        if match := pattern.fullmatch(said):
            return _fields(match["what"]), True
    if match := UNLOCK.fullmatch(said):
        return _fields(match["what"] or ""), False
    return None


def verbatim(words: str) -> bool | None:
    """Whether some words switch the sending of words untouched on or off; None where they speak of something else."""
    match = VERBATIM.fullmatch(words.strip(" .!"))
    if not match:
        return None
    return (match["state"] or match["after"] or "on").lower() == "on"


def speaks_of_locks(words: str) -> bool:
    """Whether some words lock or unlock anything."""
    return locked(words) is not None or verbatim(words) is not None


def _fields(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(FIELDS[name.lower()] for name in re.findall(NAME, text, re.IGNORECASE)))
