"""Forms, and what comes back from them. A form must be the first answer, so nothing slow stands before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import discord
from discord import ui

from pixxelbot.chat.press import Press
from pixxelbot.chat.words import Words
from pixxelbot.errors import OutOfRange, UnknownChoice
from pixxelbot.intent import Changes
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, MAX_SEED, Recipe

FORM_SECONDS: Final = 900
"""A form left open longer than its interaction's token can be sent no more."""
ASPECT: Final = re.compile(r"\d{1,4}:\d{1,4}")
MOST_ZOOM: Final = 4.0


class Form(ui.Modal):
    """A form that is recognised by its `custom_id` when it comes back, also after a restart."""

    def __init__(self, title: str, press: Press) -> None:
        super().__init__(title=title[:45], custom_id=press.custom_id, timeout=FORM_SECONDS)
        self.stop()  # so that discord.py keeps no copy: see `buttons.submitted`

    def ask(
        self, text: str, name: str, value: str = "", longest: int = 100, *, long: bool = False, needed: bool = False
    ) -> None:
        """Add a text box."""
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        box: ui.TextInput[Any] = ui.TextInput(
            custom_id=name, default=value[:longest] or None, max_length=longest, required=needed, style=style
        )
        self.add_item(ui.Label(text=text[:45], component=box))

    def ask_file(self, text: str, name: str, *, needed: bool = False) -> None:
        """Add a box that takes one file."""
        box: ui.FileUpload[Any] = ui.FileUpload(custom_id=name, required=needed, max_values=1)
        self.add_item(ui.Label(text=text[:45], component=box))


def remix_form(say: Words, press: Press, recipe: Recipe) -> Form:
    """Prompt and parameters of a result, to be changed and drawn again."""
    form = Form(say("form.remix"), press)
    form.ask(say("form.prompt"), "prompt", recipe.prompt, MAX_PROMPT, long=True, needed=True)
    form.ask(say("form.negative"), "negative_prompt", recipe.negative_prompt, MAX_PROMPT, long=True)
    form.ask(say("form.aspect"), "aspect", recipe.aspect, 9)
    form.ask(say("form.count"), "count", str(recipe.count), 2)
    form.ask(say("form.parameters"), "parameters", parameters(recipe), 400)
    return form


def region_form(say: Words, press: Press) -> Form:
    """What is to be changed, and into what."""
    form = Form(say("form.region"), press)
    form.ask(say("form.region.where"), "region", "", 200)
    form.ask(say("form.region.what"), "prompt", "", MAX_PROMPT, long=True)
    form.ask_file(say("form.region.mask"), "mask")
    return form


def zoom_form(say: Words, press: Press, recipe: Recipe) -> Form:
    """How far out, and what shall be seen there."""
    form = Form(say("form.zoom"), press)
    form.ask(say("form.zoom.factor"), "scale", "1.5", 4, needed=True)
    form.ask(say("form.zoom.what"), "prompt", recipe.prompt, MAX_PROMPT, long=True)
    return form


def parameters(recipe: Recipe) -> str:
    """Steps and guidance as inline flags, to be edited."""
    return f"--steps {recipe.steps} --guidance {recipe.guidance_scale:g}"


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form holds when it comes back: text by box, files by box."""

    texts: dict[str, str]
    files: dict[str, list[dict[str, Any]]]

    @classmethod
    def read(cls, data: Any) -> Filled:
        """Whether its boxes are in labels or in the older action rows."""
        texts: dict[str, str] = {}
        files: dict[str, list[dict[str, Any]]] = {}
        known = ((data or {}).get("resolved") or {}).get("attachments") or {}
        for part in (data or {}).get("components", ()):
            for box in [part["component"]] if "component" in part else part.get("components", ()):
                if "values" in box:
                    files[box["custom_id"]] = [known[one] for one in box["values"] or () if one in known]
                else:
                    texts[box["custom_id"]] = str(box.get("value") or "").strip()
        return cls(texts, files)


def remix_changes(said: dict[str, str], recipe: Recipe, flags: Changes | None = None) -> Changes:
    """What a remix form changes in a recipe; `flags` are its inline parameters, already read.

    Raises:
        InvalidRequest: a number or ratio that is none, or is out of range.
    """
    aspect = said.get("aspect") or recipe.aspect
    if not ASPECT.fullmatch(aspect):
        raise UnknownChoice(
            "aspect", aspect, ("1:1", "3:2", "2:3", "16:9", "9:16", "or another two numbers with a colon")
        )
    boxes = Changes(
        prompt=said.get("prompt") or recipe.prompt,
        negative_prompt=said.get("negative_prompt", recipe.negative_prompt),
        aspect=None if aspect == recipe.aspect else aspect,
        count=_number("count", said.get("count"), 1, MAX_COUNT) or recipe.count,
        seed=_number("seed", said.get("seed"), 0, MAX_SEED),
    )
    return flags.over(boxes) if flags else boxes


def zoom_changes(said: dict[str, str], recipe: Recipe) -> Changes:
    """What a zoom form asks for.

    Raises:
        OutOfRange: a factor that is none, or too small or large.
    """
    text = said.get("scale", "").replace(",", ".")
    try:
        scale = float(text)
    except ValueError:
        scale = 0.0
    if not 1 < scale <= MOST_ZOOM:
        raise OutOfRange("zoom", text or "empty", 1.1, MOST_ZOOM)
    prompt = said.get("prompt")
    return Changes(scale=scale, directions=("out",), prompt=prompt if prompt and prompt != recipe.prompt else None)


def _number(name: str, text: str | None, low: int, high: int) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not low <= int(text) <= high:
        raise OutOfRange(name, text, low, high)
    return int(text)
