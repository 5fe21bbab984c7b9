"""Buttons and menus under a result, and the remix form. All of their state is in their `custom_id`.

`px1:verb:id:n`: version 1, what to do, the job's id (for `cancel`: the request's), and the picture's number from 1
(0: all of them, or as the menu says).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import discord
from discord import ui

from pixxelbot.chat import asking
from pixxelbot.chat.records import Records
from pixxelbot.errors import InvalidRequest, NotFound, OutOfRange, UnknownChoice
from pixxelbot.intent import Action, Changes
from pixxelbot.job import Job
from pixxelbot.picture import Picture
from pixxelbot.recipe import MAX_COUNT, MAX_PROMPT, MAX_SEED, Recipe

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

CUSTOM_ID: Final = re.compile(r"px1:(?P<verb>[a-z_]+):(?P<id>[0-9A-Z]{26}):(?P<index>\d{1,2})")
MOST_BUTTONS: Final = 4
"""Pictures with a button each; five to ten get a menu, as a row holds five."""
FORM_SECONDS: Final = 900
"""A form left open longer than its interaction's token can be sent no more."""
ASPECT: Final = re.compile(r"\d{1,4}:\d{1,4}")


@dataclass(frozen=True, slots=True)
class Press:
    """What a `custom_id` says."""

    verb: str
    id: str
    index: int

    @property
    def custom_id(self) -> str:
        """The text that Discord keeps for us."""
        return f"px1:{self.verb}:{self.id}:{self.index}"

    @classmethod
    def read(cls, custom_id: str) -> Self | None:
        """The press behind a `custom_id`, or None where it is not ours."""
        match = CUSTOM_ID.fullmatch(custom_id)
        return cls(match["verb"], match["id"], int(match["index"])) if match else None


class Control(ui.DynamicItem[ui.Item[Any]], template=CUSTOM_ID):
    """A button or a menu of ours; discord.py makes it anew from its `custom_id` after any restart."""

    def __init__(self, item: ui.Item[Any], press: Press) -> None:
        super().__init__(item)
        self.press = press

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made from what Discord sends back."""
        return cls(item, Press(match["verb"], match["id"], int(match["index"])))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it; whatever goes wrong reaches the member."""
        data: Any = interaction.data or {}
        index = int(next(iter(data.get("values") or ()), self.press.index))
        press = Press(self.press.verb, self.press.id, index)
        await asking.guarded(interaction, pressed(interaction, press))


async def pressed(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Carry out one press of a button or choice from a menu."""
    match press.verb:
        case "cancel":
            await _cancel(interaction, press)
        case "delete":
            await _delete(interaction, press)
        case "remix":
            await _open_form(interaction, press)
        case "upscale" | "vary" | "again":
            await _follow_up(interaction, press, press.verb)
        case _:
            raise InvalidRequest("This button is from a version of the bot that is no more. Please ask anew.")


async def _follow_up(
    interaction: discord.Interaction[Bot], press: Press, action: Action, changes: Changes | None = None, words: str = ""
) -> None:
    chat = interaction.client.chat
    address = await asking.opened(interaction)
    targets = await targets_of(chat.store, press)
    request = asking.request(interaction, address, words=words)
    await chat.followed(request, chat.studio.follow_up(action, targets, request, changes))


async def targets_of(store: Records, press: Press) -> tuple[str, ...]:
    """Ids of the pictures a press means: the numbered one, else all that are left; one at least.

    Raises:
        NotFound: it was deleted, or the job never had it.
    """
    found = sorted(await store.pictures(job=press.id), key=lambda one: one.index)
    left = [one for one in found if not one.deleted and press.index in (0, one.index + 1)]
    if not left:
        raise NotFound("picture", f"{press.index or 1} of {press.id[-10:]}")
    return tuple(one.id for one in left)


async def _cancel(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    await asking.noted(interaction)
    await chat.studio.withdraw(press.id, asking.member_id(interaction.user), asking.moderates(interaction))


async def _delete(interaction: discord.Interaction[Bot], press: Press) -> None:
    chat = interaction.client.chat
    await asking.noted(interaction)
    for target in await targets_of(chat.store, press):
        await chat.studio.delete(target, asking.member_id(interaction.user), asking.moderates(interaction))
    await interaction.delete_original_response()


async def _open_form(interaction: discord.Interaction[Bot], press: Press) -> None:
    job = await interaction.client.chat.store.job(press.id)  # a form must be the first answer: nothing slow before it
    form = RemixForm(press, job.recipe)
    form.stop()  # so that discord.py keeps no copy: what is sent in is recognised by its custom_id, see `submitted`
    await interaction.response.send_modal(form)


class RemixForm(ui.Modal, title="Remix"):
    """Prompt and parameters of a result, to be changed and drawn again."""

    def __init__(self, press: Press, recipe: Recipe) -> None:
        super().__init__(custom_id=press.custom_id, timeout=FORM_SECONDS)
        self._ask("What to draw", "prompt", recipe.prompt, MAX_PROMPT, long=True)
        self._ask("What to leave out", "negative_prompt", recipe.negative_prompt, MAX_PROMPT, long=True, needed=False)
        self._ask("Aspect, such as 3:2", "aspect", recipe.aspect, 9, needed=False)
        self._ask("How many pictures", "count", str(recipe.count), 2, needed=False)
        self._ask("Seed (empty: the same)", "seed", "", 10, needed=False)

    def _ask(self, text: str, name: str, value: str, longest: int, *, long: bool = False, needed: bool = True) -> None:
        style = discord.TextStyle.paragraph if long else discord.TextStyle.short
        box: ui.TextInput[Any] = ui.TextInput(
            custom_id=name, default=value or None, max_length=longest, required=needed, style=style
        )
        self.add_item(ui.Label(text=text, component=box))


async def submitted(interaction: discord.Interaction[Bot], press: Press) -> None:
    """A remix form was sent in, perhaps one that was opened before a restart."""
    job = await interaction.client.chat.store.job(press.id)
    said = _said(interaction.data)
    await _follow_up(interaction, press, "remix", remix_changes(said, job.recipe), words=said.get("prompt", ""))


def _said(data: Any) -> dict[str, str]:
    """Name → value of a form's text boxes, whether in labels or in the older action rows."""
    said: dict[str, str] = {}
    for part in (data or {}).get("components", ()):
        for box in [part["component"]] if "component" in part else part.get("components", ()):
            said[box["custom_id"]] = str(box.get("value") or "").strip()
    return said


def remix_changes(said: dict[str, str], recipe: Recipe) -> Changes:
    """What a form changes in a recipe.

    Raises:
        InvalidRequest: a number or ratio that is none, or is out of range.
    """
    aspect = said.get("aspect") or recipe.aspect
    if not ASPECT.fullmatch(aspect):
        raise UnknownChoice(
            "aspect", aspect, ("1:1", "3:2", "2:3", "16:9", "9:16", "or another two numbers with a colon")
        )
    return Changes(
        prompt=said.get("prompt") or recipe.prompt,
        negative_prompt=said.get("negative_prompt", recipe.negative_prompt),
        aspect=None if aspect == recipe.aspect else aspect,
        count=_number("count", said.get("count"), 1, MAX_COUNT) or recipe.count,
        seed=_number("seed", said.get("seed"), 0, MAX_SEED),
    )


def _number(name: str, text: str | None, low: int, high: int) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not low <= int(text) <= high:
        raise OutOfRange(name, text, low, high)
    return int(text)


def result_view(job: Job, pictures: Sequence[Picture]) -> ui.View:
    """Buttons of a result: U and V for each picture (menus from five on), 🔄 again, ✏️ remix, ❌ delete."""
    view = ui.View(timeout=None)
    places = [one.index + 1 for one in pictures if not one.deleted]
    for row, (verb, letter) in enumerate((("upscale", "U"), ("vary", "V"))):
        if len(pictures) > MOST_BUTTONS:
            view.add_item(_menu(verb, job, places, row))
            continue
        for place in places:
            view.add_item(_button(Press(verb, job.id, place), row, label=f"{letter}{place}"))
    for verb, emoji, style in (
        ("again", "🔄", discord.ButtonStyle.secondary),
        ("remix", "✏️", discord.ButtonStyle.secondary),
        ("delete", "❌", discord.ButtonStyle.danger),
    ):
        view.add_item(_button(Press(verb, job.id, 0), 2, emoji=emoji, style=style))
    return view


def waiting_view(request_id: str) -> ui.View:
    """The button under a request that waits or is being drawn."""
    view = ui.View(timeout=None)
    view.add_item(_button(Press("cancel", request_id, 0), 0, label="Cancel", emoji="❌"))
    return view


def _button(
    press: Press,
    row: int,
    *,
    label: str | None = None,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> Control:
    return Control(ui.Button(custom_id=press.custom_id, label=label, emoji=emoji, style=style, row=row), press)


def _menu(verb: str, job: Job, places: Sequence[int], row: int) -> Control:
    press = Press(verb, job.id, 0)
    options = [discord.SelectOption(label=f"{verb.capitalize()} picture {place}", value=str(place)) for place in places]
    return Control(
        ui.Select(
            custom_id=press.custom_id, placeholder=f"{verb.capitalize()} which picture?", options=options, row=row
        ),
        press,
    )
