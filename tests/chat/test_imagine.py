"""From `/imagine` to the pictures, and what a member is told when there will be none."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from pixxelbot.errors import NotANumber
from pixxelbot.job import Status
from tests import factories
from tests.chat.house import House, open_house
from tests.discord_server.scenario import Discord, File, Message, Person, Server


def drawn(message: Message) -> bool:
    """A result, with the buttons that belong to it."""
    return bool(message.attachments) and any(button.custom_id.startswith("px1:again:") for button in message.buttons)


async def test_a_request_is_acknowledged_shown_in_line_previewed_and_delivered_in_one_message(
    house: House, ana: Person
) -> None:
    house.painter.held.clear()
    result = await ana.slash("imagine", prompt="a red fox under a full moon")
    assert result.acknowledged_after is not None and result.acknowledged_after < 3 and result.response == 5
    preview = await result.until(lambda message: message.attachments)
    assert "Drawing" in preview.text and preview.attachments[0]["filename"] == "preview.webp" and preview.alt_texts[0]
    assert [button.label for button in preview.buttons] == ["Cancel"]
    house.painter.held.set()
    message = await result.until(drawn)
    assert message.id == preview.id
    assert "a red fox under a full moon" in message.content and "detailed" in message.content
    [grid] = await message.files()
    assert Image.open(io.BytesIO(grid)).size == (256, 256)
    assert message.alt_texts[0] is not None and "fox" in message.alt_texts[0]
    labels = [button.label or button.emoji for button in message.buttons]
    assert labels == [
        "U1", "U2", "U3", "U4", "V1", "V2", "V3", "V4", "🔄", "✏️", "🔍", "🖌️", "⭐", "ℹ️", "✉️", "❌",
    ]  # fmt: skip


async def test_the_place_in_line_is_shown(discord: Discord, guild: Server, tmp_path: Path) -> None:
    async with open_house(discord, tmp_path, in_flight=1) as house:
        house.painter.held.clear()
        ana, ben = await guild.member("ana"), await guild.member("ben")
        first = await ben.slash("imagine", prompt="a cat")
        await first.until(lambda message: message.attachments)
        second = await ana.slash("imagine", prompt="a fox")
        shown = await second.until(lambda message: "Place 1 in line" in message.text)
        assert "until it is done" in shown.text
        house.painter.held.set()
        await first.until(drawn)
        await second.until(drawn)


async def test_every_option_arrives(house: House, ana: Person) -> None:
    style = house.studio.styles[0]
    result = await ana.slash(
        "imagine", prompt="a fox", aspect="3:2", count=2, style=style, model="bundled", negative="dogs", steps=9,
        guidance=5.5, seed=77, strength=0.4, verbatim=True, image=File("start.png", factories.png()),
    )  # fmt: skip
    await result.until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert (recipe.count, recipe.model, recipe.steps, recipe.guidance_scale, recipe.seed) == (2, "bundled", 9, 5.5, 77)
    assert (recipe.kind, recipe.strength, recipe.verbatim, recipe.negative_prompt) == ("img2img", 0.4, True, "dogs")
    assert recipe.width > recipe.height and [name for name, _ in recipe.styles] == [style]


async def test_five_to_ten_pictures_come_with_menus(house: House, ana: Person) -> None:
    result = await ana.slash("imagine", prompt="a fox", count=6)
    message = await result.until(lambda message: message.menus)
    assert [len(menu["options"]) for menu in message.menus] == [6, 6]
    varied = await ana.choose(message, "5", menu="Vary which picture?")
    await varied.until(drawn)
    sixth = (await house.store.pictures(job=house.painter.drawn[0].id))[4]
    assert house.painter.drawn[-1].recipe.sources == (sixth.id,)


async def test_what_cannot_be_drawn_is_answered_with_one_card(house: House, ana: Person, discord: Discord) -> None:
    for options, named in (
        ({"prompt": "   "}, "no words"),
        ({"prompt": "x" * 5000}, "4,000"),
        ({"prompt": "a fox --frobnicate"}, "--frobnicate"),
        ({"prompt": "a fox --steps 9000"}, "between"),
        ({"prompt": "a fox", "style": "no-such-style"}, "no-such-style"),
        ({"prompt": "a fox", "image": File("a.png", b"")}, "empty"),
        ({"prompt": "a fox", "image": File("a.png", b"not a picture")}, "not a picture"),
        ({"prompt": "a fox", "image": File("a.png", factories.png()[:60])}, "picture"),
        ({"prompt": "a fox", "image_url": "http://127.0.0.1:1/a.png"}, "private"),
        ({"prompt": "a fox", "image_url": "ftp://example.org/a.png"}, "http"),
    ):
        result = await ana.slash("imagine", **options)
        card = await result.until(lambda message: message.embeds)
        assert named in card.text, (options.keys(), card.text)
        assert not card.buttons and len(result.messages) == 1
    stored = await house.store.requests()  # those whose picture had to be fetched first, and no other
    assert [one.error_code for one in stored] == ["forbidden_address"] * 2 + ["invalid_picture"] * 3


async def test_a_render_that_fails_ends_in_one_card(house: House, ana: Person) -> None:
    house.painter.error = NotANumber("The model produced no numbers. Try another seed.")
    result = await ana.slash("imagine", prompt="a fox")
    card = await result.until(lambda message: message.embeds)
    assert "could not be drawn" in card.text and "another seed" in card.text and "not charged" in card.text
    assert [button.label for button in card.buttons] == ["Try again"]
    assert (await house.store.requests())[0].status is Status.FAILED
    house.painter.error = None
    await (await ana.click(card, "Try again")).until(drawn)


async def test_a_missing_right_is_named_before_anything_is_accepted(house: House, ana: Person, guild: Server) -> None:
    await guild.revoke("attach_files")
    result = await ana.slash("imagine", prompt="a fox")
    assert "Attach Files" in result.message.text and result.message.ephemeral
    assert await house.store.requests() == []
    await guild.grant("attach_files")
    await (await ana.slash("imagine", prompt="a fox")).until(drawn)


async def test_styles_and_models_are_suggested(house: House, ana: Person) -> None:
    style = house.studio.styles[0]
    assert style in [one["value"] for one in await ana.autocomplete("imagine", "style", style[:3], prompt="x")]
    assert [one["value"] for one in await ana.autocomplete("imagine", "model", "bun", prompt="x")] == ["bundled"]


async def test_a_prompt_pings_nobody(house: House, ana: Person, ben: Person) -> None:
    result = await ana.slash("imagine", prompt=f"@everyone and {ben.mention} as foxes")
    assert (await result.until(drawn)).pings == []


async def test_it_works_in_direct_messages(house: House, ana: Person) -> None:
    await (await (await ana.in_dm()).slash("imagine", prompt="a fox", count=1)).until(drawn)


async def test_an_event_replayed_by_the_gateway_draws_once(house: House, ana: Person, discord: Discord) -> None:
    result = await ana.slash("imagine", prompt="a fox")
    await result.until(drawn)
    await discord.replay_last_event("INTERACTION_CREATE")
    again = await ana.slash("imagine", prompt="a second fox")
    message = await again.until(drawn)
    assert len(house.painter.drawn) == 2 and drawn(await result.message.refresh()) and drawn(message)
    await discord.forgive()
