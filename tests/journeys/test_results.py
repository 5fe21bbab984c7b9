"""What members do with results: buttons, forms, regions, favourites, lists, the family tree."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from pixxelbot.question import Answer, Question
from pixxelbot.studio.eyes import Eyes
from tests import factories
from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.databases import until
from tests.discord_server.scenario import Discord, File, Message, Person, Server


async def imagined(ana: Person, **options: object) -> Message:
    return await (await ana.slash("imagine", **({"prompt": "a fox", "seed": 5} | options))).until(drawn)


def reply(message: Message) -> bool:
    return not message.loading and bool(message.text)


async def test_a_single_picture_is_widened_panned_and_varied_by_its_buttons(house: House, ana: Person) -> None:
    message = await imagined(ana, count=1)
    for label, kind, directions in (
        ("Zoom out 2×", "outpaint", ("out",)), ("⬅️", "outpaint", ("left",)), ("Vary subtly", "vary", ()),
        ("Make square", "outpaint", ()), ("Upscale 4×", "upscale", ()),
    ):  # fmt: skip
        await (await ana.click(message, label)).until(drawn)
        recipe = house.painter.drawn[-1].recipe
        assert (recipe.kind, recipe.directions) == (kind, directions), label
    assert house.painter.drawn[-1].recipe.scale == 4


async def test_the_magnifier_on_a_grid_asks_which_and_offers_every_way(house: House, ana: Person, ben: Person) -> None:
    message = await imagined(ana)
    asked = await (await ben.click(message, "🔍")).until(lambda one: one.menus)
    assert asked.ephemeral and [option["value"] for option in asked.menus[0]["options"]] == ["1", "2", "3", "4"]
    ways = await (await ben.choose(asked, "3")).until(lambda one: one.buttons)
    await (await ben.click(ways, "Zoom out 1.5×")).until(drawn)
    third = (await house.store.pictures(job=house.painter.drawn[0].id))[2]
    assert house.painter.drawn[-1].recipe.sources == (third.id,)


async def test_a_custom_zoom_is_typed_into_a_form_and_checked(house: House, ana: Person) -> None:
    message = await imagined(ana, count=1)
    ways = await (await ana.click(message, "🔍")).until(lambda one: one.buttons)
    form = await ana.click(ways, "Custom zoom")
    refused = await ana.submit(form, scale="9")
    assert "between" in (await refused.until(reply)).text
    form = await ana.click(ways, "Custom zoom")
    await (await ana.submit(form, scale="1,8", prompt="a fox in a wide field")).until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert (recipe.scale, recipe.kind) == (1.8, "outpaint") and "wide field" in recipe.prompt


async def test_a_remix_form_takes_inline_parameters(house: House, ana: Person) -> None:
    form = await ana.click(await imagined(ana), "✏️")
    await (await ana.submit(form, prompt="a wolf", parameters="--steps 9 --seed 77")).until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert (recipe.prompt, recipe.steps, recipe.seed) == ("a wolf", 9, 77)
    form = await ana.click(await imagined(ana), "✏️")
    told = await (await ana.submit(form, parameters="--frobnicate")).until(reply)
    assert "--frobnicate" in told.text


async def test_a_region_is_marked_shown_grown_inverted_and_approved(house: House, ana: Person, ben: Person) -> None:
    message = await imagined(ana, count=1)
    [original] = await message.files()
    marked = Image.open(io.BytesIO(original)).convert("RGB")
    marked.paste((255, 0, 0), (10, 10, 40, 40))
    held = io.BytesIO()
    marked.save(held, "PNG")
    form = await ana.click(message, "🖌️")
    sent = await ana.submit(form, prompt="a hat", mask=File("marked.png", held.getvalue()))
    shown = await sent.until(lambda one: one.buttons)
    assert shown.ephemeral and shown.attachments and "a hat" in shown.text and shown.alt_texts[0]
    first = shown.text
    await ana.click(shown, "Grow")
    grown = await shown.until(lambda one: one.text != first)
    await ana.click(grown, "Invert")
    inverted = await shown.until(lambda one: one.text != grown.text)
    await (await ana.click(inverted, "Draw it")).until(drawn)
    recipe = house.painter.drawn[-1].recipe
    assert recipe.kind == "inpaint" and recipe.mask and "a hat" in (recipe.prompt + recipe.wish)
    mask = Image.open(io.BytesIO(await house.store.picture_bytes(recipe.mask))).convert("L")
    assert mask.size == (128, 128) and mask.getpixel((100, 100)) == 255 and mask.getpixel((25, 25)) == 0


async def test_a_mask_sent_with_the_command_is_shown_and_approved(house: House, ana: Person) -> None:
    await imagined(ana, count=1)
    [picture] = await house.store.pictures()
    mask = Image.new("L", (picture.width, picture.height))
    mask.paste(255, (0, 0, 40, 40))
    held = io.BytesIO()
    mask.save(held, "PNG")
    for start in (
        {},
        {"picture": picture.id[-8:]},
        {"image": File("a.png", await house.store.picture_bytes(picture.id))},
    ):
        asked = await ana.slash("inpaint", prompt="a hat", mask=File("mask.png", held.getvalue()), **start)
        shown = await asked.until(lambda one: one.attachments)
        assert shown.ephemeral
        await (await ana.click(shown, "Draw it")).until(drawn)
        assert house.painter.drawn[-1].recipe.kind == "inpaint"


async def test_a_region_named_in_words_is_found_shown_and_approved(house: House, ana: Person) -> None:
    asked: list[Question] = []

    async def asks(question: Question, pictures: Sequence[bytes]) -> Answer:
        asked.append(question)
        mask = Image.new("L", Image.open(io.BytesIO(pictures[0])).size, 20)
        mask.paste(220, (0, 0, 64, 64))
        held = io.BytesIO()
        mask.save(held, "PNG")
        return Answer(model_hash="0", masks=(held.getvalue(),))

    house.studio.eyes = Eyes(asks, {"segmenter"})
    form = await ana.click(await imagined(ana, count=1), "🖌️")
    shown = await (await ana.submit(form, region="the sky", prompt="stars")).until(lambda one: one.attachments)
    assert asked[0].words == ("the sky",) and "25%" in shown.text
    await (await ana.click(shown, "Draw it")).until(drawn)
    assert house.painter.drawn[-1].recipe.kind == "inpaint" and house.painter.drawn[-1].recipe.mask


async def test_a_mask_with_nothing_or_everything_marked_is_refused_in_words(house: House, ana: Person) -> None:
    message = await imagined(ana, count=1)
    for colour, named in (("black", "Nothing is marked"), ("white", "Everything is marked")):
        form = await ana.click(message, "🖌️")
        sent = await ana.submit(form, mask=File("mask.png", factories.png(colour, (128, 128))))
        assert named in (await sent.until(reply)).text
    form = await ana.click(message, "🖌️")
    assert "Say which part" in (await (await ana.submit(form, prompt="x")).until(reply)).text


async def test_favourites_are_added_listed_shown_again_and_taken_back(house: House, ana: Person, guild: Server) -> None:
    message = await imagined(ana)
    asked = await (await ana.click(message, "⭐")).until(lambda one: one.menus)
    assert "Added" in (await (await ana.choose(asked, "2")).until(reply)).text
    second = (await house.store.pictures(job=house.painter.drawn[0].id))[1]
    page = await (await ana.slash("history", which="favourites")).until(lambda one: one.menus)
    assert page.ephemeral and second.id[-10:] in page.text and len(page.menus[0]["options"]) == 1
    shown = await (await ana.choose(page, second.id)).until(lambda one: one.attachments)
    assert not shown.ephemeral and [one["filename"] for one in shown.attachments] == [f"{second.id}.png"]
    taken = await (await ana.click(shown, "⭐")).until(reply)
    assert "Taken out" in taken.text
    await ana.react(shown, "⭐")
    await until(lambda: house.store.favourites(f"discord:{ana.id}", 1))
    gallery = await (await ana.slash("history", which="gallery")).until(lambda one: one.menus)
    assert second.id[-10:] in gallery.text


async def test_the_recipe_shows_the_members_words_and_every_number(house: House, ana: Person, ben: Person) -> None:
    message = await imagined(ana, steps=9)
    shown = await (await ben.click(message, "ℹ️")).until(lambda one: one.text)
    assert shown.ephemeral
    for part in ("a fox", "detailed", "Steps: 9", "Seed: 5", "--seed 5"):
        assert part in shown.text, part


async def test_the_history_is_paged_and_filtered(house: House, ana: Person) -> None:
    for prompt in ("a fox", "a wolf", "an owl"):
        await imagined(ana, prompt=prompt)
    page = await (await ana.slash("history")).until(lambda one: one.menus)
    assert len(page.menus[0]["options"]) == 5 and "an owl" in page.text
    await ana.click(page, "More")
    second = await page.until(lambda one: one.text != page.text)
    assert len(second.menus[0]["options"]) == 5 and second.buttons
    found = await (await ana.slash("history", words="wolf")).until(lambda one: one.menus)
    assert "a wolf" in found.text and "a fox" not in found.text and len(found.menus[0]["options"]) == 4
    nothing = await (await ana.slash("history", words="zebra")).until(reply)
    assert "nothing here yet" in nothing.text


async def test_a_picture_shown_elsewhere_brings_its_buttons_and_reactions(
    house: House, ana: Person, guild: Server
) -> None:
    await imagined(ana)
    side = await guild.channel("side")
    third = (await house.store.pictures(job=house.painter.drawn[0].id))[2]
    there = ana.at(side)
    shown = await (await there.slash("show", picture=third.id[-8:])).until(lambda one: one.attachments)
    await (await there.click(shown, "Vary strongly")).until(drawn)
    assert house.painter.drawn[-1].recipe.sources == (third.id,)
    await there.react(shown, "1️⃣")
    card = await side.until(lambda one: one.embeds)
    assert "no picture" in card.text  # this message shows the third picture alone
    await there.react(shown, "🔁")
    await side.until(lambda one: drawn(one) and one.reply_to == shown.id)


async def test_two_recipes_are_compared(house: House, ana: Person) -> None:
    await imagined(ana, prompt="a fox", count=1)
    await imagined(ana, prompt="a wolf", count=1)
    one, other = [picture.id for picture in await house.store.pictures()]
    told = await (await ana.slash("show", picture=one, compare=other)).until(reply)
    assert "a wolf" in told.text and "a fox" in told.text and told.ephemeral
    same = await (await ana.slash("show", picture=one, compare=one)).until(reply)
    assert "same recipe" in same.text


async def test_the_family_tree_is_drawn_and_gone_on_from(house: House, ana: Person) -> None:
    message = await imagined(ana)
    child = await (await ana.click(message, "V2")).until(drawn)
    await (await ana.click(child, "U1")).until(drawn)
    second = (await house.store.pictures(job=house.painter.drawn[0].id))[1]
    tree = await (await ana.slash("lineage", picture=second.id)).until(lambda one: one.attachments)
    [png] = await tree.files()
    image = Image.open(io.BytesIO(png))
    assert image.height > 3 * 112 and image.width > 4 * 112, "three generations, the second of four"
    assert tree.alt_texts[0] and len(tree.menus[0]["options"]) == 6
    shown = await (await ana.choose(tree, second.id)).until(lambda one: one.attachments)
    assert second.id[-10:] in shown.text


async def test_a_deleted_picture_leaves_every_message_but_keeps_its_place_in_the_family(
    house: House, ana: Person, discord: Discord
) -> None:
    message = await imagined(ana)
    second = (await house.store.pictures(job=house.painter.drawn[0].id))[1]
    shown = await (await ana.slash("show", picture=second.id)).until(lambda one: one.attachments)
    child = await (await ana.click(shown, "Vary subtly")).until(drawn)
    await ana.click(shown, "❌")
    await shown.until(lambda one: one.deleted)
    left = await message.until(lambda one: len(one.attachments) == 3)
    assert [button.label for button in left.buttons if button.label] == ["U1", "U3", "U4", "V1", "V3", "V4"]
    card = await (await ana.click(left, f"px1:vary:{house.painter.drawn[0].id}:2", unseen=True)).until(
        lambda one: one.embeds
    )
    assert "deleted" in card.text
    born = (await house.store.pictures(job=house.painter.drawn[-1].id))[0]
    tree = await (await ana.slash("lineage", picture=born.id)).until(lambda one: one.attachments)
    assert "2 pictures" in tree.text and child.id != tree.id


async def test_a_result_goes_home_and_works_there(house: House, ana: Person, ben: Person) -> None:
    message = await imagined(ana, count=2)
    sent = await (await ben.click(message, "✉️")).until(reply)
    assert sent.ephemeral
    home = await ben.dm()
    copies = [one for one in await home.from_bot() if one.attachments]
    assert len(copies) == 2 and all(one.alt_texts[0] for one in copies)
    await ana.close_dms()
    refused = await (await ana.click(message, "✉️")).until(lambda one: one.embeds)
    assert "direct messages" in refused.text


async def test_a_result_of_six_has_menus_for_everything(house: House, ana: Person) -> None:
    message = await imagined(ana, count=6)
    which = await (await ana.click(message, "🔍")).until(lambda one: one.menus)
    assert len(which.menus[0]["options"]) == 6
    await (await ana.choose(message, "6", menu="Upscale which picture?")).until(drawn)
    assert house.painter.drawn[-1].recipe.kind == "upscale"


async def test_what_does_not_fit_is_refused_with_one_tap_to_what_does(house: House, ana: Person) -> None:
    house.painter.bytes, house.painter.room = 2**30, 2 * 2**30
    refused = await (await ana.slash("imagine", prompt="a fox", count=4, steps=9)).until(lambda one: one.embeds)
    assert "4.0 GiB of memory" in refused.text and "2.0 GiB too much" in refused.text
    [button] = refused.buttons
    assert button.label == "Draw 2 🖼️ instead"
    message = await (await ana.click(refused, str(button.label))).until(drawn)
    assert "a fox" in message.content
    assert (house.painter.drawn[-1].recipe.count, house.painter.drawn[-1].recipe.steps) == (2, 9)


async def test_a_lora_is_suggested_taken_by_option_or_words_and_named_under_the_result(
    house: House, ana: Person
) -> None:
    limits = house.studio.limits["bundled"].model_copy(update={"loras": ("ink", "mist")})
    house.studio.recipes.limits = house.studio.limits = house.chat.limits = {"bundled": limits}
    assert [one["name"] for one in await ana.autocomplete("imagine", "lora", "in", prompt="x")] == ["ink"]
    message = await imagined(ana, lora="ink:0.5")
    assert house.painter.drawn[-1].recipe.loras == (("ink", 0.5),) and "ink × 0.5" in message.content
    await imagined(ana, prompt="a fox <lora:mist:0.7>")
    assert house.painter.drawn[-1].recipe.loras == (("mist", 0.7),)
    refused = await (await ana.slash("imagine", prompt="a fox", lora="inc")).until(reply)
    assert "'inc'" in refused.text and "ink" in refused.text
