"""/server: what administrators set for everybody, or for one channel."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Final, Literal

import discord
from discord import app_commands
from pydantic import ValidationError

from pixxelbot.chat import asking
from pixxelbot.chat.cards import MAX_CONTENT, shortened
from pixxelbot.chat.commands import options
from pixxelbot.chat.commands.setting import listed
from pixxelbot.chat.reactions import MEANT
from pixxelbot.errors import InvalidRequest, Refused, UnknownChoice
from pixxelbot.recipe import MAX_COUNT
from pixxelbot.rules import Defaults, NsfwPolicy, ServerRules, checked

if TYPE_CHECKING:
    from pixxelbot.chat.bot import Bot

group = app_commands.Group(
    name="server",
    description="For administrators: what is allowed on this server",
    guild_only=True,
    allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
    default_permissions=discord.Permissions(manage_guild=True),
)

MEANINGS: Final = [app_commands.Choice(name=one, value=one) for one in (*MEANT, "nothing", "default")]
CUSTOM_EMOJI: Final = re.compile(r"<a?:(\w+):\d+>")


@group.command(name="show", description="Show all rules of this server, or of a channel")
@app_commands.describe(channel="A channel with rules of its own")
async def show(interaction: discord.Interaction[Bot], channel: discord.TextChannel | None = None) -> None:
    """The rules as they stand."""
    await _change(interaction, lambda stored: {}, channel)


@group.command(name="defaults", description="What requests have where they say nothing")
@app_commands.describe(channel="Only in this channel", reset="Forget all of these")
@options.with_defaults
async def defaults(
    interaction: discord.Interaction[Bot],
    said: dict[str, Any],
    channel: discord.TextChannel | None = None,
    reset: bool = False,
) -> None:
    """Defaults under everybody's own."""
    interaction.client.chat.studio.recipes.check(checked(Defaults, said).changes())
    await _change(
        interaction, lambda stored: {"defaults": {**({} if reset else stored.get("defaults", {})), **said}}, channel
    )


@group.command(name="models", description="Allow only these models")
@app_commands.describe(names="Names with commas between them; all: every model", channel="Only in this channel")
async def models(interaction: discord.Interaction[Bot], names: str, channel: discord.TextChannel | None = None) -> None:
    """Allowed models."""
    known = tuple(interaction.client.chat.limits)
    chosen = _chosen("model", names, known)
    await _change(interaction, lambda stored: {"models": chosen}, channel)


@group.command(name="styles", description="Allow only these styles")
@app_commands.describe(names="Names with commas between them; all: every style", channel="Only in this channel")
async def styles(interaction: discord.Interaction[Bot], names: str, channel: discord.TextChannel | None = None) -> None:
    """Allowed styles."""
    known = interaction.client.chat.studio.styles
    chosen = _chosen("style", names, known)
    await _change(interaction, lambda stored: {"styles": chosen}, channel)


@group.command(name="loras", description="Allow only these LoRAs")
@app_commands.describe(names="Names with commas between them; all: every LoRA", channel="Only in this channel")
async def loras(interaction: discord.Interaction[Bot], names: str, channel: discord.TextChannel | None = None) -> None:
    """Allowed LoRAs."""
    known = tuple(dict.fromkeys(name for one in interaction.client.chat.limits.values() for name in one.loras))
    chosen = _chosen("LoRA", names, known)
    await _change(interaction, lambda stored: {"loras": chosen}, channel)


@group.command(name="roles", description="What a role may do, and its share of the queue")
@app_commands.describe(
    role="Which role",
    weight="Share of the queue; 1 is the usual",
    use="Whether only such roles may ask for pictures",
    moderate="Whether it may delete and cancel what others asked for",
)
async def roles(
    interaction: discord.Interaction[Bot],
    role: discord.Role,
    weight: app_commands.Range[float, 0.1, 100.0] | None = None,
    use: bool | None = None,
    moderate: bool | None = None,
) -> None:
    """Rights and weight of one role."""
    name = str(role.id)

    def revise(stored: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if weight is not None:
            values["weights"] = {**stored.get("weights", {}), name: weight}
        if use is not None:
            values["roles"] = _with(stored.get("roles", ()), name, use)
        if moderate is not None:
            values["moderators"] = _with(stored.get("moderators", ()), name, moderate)
        return values

    await _change(interaction, revise, None)


@group.command(name="limits", description="How much each member may ask for; 0 lifts a limit")
@app_commands.describe(
    count="Pictures of one request",
    steps="Denoising steps of one request",
    waiting="Requests of one member at a time",
    seconds="Seconds of drawing for each member and day",
    channel="Only in this channel",
)
async def limits(
    interaction: discord.Interaction[Bot],
    count: app_commands.Range[int, 0, MAX_COUNT] | None = None,
    steps: app_commands.Range[int, 0, 150] | None = None,
    waiting: app_commands.Range[int, 0, 100] | None = None,
    seconds: app_commands.Range[float, 0, 86400] | None = None,
    channel: discord.TextChannel | None = None,
) -> None:
    """Limits for each member."""
    fields = {"max_count": count, "max_steps": steps, "max_waiting": waiting, "daily_seconds": seconds}
    values = {name: value or None for name, value in fields.items() if value is not None}
    await _change(interaction, lambda stored: values, channel)


@group.command(name="reactions", description="What an emoji does under my messages")
@app_commands.choices(meaning=MEANINGS)
@app_commands.describe(emoji="The emoji", meaning="What it does")
async def reactions(interaction: discord.Interaction[Bot], emoji: str, meaning: str) -> None:
    """Remap one emoji."""
    name = emoji.strip()
    if match := CUSTOM_EMOJI.fullmatch(name):
        name = match[1]
    if not name or len(name) > 40 or " " in name:
        raise InvalidRequest("Give one emoji, such as 🔁.")

    def revise(stored: dict[str, Any]) -> dict[str, Any]:
        mapped = {emoji: what for emoji, what in stored.get("reactions", {}).items() if emoji != name}
        if meaning != "default":
            mapped[name] = "" if meaning == "nothing" else meaning
        return {"reactions": mapped}

    await _change(interaction, revise, None)


@group.command(name="channels", description="Where I may be used")
@app_commands.describe(channel="Which channel", use="allowed: here and in others so marked; closed: not here")
async def channels(
    interaction: discord.Interaction[Bot], channel: discord.TextChannel, use: Literal["allowed", "closed", "default"]
) -> None:
    """Open or close a channel."""
    name = str(channel.id)

    def revise(stored: dict[str, Any]) -> dict[str, Any]:
        return {
            "channels": _with(stored.get("channels", ()), name, use == "allowed"),
            "closed": _with(stored.get("closed", ()), name, use == "closed"),
        }

    await _change(interaction, revise, None)


@group.command(name="blocked", description="Words that are not drawn here")
@app_commands.describe(
    add="Words or phrases with commas between them; * stands for any letters",
    remove="Words to allow again",
    channel="Only in this channel",
)
async def blocked(
    interaction: discord.Interaction[Bot],
    add: str | None = None,
    remove: str | None = None,
    channel: discord.TextChannel | None = None,
) -> None:
    """Change the list of blocked words."""
    gone = {word.casefold() for word in _parts(remove or "")}

    def revise(stored: dict[str, Any]) -> dict[str, Any]:
        words = dict.fromkeys((*stored.get("blocked", ()), *_parts(add or "")))
        return {"blocked": [word for word in words if word.casefold() not in gone]}

    await _change(interaction, revise, channel)


@group.command(name="nsfw", description="Whether themes for adults are drawn in age-restricted channels")
@app_commands.describe(
    policy="refuse: nowhere; spoiler: there, hidden; allow: there, openly", channel="Only in this channel"
)
async def nsfw(
    interaction: discord.Interaction[Bot], policy: NsfwPolicy, channel: discord.TextChannel | None = None
) -> None:
    """The policy for mature themes."""
    await _change(interaction, lambda stored: {"nsfw": policy}, channel)


@group.command(name="starboard", description="A channel for each day's favourites")
@app_commands.describe(channel="Which channel; leave it out for none", stars="Favourites that a picture needs")
async def starboard(
    interaction: discord.Interaction[Bot],
    channel: discord.TextChannel | None = None,
    stars: app_commands.Range[int, 1, 1000] | None = None,
) -> None:
    """Where the starboard is."""
    values = {"starboard": str(channel.id) if channel else None, "stars": stars}
    await _change(interaction, lambda stored: values, None)


@group.command(name="hints", description="Whether I put reactions under each result, to be pressed")
@app_commands.describe(show="Whether to do so")
async def hints(interaction: discord.Interaction[Bot], show: bool) -> None:
    """The row of hints."""
    await _change(interaction, lambda stored: {"hints": show}, None)


async def _change(
    interaction: discord.Interaction[Bot],
    revise: Callable[[dict[str, Any]], dict[str, Any]],
    channel: discord.TextChannel | None,
) -> None:
    """Check who asks and what, store what follows from what is stored at that moment, and show what stands now."""
    chat = interaction.client.chat
    say = await asking.quietly(interaction)
    if not (interaction.permissions.manage_guild or interaction.permissions.administrator):
        raise Refused("Only members who may manage the server can change its rules.")
    owner = f"channel:{channel.id}" if channel else f"guild:{interaction.guild_id}"
    by = asking.member_id(interaction.user)
    kept = await chat.store.revise_preferences(owner, lambda stored: _checked(stored, revise(stored)), by)
    rules = ServerRules.load(kept)
    where = channel.mention if channel else say("server.whole")
    text = f"{say('server.title', where=where)}\n{listed(say, rules.model_dump(exclude_defaults=True), 'rule')}"
    await interaction.edit_original_response(content=shortened(text, MAX_CONTENT))


def _checked(stored: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The values, if rules can hold them beside what is stored.

    Raises:
        InvalidRequest: they cannot.
    """
    try:
        ServerRules.load({name: value for name, value in {**stored, **values}.items() if value is not None})
    except ValidationError as error:
        raise InvalidRequest(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
    return values


def _with(names: Collection[str], name: str, there: bool) -> list[str]:
    return sorted({*names, name} if there else set(names) - {name})


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _chosen(what: str, text: str, known: Collection[str]) -> list[str] | None:
    """Names out of a list of them; None where all are meant.

    Raises:
        UnknownChoice: there is no such one.
    """
    names = _parts(text)
    if [name.casefold() for name in names] in (["all"], []):
        return None
    for name in names:
        if name not in known:
            raise UnknownChoice(what, name, known)
    return names
