"""The address that brings the bot to a server, with the least permissions that it needs."""

from __future__ import annotations

import asyncio
from typing import Final

import aiohttp
import discord

from pixxelbot.chat.bot import intents, point_at
from pixxelbot.errors import ConfigurationError
from pixxelbot.settings import Settings

PERMISSIONS: Final = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    attach_files=True,
    embed_links=True,
    read_message_history=True,
    add_reactions=True,
)
"""Post results, answer in threads, find a message again after a lost answer, and the row of hints."""
SCOPES: Final = ("bot", "applications.commands")


async def invite_url(settings: Settings) -> str:
    """The address, for the application that the token belongs to.

    Raises:
        ConfigurationError: there is no token, Discord refuses it, or cannot be reached.
    """
    token = settings.discord_token.get_secret_value() if settings.discord_token else ""
    if not token:
        raise ConfigurationError(
            "PIXXELBOT_DISCORD_TOKEN", "", "set it to your bot's token (developer portal → Bot → Reset Token)"
        )
    point_at(settings)
    client = discord.Client(intents=intents())
    try:
        await asyncio.wait_for(client.login(token), 30)
        return discord.utils.oauth_url(client.application_id or 0, permissions=PERMISSIONS, scopes=SCOPES)
    except discord.LoginFailure:
        raise ConfigurationError(
            "PIXXELBOT_DISCORD_TOKEN", "…", "Discord refuses this token; copy it again (developer portal → Bot)"
        ) from None
    except (aiohttp.ClientError, OSError, TimeoutError, discord.HTTPException) as error:
        raise ConfigurationError(
            "PIXXELBOT_DISCORD_API", settings.discord_api or "Discord", f"it cannot be reached ({error})"
        ) from error
    finally:
        await client.close()
