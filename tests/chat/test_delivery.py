"""The result arrives, whatever becomes of token, placeholder, rights and connection meanwhile."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest
from PIL import Image

from pixxelbot.chat.deliver import FILE_LIMIT
from pixxelbot.errors import NotANumber
from tests.chat.house import House, open_house
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, Person, Result, Server


async def held(house: House, ana: Person) -> Result:
    """A request that is being drawn and stays so until the painter is let go."""
    house.painter.held.clear()
    result = await ana.slash("imagine", prompt="a fox")
    await result.until(lambda message: message.attachments)
    return result


async def test_with_a_dead_token_the_placeholder_is_edited_through_the_channel(
    house: House, ana: Person, discord: Discord
) -> None:
    result = await held(house, ana)
    await discord.expire_tokens()
    house.painter.held.set()
    await result.until(drawn)


async def test_a_deleted_placeholder_is_replaced_by_a_new_message_once(
    house: House, ana: Person, discord: Discord, guild: Server
) -> None:
    result = await held(house, ana)
    await discord.delete(result.message if result.messages else (await result.refresh()).message)
    house.painter.held.set()
    await guild.until(drawn)
    [only] = [message for message in await guild.from_bot() if drawn(message)]
    await (await ana.click(only, "V1")).until(drawn)


async def test_an_answer_lost_after_posting_does_not_post_twice(
    house: House, ana: Person, discord: Discord, guild: Server
) -> None:
    result = await held(house, ana)
    await discord.delete((await result.refresh()).message)
    await discord.reset_next(r"/channels/\d+/messages$", method="POST", after=True)
    house.painter.held.set()
    await guild.until(drawn)
    await house.delivered()
    assert len([message for message in await guild.from_bot() if drawn(message)]) == 1


async def test_a_channel_that_is_gone_leads_to_a_direct_message(
    house: House, ana: Person, guild: Server, discord: Discord
) -> None:
    side = await guild.channel("side")
    await held(house, ana.at(side))
    await side.delete()
    await discord.expire_tokens()
    house.painter.held.set()
    await (await ana.dm()).until(drawn)


async def test_when_every_way_is_closed_the_result_stays_in_the_history(
    house: House, ana: Person, guild: Server, discord: Discord
) -> None:
    side = await guild.channel("side")
    await held(house, ana.at(side))
    await side.delete()
    await discord.expire_tokens()
    await ana.close_dms()
    house.painter.held.set()
    await house.delivered()
    assert len(await house.store.pictures(member=f"discord:{ana.id}")) == 4


async def test_a_message_that_may_be_edited_no_more_is_replaced(
    house: House, ana: Person, discord: Discord, guild: Server
) -> None:
    house.painter.steps = 120  # the previews use up the edits that an old message takes
    result = await held(house, ana)
    placeholder = (await result.refresh()).message
    await discord.age(placeholder)
    house.painter.held.set()
    await guild.until(drawn)
    await house.delivered()
    assert len([message for message in await guild.from_bot() if drawn(message)]) == 1
    assert (await placeholder.refresh()).deleted


async def test_a_right_lost_meanwhile_leads_to_a_direct_message(
    house: House, ana: Person, discord: Discord, guild: Server
) -> None:
    await held(house, ana)
    await guild.revoke("view_channel")
    await discord.expire_tokens()
    house.painter.held.set()
    await (await ana.dm()).until(drawn)


async def test_an_acknowledgement_that_comes_too_late_loses_nothing(
    house: House, ana: Person, discord: Discord, guild: Server
) -> None:
    await discord.set_limits(acknowledge_seconds=0.2)
    await discord.delay_next("/callback", 0.6)
    result = await ana.slash("imagine", prompt="a fox")
    assert result.failed
    await guild.until(drawn)
    await discord.forgive()


async def test_no_token_is_ever_logged(
    house: House, ana: Person, discord: Discord, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await discord.rate_limit_next("/webhooks/", seconds=0.1)
    await discord.reset_next("/webhooks/")
    house.painter.held.clear()
    house.painter.error = NotANumber("no")
    result = await ana.slash("imagine", prompt="a fox")
    await result.until(lambda message: message.buttons)
    [request] = await house.store.requests()
    token = request.address.interaction_token
    house.painter.held.set()
    await result.until(lambda message: message.embeds)
    assert token and token not in caplog.text and discord.token not in caplog.text


async def test_429_500_and_resets_on_the_way_are_overcome(house: House, ana: Person, discord: Discord) -> None:
    result = await held(house, ana)
    await discord.rate_limit_next("/webhooks/", seconds=0.2, times=2)
    await discord.fail_next("/webhooks/", 500)
    await discord.reset_next("/webhooks/", times=2)
    house.painter.held.set()
    await result.until(drawn, timeout=60)
    assert len([message for message in result.messages if drawn(message)]) == 1


async def test_a_429_that_looks_like_a_ban_is_waited_out(house: House, ana: Person, discord: Discord) -> None:
    result = await held(house, ana)
    await discord.rate_limit_next("/webhooks/", seconds=0.2, times=2, via=False)
    house.painter.held.set()
    await result.until(drawn)


async def test_an_acknowledgement_cut_off_is_sent_again(house: House, ana: Person, discord: Discord) -> None:
    await discord.reset_next("/callback", after=True)
    result = await ana.slash("imagine", prompt="a fox")
    await result.until(drawn)
    await discord.reset_next("/callback")
    await (await ana.slash("imagine", prompt="a cat")).until(drawn)
    await discord.forgive()


async def test_pictures_too_large_for_discord_are_sent_as_smaller_copies(house: House, ana: Person) -> None:
    house.painter.noise = 2600
    result = await ana.slash("imagine", prompt="noise", count=1)
    message = await result.until(drawn)
    [file] = await message.files()
    kept = await house.store.picture_bytes((await house.store.pictures())[0].id)
    assert len(file) <= FILE_LIMIT < len(kept)
    assert Image.open(io.BytesIO(file)).format == "WEBP" and "smaller copy" in message.content


async def test_a_request_waiting_at_a_restart_is_delivered_into_its_placeholder(house: House, ana: Person) -> None:
    result = await held(house, ana)
    house.painter.held.set()
    await house.restart()
    await result.until(drawn)


async def test_the_gateway_may_drop_close_early_or_send_nonsense(
    house: House, ana: Person, discord: Discord, guild: Server
) -> None:
    await discord.drop_gateway()
    await discord.bot_resumed()
    await (await ana.slash("imagine", prompt="a fox")).until(drawn)
    await discord.send_event("MESSAGE_REACTION_ADD", {"nothing": "of use"})
    await house.chat_is_back(2)
    await (await ana.slash("imagine", prompt="a cat")).until(drawn)
    await discord.close_before_hello()
    await discord.drop_gateway(resume=False)
    await house.chat_is_back(3)
    await (await ana.slash("imagine", prompt="a dog")).until(drawn)
    await discord.forgive()


async def test_what_has_ended_is_followed_no_more_however_late_that_is_asked(house: House, ana: Person) -> None:
    message = await (await ana.slash("imagine", prompt="a fox")).until(drawn)
    await house.delivered()
    [request] = await house.store.requests()
    previews = house.chat.previews
    assert request.address.message_id == message.id and previews.of_placeholder(message.id) is None
    previews.follow(request)
    assert previews.of_placeholder(message.id) is None


async def test_commands_are_told_once(discord: Discord, guild: Server, tmp_path: Path) -> None:
    async with open_house(discord, tmp_path) as house:
        assert "imagine" in [one["name"] for one in await discord.commands()]
        await house.restart()
        await house.chat_is_back(2)
        await (await (await guild.member("ana")).slash("imagine", prompt="a fox")).until(drawn)
        assert (await discord.state())["command_overwrites"] == 1
