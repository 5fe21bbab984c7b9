"""Members who mean ill: they get an answer like everybody, and nobody else notices."""

from __future__ import annotations

import asyncio
import re

import pytest

from pixxelbot.job import Status
from pixxelbot.planner.offline import OfflinePlanner
from tests.chat.house import House
from tests.chat.test_imagine import drawn
from tests.discord_server.scenario import Discord, Message, Person, Server
from tests.journeys.test_languages import answered
from tests.journeys.test_results import imagined

LINK = "[free nitro](https://evil.example)"
HIDDEN = re.compile(r"(?<!\\)\[[^\]]*\]\(")
"""A link that shows other words than its address; a backslash before it takes that from it."""


async def test_nobody_posts_hidden_links_in_the_bots_name(house: House, ana: Person, guild: Server) -> None:
    house.studio.planner = OfflinePlanner()
    for asking in (
        ana.slash("show", picture=LINK),
        ana.slash("lineage", picture=LINK),
        ana.slash("imagine", prompt="a fox", style=LINK),
        ana.slash("styles", style=LINK),
        ana.slash("settings", model=LINK),
    ):
        told = await (await asking).until(lambda one: not one.loading and one.text)
        assert not HIDDEN.search(told.text), told.text
    for words in (f"search for {LINK}", f"find my pictures of {LINK}", f"show me the one with {LINK}"):
        assert not HIDDEN.search((await answered(house, ana, guild, words)).text)
    message = await imagined(ana, prompt=LINK)
    assert "\\[free" in message.text, "escaped"
    told = await answered(house, ana, guild, "what prompt was that?")
    assert not HIDDEN.search(told.text), told.text


def _over(message: Message) -> bool:
    """Not the placeholder any more, whose one button cancels."""
    return [button.emoji for button in message.buttons] != ["❌"]


@pytest.mark.parametrize(
    "prompt",
    [
        "\u202e\u200b\u2066" * 300, "{" * 400, "{a," * 150, "__animal__" * 150, "--" * 500, "::2 " * 400,
        "(a:1.5" * 200,
        "a " * 190 + "por defecto",
        "```" * 100, "||" * 300, "\ud83e\udd8a".encode("utf-16", "surrogatepass").decode("utf-16") * 900, "\x00a\x07",
        "<lora:../../etc/passwd:1>", "<@&1> @everyone <#1>", "%s %n {0} {x!r} {{}}", "-- DROP TABLE requests; --",
    ],
)  # fmt: skip
async def test_whatever_is_asked_for_ends(house: House, ana: Person, guild: Server, prompt: str) -> None:
    """In pictures, a question or a card; and the next member is served."""
    house.studio.planner = OfflinePlanner()
    result = await ana.slash("imagine", prompt=prompt[:1900], count=1)
    message = await result.until(lambda one: not one.loading and one.text and "thinking" not in one.text)
    await message.until(
        lambda one: drawn(one) or one.embeds or any(button.emoji != "❌" for button in one.buttons) or not one.buttons
    )
    assert not message.pings


async def test_many_at_once_and_all_cancelled_leave_nothing_behind(
    house: House, ana: Person, ben: Person, guild: Server, discord: Discord
) -> None:
    house.painter.held.clear()
    results = await asyncio.gather(*(ana.slash("imagine", prompt=f"a fox {n}", count=1) for n in range(12)))
    told = await (await ana.slash("cancel", everything=True)).until(lambda one: not one.loading and one.text)
    assert told.text
    house.painter.held.set()
    await house.delivered()
    assert {one.status for one in await house.store.requests(limit=50)} <= {Status.CANCELLED, Status.DONE}
    assert len(results) == 12
    await imagined(ben)


async def test_the_same_button_pressed_many_times_makes_as_many_results_and_no_more(house: House, ana: Person) -> None:
    message = await imagined(ana, count=1)
    before = len(house.painter.drawn)
    pressed = await asyncio.gather(*(ana.click(message, "🔄") for _ in range(5)))
    for one in pressed:
        await one.until(drawn)
    assert len(house.painter.drawn) == before + 5


async def test_a_setting_said_in_words_is_nobody_elses(house: House, ana: Person, ben: Person, guild: Server) -> None:
    house.studio.planner = OfflinePlanner()
    await answered(house, ana, guild, "always use 3:2")
    await answered(house, ana, guild, "change my language to German")
    message = await imagined(ben, prompt="a fox", count=1)
    assert house.painter.drawn[-1].recipe.aspect == "1:1" and "steps" in message.text
    assert "nothing of your own" in (await answered(house, ben, guild, "show my settings")).text
