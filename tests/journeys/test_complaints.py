"""What users of the systems before us complained about; each of these the bot survives.

Elsewhere: a dead token, a lost answer, a deleted placeholder, pictures too large, a missing right named before anything
is drawn (`chat/test_delivery.py`, `chat/test_imagine.py`); `kill -9` of the bot and of the drawing process, a job that
crashes it again and again (`journeys/test_afternoon.py`, `dispatch/`); banned words answered at once, only
administrators change the policy (`test_servers.py`); buttons, reactions and forms after a restart
(`chat/test_follow_ups.py`, `test_reactions.py`).
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from pixxelbot.errors import ModelMissing, OutOfMemory
from pixxelbot.job import Status
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.planner.planner import Planner
from tests import factories
from tests.chat.house import House, open_house
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, File, Person, Result, Server
from tests.journeys.test_results import imagined


async def test_is_thinking_for_ever(
    house: House, ana: Person, discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever breaks inside, the member is told."""

    async def broken(*_: object) -> None:
        raise KeyError("something nobody thought of")

    monkeypatch.setattr(house.studio, "accept", broken)
    result = await ana.slash("imagine", prompt="a fox")
    card = await result.until(lambda one: one.embeds)
    assert "unforeseen" in card.text and "nobody thought of" not in card.text and not card.loading


async def test_rendered_but_never_posted_because_every_token_dies_early(
    house: House, ana: Person, discord: Discord
) -> None:
    house.painter.held.clear()
    results = [await ana.slash("imagine", prompt=f"fox {number}", count=1) for number in range(3)]
    for one in results:
        await one.until(lambda message: not message.loading)
    await discord.expire_tokens()
    house.painter.held.set()
    for one in results:
        await one.until(drawn)


async def test_the_heartbeat_goes_on_while_pictures_are_drawn(discord: Discord, guild: Server, tmp_path: Path) -> None:
    await discord.set_limits(heartbeat_interval=1.0)
    async with open_house(discord, tmp_path) as house:
        house.painter.steps = 100
        ana = await guild.member("ana")
        results = [await ana.slash("imagine", prompt="noise", count=2) for _ in range(3)]
        for one in results:
            await one.until(drawn, 60)
        assert (await discord.state())["identifies"] == 1


async def test_one_stuck_job_blocks_nobody_and_can_be_cancelled(
    discord: Discord, guild: Server, tmp_path: Path
) -> None:
    async with open_house(discord, tmp_path, in_flight=2) as house:
        ana, ben = await guild.member("ana"), await guild.member("ben")
        house.painter.held.clear()
        stuck = await ana.slash("imagine", prompt="stuck")
        placeholder = await stuck.until(lambda one: one.attachments)
        house.painter.held.set()
        house.painter.held = asyncio.Event()  # those that come later wait for another one
        house.painter.held.set()
        await (await ben.slash("imagine", prompt="a cat")).until(drawn)
        if not drawn(await placeholder.refresh()):
            await ana.click(placeholder, "❌ Cancel")
        ended = await stuck.until(lambda one: one.embeds or drawn(one))
        assert ended


async def test_a_cancelled_drawing_stops_and_the_next_one_is_drawn(discord: Discord, guild: Server,
                                                                   tmp_path: Path) -> None:  # fmt: skip
    async with open_house(discord, tmp_path, in_flight=1) as house:
        ana = await guild.member("ana")
        house.painter.held.clear()
        stuck = await ana.slash("imagine", prompt="stuck")
        placeholder = await stuck.until(lambda one: one.attachments)
        waiting = await ana.slash("imagine", prompt="the next")
        await ana.click(placeholder, "❌ Cancel")
        assert "Cancelled" in (await stuck.until(lambda one: one.embeds)).text
        house.painter.held.set()
        await waiting.until(drawn)
        assert [job.recipe.prompt for job in house.painter.drawn] == ["the next, detailed"]


async def test_after_out_of_memory_the_next_job_is_drawn_and_one_tap_asks_for_less(house: House, ana: Person) -> None:
    house.painter.error = OutOfMemory("The device has not enough memory for four pictures at once.")
    card = await (await ana.slash("imagine", prompt="a fox")).until(lambda one: one.embeds)
    assert "memory" in card.text and "not charged" in card.text
    house.painter.error = None
    await imagined(ana)
    await (await ana.click(card, "Try a single picture")).until(drawn)
    assert house.painter.drawn[-1].recipe.count == 1


async def test_a_model_that_is_missing_is_named_and_never_replaced_in_silence(house: House, ana: Person) -> None:
    refused = await (await ana.slash("imagine", prompt="a fox", model="no-such-model")).until(lambda one: one.embeds)
    assert "no-such-model" in refused.text and "bundled" in refused.text and house.painter.drawn == []
    house.painter.error = ModelMissing("The model folder is gone. Tell the operator.")
    card = await (await ana.slash("imagine", prompt="a fox")).until(lambda one: one.embeds)
    assert "model folder is gone" in card.text
    house.painter.error = None
    await (await ana.click(card, "Try another model")).until(drawn)


async def test_one_members_ten_requests_do_not_block_another(discord: Discord, guild: Server, tmp_path: Path) -> None:
    async with open_house(discord, tmp_path, in_flight=1) as house:
        ana, ben = await guild.member("ana"), await guild.member("ben")
        house.painter.held.clear()
        many = [await ana.slash("imagine", prompt=f"fox {number}") for number in range(10)]
        for one in many:
            await one.until(lambda message: not message.loading)
        late = await ben.slash("imagine", prompt="a cat")
        await late.until(lambda message: not message.loading)
        house.painter.held.set()
        for one in (*many, late):
            await one.until(drawn, 60)
        order = [job.member_id for job in house.painter.drawn]
        assert order.index(f"discord:{ben.id}") <= 2


async def test_cancel_all_cancels_nobody_elses(house: House, ana: Person, ben: Person) -> None:
    house.painter.held.clear()
    theirs = await ben.slash("imagine", prompt="a cat")
    await theirs.until(lambda one: one.attachments)
    mine = await ana.slash("imagine", prompt="a fox")
    await mine.until(lambda one: one.attachments)
    await ana.slash("cancel", everything=True)
    await mine.until(lambda one: "Cancelled" in one.text)
    house.painter.held.set()
    await theirs.until(drawn)


async def test_an_impossible_request_is_refused_at_once_with_its_reason(house: House, ana: Person) -> None:
    began = time.monotonic()
    card = await (await ana.slash("imagine", prompt="a fox --ar 100:1")).until(lambda one: one.embeds)
    assert "between" in card.text or "4:1" in card.text
    assert await house.store.requests() == [] and time.monotonic() - began < 30


async def test_expired_attachment_addresses_do_no_harm(house: House, ana: Person, discord: Discord) -> None:
    await discord.set_limits(cdn_lifetime=1.0)
    message = await (await ana.slash("imagine", prompt="a fox", count=1, image=File("a.png", factories.png()))).until(
        drawn
    )
    await asyncio.sleep(2.1)  # every address given out so far is dead now
    await (await ana.click(message, "Upscale 2×")).until(drawn)
    await ana.click(message, "✉️")
    await (await ana.dm()).until(lambda one: one.attachments)


async def test_no_picture_is_ever_empty(house: House, ana: Person) -> None:
    message = await imagined(ana, count=1)
    upscaled = await (await ana.click(message, "Upscale 4×")).until(drawn)
    assert all(len(data) > 100 for data in await upscaled.files())


async def test_a_follow_up_in_words_takes_the_last_picture(discord: Discord, guild: Server, tmp_path: Path) -> None:
    async with open_house(discord, tmp_path) as house:
        planner: Planner = OfflinePlanner()
        house.studio.planner = planner
        ana = await guild.member("ana")
        first = await ana.say(f"<@{discord.bot_id}> a red fox in the snow")
        await guild.until(lambda one: drawn(one) and one.reply_to == first.id)
        second = await ana.say(f"<@{discord.bot_id}> the second one, but at night")
        await guild.until(lambda one: drawn(one) and one.reply_to == second.id)
        recipe = house.painter.drawn[-1].recipe
        assert "fox" in recipe.prompt and "night" in recipe.prompt
        third = await ana.say(f"<@{discord.bot_id}> upscale it")
        await guild.until(lambda one: drawn(one) and one.reply_to == third.id)
        assert house.painter.drawn[-1].recipe.kind == "upscale"


async def test_the_prompt_that_was_really_used_is_shown(house: House, ana: Person) -> None:
    message = await imagined(ana)
    assert "a fox, detailed" in message.content


async def test_posting_goes_on_after_the_gateway_was_lost_for_good(house: House, ana: Person, discord: Discord) -> None:
    await discord.drop_gateway(resume=False)
    await house.chat_is_back(2)
    await imagined(ana)
    await discord.invalidate_session()
    await house.chat_is_back(3)
    await imagined(ana)


async def test_a_stopping_bot_says_so_and_goes_on_after_its_restart(house: House, ana: Person) -> None:
    house.painter.held.clear()
    result = await ana.slash("imagine", prompt="a fox")
    placeholder = await result.until(lambda one: one.attachments)
    await house.stop()
    told = await placeholder.refresh()
    assert "restarted" in told.text and told.buttons
    house.painter.held.set()
    await house.start()
    await house.chat_is_back(2)
    done = await placeholder.until(drawn)
    assert done.id == placeholder.id


async def _in_a_side_place(house: House, ana: Person, guild: Server) -> tuple[Person, Result]:
    thread = await guild.thread("corner")
    house.painter.held.clear()
    there = ana.at(thread)
    result = await there.slash("imagine", prompt="a fox")
    await result.until(lambda one: one.attachments)
    return there, result


@pytest.mark.parametrize("locked", [False, True])
async def test_an_archived_thread_gets_its_result_and_a_locked_ones_member_a_letter(
    house: House, ana: Person, guild: Server, discord: Discord, locked: bool
) -> None:
    there, _ = await _in_a_side_place(house, ana, guild)
    await discord.expire_tokens()
    await there.place.archive(locked=locked)
    house.painter.held.set()
    await (await ana.dm() if locked else there.place).until(drawn)
    await house.delivered()
    assert {one.status for one in await house.store.requests()} == {Status.DONE}


async def test_a_bot_that_was_kicked_delivers_by_letter(house: House, ana: Person, guild: Server,
                                                        discord: Discord) -> None:  # fmt: skip
    house.painter.held.clear()
    result = await ana.slash("imagine", prompt="a fox")
    await result.until(lambda one: one.attachments)
    await guild.kick_bot()
    await discord.expire_tokens()
    house.painter.held.set()
    await (await ana.dm()).until(drawn)


async def test_a_boosted_server_gets_the_original_where_others_get_a_copy(discord: Discord, tmp_path: Path) -> None:
    boosted = await discord.guild("Boosted", premium_tier=2)
    async with open_house(discord, tmp_path) as house:
        house.painter.noise = 2600
        message = await imagined(await boosted.member("ana"), count=1)
        assert message.attachments[0]["size"] > 10 * 2**20 and "smaller copy" not in message.content
