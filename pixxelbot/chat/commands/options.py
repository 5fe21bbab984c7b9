"""What commands share: where they are offered, and what they suggest while an option is typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import discord
from discord import app_commands

from pixxelbot.chat import asking
from pixxelbot.chat.cards import short, shortened

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot
    from pixxelbot.recipe import Limits

T = TypeVar("T")

ASPECTS: Final = ("1:1", "5:4", "4:5", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
MOST_CHOICES: Final = 25
"""Suggestions of one autocomplete answer, by Discord's rule."""
ASPECT_CHOICES: Final = [app_commands.Choice(name=one, value=one) for one in ASPECTS]


def everywhere(command: T) -> T:
    """Offer a command in servers, direct messages and group chats, to servers and members that installed the bot."""
    installs = app_commands.allowed_installs(guilds=True, users=True)
    contexts = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    return contexts(installs(command))


def command(name: str, description: str) -> Callable[[Any], Any]:
    """A slash command that is offered everywhere."""

    def made(callback: Any) -> Any:
        return everywhere(app_commands.command(name=name, description=description)(callback))

    return made


def suggestions(names: Sequence[str], typed: str) -> list[app_commands.Choice[str]]:
    """Names that contain what was typed, those that begin with it first."""
    sought = typed.strip().casefold()
    found = [name for name in names if sought in name.casefold()]
    found.sort(key=lambda name: not name.casefold().startswith(sought))
    return [app_commands.Choice(name=name[:100], value=name) for name in found[:MOST_CHOICES] if len(name) <= 100]


async def styles(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """Styles by name."""
    return suggestions(interaction.client.chat.studio.styles, typed)


async def models(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """Models by name."""
    return suggestions(tuple(interaction.client.chat.limits), typed)


async def loras(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """LoRAs installed for the model that was chosen, else for any."""
    return suggestions(_of_the_model(interaction, lambda one: one.loras), typed)


async def samplers(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """Samplers of the model that was chosen, else of all."""
    return suggestions(_of_the_model(interaction, lambda one: one.samplers), typed)


def _of_the_model(interaction: discord.Interaction[Bot], names: Callable[[Limits], Sequence[str]]) -> tuple[str, ...]:
    limits = interaction.client.chat.limits
    chosen = limits.get(str(getattr(interaction.namespace, "model", "") or ""))
    known = [chosen] if chosen else list(limits.values())
    return tuple(dict.fromkeys(name for one in known for name in names(one)))


async def own_pictures(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    """The member's latest pictures, by words of their prompts."""
    found = await interaction.client.chat.store.history(asking.member_id(interaction.user), typed, MOST_CHOICES)
    names = ((one, f"{short(one.id)} · {' '.join(one.recipe.prompt.split())}") for one in found)
    return [app_commands.Choice(name=shortened(name, 100), value=one.id) for one, name in names]
