""" "Apps >" on any message with a picture, the bot's own or somebody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import discord

from pixxelbot.chat import asking, forms, regions
from pixxelbot.chat.fetching import fetch_attachment, fetch_link, link_of
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

FETCHED_WITHIN: Final = 20.0
"""Seconds that a form sent in waits for the picture that is being fetched since it was opened."""
LOOK: Final = 0.2
MOST_SOURCES: Final = 4
FETCHED: Final = "chat.fetched:"
"""Flag: form → id of the picture that it is about."""


async def _known(interaction: discord.Interaction[Bot], message: discord.Message) -> list[Picture]:
    found = await interaction.client.chat.store.pictures_of_message(str(message.id))
    return [await asking.allowed(interaction, "see", one) for one in found if not one.deleted]


async def _fetched(interaction: discord.Interaction[Bot], message: discord.Message) -> list[Picture]:
    chat = interaction.client.chat
    member, cdn = asking.member_id(interaction.user), chat.settings.discord_cdn
    return [await chat.studio.upload(await fetch_attachment(one.url, one.size, cdn), member) for one in _files(message)]


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
    limits = next(iter(interaction.client.chat.limits.values()))
    width, height = limits.size("1:1")
    blank = Recipe(prompt="", width=width, height=height, seed=0, model=limits.model, steps=limits.steps,
                   guidance_scale=limits.guidance_scale)  # fmt: skip
    await _open(interaction, message, forms.remix_form(say, Press("remixof", new_id()), blank))


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
    """Show a form at once, and fetch the picture that it is about while it is filled in."""
    press = Press.read(form.custom_id)
    await interaction.response.send_modal(form)
    [first, *_] = await _fetched(interaction, message)
    if press:
        await interaction.client.chat.store.set_flag(FETCHED + press.id, first.id)


async def _about(interaction: discord.Interaction[Bot], press: Press) -> Picture:
    store = interaction.client.chat.store
    for _ in range(round(FETCHED_WITHIN / LOOK)):
        if found := await store.flag(FETCHED + press.id):
            return await store.picture(found)
        await asyncio.sleep(LOOK)
    raise NotFound("picture", "in this message")


async def remix_given(interaction: discord.Interaction[Bot], press: Press) -> None:
    """The remix form of somebody else's picture came back: start from that picture."""
    chat = interaction.client.chat
    address = await asking.opened(interaction)
    found = await _about(interaction, press)
    said = Filled.read(interaction.data).texts
    changes = forms.remix_changes(said, found.recipe, chat.studio.flags(said.get("parameters", ""), None))
    given = changes.model_copy(update={"prompt": None, "verbatim": True})
    asked = await asking.request(interaction, address, words=said.get("prompt", ""), given=given, sources=(found.id,))
    await chat.followed(asked, chat.studio.accept(asked))


async def region_given(interaction: discord.Interaction[Bot], press: Press) -> None:
    """The region form of somebody else's picture came back."""
    await regions.begin(interaction, await _about(interaction, press), Filled.read(interaction.data))


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


async def sources_of(
    interaction: discord.Interaction[Bot],
    attachments: Sequence[discord.Attachment | None],
    ids: Sequence[str | None] = (),
) -> tuple[str, ...]:
    """Ids of pictures named in a command, by id or as files.

    Raises:
        NotFound, Refused: there is no such picture, or it may not be used here.
        InvalidPicture: a file is none.
    """
    chat, found = interaction.client.chat, [*await named(interaction, ids)]
    for link in links_of(interaction, attachments):
        data = await fetch_link(link, chat.settings.discord_cdn)
        found.append((await chat.studio.upload(data, asking.member_id(interaction.user))).id)
    return tuple(found)


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
