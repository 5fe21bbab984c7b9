""" "Apps >" on any message with a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from pixxelbot.chat import foreign
from pixxelbot.chat.commands.options import everywhere

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot


async def remix(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """The remix form."""
    await foreign.remix(interaction, message)


async def describe(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """Words for the picture."""
    await foreign.follow(interaction, message, "describe")


async def upscale(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """The picture, larger."""
    await foreign.follow(interaction, message, "upscale")


async def inpaint(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """The region form."""
    await foreign.inpaint(interaction, message)


async def show_recipe(interaction: discord.Interaction[Bot], message: discord.Message) -> None:
    """How it was drawn."""
    await foreign.show_recipe(interaction, message)


def build() -> list[app_commands.ContextMenu]:
    """The menus, made anew for each tree, as a menu belongs to one."""
    named: dict[str, Any] = {
        "Remix": remix, "Describe": describe, "Upscale": upscale, "Inpaint": inpaint, "Show recipe": show_recipe,
    }  # fmt: skip
    return [
        everywhere(app_commands.ContextMenu(name=name, callback=_callback(work), type=discord.AppCommandType.message))
        for name, work in named.items()
    ]


def _callback(work: Any) -> Any:
    """discord.py reads the annotations of a menu's callback, and must find real classes there."""

    async def called(interaction: discord.Interaction, message: discord.Message) -> None:
        await work(interaction, message)

    called.__annotations__ = {"interaction": discord.Interaction, "message": discord.Message, "return": None}
    return called
