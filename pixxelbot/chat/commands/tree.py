"""The command tree. A static test walks it and holds it against Discord's limits."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

import discord
from discord import app_commands
from discord.http import Route

from pixxelbot.chat import asking
from pixxelbot.chat.commands import drawing, looking, menus, server, setting
from pixxelbot.chat.words import Translator

SYNCED: Final = "chat.commands"
"""Flag in the store: hash of the commands that Discord was last told."""

COMMANDS: Final = (
    drawing.imagine, drawing.blend, drawing.describe, drawing.shorten, drawing.transform, drawing.edit,
    drawing.inpaint, drawing.outpaint, drawing.upscale, drawing.interpolate, drawing.making_of, drawing.remix,
    looking.history, looking.show, looking.lineage, looking.styles, looking.models, looking.queue, looking.cancel,
    looking.quota, looking.vote, looking.help_, looking.about, setting.settings, server.group,
)  # fmt: skip


class Tree(app_commands.CommandTree[Any]):
    """The command tree, whose errors reach the member."""

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Show what a command raised."""
        await asking.tell(interaction, getattr(error, "original", error))


def build_tree(client: discord.Client) -> Tree:
    """All commands on one client."""
    tree = Tree(client)
    for command in (*COMMANDS, *menus.build()):
        tree.add_command(command)
    return tree


async def told(tree: Tree) -> list[dict[str, Any]]:
    """The commands as Discord is told of them, in every language."""
    if tree.translator is None:
        await tree.set_translator(Translator())
    return [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]  # type: ignore[arg-type]


async def fingerprint(tree: Tree, application_id: int | None) -> str:
    """Changes whenever a command does, or the place they are told to."""
    whole = json.dumps([Route.BASE, application_id, await told(tree)], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()
