"""Where something is asked: who sees it, who is asking, and what they may do there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import discord

from pixxelbot.job import Address
from pixxelbot.rules import ServerRules

Channel = discord.abc.GuildChannel | discord.Thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel as far as rules and rights go. All of Discord's ids are strings."""

    guild_id: str | None = None
    channel_id: str | None = None
    parent_id: str | None = None
    """Of a thread: the channel it hangs from."""
    private: bool = False
    nsfw: bool = False
    roles: tuple[str, ...] = ()
    """The asking member's."""
    manages: bool = False
    """Whether the member may manage others' messages here."""

    def address(self, **more: Any) -> Address:
        """As the address of a request."""
        return Address(
            guild_id=self.guild_id, channel_id=self.channel_id, private=self.private, nsfw=self.nsfw, **more
        )  # fmt: skip

    def check(self, rules: ServerRules) -> None:
        """Raise Refused where the server does not want this member to ask in this channel."""
        rules.check_place(self.channel_id, self.parent_id)
        rules.check_roles(self.roles)

    def moderates(self, rules: ServerRules) -> bool:
        """Whether the member may delete and cancel what others asked for."""
        return self.manages or bool(set(self.roles) & set(rules.moderators))


def of_interaction(interaction: discord.Interaction[Any]) -> Place:
    """The place of an interaction, from what it carries and what the gateway told of the channel."""
    channel, guild = interaction.channel, interaction.guild_id
    return Place(
        guild_id=str(guild) if guild else None,
        channel_id=str(interaction.channel_id) if interaction.channel_id else None,
        parent_id=_parent(channel),
        private=guild is not None and is_private(channel),
        nsfw=is_nsfw(channel),
        roles=roles_of(interaction.user),
        manages=guild is not None and interaction.permissions.manage_messages,
    )


def of_channel(
    client: discord.Client,
    channel_id: int,
    guild_id: int | None,
    member: discord.abc.User | None,
) -> Place:
    """The place of a message or reaction."""
    channel = client.get_channel(channel_id)
    known = channel if isinstance(channel, Channel) else None
    rights = known.permissions_for(member) if known and isinstance(member, discord.Member) else None
    return Place(
        guild_id=str(guild_id) if guild_id else None,
        channel_id=str(channel_id),
        parent_id=_parent(known),
        private=guild_id is not None and is_private(known),
        nsfw=is_nsfw(known),
        roles=roles_of(member) if member else (),
        manages=bool(rights and rights.manage_messages),
    )


def roles_of(member: discord.abc.User) -> tuple[str, ...]:
    """Ids of a member's roles; none outside servers."""
    roles: Iterable[Any] = getattr(member, "_roles", ()) or ()
    return tuple(str(role) for role in roles)


def is_private(channel: Any) -> bool:
    """Whether some of the server's members do not see a channel; so of one that the bot knows nothing of."""
    if isinstance(channel, discord.Thread):
        return channel.is_private() or channel.parent is None or is_private(channel.parent)
    if not isinstance(channel, discord.abc.GuildChannel):
        return True
    try:
        everyone = channel.guild.default_role
    except AttributeError:  # a server where the bot is not: discord.py has a stub of it alone
        return True
    return everyone is None or not channel.permissions_for(everyone).view_channel


def is_nsfw(channel: Any) -> bool:
    """Whether a channel is age-restricted; a thread is as its channel is."""
    if isinstance(channel, discord.Thread):
        return channel.parent is not None and is_nsfw(channel.parent)
    return bool(getattr(channel, "nsfw", False))


def _parent(channel: Any) -> str | None:
    return str(channel.parent_id) if isinstance(channel, discord.Thread) else None
