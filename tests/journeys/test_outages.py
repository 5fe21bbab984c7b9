"""Discord itself is gone for a while: the bot waits quietly, comes back soon, and loses nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest
from discord.backoff import ExponentialBackoff

from pixxelbot.chat import connecting
from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, Person, Server
from tests.journeys.test_results import imagined

OURS = ("discord", "pixxelbot.chat")


async def test_a_bot_without_discord_waits_quietly_and_delivers_when_it_is_back(
    house: House, ana: Person, guild: Server, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    house.painter.held.clear()
    result = await ana.slash("imagine", prompt="a fox")
    waiting = await result.until(lambda one: one.attachments)
    caplog.set_level(logging.INFO)
    house.painter.held.set()
    await discord.vanish(8)
    await house.chat_is_back(2)
    assert (await waiting.until(drawn)).id == waiting.id, "what was drawn meanwhile is delivered"
    await imagined(ana)
    lost = [one for one in caplog.records if one.levelno >= logging.WARNING and one.name.startswith(OURS)]
    assert lost and not [one.getMessage() for one in lost if one.exc_info or "\n" in one.getMessage()]


async def test_a_bot_that_starts_without_discord_connects_once_it_is_there(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    await house.stop()
    caplog.set_level(logging.INFO)
    gone = asyncio.create_task(discord.vanish(5))
    await asyncio.sleep(0.5)
    await house.start()
    await gone
    await house.chat_is_back(2)
    await imagined(ana)
    assert not [one.getMessage() for one in caplog.records if one.name.startswith("discord") and one.exc_info]


def test_pauses_grow_to_half_a_minute_and_no_further() -> None:
    delays = connecting.Delays()
    taken = [delays.take() for _ in range(40)]
    assert all(0.5 <= pause <= connecting.LONGEST_DELAY for pause in taken) and len(set(taken)) > 30
    assert taken[0] <= connecting.FIRST_DELAY and min(taken[6:]) >= connecting.LONGEST_DELAY / 2
    delays.reset()
    assert delays.take() <= connecting.FIRST_DELAY


async def test_discord_pys_own_pauses_are_bounded(house: House) -> None:
    assert house.chat.client is not None
    for shard in house.chat.client.shards.values():
        own: ExponentialBackoff[bool] = shard._parent._backoff
        assert max(own.delay() for _ in range(200)) <= connecting.LONGEST_DELAY


def test_only_lost_connections_lose_their_traceback() -> None:
    def logged(error: Exception) -> logging.LogRecord:
        record = logging.LogRecord("discord.client", logging.ERROR, "", 0, "oh %s", ("no",), (type(error), error, None))
        assert connecting.OneLine().filter(record)
        return record

    assert logged(ConnectionResetError("cut")).getMessage() == "oh no (ConnectionResetError: cut)"
    assert logged(KeyError("id")).exc_info is not None
