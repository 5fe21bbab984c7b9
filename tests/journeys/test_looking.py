"""Pictures into words and words weighed; the style library; what moves keeps its name and goes on moving."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from pixxelbot.chat.cards import Card
from pixxelbot.chat.deliver import Letter, Sheet, fitted, original_sheets
from pixxelbot.chat.words import of
from pixxelbot.picture import Picture
from pixxelbot.studio import samples
from pixxelbot.studio.eyes import Eyes
from tests import factories
from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import File, Message, Person
from tests.journeys.test_results import imagined, reply
from tests.studio.colours import colours


@pytest.fixture
async def seeing(house: House) -> House:
    """The bot with a network that knows colours."""
    house.eyes = Eyes(colours, {"clip"})
    await house.restart()
    await house.chat_is_back(2)
    return house


async def test_a_picture_that_was_sent_is_described_and_each_prompt_is_one_tap_away(seeing: House, ana: Person) -> None:
    result = await ana.slash("describe", image=File("a.png", factories.png("red", (96, 54))))
    told = await result.until(lambda one: len(one.buttons) == 4)
    assert "1. " in told.text and "Aspect 16:9" in told.text and len(told.attachments) == 1
    second = str(told.buttons[1].label)
    await (await ana.click(told, second)).until(drawn)
    recipe = seeing.painter.drawn[-1].recipe
    assert recipe.prompt == second.partition(". ")[2] and recipe.verbatim and recipe.aspect == "16:9"


async def test_ones_own_picture_is_described_by_its_recipe_where_nobody_sees(house: House, ana: Person) -> None:
    message = await imagined(ana, count=1)
    (one,) = await house.store.pictures(job=house.painter.drawn[0].id)
    told = await (await ana.slash("describe", picture=one.id)).until(lambda one: one.buttons and "1. " in one.text)
    assert "a fox" in told.text
    again = await (await ana.context(message, "Describe")).until(lambda one: "1. " in one.text)
    assert again.buttons
    card = await (await ana.slash("describe", image=File("a.png", factories.png()))).until(lambda one: one.embeds)
    assert "clip" in card.text


async def test_the_words_of_a_prompt_are_weighed_and_shorter_ones_offered(seeing: House, ana: Person) -> None:
    words = "a very large and quite red castle with some windows in it"
    told = await (await ana.slash("shorten", prompt=words)).until(lambda one: one.buttons and "▇" in one.text)
    bars = {line.split("`")[1].strip(): line.count("▇") for line in told.text.splitlines() if "▇" in line}
    assert bars["red"] == max(bars.values()) and "Shorter:" in told.text
    label = str(told.buttons[-1].label)
    await (await ana.click(told, label)).until(drawn)
    assert seeing.painter.drawn[-1].recipe.prompt == label.partition(". ")[2]


async def test_shortening_without_a_network_is_refused_with_what_is_missing(house: House, ana: Person) -> None:
    card = await (await ana.slash("shorten", prompt="a red fox")).until(lambda one: one.embeds)
    assert "clip" in card.text and not house.painter.drawn


def listed(message: Message) -> bool:
    return not message.loading and "`" in message.text


async def test_styles_come_in_pages_with_a_sheet_of_the_previews_there_are(house: House, ana: Person) -> None:
    names = list(house.studio.styles)
    model = house.studio.recipes.default_model
    for name in (names[0], names[2]):
        samples.keep(house.settings.home, model, name, factories.png("red", (64, 64)))
    page = await (await ana.slash("styles")).until(listed)
    assert page.ephemeral and f"`{names[0]}`" in page.text and f"`{names[25]}`" not in page.text
    (sheet,) = await page.files()
    with Image.open(io.BytesIO(sheet)) as opened:
        assert opened.size == (2 * samples.CELL, samples.CELL + samples.LABEL)
    await ana.click(page, "More")
    turned = await page.until(lambda one: f"`{names[25]}`" in one.text)
    assert not turned.attachments and f"`{names[0]}`" not in turned.text


async def test_one_style_shows_its_words_and_its_preview(house: House, ana: Person) -> None:
    samples.keep(house.settings.home, house.studio.recipes.default_model, "watercolour", factories.png("red", (64, 64)))
    told = await (await ana.slash("styles", style="watercolour")).until(reply)
    assert "soft translucent washes" in told.text and "hard outlines" in told.text and "aquarelle" in told.text
    assert len(told.attachments) == 1 and told.ephemeral
    unknown = await (await ana.slash("styles", style="watercolr")).until(reply)
    assert "watercolour" in unknown.text


def moving(kind: str, side: int = 64) -> bytes:
    frames = [Image.effect_noise((side, side), 100).convert("RGB") for _ in range(3)]
    held = io.BytesIO()
    frames[0].save(held, kind, save_all=True, append_images=frames[1:], duration=200, loop=0)
    return held.getvalue()


class Kept:
    """Picture files, as far as sheets ask for them."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def picture_bytes(self, picture_id: str) -> bytes:
        return self.data


@pytest.mark.parametrize(
    ("data", "suffix"),
    [(moving("WEBP"), "webp"), (moving("GIF"), "gif"), (b"\0\0\0\x18ftypmp42", "mp4"), (factories.png(), "png")],
    ids=["webp", "gif", "mp4", "png"],
)
async def test_a_file_is_called_what_it_is(data: bytes, suffix: str) -> None:
    one = Picture(id="x", member_id="m", width=64, height=64, sha256="", key="", recipe=factories.recipe())
    (sheet,) = await original_sheets(Kept(data), of("en-US"), [one])  # type: ignore[arg-type]
    assert sheet.name.endswith(f".{suffix}")


@pytest.mark.parametrize("kind", ["WEBP", "GIF"])
async def test_an_animation_that_is_too_large_goes_on_moving(kind: str) -> None:
    data = moving(kind, 256)
    letter = Letter(Card("a"), (Sheet(f"a.{kind.lower()}", data, ""),))
    (smaller,) = (await fitted(letter, len(data) // 4, "smaller")).sheets or ()
    with Image.open(io.BytesIO(smaller.data)) as opened:
        assert smaller.name == "a.webp" and opened.n_frames == 3  # type: ignore[attr-defined]
    assert len(smaller.data) < len(data)


async def test_a_video_that_is_too_large_is_left_as_it_is() -> None:
    letter = Letter(Card("a"), (Sheet("a.mp4", b"\0\0\0\x18ftypmp42" * 100, ""),))
    assert (await fitted(letter, 10, "smaller")).sheets == letter.sheets
