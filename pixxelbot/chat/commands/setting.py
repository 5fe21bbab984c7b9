"""/settings: a member's own defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import discord
from discord import app_commands

from pixxelbot.chat import asking
from pixxelbot.chat.cards import quoted
from pixxelbot.chat.commands import options
from pixxelbot.chat.commands.options import ASPECT_CHOICES, command
from pixxelbot.chat.words import Words
from pixxelbot.recipe import MAX_COUNT
from pixxelbot.rules import MemberSettings

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

Language = Literal["en-US", "de", "es-ES", "es-419", "fr", "ja", "pt-BR"]


@command("settings", "Your own defaults: model, style, size, language")
@app_commands.choices(aspect=ASPECT_CHOICES)
@app_commands.autocomplete(style=options.styles, model=options.models, sampler=options.samplers)
@app_commands.describe(
    model="Which model draws",
    style="A look from the library",
    aspect="Width to height",
    count="How many pictures",
    steps="Denoising steps: more is finer and slower",
    guidance="How closely to follow the words",
    sampler="How the noise is taken away",
    negative="What must not be in it",
    verbatim="Draw with exactly your words, nothing added",
    language="The language I answer in",
    spoiler="Hide your results behind a spoiler",
    reset="Forget all of these",
)
async def settings(
    interaction: discord.Interaction[Bot],
    model: str | None = None,
    style: str | None = None,
    aspect: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
    steps: app_commands.Range[int, 1, 150] | None = None,
    guidance: app_commands.Range[float, 0, 50] | None = None,
    sampler: str | None = None,
    negative: str | None = None,
    verbatim: bool | None = None,
    language: Language | None = None,
    spoiler: bool | None = None,
    reset: bool = False,
) -> None:
    """Change one's own defaults, and show them."""
    chat, member = interaction.client.chat, asking.member_id(interaction.user)
    await asking.quietly(interaction)
    fields = {
        "model": model, "style": style, "aspect": aspect, "count": count, "steps": steps, "guidance_scale": guidance,
        "sampler": sampler, "negative_prompt": negative, "verbatim": verbatim, "language": language,
        "spoiler": spoiler,
    }  # fmt: skip
    said: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if reset:
        said = dict.fromkeys(MemberSettings.model_fields) | said
    own = await chat.studio.set_own(member, said)
    say = await asking.speaker(interaction)
    await interaction.edit_original_response(content=f"{say('settings.title')}\n{listed(say, own.model_dump())}")


def listed(say: Words, values: dict[str, Any]) -> str:
    """Settings that differ from nothing, a line each."""
    lines = [f"- {name}: {_shown(value)}" for name, value in values.items() if value not in (None, (), {}, "", False)]
    return "\n".join(lines) or say("settings.nothing")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {_shown(one)}" for name, one in value.items() if one is not None)
    if isinstance(value, (tuple, list)):
        return ", ".join(_shown(one) for one in value)
    return quoted(str(value), 200)
