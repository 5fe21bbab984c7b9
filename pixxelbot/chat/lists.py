"""Pages of pictures: a member's history and favourites, a server's gallery; and a picture shown again."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import discord
from discord import ui
from PIL import Image

from pixxelbot.chat import asking, cards, lineage, styles, views
from pixxelbot.chat.cards import quoted, short
from pixxelbot.chat.deliver import Letter, Sheet, result_sheets
from pixxelbot.chat.place import of_interaction
from pixxelbot.chat.press import Press, button, menu
from pixxelbot.chat.words import Words
from pixxelbot.errors import NotFound
from pixxelbot.picture import Picture

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot, Chat

PAGE: Final = 5
"""Pictures of one page; a gallery of components shows ten at most."""
LAST_PAGE: Final = 99
THUMB: Final = 256
"""Pixels of the longer side."""
NOBODY: Final = "0" * 26
"""Stands where a list has no id of its own."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Which list, and what of it."""

    what: str
    """`history`, `favourites`, `gallery` or `styles`."""
    words: str = ""
    page: int = 0

    @classmethod
    def read(cls, press: Press) -> Self:
        """The list that a page's buttons speak of."""
        what, _, words = press.more.partition("|")
        return cls(what, words, press.index)

    def press(self, page: int) -> Press:
        """The button that leads to a page."""
        return Press("page", NOBODY, page, more=f"{self.what}|{self.words}"[:40])


async def open_list(interaction: discord.Interaction[Bot], listed: Listed) -> None:
    """Show the first page for the member alone."""
    await asking.quietly(interaction)
    await _show(interaction, listed)


async def turn(interaction: discord.Interaction[Bot], press: Press) -> None:
    """Turn to another page."""
    await asking.noted(interaction)
    await _show(interaction, Listed.read(press))


async def show_chosen(interaction: discord.Interaction[Bot], press: Press) -> None:
    """A picture chosen from a page or a tree is shown in the channel, with its buttons."""
    picture_id = next(iter(press.chosen), press.id)
    await show(interaction, picture_id)


async def show(interaction: discord.Interaction[Bot], picture_id: str) -> None:
    """Bring a picture back, with its buttons, wherever the member is."""
    chat = interaction.client.chat
    address = await asking.opened(interaction)
    say = await asking.speaker(interaction)
    found = await asking.allowed(interaction, "see", await chat.store.picture(picture_id.strip()))
    if found.deleted:
        raise NotFound("picture", short(found.id))
    hidden = await chat.postman.hides_from(address, asking.member_id(interaction.user))
    sheets = await result_sheets(chat.store, say, [found], spoiler=hidden, whole=False)
    view = views.picture_view(say, found.job_id, found.index + 1) if found.job_id else None
    if found.job_id and address.message_id:
        await chat.store.remember_message(found.job_id, address.message_id, address.channel_id, found.id)
    message_id = await chat.postman.edit_fitting(say, address, Letter(cards.shown_card(say, found), sheets, view))
    if found.job_id:
        await chat.store.remember_message(found.job_id, message_id, address.channel_id, found.id)


async def show_lineage(interaction: discord.Interaction[Bot], picture_id: str) -> None:
    """Draw the family tree of a picture; each of its members can be chosen to go on from."""
    chat = interaction.client.chat
    address = await asking.opened(interaction)
    say = await asking.speaker(interaction)
    found = await asking.allowed(interaction, "see", await chat.store.picture(picture_id.strip()))
    family = await _family(interaction, found)
    thumbs = await _bytes(chat, family)
    tree = await asyncio.to_thread(lineage.draw_tree, family, thumbs, found.id)
    hidden = await chat.postman.hides_from(address, asking.member_id(interaction.user))
    sheets = (Sheet("lineage.png", tree, say("lineage.alt", count=len(family), id=short(found.id)), hidden),)
    view = ui.View(timeout=None)
    choices = [one for one in family if one.id in thumbs and not one.upload][: views.MOST_IN_MENU]
    if choices:
        view.add_item(menu(Press("show", NOBODY), say("lineage.choose"), [_option(one) for one in choices]))
    card = cards.Card(say("lineage.title", id=short(found.id), count=len(family)))
    await chat.postman.edit_fitting(say, address, Letter(card, sheets, view if choices else None))


async def _family(interaction: discord.Interaction[Bot], found: Picture) -> list[Picture]:
    """Ancestors, itself, and descendants, as far as the member may see them here."""
    chat, place = interaction.client.chat, of_interaction(interaction)
    above = await chat.store.ancestors(found.id)
    below = await chat.store.descendants(found.id)
    member = asking.member_id(interaction.user)
    near = [*above[: lineage.MOST // 2], found, *below]
    return [one for one in near if chat.studio.may(member, "see", one, place.address())][: lineage.MOST]


async def _show(interaction: discord.Interaction[Bot], listed: Listed) -> None:
    chat = interaction.client.chat
    say = await asking.speaker(interaction)
    if listed.what == "styles":
        view, files, more = await styles.page(interaction, say, listed.page)
        if listed.page or more:
            view.add_item(_turning(say, listed, more))
        await interaction.edit_original_response(view=view, attachments=files)
        return
    found = await _found(interaction, listed)
    view, files = await _page(say, chat, listed, found)
    await interaction.edit_original_response(view=view, attachments=files)


async def _found(interaction: discord.Interaction[Bot], listed: Listed) -> list[Picture]:
    """One more than a page, to know whether there is another."""
    store, member = interaction.client.chat.store, asking.member_id(interaction.user)
    offset, many = listed.page * PAGE, PAGE + 1
    if listed.what == "favourites":
        return await store.favourites(member, many, offset)
    if listed.what == "gallery":
        guild = str(interaction.guild_id or "")
        return [one for one, _ in await store.server_favourites(guild, 0.0, 1, many, offset)]
    return await store.history(member, listed.words, many, offset)


async def _page(
    say: Words, chat: Chat, listed: Listed, found: Sequence[Picture]
) -> tuple[ui.LayoutView, list[discord.File]]:
    shown, more = found[:PAGE], len(found) > PAGE
    view = ui.LayoutView(timeout=None)
    title = say(f"list.{listed.what}") + (f" · {quoted(listed.words, 40)}" if listed.words else "")
    lines = [f"`{short(one.id)}` {quoted(one.recipe.prompt, 150)}" for one in shown] or [say("list.empty")]
    parts: list[ui.Item[Any]] = [ui.TextDisplay(f"### {title}"), ui.TextDisplay("\n".join(lines))]
    thumbs = await asyncio.to_thread(_thumbs, await _bytes(chat, shown))
    items = [
        discord.MediaGalleryItem(f"attachment://{one.id}.webp", description=cards.alt_text(say, one.recipe, one.index))
        for one in shown
        if one.id in thumbs
    ]
    if items:
        parts.append(ui.MediaGallery(*items))
        row: ui.ActionRow[Any] = ui.ActionRow()
        row.add_item(menu(Press("show", NOBODY), say("list.choose"), [_option(one) for one in shown]))
        parts.append(row)
    view.add_item(ui.Container(*parts))
    if listed.page or more:
        view.add_item(_turning(say, listed, more))
    return view, [discord.File(io.BytesIO(data), f"{name}.webp") for name, data in thumbs.items()]


def _turning(say: Words, listed: Listed, more: bool) -> ui.ActionRow[Any]:
    row: ui.ActionRow[Any] = ui.ActionRow()
    back = listed.press(max(listed.page - 1, 0))
    row.add_item(button(back, label=say("list.back"), emoji="◀️", disabled=listed.page == 0))
    on = listed.press(min(listed.page + 1, LAST_PAGE))
    row.add_item(button(on, label=say("list.on"), emoji="▶️", disabled=not more or listed.page == LAST_PAGE))
    return row


def _option(one: Picture) -> discord.SelectOption:
    label = f"{short(one.id)} · {' '.join(one.recipe.prompt.split())}"
    return discord.SelectOption(label=cards.shortened(label, 100), value=one.id)


async def _bytes(chat: Chat, pictures: Sequence[Picture]) -> dict[str, bytes]:
    return {one.id: await chat.store.picture_bytes(one.id) for one in pictures if not one.deleted}


def _thumbs(pictures: dict[str, bytes]) -> dict[str, bytes]:
    small = {}
    for name, data in pictures.items():
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            image = opened.convert("RGB")
        image.thumbnail((THUMB, THUMB))
        held = io.BytesIO()
        image.save(held, "WEBP", quality=80)
        small[name] = held.getvalue()
    return small
