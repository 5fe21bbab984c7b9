"""The loopback Discord for journeys."""

from tests.discord_server.fixtures import discord, guild

__all__ = ["discord", "guild"]
