"""`/styles`: pages of all styles with a sheet of previews, and one style with its words."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import ui

from pixxelbot.chat import asking, cards
from pixxelbot.chat.cards import quoted
from pixxelbot.chat.place import of_interaction
from pixxelbot.chat.words import Words
from pixxelbot.errors import UnknownChoice
from pixxelbot.picture import MAX_ALT
from pixxelbot.studio import samples

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

PAGE: Final = 20
"""Styles of one page: four rows of a sheet."""


async def show_style(interaction: discord.Interaction[Bot], name: str) -> None:
    """What one style adds to a prompt, with its preview where there is one, for the member alone."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    style = samples.style_named(name)
    allowed = await _allowed(interaction)
    if style.name not in allowed:
        raise UnknownChoice("style", style.name, allowed)
    lines = [f"**{style.title}** · `{style.name}`", f"> {quoted(style.prompt)}", f"> {quoted(style.tags)}"]
    if style.negative_prompt:
        lines.append(f"{say('plan.without')} *{quoted(style.negative_prompt)}*")
    if style.words:
        lines.append(say("styles.called", words=", ".join(style.words)))
    model = chat.studio.recipes.default_model
    previews = samples.found(chat.settings.home, model, [style.name])
    files = [discord.File(place, description=say("styles.alt", names=style.title)) for place in previews.values()]
    text = cards.shortened("\n".join(lines), cards.MAX_CONTENT)
    await interaction.edit_original_response(content=text, attachments=files)


async def page(
    interaction: discord.Interaction[Bot], say: Words, number: int
) -> tuple[ui.LayoutView, list[discord.File], bool]:
    """One page of the styles that may be used here, a sheet of their previews, and whether there are more."""
    chat = interaction.client.chat
    names = await _allowed(interaction)
    shown = names[number * PAGE : (number + 1) * PAGE]
    title = f"### {say('styles.title', count=len(names))}"
    lines = [f"`{name}` {samples.style_named(name).title}" for name in shown] or [say("list.empty")]
    parts: list[ui.Item[Any]] = [ui.TextDisplay(title), ui.TextDisplay("\n".join(lines))]
    previews = samples.found(chat.settings.home, chat.studio.recipes.default_model, shown)
    files = []
    if previews:
        files.append(discord.File(io.BytesIO(await asyncio.to_thread(samples.sheet, previews)), "styles.webp"))
        alt = cards.shortened(say("styles.alt", names=", ".join(previews)), MAX_ALT)
        parts.append(ui.MediaGallery(discord.MediaGalleryItem("attachment://styles.webp", description=alt)))
    view = ui.LayoutView(timeout=None)
    view.add_item(ui.Container(*parts))
    return view, files, len(names) > (number + 1) * PAGE


async def _allowed(interaction: discord.Interaction[Bot]) -> list[str]:
    chat = interaction.client.chat
    rules = await chat.studio.policy.rules(of_interaction(interaction).address())
    return [name for name in chat.studio.styles if not rules.styles or name in rules.styles]
