"""The view behind ℹ️: your words → what I drew with, every field, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import discord
from discord import ui
from pydantic import ValidationError

from pixxelbot.chat import fields
from pixxelbot.chat.cards import quoted, short, shortened
from pixxelbot.chat.records import Records
from pixxelbot.chat.words import Words
from pixxelbot.intent import Intent
from pixxelbot.picture import Picture, read_metadata
from pixxelbot.recipe import Kind, Recipe

ALL_STEPS: Final = 100
"""Percent of the steps."""
MOST_TEXT: Final = 4_000
"""Characters of all text in a view of components, by Discord's rule."""
HIDDEN: Final = frozenset({"schema_version", "prompt", "negative_prompt", "wish", "sources", "mask", "permutations"})
"""Fields that are shown in a way of their own, or to nobody."""
OF_KINDS: Final[Mapping[str, tuple[Kind, ...]]] = {
    "method": ("upscale",), "making": ("making_of",), "motion": ("interpolate", "making_of"),
}  # fmt: skip
"""Fields that say something of some kinds of drawing only."""
LONGEST: Final = 900


async def recipe_view(say: Words, store: Records, picture: Picture) -> ui.LayoutView:
    """Everything a picture was drawn with."""
    request = await store.request(picture.request_id) if picture.request_id else None
    words = request.words if request else ""
    intent = request.intent if request else None
    heading = f"### {say('recipe.title', id=short(picture.id))}"
    parts = [heading, *_plan(say, words, picture.recipe), *_numbers(say, picture.recipe, picture.seed)]
    return _view([*parts, *_reasons(say, intent), *_parents(say, picture), *_flags(picture.recipe, picture.seed)])


def stored_recipe_view(say: Words, recipe: Recipe) -> ui.LayoutView:
    """The same for a recipe that was read out of a file."""
    numbers = _numbers(say, recipe, recipe.seed)
    return _view([f"### {say('recipe.found')}", *_plan(say, "", recipe), *numbers, *_flags(recipe, recipe.seed)])


def read_recipe(data: bytes) -> Recipe | None:
    """The recipe that a PNG of ours carries; None where it carries none, or one that is none."""
    stored: Any = (read_metadata(data) or {}).get("recipe")
    if not isinstance(stored, dict):
        return None
    try:
        return Recipe.load(stored)
    except (ValidationError, json.JSONDecodeError):
        return None


def compared(say: Words, one: Picture, other: Picture) -> str:
    """Where two recipes differ, a line for each field."""
    before, after = one.recipe.model_dump(), other.recipe.model_dump()
    before["seed"], after["seed"] = one.seed, other.seed
    different = [name for name in before if before[name] != after[name] and name != "schema_version"]
    heading = f"**{short(one.id)} ↔ {short(other.id)}**"
    if not different:
        return f"{heading}\n{say('compare.same')}"
    lines = [
        f"- {fields.line(say, name, before[name])} → {fields.value_of(say, name, after[name])}" for name in different
    ]
    return shortened("\n".join([heading, *lines]), 2000)


def _plan(say: Words, words: str, recipe: Recipe) -> list[str]:
    parts = [f"**{say('recipe.words')}**\n{quoted(words, LONGEST)}"] if words else []
    parts.append(f"**{say('recipe.prompt')}**\n{quoted(recipe.prompt, LONGEST) or '–'}")
    if recipe.negative_prompt:
        parts.append(f"**{say('recipe.negative')}**\n{quoted(recipe.negative_prompt, LONGEST)}")
    return parts


def _numbers(say: Words, recipe: Recipe, seed: int) -> list[str]:
    idle = {name for name, kinds in OF_KINDS.items() if recipe.kind not in kinds}
    idle |= {"stop"} if recipe.stop == ALL_STEPS else set()
    values = recipe.model_dump(exclude=set(HIDDEN | idle)) | {"seed": seed}
    said = [fields.line(say, name, one) for name, one in values.items() if one not in (None, "", (), [], False)]
    return [f"**{say('recipe.numbers')}**\n" + " · ".join(said)]


def _reasons(say: Words, intent: Intent | None) -> list[str]:
    if intent is None or not intent.reasons:
        return []
    lines = [f"- {fields.name_of(say, name)}: {quoted(say.said(why), 160)}" for name, why in intent.reasons.items()]
    return [shortened(f"**{say('recipe.reasons', planner=intent.planner)}**\n" + "\n".join(lines), LONGEST)]


def _parents(say: Words, picture: Picture) -> list[str]:
    return [f"{say('recipe.parents')}: {', '.join(short(one) for one in picture.parents)}"] if picture.parents else []


def _flags(recipe: Recipe, seed: int) -> list[str]:
    """The parameters as a member would type them, to be copied."""
    flags = f"--ar {recipe.aspect} --seed {seed} --steps {recipe.steps} --guidance {recipe.guidance_scale:g}"
    return [f"```\n{flags} --sampler {recipe.sampler} --model {recipe.model}\n```"]


def _view(parts: list[str]) -> ui.LayoutView:
    view = ui.LayoutView(timeout=None)
    room = MOST_TEXT
    shown: list[ui.Item[Any]] = []
    for part in parts:
        text = shortened(part, max(room, 1))
        room -= len(text)
        shown.append(ui.TextDisplay(text))
        if room <= 1:
            break
    view.add_item(ui.Container(*shown, accent_colour=discord.Colour.blurple()))
    return view
