"""Talking: mentions, replies, direct messages, questions with buttons, words that come bit by bit."""

from __future__ import annotations

from pixxelbot.intent import Changes, Choice, Intent
from pixxelbot.job import Status
from tests import factories
from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, File, Person, Server
from tests.journeys.test_results import imagined


async def test_a_mention_draws_and_a_reply_speaks_of_its_picture(
    house: House, ana: Person, ben: Person, guild: Server, discord: Discord
) -> None:
    said = await ana.say(f"<@{discord.bot_id}> a fox in snow")
    message = await guild.until(lambda one: drawn(one) and one.reply_to == said.id)
    assert house.planner.asks[-1].words == "a fox in snow" and not message.pings
    assert len((await discord.state())["typing"]) == 1
    pictures = [one.id for one in await house.store.pictures(job=house.painter.drawn[0].id)]
    house.planner.answer = Intent(action="vary", targets=(pictures[1],), planner="echo")
    answer = await ben.reply(message, "the second one, but at night")
    await guild.until(lambda one: drawn(one) and one.reply_to == answer.id)
    assert set(house.planner.asks[-1].focus) == set(pictures), "a reply is about what it replies to"
    assert house.painter.drawn[-1].recipe.sources == (pictures[1],)


async def test_a_direct_message_needs_no_mention_and_takes_pictures(house: House, ana: Person) -> None:
    home = await ana.in_dm()
    said = await home.say("like this, but red", File("a.png", factories.png()))
    await home.place.until(lambda one: drawn(one) and one.reply_to == said.id)
    assert house.painter.drawn[-1].recipe.kind == "img2img"


async def test_what_is_not_meant_for_the_bot_is_not_answered(house: House, ana: Person, guild: Server) -> None:
    message = await imagined(ana, count=1)
    await ana.say("a fox would be nice")
    await ana.reply(message, "lovely", ping=False)
    robot = await guild.member("robot", bot=True)
    await robot.say(f"<@{house.discord.bot_id}> a fox")
    await imagined(ana, count=1)
    assert len(house.painter.drawn) == 2 and len(house.planner.asks) == 2


async def test_a_mention_alone_is_answered_with_what_to_say(house: House, ana: Person, guild: Server) -> None:
    said = await ana.say(f"<@{house.discord.bot_id}>")
    card = await guild.until(lambda one: one.reply_to == said.id and one.embeds)
    assert "no words" in card.text and await house.store.requests() == []


async def test_a_question_comes_with_buttons_and_the_answer_is_drawn(
    house: House, ana: Person, ben: Person, guild: Server
) -> None:
    choices = (
        Choice(label="As a photo", intent=Intent(changes=Changes(prompt="a photo of a fox"), planner="echo")),
        Choice(label="As a painting", words="a painting of a fox"),
    )
    house.planner.answer = Intent(action="clarify", reply="A photo or a painting?", choices=choices, planner="echo")
    said = await ana.say(f"<@{house.discord.bot_id}> a fox")
    question = await guild.until(lambda one: one.reply_to == said.id and one.buttons and "photo or" in one.text)
    assert [button.label for button in question.buttons] == ["As a photo", "As a painting"]
    refused = await (await ben.click(question, "As a photo")).until(lambda one: one.ephemeral)
    assert "somebody else" in refused.text
    await house.restart()
    await house.chat_is_back(2)
    await (await ana.click(await question.refresh(), "As a photo")).until(drawn)
    assert house.painter.drawn[-1].recipe.prompt == "a photo of a fox"
    await (await ana.click(question, "As a painting")).until(drawn)
    assert "painting" in house.painter.drawn[-1].recipe.prompt


async def test_an_answer_in_words_comes_bit_by_bit_into_one_message(house: House, ana: Person, guild: Server) -> None:
    house.planner.thinking.clear()
    house.planner.writes = ("Foxes", "Foxes are red", "Foxes are red because")
    house.planner.answer = Intent(action="chat", reply="Foxes are red because of pheomelanin.", planner="echo")
    said = await ana.say(f"<@{house.discord.bot_id}> why are foxes red?")
    writing = await guild.until(lambda one: one.reply_to == said.id and "Foxes are red because ▌" in one.text)
    house.planner.thinking.set()
    done = await writing.until(lambda one: "pheomelanin" in one.text)
    assert done.id == writing.id and not done.buttons and not done.attachments


async def test_a_picture_asked_for_in_words_is_shown_with_its_buttons(house: House, ana: Person, guild: Server) -> None:
    await imagined(ana)
    third = (await house.store.pictures(job=house.painter.drawn[0].id))[2]
    house.planner.answer = Intent(action="show", targets=(third.id,), planner="echo")
    said = await ana.say(f"<@{house.discord.bot_id}> show me the third again")
    shown = await guild.until(lambda one: one.reply_to == said.id and one.attachments)
    await (await ana.click(shown, "Vary subtly")).until(drawn)
    assert house.painter.drawn[-1].recipe.sources == (third.id,)


async def test_a_mention_where_the_bot_may_not_write_is_answered_at_home(
    house: House, ana: Person, guild: Server
) -> None:
    await guild.revoke("send_messages")
    await ana.say(f"<@{house.discord.bot_id}> a fox")
    card = await (await ana.dm()).until(lambda one: one.embeds)
    assert "Send Messages" in card.text and await house.store.requests() == []


async def test_a_mention_replayed_by_the_gateway_is_one_request(house: House, ana: Person, guild: Server) -> None:
    said = await ana.say(f"<@{house.discord.bot_id}> a fox")
    await guild.until(lambda one: drawn(one) and one.reply_to == said.id)
    await house.discord.drop_gateway()
    await house.discord.bot_resumed()
    await imagined(ana)
    assert len([one for one in await guild.from_bot() if one.reply_to == said.id]) == 1
    assert {one.status for one in await house.store.requests()} == {Status.DONE}
