"""Reactions: what each does, on any message, after any restart, and what they do not do."""

from __future__ import annotations

from pathlib import Path

from pixxelbot.job import Status
from tests.chat.house import House, open_house
from tests.chat.test_follow_ups import posted
from tests.chat.test_imagine import drawn
from tests.databases import until
from tests.discord_server.scenario import Discord, Message, Person, Server
from tests.journeys.test_results import imagined


async def statuses(house: House) -> list[Status]:
    return [one.status for one in await house.store.requests()]


async def test_the_arrow_on_a_grid_offers_all_and_all_come(house: House, ana: Person, guild: Server) -> None:
    message = await imagined(ana)
    await ana.react(message, "⬆️")
    offer = await guild.until(lambda one: one.reply_to == message.id and one.buttons)
    await ana.click(offer, "Upscale all")
    await posted(guild, 5)
    pictures = [one.id for one in await house.store.pictures(job=house.painter.drawn[0].id)]
    assert sorted(job.recipe.sources[0] for job in house.painter.drawn[1:]) == sorted(pictures)
    assert {job.recipe.kind for job in house.painter.drawn[1:]} == {"upscale"}
    await house.delivered()
    assert len(await guild.from_bot()) == 6, "grid, offer, and a message for each that was its placeholder before"


async def test_a_reaction_taken_back_cancels_what_still_waits(discord: Discord, guild: Server, tmp_path: Path) -> None:
    async with open_house(discord, tmp_path, in_flight=1) as house:
        ana = await guild.member("ana")
        message = await imagined(ana)
        house.painter.held.clear()
        running = await ana.slash("imagine", prompt="a slow one")
        await running.until(lambda one: one.attachments)
        await ana.react(message, "🔁")
        placeholder = await guild.until(lambda one: one.reply_to == message.id and one.buttons)
        await ana.unreact(message, "🔁")
        card = await placeholder.until(lambda one: one.embeds)
        assert "Cancelled" in card.text
        house.painter.held.set()
        await running.until(drawn)
        assert len(house.painter.drawn) == 2
        await ana.react(message, "🔁")
        await guild.until(lambda one: drawn(one) and one.reply_to == message.id)


async def test_a_reaction_taken_back_from_what_is_drawn_changes_nothing(
    house: House, ana: Person, guild: Server
) -> None:
    message = await imagined(ana)
    await ana.react(message, "🔁")
    await posted(guild, 2)
    await ana.unreact(message, "🔁")
    await ana.react(message, "🎲")
    await posted(guild, 3)
    assert Status.CANCELLED not in await statuses(house)


async def test_a_server_maps_emoji_to_what_it_likes(house: House, ana: Person, guild: Server) -> None:
    admin = await guild.member("boss", permissions=("manage_guild",))
    await (await admin.slash("server reactions", emoji="🍕", meaning="vary:2")).until(lambda one: "🍕" in one.text)
    told = await (await admin.slash("server reactions", emoji="🔁", meaning="nothing")).until(
        lambda one: "🔁" in one.text
    )
    message = await imagined(ana)
    await ana.react(message, "🔁")
    await ana.react(message, "🍕")
    await posted(guild, 2)
    second = (await house.store.pictures(job=house.painter.drawn[0].id))[1]
    assert house.painter.drawn[-1].recipe.sources == (second.id,) and len(house.painter.drawn) == 2
    assert "🍕" in told.text


async def test_bots_and_banned_members_reactions_do_nothing(
    house: House, ana: Person, guild: Server, discord: Discord
) -> None:
    message = await imagined(ana)
    robot = await guild.member("robot", bot=True)
    await robot.react(message, "🔁")
    cleo = await guild.member("cleo")
    await guild.ban(cleo)
    await discord.send_event(
        "MESSAGE_REACTION_ADD",
        {
            "user_id": cleo.id, "channel_id": message.channel_id, "message_id": message.id, "type": 0, "burst": False,
            "guild_id": guild.guild_id, "emoji": {"id": None, "name": "🔁"}, "message_author_id": discord.bot_id,
        },
    )  # fmt: skip
    await ana.react(message, "2️⃣")
    await posted(guild, 2)
    assert len(house.painter.drawn) == 2 and house.painter.drawn[-1].member_id == f"discord:{ana.id}"


async def test_reactions_open_forms_by_way_of_a_button(house: House, ana: Person, ben: Person, guild: Server) -> None:
    message = await imagined(ana)
    await ben.react(message, "✏️")
    offer = await guild.until(lambda one: one.reply_to == message.id and one.buttons)
    form = await ben.click(offer, "✏️ Remix")
    await (await ben.submit(form, prompt="a badger")).until(drawn)
    assert house.painter.drawn[-1].recipe.prompt == "a badger"
    await ben.react(message, "🖌️")
    await guild.until(lambda one: any(button.label == "Choose a region" for button in one.buttons))


async def test_favourites_and_letters_home_by_reaction(house: House, ana: Person, ben: Person) -> None:
    message = await imagined(ana, count=1)
    await ben.react(message, "⭐")
    await until(lambda: house.store.favourites(f"discord:{ben.id}", 1))
    page = await (await ben.slash("history", which="favourites")).until(lambda one: one.menus)
    assert len(page.menus[0]["options"]) == 1
    await ben.unreact(message, "⭐")
    await ben.react(message, "✉️")
    await (await ben.dm()).until(lambda one: one.attachments)
    empty = await (await ben.slash("history", which="favourites")).until(lambda one: one.text and not one.loading)
    assert not empty.menus


async def test_hints_stand_under_results_where_a_server_wants_them(house: House, ana: Person, guild: Server) -> None:
    admin = await guild.member("boss", permissions=("manage_guild",))
    plain = await imagined(ana)
    await (await admin.slash("server hints", show=True)).until(lambda one: "hints" in one.text)
    message = await imagined(ana)
    hinted = await message.until(lambda one: len(one.reactions) == 3)
    assert set(hinted.reactions) == {"🔁", "⬆️", "⭐"} and not (await plain.refresh()).reactions
    await ana.react(hinted, "🔁")
    await posted(guild, 3)
    assert len(house.painter.drawn) == 3


async def test_reactions_reach_a_message_of_an_earlier_life_in_every_place(
    house: House, ana: Person, guild: Server
) -> None:
    thread = await guild.thread("corner")
    private = await ana.in_dm()
    messages: list[tuple[Person, Message]] = [
        (ana.at(thread), await imagined(ana.at(thread))), (private, await imagined(private)),
    ]  # fmt: skip
    await house.restart()
    await house.chat_is_back(2)
    for there, message in messages:
        await there.react(message, "3️⃣")
        await there.place.until(lambda one, source=message: drawn(one) and one.reply_to == source.id)  # type: ignore[misc]
