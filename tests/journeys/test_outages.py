"""Discord itself is gone for a while: the bot waits quietly, comes back soon, and loses nothing."""

from __future__ import annotations

import asyncio
import logging

import pytest
from discord.backoff import ExponentialBackoff

from pixxelbot.chat import connecting, resending
from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, Person, Result, Server
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


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What an operator would be alarmed by."""
    loud = [one for one in caplog.records if one.levelno >= logging.WARNING and one.name.startswith(OURS)]
    return [f"{one.getMessage()} {one.exc_text or ''}" for one in loud]


async def hear(discord: Discord, fault: str, pattern: str, method: str, times: int) -> None:
    """The next requests fail in this way."""
    if fault == "503":
        await discord.fail_next(pattern, 503, times, method=method)
    else:
        await discord.reset_next(pattern, times, method=method, after=fault == "reset after")


@pytest.mark.parametrize("fault", ["reset", "reset after"])
async def test_a_private_answer_that_was_cut_off_is_sent_again(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    await hear(discord, fault, r"/webhooks/.*/@original", "PATCH", 3)
    message = await (await ana.slash("queue")).until(lambda one: "waiting" in one.content)
    assert message.ephemeral and not told(caplog)


async def test_an_answer_that_never_gets_through_is_one_line_of_log_and_a_card(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    await discord.reset_next(r"/webhooks/.*/@original", 1 + len(resending.PAUSES), method="PATCH")
    await (await ana.slash("queue")).until(lambda one: one.embeds)
    [line] = told(caplog)
    assert "could not be reached while answering (" in line and "\n" not in line


@pytest.mark.parametrize("fault", ["reset", "reset after", "503"])
async def test_a_first_answer_survives_whatever_happens_to_it_four_times(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    message = await imagined(ana)
    asked = [
        lambda: ana.slash("help"), lambda: ana.click(message, "✏️"), lambda: ana.slash("imagine", prompt="x"),
        lambda: ana.autocomplete("imagine", "style", "wa"),
    ]  # fmt: skip
    for number, ask in enumerate(asked, start=1):
        await hear(discord, fault, "/callback", "POST", 4)
        result = await ask()
        if isinstance(result, Result):
            assert result.acknowledged_after is not None and not result.failed
        assert result

        async def over(number: int = number) -> bool | None:
            """What was sent once more although it had come through is refused, and that is the end of it."""
            return len(await discord.violations()) == 4 * number or fault != "reset after" or None

        await discord.eventually(over, 30, lambda: "the last try")
        await discord.clear_faults()
    assert not told(caplog)
    assert {one["kind"] for one in await discord.violations()} <= {"refused"}
    await discord.forgive()


async def test_suggestions_that_do_not_come_are_nobodys_alarm(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "pixxelbot.chat")
    await discord.reset_next("/callback", 1 + len(resending.FIRST_PAUSES))
    assert not await ana.autocomplete("imagine", "style", "wa")
    assert not told(caplog)
    assert len([one for one in caplog.messages if one.startswith("no suggestions (")]) == 1
    assert await ana.autocomplete("imagine", "style", "wa")
    await discord.forgive()  # the first was never answered


async def test_a_deletion_whose_answer_got_lost_is_a_deletion(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    message = await imagined(ana)
    await discord.reset_next(r"/webhooks/", method="DELETE", after=True)
    pressed = await ana.click(message, "❌")

    async def gone() -> bool | None:
        return (await message.refresh()).deleted or None

    await discord.eventually(gone, 30, lambda: "the deletion")
    assert not (await pressed.refresh()).follow_ups and not told(caplog)


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
