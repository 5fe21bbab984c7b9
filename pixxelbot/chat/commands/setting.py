"""/settings: a member's own defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands

from pixxelbot.chat import asking, fields
from pixxelbot.chat.commands import options
from pixxelbot.chat.commands.options import command
from pixxelbot.chat.words import Words
from pixxelbot.rules import MemberSettings

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

Language = Literal["en-US", "de", "es-ES", "es-419", "fr", "ja", "pt-BR"]


@command("settings", "Your own defaults: model, style, size, language")
@app_commands.describe(
    verbatim="Draw with exactly your words, nothing added",
    language="The language I answer in",
    spoiler="Hide your results behind a spoiler",
    reset="Forget all of these",
)
@options.with_defaults
async def settings(
    interaction: discord.Interaction[Bot],
    said: dict[str, Any],
    verbatim: bool | None = None,
    language: Language | None = None,
    spoiler: bool | None = None,
    reset: bool = False,
) -> None:
    """Change one's own defaults, and show them."""
    chat, member = interaction.client.chat, asking.member_id(interaction.user)
    await asking.quietly(interaction)
    more = {"verbatim": verbatim, "language": language, "spoiler": spoiler}
    said |= {name: value for name, value in more.items() if value is not None}
    if reset:
        said = dict.fromkeys(MemberSettings.model_fields) | said
    own = await chat.studio.set_own(member, said)
    say = await asking.speaker(interaction)
    await interaction.edit_original_response(content=f"{say('settings.title')}\n{listed(say, own.model_dump())}")


def listed(say: Words, values: dict[str, Any], what: fields.What = "field") -> str:
    """Settings that differ from nothing, a line each."""
    said = [(name, value) for name, value in values.items() if value not in (None, (), {}, "", False)]
    return "\n".join(f"- {fields.line(say, name, value, what)}" for name, value in said) or say("settings.nothing")
