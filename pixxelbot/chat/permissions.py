"""What the bot must be allowed to do in a channel, checked before anything is accepted there."""

from __future__ import annotations

from typing import Any, Final

import discord

from pixxelbot.errors import MissingPermission

NEEDED: Final = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "attach_files": "Attach Files",
    "embed_links": "Embed Links",
}
"""Permission → its name in Discord's own settings."""
IN_THREADS: Final = ("send_messages_in_threads", "Send Messages in Threads")
THREADS: Final = (
    discord.ChannelType.public_thread, discord.ChannelType.private_thread, discord.ChannelType.news_thread
)  # fmt: skip


def check_interaction(interaction: discord.Interaction[Any]) -> None:
    """Raise MissingPermission, naming what is lacking, before an interaction is accepted."""
    if interaction.guild_id is None:
        return  # direct messages have no permissions; a block shows only when sending
    guest = interaction.is_user_integration() and not interaction.is_guild_integration()
    _check(interaction.app_permissions, interaction.channel, guest=guest)


def check_channel(channel: discord.abc.GuildChannel | discord.Thread) -> None:
    """Raise MissingPermission for a channel the bot knows, where no interaction tells its rights."""
    me = channel.guild.me
    if me is not None:
        _check(channel.permissions_for(me), channel)


def _check(granted: discord.Permissions, channel: Any, *, guest: bool = False) -> None:
    """`guest`: the member installed the bot, the server did not; it answers by interaction and is in no channel."""
    if granted.administrator:
        return
    needed = dict(NEEDED)
    if getattr(channel, "type", None) in THREADS:
        del needed["send_messages"]
        needed[IN_THREADS[0]] = IN_THREADS[1]
    if guest:
        needed = {name: words for name, words in needed.items() if name in ("attach_files", "embed_links")}
    missing = [words for name, words in needed.items() if not getattr(granted, name)]
    if missing:
        name = getattr(channel, "name", None)
        raise MissingPermission(missing, f"#{name}" if name else "this channel")
