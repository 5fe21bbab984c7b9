from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chat.house import House, open_house
from tests.discord_server.fixtures import discord, guild
from tests.discord_server.scenario import Discord, Person, Server

__all__ = ["discord", "guild"]


@pytest.fixture
async def house(discord: Discord, guild: Server, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(discord, tmp_path) as house:
        yield house


@pytest.fixture
async def ana(house: House, guild: Server) -> Person:
    """A member of a server where the bot is at work."""
    return await guild.member("ana")


@pytest.fixture
async def ben(house: House, guild: Server) -> Person:
    """Another one."""
    return await guild.member("ben")
