"""pytest fixtures: `from tests.discord_server.fixtures import discord, guild` in a conftest or test module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.discord_server.scenario import Discord, Server, discord_server


@pytest.fixture
async def discord() -> AsyncIterator[Discord]:
    """A loopback Discord of this test's own; at the end the bot must have kept every rule of Discord's."""
    async with discord_server() as running:
        yield running
        assert await running.violations() == []


@pytest.fixture
async def guild(discord: Discord) -> Server:
    """A server that the bot is in."""
    return await discord.guild("Studio")
