"""What is said in words: a recipe, a list of pictures, what is locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pixxelbot.intent import Changes
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe
from pixxelbot.rules import MemberSettings

LISTED: Final = 12
"""Pictures of one answer; more do not fit a message together with their prompts."""
LONGEST: Final = 70
"""Characters of a prompt in a list."""
NAMES: Final[Mapping[str, str]] = {
    "prompt": "prompt", "negative_prompt": "without", "styles": "styles", "loras": "LoRA", "aspect": "aspect",
    "count": "pictures", "steps": "steps", "guidance_scale": "guidance", "sampler": "sampler", "seed": "seed",
    "strength": "strength", "scale": "enlarged", "model": "model", "mode": "mode", "verbatim": "verbatim",
    "tile": "tile", "region": "region",
}  # fmt: skip
"""Field of a recipe → what members call it, in the order they are told."""


OWN: Final[Mapping[str, str]] = {
    "model": "model", "style": "style", "aspect": "aspect", "count": "pictures", "steps": "steps",
    "guidance_scale": "guidance", "sampler": "sampler", "negative_prompt": "without", "verbatim": "verbatim",
    "language": "language", "spoiler": "spoiler",
}  # fmt: skip
"""A member's own setting → what members call it."""
SET: Final = "Your own settings:"
KEPT: Final = "Kept in your own settings, for everything new that you ask for:"
FORGOTTEN: Final = "No longer in your own settings:"
ALL_FORGOTTEN: Final = "All of your own settings are forgotten."
NOTHING_SET: Final = "You have set nothing of your own."
HOW_TO_SET: Final = (
    "Say for example “always use 16:9”, “my default style is watercolour”, “change my language to German” or "
    "“forget my settings”."
)
NONE: Final = "I found none."
LOCKED: Final = "Locked here until you say “unlock”:"
UNLOCKED: Final = "Nothing is locked."


def recipe_in_words(one: Picture) -> str:
    """Everything that a picture was drawn with."""
    values = one.recipe.model_dump() | {"seed": one.seed}
    head = [f"“{' '.join(one.recipe.prompt.split())}”", f"{one.recipe.kind} · {one.width} × {one.height}"]
    return "\n".join([*head, *fields_in_words({name: values[name] for name in NAMES if name != "prompt"})])


def fields_in_words(values: Mapping[str, Any]) -> list[str]:
    """Those of some fields that say anything, a line each."""
    return [f"- {NAMES[name]}: {_shown(value)}" for name, value in values.items() if _says(value)]


def list_in_words(found: Sequence[Picture], what: str) -> str:
    """The pictures by number, as the next request may name them, under a line that says what they are."""
    lines = [f"{number}. {_short(one.recipe)}" for number, one in enumerate(found, start=1)]
    return "\n".join([what, *(lines or [NONE])])


def locks_in_words(kept: Changes) -> str:
    """What is locked from now on."""
    said = kept.said()
    if not said:
        return UNLOCKED
    return "\n".join([LOCKED, *(f"- {NAMES.get(name, name)}: {_shown(value)}" for name, value in said.items())])


def own_in_words(changes: Mapping[str, Any], kept: MemberSettings, more: str = "") -> str:
    """What has changed in a member's own settings, or all of them where nothing has; `more` is said after it."""
    now = {name: value for name, value in kept.model_dump().items() if _says(value)}
    changed = {name: now[name] for name in changes if name in now}
    gone = [f"- {OWN[name]}" for name in changes if name not in now]
    if not now:
        told = [ALL_FORGOTTEN if changes else NOTHING_SET]
    elif not changes:
        told = [SET, *_own_lines(now)]
    else:
        told = [*([KEPT, *_own_lines(changed)] if changed else []), *([FORGOTTEN, *gone] if gone else [])]
    return "\n".join([*told, *([more] if more else []), *([] if changes else [HOW_TO_SET])])


def _own_lines(values: Mapping[str, Any]) -> list[str]:
    return [f"- {OWN[name]}: {_shown(value)}" for name, value in values.items()]


def _short(recipe: Recipe) -> str:
    words = " ".join((recipe.wish or recipe.prompt).split()) or f"{recipe.width} × {recipe.height}"
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _says(value: Any) -> bool:
    return value is not None and value is not False and value not in ("", ())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return " + ".join(f"{name} × {weight:g}" for name, weight in value)
    return " ".join(str(value).split())
