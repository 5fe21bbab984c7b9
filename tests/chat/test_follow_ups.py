"""Buttons, reactions and the remix form, before and after a restart."""

from __future__ import annotations

from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, Message, Person, Server


async def imagined(ana: Person, **options: object) -> Message:
    return await (await ana.slash("imagine", **({"prompt": "a fox", "seed": 5} | options))).until(drawn)


async def posted(guild: Server, number: int) -> None:
    """Wait until so many results stand in the channel."""

    async def look() -> bool | None:
        return len([message for message in await guild.from_bot() if drawn(message)]) >= number or None

    await guild.discord.eventually(look, 30, lambda: f"{number} results")


async def test_v2_varies_the_second_picture_for_anybody_in_the_server(house: House, ana: Person, ben: Person) -> None:
    message = await imagined(ana)
    varied = await (await ben.click(message, "V2")).until(drawn)
    second = (await house.store.pictures(job=house.painter.drawn[0].id))[1]
    assert house.painter.drawn[-1].recipe.sources == (second.id,)
    assert house.painter.drawn[-1].member_id == f"discord:{ben.id}" and varied.id != message.id


async def test_u_again_and_their_own_buttons_work(house: House, ana: Person) -> None:
    message = await imagined(ana)
    upscaled = await (await ana.click(message, "U3")).until(drawn)
    assert house.painter.drawn[-1].recipe.kind == "upscale"
    assert [button.label for button in upscaled.buttons if button.label] == [
        "Upscale 2×", "Upscale 4×", "Vary subtly", "Vary strongly", "Zoom out 1.5×", "Zoom out 2×", "Make square",
    ]  # fmt: skip
    await (await ana.click(message, "🔄")).until(drawn)
    assert house.painter.drawn[-1].recipe.kind == "text2img" and house.painter.drawn[-1].recipe.seed != 5


async def test_buttons_and_reactions_work_after_a_restart(house: House, ana: Person, guild: Server) -> None:
    message = await imagined(ana)
    await house.restart()
    await house.chat_is_back(2)
    await (await ana.click(message, "V2")).until(drawn)
    await ana.react(message, "🔁")
    await posted(guild, 3)
    assert (await guild.from_bot())[-1].reply_to == message.id


async def test_a_form_opened_before_a_restart_is_taken(house: House, ana: Person) -> None:
    message = await imagined(ana)
    opened = await ana.click(message, "✏️")
    assert opened.response == 9 and opened.modal is not None
    await house.restart()
    await house.chat_is_back(2)
    sent = await ana.submit(opened, prompt="a wolf", count="2")
    await sent.until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert (recipe.prompt, recipe.count, recipe.seed) == ("a wolf", 2, 5)


async def test_a_form_with_nonsense_in_it_is_answered(house: House, ana: Person) -> None:
    opened = await ana.click(await imagined(ana), "✏️")
    sent = await ana.submit(opened, count="99")
    assert "between 1 and 10" in (await sent.until(lambda message: message.embeds)).text


async def test_each_reaction_does_what_it_says_once(
    house: House, ana: Person, ben: Person, guild: Server, discord: Discord
) -> None:
    message = await imagined(ana)
    pictures = [one.id for one in await house.store.pictures(job=house.painter.drawn[0].id)]
    for number, (emoji, kind, sources) in enumerate(
        (("🔁", "vary", pictures), ("3️⃣", "vary", pictures[2:3]), ("🎲", "text2img", [])), start=2
    ):
        await ben.react(message, emoji)
        await discord.replay_last_event("MESSAGE_REACTION_ADD")
        await posted(guild, number)
        assert house.painter.drawn[-1].recipe.kind == kind
        assert list(house.painter.drawn[-1].recipe.sources) == list(sources)
    assert len(house.painter.drawn) == 4
    await ben.unreact(message, "🔁")
    await ben.react(message, "🔁")
    await posted(guild, 5)


async def test_reactions_of_others_on_others_mean_nothing(house: House, ana: Person, guild: Server) -> None:
    said = await ana.say("hello")
    await ana.react(said, "🔁")
    message = await imagined(ana)
    await ana.react(message, "🍕")
    await ana.react(message, "2️⃣")
    await guild.until(lambda found: drawn(found) and found.reply_to == message.id)
    assert len(house.painter.drawn) == 2


async def test_deleting_is_for_the_author_and_moderators(house: House, ana: Person, ben: Person, guild: Server) -> None:
    message = await imagined(ana)
    refused = await ben.click(message, "❌")
    told = await refused.until(lambda one: one.ephemeral)
    assert "moderator" in told.text and not (await message.refresh()).deleted
    await ana.click(message, "❌")
    await message.until(lambda one: one.deleted)
    assert all(one.deleted for one in await house.store.pictures(job=house.painter.drawn[0].id))
    other = await imagined(ana)
    moderator = await guild.member("mo", permissions=("manage_messages",))
    await moderator.react(other, "❌")
    await other.until(lambda one: one.deleted)


async def test_a_waiting_or_running_request_is_cancelled_by_button_or_reaction(house: House, ana: Person) -> None:
    house.painter.held.clear()
    result = await ana.slash("imagine", prompt="a fox")
    placeholder = await result.until(lambda message: message.buttons)
    await ana.click(placeholder, "Cancel")
    assert "Cancelled" in (await result.until(lambda message: message.embeds)).text
    result = await ana.slash("imagine", prompt="a cat")
    placeholder = await result.until(lambda message: message.buttons)
    await ana.react(placeholder, "❌")
    card = await result.until(lambda message: message.embeds)
    assert "Cancelled" in card.text and not card.buttons and house.painter.drawn == []


async def test_a_deleted_picture_is_named_when_followed_up(house: House, ana: Person) -> None:
    message = await imagined(ana)
    second = (await house.store.pictures(job=house.painter.drawn[0].id))[1]
    await house.store.delete_picture(second.id)
    card = await (await ana.click(message, "V2")).until(lambda one: one.embeds)
    assert "deleted" in card.text
