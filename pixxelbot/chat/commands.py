"""The slash commands. A static test walks this tree and holds it against Discord's limits."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import discord
from discord import app_commands
from discord.http import Route
from yarl import URL

from pixxelbot.chat import asking
from pixxelbot.errors import ForbiddenAddress, InvalidPicture
from pixxelbot.fetch import MAX_BYTES, fetch_picture
from pixxelbot.intent import Changes
from pixxelbot.recipe import MAX_COUNT, MAX_SEED

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

log = logging.getLogger(__name__)

ASPECTS: Final = ("1:1", "5:4", "4:5", "4:3", "3:4", "3:2", "2:3", "16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
DISCORDS_OWN: Final = ("https://cdn.discordapp.com", "https://media.discordapp.net")
"""Origins that Discord serves attachments from."""
MOST_CHOICES: Final = 25
"""Suggestions of one autocomplete answer, by Discord's rule."""
SYNCED: Final = "chat.commands"
"""Flag in the store: hash of the commands that Discord was last told."""


class Tree(app_commands.CommandTree[Any]):
    """The command tree, whose errors reach the member."""

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Show what a command raised."""
        await asking.tell(interaction, getattr(error, "original", error))


@app_commands.command(description="Draw pictures from your words")
@app_commands.allowed_installs(guilds=True, users=True)
@app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
@app_commands.choices(aspect=[app_commands.Choice(name=one, value=one) for one in ASPECTS])
@app_commands.describe(
    prompt="What you would like to see; flags such as --ar 3:2 work too",
    image="A picture to start from",
    image_url="Web address of a picture to start from",
    aspect="Width to height",
    count="How many pictures (4 unless you say otherwise)",
    style="A look from the library",
    model="Which model draws",
    negative="What must not be in it",
    steps="Denoising steps: more is finer and slower",
    guidance="How closely to follow the words",
    seed="The same seed and settings give the same picture",
    strength="How far to depart from the picture you start from",
    verbatim="Draw with exactly your words, nothing added",
)
async def imagine(
    interaction: discord.Interaction[Bot],
    prompt: str,
    image: discord.Attachment | None = None,
    image_url: str | None = None,
    aspect: str | None = None,
    count: app_commands.Range[int, 1, MAX_COUNT] | None = None,
    style: str | None = None,
    model: str | None = None,
    negative: str | None = None,
    steps: app_commands.Range[int, 1, 150] | None = None,
    guidance: app_commands.Range[float, 0, 50] | None = None,
    seed: app_commands.Range[int, 0, MAX_SEED] | None = None,
    strength: app_commands.Range[float, 0, 1] | None = None,
    verbatim: bool | None = None,
) -> None:
    """Accept a request to draw."""
    chat = interaction.client.chat
    address = await asking.opened(interaction)
    given = Changes(
        aspect=aspect,
        count=count,
        styles=((style, 1.0),) if style else None,
        model=model,
        negative_prompt=negative,
        steps=steps,
        guidance_scale=guidance,
        seed=seed,
        strength=strength,
        verbatim=verbatim,
    )
    request = asking.request(interaction, address, words=prompt, given=given)
    chat.studio.checked(request)  # before anything is fetched on its behalf
    request = request.evolve(sources=await _sources(interaction, image, image_url))
    await chat.followed(request, chat.studio.accept(request))


@imagine.autocomplete("style")
async def _styles(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    return suggestions(interaction.client.chat.studio.styles, typed)


@imagine.autocomplete("model")
async def _models(interaction: discord.Interaction[Bot], typed: str) -> list[app_commands.Choice[str]]:
    return suggestions(tuple(interaction.client.chat.limits), typed)


def suggestions(names: Sequence[str], typed: str) -> list[app_commands.Choice[str]]:
    """Names that contain what was typed, those that begin with it first."""
    sought = typed.strip().casefold()
    found = [name for name in names if sought in name.casefold()]
    found.sort(key=lambda name: not name.casefold().startswith(sought))
    return [app_commands.Choice(name=name[:100], value=name) for name in found[:MOST_CHOICES] if len(name) <= 100]


async def _sources(
    interaction: discord.Interaction[Bot], image: discord.Attachment | None, image_url: str | None
) -> tuple[str, ...]:
    chat, found = interaction.client.chat, []
    if image is not None:
        found.append(await fetch_attachment(image, chat.settings.discord_cdn))
    if image_url:
        found.append(await fetch_picture(image_url))
    member = asking.member_id(interaction.user)
    return tuple([(await chat.studio.upload(data, member)).id for data in found])


async def fetch_attachment(image: discord.Attachment, cdn: str | None) -> bytes:
    """Bytes of a member's attachment, from the configured origin or Discord's own and nowhere else.

    Raises:
        ForbiddenAddress: the attachment claims to lie elsewhere.
        InvalidPicture: it is too large, or could not be fetched.
    """
    if image.size > MAX_BYTES:
        raise InvalidPicture(
            f"The file has {image.size / 2**20:.0f} MiB; at most {MAX_BYTES // 2**20} MiB can be used."
        )
    trusted = (cdn,) if cdn else ()
    if URL(image.url).origin() not in [URL(one).origin() for one in (*trusted, *DISCORDS_OWN)]:
        raise ForbiddenAddress("The attachment does not lie on Discord's own servers. Attach the file again.")
    return await fetch_picture(image.url, trusted=trusted)


def build_tree(client: discord.Client) -> Tree:
    """All commands on one client."""
    tree = Tree(client)
    tree.add_command(imagine)
    return tree


def fingerprint(tree: Tree, application_id: int | None) -> str:
    """Changes whenever a command does, or the place they are told to."""
    commands = [command.to_dict(tree) for command in tree.get_commands()]
    told = json.dumps([Route.BASE, application_id, commands], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()
