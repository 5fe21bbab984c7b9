""" "Apps >" on any message with a picture, the bot's own or somebody else's."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import discord
from ulid import ULID

from pixxelbot.chat import asking, forms, regions
from pixxelbot.chat.fetching import fetch_attachment, link_of
from pixxelbot.chat.forms import Filled
from pixxelbot.chat.press import Press
from pixxelbot.chat.recipes import read_recipe, recipe_view, stored_recipe_view
from pixxelbot.errors import NotFound
from pixxelbot.intent import Action, Changes
from pixxelbot.job import Address, Link, Request, new_id
from pixxelbot.picture import Picture
from pixxelbot.recipe import Recipe

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot
    from pixxelbot.chat.records import Records

MOST_SOURCES: Final = 4
ABOUT: Final = "chat.about:"
"""Flag: form → where the picture lies that it is about."""
KEPT: Final = 24 * 3600.0
"""Seconds that such a flag is kept, about as long as Discord's links to files work."""


async def _known(interaction: discord.Interaction[Bot], message: discord.Message) -> list[Picture]:
    found = await interaction.client.chat.store.pictures_of_message(str(message.id))
    return [await asking.allowed(interaction, "see", one) for one in found if not one.deleted]


def _files(message: discord.Message) -> list[discord.Attachment]:
    files = [one for one in message.attachments if (one.content_type or "image/").startswith("image/")][:MOST_SOURCES]
    if not files:
        raise NotFound("picture", "in this message")
    return files


async def follow(
    interaction: discord.Interaction[Bot],
    message: discord.Message,
    action: Action,
    *,
    all_of_them: bool = False,
) -> None:
    """Draw something from the first picture of a message, or from all."""
    most = MOST_SOURCES if all_of_them else 1

    async def make(address: Address) -> Request:
        known = [one.id for one in await _known(interaction, message)]
        links = [] if known else links_of(interaction, _files(message))
        asked = await asking.request(interaction, address, links=links[:most])
        return asked.evolve(intent=asking.following(action, known if all_of_them else known[:1]))

    await asking.stored(interaction, make)


async def remix(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """Open the remix form, with the recipe where the bot knows it."""
    say = await asking.speaker(interaction)
    known = await _known(interaction, message)
    if known and known[0].job_id:
        press = Press("remix", known[0].job_id, known[0].index + 1)
        await interaction.response.send_modal(forms.remix_form(say, press, known[0].recipe))
        return
    await _open(interaction, message, forms.remix_form(say, Press("remixof", new_id()), _blank(interaction)))


def _blank(interaction: discord.Interaction[Bot]) -> Recipe:
    """What the form of a picture without a recipe shows, and what is not changed in it."""
    limits = next(iter(interaction.client.chat.limits.values()))
    width, height = limits.size("1:1")
    return Recipe(
        prompt="", width=width, height=height, seed=0, model=limits.model, steps=limits.steps,
        guidance_scale=limits.guidance_scale,
    )  # fmt: skip


async def inpaint(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """Open the region form."""
    say = await asking.speaker(interaction)
    known = await _known(interaction, message)
    if known and known[0].job_id:
        press = Press("region", known[0].job_id, known[0].index + 1)
        await interaction.response.send_modal(forms.region_form(say, press))
        return
    await _open(interaction, message, forms.region_form(say, Press("regionof", new_id())))


async def _open(interaction: discord.Interaction[Bot], message: discord.Message, form: forms.Form) -> None:
    """Show a form, and note what it is about: Discord does not say so when it comes back."""
    [link, *_] = links_of(interaction, _files(message))
    chat, form_id = interaction.client.chat, form.custom_id.split(":")[2]
    noting = chat.noting[form_id] = asyncio.create_task(_note(chat.store, form_id, link.url))
    await asyncio.gather(interaction.response.send_modal(form), noting)  # either may be slow; the form has 3 seconds


async def _note(store: Records, form_id: str, url: str) -> None:
    await store.set_flag(ABOUT + form_id, url)
    await store.forget_flags(ABOUT, str(ULID.from_timestamp(time.time() - KEPT)))


async def _about(interaction: discord.Interaction[Bot], press: Press) -> Link:
    if noting := interaction.client.chat.noting.get(press.id):
        await noting
    found = await interaction.client.chat.store.flag(ABOUT + press.id)
    if found is None:
        raise NotFound("picture", "in this message")
    return Link(url=found, attachment=True)


async def remix_given(interaction: discord.Interaction[Bot], press: Press) -> None:
    """The remix form of somebody else's picture came back: start from that picture."""

    async def make(address: Address) -> Request:
        said = Filled.read(interaction.data).texts
        flags = interaction.client.chat.studio.flags(said.get("parameters", ""), None)
        changes = forms.remix_changes(said, _blank(interaction), flags)
        given = changes.model_copy(update={"prompt": None, "verbatim": True})
        links = [await _about(interaction, press)]
        return await asking.request(interaction, address, words=said.get("prompt", ""), given=given, links=links)

    await asking.stored(interaction, make)


async def region_given(interaction: discord.Interaction[Bot], press: Press) -> None:
    """The region form of somebody else's picture came back."""
    await regions.begin(interaction, Filled.read(interaction.data), links=[await _about(interaction, press)])


async def show_recipe(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """The recipe of a picture: known, or written in its file."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    known = await _known(interaction, message)
    if known:
        await interaction.edit_original_response(view=await recipe_view(say, chat.store, known[0]))
        return
    for one in message.attachments:
        found = read_recipe(await fetch_attachment(one.url, one.size, chat.settings.discord_cdn))
        if found:
            await interaction.edit_original_response(view=stored_recipe_view(say, found))
            return
    raise NotFound("recipe", "in this message")


async def named(interaction: discord.Interaction[Bot], ids: Sequence[str | None]) -> tuple[str, ...]:
    """Whole ids of the pictures named in a command.

    Raises:
        NotFound, Refused: there is no such picture, or it may not be used here.
    """
    store, found = interaction.client.chat.store, []
    for name in filter(None, ids):
        picture = await store.picture(name.strip())
        found.append((await asking.allowed(interaction, "vary", picture)).id)
    return tuple(found)


def links_of(interaction: discord.Interaction[Bot], attachments: Sequence[discord.Attachment | None]) -> list[Link]:
    """Where the files of a command lie.

    Raises:
        ForbiddenAddress, InvalidPicture: one cannot be used.
    """
    cdn = interaction.client.chat.settings.discord_cdn
    return [link_of(one, cdn) for one in attachments if one is not None]


def changed(**fields: Any) -> Changes:
    """Changes out of a command's options; those left out are unsaid."""
    return Changes(**{name: value for name, value in fields.items() if value is not None})
