"""The fixtures of this folder's tests."""

from tests.discord_server.fixtures import discord, guild

__all__ = ["discord", "guild"]
