"""The loopback Discord, driven by the real discord.py and a small bot."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import discord as library
import pytest

from tests.discord_server.conformity import Conformity
from tests.discord_server.scenario import Discord, File, ScenarioFailed, Server, aimed_at
from tests.discord_server.small_bot import SmallBot, picture


@pytest.fixture
async def bot(discord: Discord) -> AsyncIterator[SmallBot]:
    with aimed_at(discord.address):
        client = SmallBot()
        running = asyncio.create_task(client.start(discord.token))
        await asyncio.wait([running, asyncio.create_task(discord.bot_ready())], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield client
        await client.close()
        await asyncio.wait([running], timeout=5)


async def heard(bot: SmallBot, kind: str) -> Any:
    """The first thing of this kind that the bot heard, once it has."""
    for _ in range(200):
        for one, value in bot.heard:
            if one == kind:
                return value
        await asyncio.sleep(0.05)
    raise AssertionError(f"the bot never heard a {kind}: {bot.heard}")


async def error(bot: SmallBot, fits: Callable[[Any], bool]) -> Any:
    """The first error the bot met that fits."""
    for _ in range(200):
        for one in bot.errors:
            if fits(one):
                return one
        await asyncio.sleep(0.05)
    raise AssertionError(f"the bot met no such error: {bot.errors}")


def code(number: int) -> Callable[[Any], bool]:
    return lambda error: getattr(error, "code", None) == number


async def test_the_bot_logs_in_and_registers_its_commands(discord: Discord, guild: Server, bot: SmallBot) -> None:
    state = await discord.state()
    assert {command["name"] for command in await discord.commands()} >= {"imagine", "Describe"}
    assert state["connected"] == 1 and state["identifies"] == 1
    assert [one.name for one in bot.guilds] == ["Studio"]


async def test_a_slash_command_ends_in_pictures_and_buttons(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    result = await ana.slash("imagine", prompt="a fox in snow", count=4)
    assert result.acknowledged_after is not None and result.response == 5
    message = await result.until(lambda message: message.attachments)
    assert message.content == "a fox in snow" and not message.loading
    assert message.alt_texts == [f"a fox in snow {n}" for n in range(4)]
    assert [button.label or button.emoji for button in message.buttons] == ["V1", "V2", "✏️"]
    assert await message.files() == [picture()] * 4
    assert message.attachments[0]["width"] == 32


async def test_a_dynamic_button_works(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.buttons)
    again = await ana.click(message, "V2")
    assert (await again.until(lambda message: message.content)).content == "varied 2"
    assert again.message.id != message.id


async def test_a_modal_is_prefilled_and_takes_a_file(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.buttons)
    opened = await ana.click(message, "✏️")
    assert opened.modal is not None and opened.modal["title"] == "Remix"
    with pytest.raises(ScenarioFailed, match="no field"):
        await ana.submit(opened, {"Colour": "red", "Strength": "Subtle"})
    sent = await ana.submit(opened, {"Strength": "Strong", "Mask": File("mask.png", picture(8))})
    answer = await sent.until(lambda message: message.content)
    assert answer.content == f"a fox/x/[{len(picture(8))}]" and answer.ephemeral


async def test_reactions_come_as_raw_events(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.buttons)
    await ana.react(message, "🔁")
    assert await heard(bot, "reaction") == ("🔁", int(message.id), int(ana.id), int(discord.bot_id))
    await ana.unreact(message, "🔁")
    assert await heard(bot, "unreaction") == ("🔁", int(message.id))


async def test_an_attachment_option_and_autocomplete(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    result = await ana.slash("imagine", prompt="a fox", image=File("start.png", picture(16)))
    message = await result.until(lambda message: message.attachments)
    assert [one["filename"] for one in message.attachments] == ["start.png", "fox0.png"]
    offered = await ana.autocomplete("imagine", "style", "art", prompt="a fox")
    assert offered == [{"name": "art-deco", "value": "art-deco"}]
    with pytest.raises(ScenarioFailed, match="count must be"):
        await ana.slash("imagine", prompt="a fox", count=11)


async def test_the_message_menu_and_components_v2(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    posted = await ana.say("look", File("cat.png", picture()))
    described = await ana.context(posted, "Describe")
    assert described.message.content == "1 pictures: look"
    shown = (await ana.slash("gallery")).message
    assert shown.text == "# Gallery" and shown.buttons[0].custom_id == "px1:remix"


async def test_mentions_and_dms_are_answered_and_other_talk_has_no_content(
    discord: Discord, guild: Server, bot: SmallBot
) -> None:
    ana = await guild.member("ana")
    await ana.say("a secret")
    assert await heard(bot, "message") == ""
    asked = await ana.say(f"<@{discord.bot_id}> draw this", File("cat.png", picture()))
    answer = await guild.until(lambda message: message.reply_to == asked.id)
    assert "draw this" in answer.content and answer.pings == [] and len(answer.attachments) == 1
    direct = await ana.in_dm()
    await direct.say("hello")
    assert (await direct.place.until(lambda message: message.content)).content == "you said hello"
    assert len((await discord.state())["typing"]) == 2


async def test_a_dropped_gateway_is_resumed_and_nothing_is_missed(
    discord: Discord, guild: Server, bot: SmallBot
) -> None:
    ana = await guild.member("ana")
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.buttons)
    await discord.drop_gateway()
    await ana.react(message, "🔁")
    await discord.bot_resumed()
    assert (await heard(bot, "reaction"))[0] == "🔁"
    await discord.replay_last_event("MESSAGE_REACTION_ADD")
    for _ in range(100):
        if [kind for kind, _ in bot.heard].count("reaction") == 2:
            break
        await asyncio.sleep(0.05)
    assert [kind for kind, _ in bot.heard].count("reaction") == 2
    await discord.drop_gateway(resume=False)
    await discord.bot_ready()
    assert (await discord.state())["identifies"] == 2


async def test_429_and_500_are_retried_and_a_reset_is_not(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await discord.rate_limit_next(r"/messages/@original$", seconds=0.2, method="PATCH")
    await discord.fail_next(r"/messages/@original$", 500, method="PATCH")
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.attachments)
    assert message.content == "a fox" and not bot.errors
    tried = await discord.requests("PATCH", "@original")
    assert [one["status"] for one in tried] == [429, 500, 200]
    await discord.reset_next(r"^/channels/\d+/messages$", after=True)
    await ana.slash("post", text="lost")
    assert isinstance(await error(bot, lambda error: isinstance(error, OSError)), OSError)
    assert (await guild.until(lambda message: message.content == "lost")).content == "lost"


async def test_an_expired_token_is_50027(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await discord.set_limits(token_seconds=0.0)
    result = await ana.slash("imagine", prompt="a fox")
    assert (await error(bot, code(50027))).status == 401
    assert (await result.refresh()).message.loading


async def test_revoked_permissions_are_named_by_their_codes(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await guild.revoke("attach_files")
    await ana.slash("post", size=10)
    await error(bot, code(50013))
    await guild.revoke("view_channel")
    await ana.slash("post")
    await error(bot, code(50001))
    direct = await ana.in_dm()
    await ana.close_dms()
    await direct.slash("post")
    await error(bot, code(50007))


async def test_breaches_of_discords_rules_are_kept(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await discord.set_limits(acknowledge_seconds=0.2, attachment_limit=1000)
    late = await ana.slash("slow", seconds=0.5)
    assert late.failed
    await error(bot, code(10062))
    assert {one["kind"] for one in await discord.forgive()} == {"unanswered", "late"}
    await discord.set_limits(acknowledge_seconds=3.0)
    await ana.slash("post", size=1001)
    await error(bot, code(40005))
    await ana.slash("post", text="x" * 2001)
    await error(bot, code(50035))
    assert [one["kind"] for one in await discord.forgive()] == ["refused", "refused"]


async def test_buckets_are_obeyed_by_discordpy(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await discord.set_limits(bucket_limit=2, bucket_window=0.5)
    await ana.slash("post", repeat=5)
    for _ in range(100):
        posted = await discord.requests("POST", "/messages")
        if len(posted) == 5:
            break
        await asyncio.sleep(0.05)
    assert [one["status"] for one in posted] == [200] * 5


async def test_shards_hear_their_own_servers(discord: Discord) -> None:
    await discord.set_limits(recommended_shards=2)
    servers = [await discord.guild(f"server {n}") for n in range(2)]
    with aimed_at(discord.address):
        bot = SmallBot()
        running = asyncio.create_task(bot.start(discord.token))
        await discord.bot_ready(shards=2)
        for server in servers:
            ana = await server.member("ana")
            await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.attachments)
        await bot.close()
        await asyncio.wait([running], timeout=5)


async def test_a_user_install_works_where_the_bot_is_not(discord: Discord, guild: Server, bot: SmallBot) -> None:
    elsewhere = await discord.guild("Elsewhere", has_bot=False)
    ana = await elsewhere.member("ana")
    await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.attachments)
    await ana.slash("post")
    await error(bot, code(50001))


async def test_a_modal_may_answer_a_command(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    opened = await ana.slash("remix")
    sent = await ana.submit(opened, {"Prompt": "a cat", "Strength": "Subtle"})
    assert (await sent.until(lambda message: message.content)).content == "a cat/s/[]"


async def test_old_messages_take_few_edits(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.buttons)
    await discord.age(message)
    fidgeting = await ana.begin("fidget", message=message.id, times=6)
    old = await message.until(lambda message: message.content == "edit 4")
    assert len(old.edits) == 6 and old.history[-1]["content"] == "edit 3"
    refused = await discord.requests("PATCH", f"/messages/{message.id}")
    assert [one["status"] for one in refused][:5] == [200] * 5
    await fidgeting.until(lambda message: message.content == "really done")
    assert [one.content for one in fidgeting.messages] == ["done", "really done"]


async def test_threads_and_history(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    thread = await guild.thread("drafts")
    there = ana.at(thread)
    await there.say("one")
    await there.say("two")
    assert (await there.slash("history")).message.content == "2 messages"
    await guild.revoke("read_message_history")
    assert (await there.slash("history")).message.content == "0 messages"
    await thread.archive(locked=True)
    await there.slash("post")
    await error(bot, code(50083))


async def test_the_cdn_forgets_old_addresses(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await discord.set_limits(cdn_lifetime=-1.0)
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.attachments)
    with pytest.raises(ScenarioFailed, match="404"):
        await message.files()


async def test_a_member_cannot_do_what_discord_would_not_let_them(
    discord: Discord, guild: Server, bot: SmallBot
) -> None:
    ana, ben = await guild.member("ana"), await guild.member("ben")
    private = await ana.slash("post")
    with pytest.raises(ScenarioFailed, match="nothing to react"):
        await ana.react(private.message, "🔁")
    opened = await ana.slash("remix")
    with pytest.raises(ScenarioFailed, match="does not see"):
        await ben.submit(opened, {"Strength": "Subtle"})
    message = await (await ana.slash("imagine", prompt="a fox")).until(lambda message: message.buttons)
    with pytest.raises(ScenarioFailed, match="0 buttons"):
        await ben.click(message, "V9")
    await discord.delete(message)
    with pytest.raises(ScenarioFailed, match="gone"):
        await ben.click(message, "V1")


async def test_the_global_limit_holds_back_everything(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await discord.rate_limit_next(r"^/channels/", seconds=0.2, everywhere=True)
    await ana.slash("post", text="patience")
    await guild.until(lambda message: message.content == "patience")
    await discord.rate_limit_next(r"^/channels/", via=False)
    await ana.slash("post", text="banned")
    assert (await error(bot, lambda error: getattr(error, "status", 0) == 429)).code == 0


async def test_a_malformed_event_ends_a_discordpy_client(discord: Discord, guild: Server) -> None:
    with aimed_at(discord.address):
        bot = SmallBot()
        running = asyncio.create_task(bot.start(discord.token))
        await discord.bot_ready()
        await discord.send_event("INTERACTION_CREATE", {"id": "1"})
        done, _ = await asyncio.wait([running], timeout=20)
        assert done and isinstance(running.exception(), KeyError)
        await bot.close()


async def test_a_gateway_that_closes_before_hello_delays_the_login(discord: Discord, guild: Server) -> None:
    await discord.close_before_hello()
    with aimed_at(discord.address):
        bot = SmallBot()
        running = asyncio.create_task(bot.start(discord.token))
        assert (await discord.bot_ready())["identifies"] == 1
        await bot.close()
        await asyncio.wait([running], timeout=5)


async def test_a_bot_that_is_away_is_not_blamed(discord: Discord, guild: Server, bot: SmallBot) -> None:
    ana = await guild.member("ana")
    await bot.close()
    assert (await ana.slash("imagine", prompt="a fox")).failed == "no bot was connected"


async def test_a_wrong_token_is_refused(discord: Discord) -> None:
    with aimed_at(discord.address):
        bot = SmallBot()
        with pytest.raises(library.LoginFailure):
            await bot.start("wrong")
        await bot.close()


def test_the_description_catches_what_does_not_conform() -> None:
    conformity = Conformity()
    if conformity.reason:
        pytest.skip(conformity.reason)
    post = ("POST", "/channels/{channel_id}/messages")
    assert conformity.check_request(*post, {"content": "hello"}, multipart=False) is None
    button = {"type": 2, "style": 1, "label": "x" * 81, "custom_id": "a"}
    complaint = conformity.check_request(*post, {"components": [{"type": 1, "components": [button]}]}, multipart=False)
    assert complaint is not None and "label" in complaint
    assert conformity.check_answer("GET", "/users/@me", 200, json.loads('{"id": "1"}')) is not None
