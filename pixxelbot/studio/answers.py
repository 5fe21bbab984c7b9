"""What is said in words: a recipe, a list of pictures, what is locked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pixxelbot.intent import Changes
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe

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


def recipe_in_words(one: Picture) -> str:
    """Everything that a picture was drawn with."""
    values = one.recipe.model_dump() | {"seed": one.seed}
    said = [f"{name} {_shown(values[field])}" for field, name in NAMES.items() if field != "prompt" and values[field]]
    return f"“{one.recipe.prompt}”\n{one.recipe.kind}, {one.width} × {one.height}; {', '.join(said)}."


def list_in_words(found: Sequence[Picture], what: str) -> str:
    """The pictures by number, as the next request may name them."""
    if not found:
        return f"I found no {what}."
    lines = [f"{number}. {_short(one.recipe)}" for number, one in enumerate(found, start=1)]
    return "\n".join([f"{len(found)} {what}:" if len(found) > 1 else f"One of {what}:", *lines])


def locks_in_words(kept: Changes) -> str:
    """What is locked from now on."""
    said = [f"{NAMES.get(field, field)} {_shown(value)}" for field, value in kept.said().items()]
    if not said:
        return "Nothing is locked."
    return f"Locked: {', '.join(said)}. This holds here until you say “unlock”."


def _short(recipe: Recipe) -> str:
    words = " ".join((recipe.wish or recipe.prompt).split()) or f"a picture of yours, {recipe.width} × {recipe.height}"
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return " + ".join(f"{name} × {weight:g}" for name, weight in value)
    return str(value)
