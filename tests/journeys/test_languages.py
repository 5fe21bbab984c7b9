"""A member's own language: whatever planner, studio and engine say comes in it, and it can be changed in words."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from pixxelbot.intent import Intent
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.rules import MemberSettings
from tests.chat.house import House
from tests.discord_server.scenario import Message, Person, Place, Server
from tests.journeys.test_results import imagined


@dataclass(frozen=True)
class Tongue:
    """One evening in one language: what is said, and what must stand in the answers."""

    locale: str
    nothing_to_cancel: tuple[str, str]
    recipe: tuple[str, str]
    several: tuple[str, str, str, str]
    """Words, the question, the label that refuses, and the answer to that."""
    reason: str
    hello: tuple[str, str]


TONGUES = (
    Tongue(
        "de",
        ("abbrechen", "nichts, was wartet"),
        ("welcher seed war das?", "- Schritte: "),
        ("ein {roter, blauer} Fuchs", "Soll ich sie zeichnen?", "Nein", "Dann zeichne ich nichts."),
        "üblich für dieses Modell",
        ("hallo", "Was möchtest du sehen?"),
    ),
    Tongue(
        "ja",
        ("キャンセル", "キャンセルできる"),
        ("シードは何ですか？", "- ステップ："),
        ("a {red, blue} fox", "描きますか", "いいえ", "では何も描きません。"),
        "このモデルの標準",
        ("こんにちは", "何を見たいですか"),
    ),
)


async def answered(house: House, person: Person, guild: Place, words: str) -> Message:
    said = await person.say(f"<@{house.discord.bot_id}> {words}")
    return await guild.until(lambda one: one.reply_to == said.id and one.text and not one.loading and not _waits(one))


def _waits(message: Message) -> bool:
    return [button.emoji for button in message.buttons] == ["❌"]


@pytest.mark.parametrize("tongue", TONGUES, ids=lambda tongue: tongue.locale)
async def test_an_evening_in_another_language(house: House, guild: Server, tongue: Tongue) -> None:
    house.studio.planner = OfflinePlanner()
    member = await guild.member("berta", locale=tongue.locale)
    message = await imagined(member)
    told = await (await member.click(message, "ℹ️")).until(lambda one: one.text)
    assert tongue.reason in told.text
    for words, expected in (tongue.hello, tongue.nothing_to_cancel, tongue.recipe):
        assert expected in (await answered(house, member, guild, words)).text
    words, asked, refusal, nothing = tongue.several
    question = await answered(house, member, guild, words)
    assert asked in question.text and refusal in [button.label for button in question.buttons]
    reply = await (await member.click(question, refusal)).until(lambda one: nothing in one.text)
    assert not reply.attachments and len(house.painter.drawn) == 1
    stored = (await house.store.requests(limit=2))[-1]
    assert stored.intent and "Shall I draw them?" in stored.intent.reply, "rows keep English"


async def test_notes_of_the_drawing_come_in_the_members_language(house: House, guild: Server) -> None:
    member = await guild.member("berta", locale="de")
    house.planner.answer = Intent(notes=("The last one is still being drawn, so I took the one before it.",))
    message = await imagined(member)
    assert "Das letzte wird noch gezeichnet" in message.text


async def test_settings_change_in_words_and_the_language_at_once(house: House, ana: Person, guild: Server) -> None:
    house.studio.planner = OfflinePlanner()
    kept = await answered(house, ana, guild, "always use watercolour, 3:2")
    assert "- style: watercolour" in kept.text and "- aspect: 3:2" in kept.text
    await imagined(ana, prompt="a fox", count=1)
    assert house.painter.drawn[-1].recipe.aspect == "3:2"
    assert house.painter.drawn[-1].recipe.styles == (("watercolour", 1.0),)
    listed = await (await ana.slash("settings")).until(lambda one: one.ephemeral and "watercolour" in one.text)
    assert "3:2" in listed.text, "the same settings as by command"
    assert "- Sprache: de" in (await answered(house, ana, guild, "change my language to German")).text
    assert "- Stil: watercolour" in (await answered(house, ana, guild, "meine Einstellungen")).text
    assert "- Stil" in (await answered(house, ana, guild, "forget my default style")).text
    assert "vergessen" in (await answered(house, ana, guild, "vergiss meine Einstellungen")).text
    assert await house.studio.policy.settings("discord:" + ana.id) == MemberSettings()
    await imagined(ana, prompt="a fox", count=1)
    assert house.painter.drawn[-1].recipe.aspect == "1:1" and not house.painter.drawn[-1].recipe.styles


async def test_what_words_cannot_set_is_said_and_nothing_changes(house: House, ana: Person, guild: Server) -> None:
    house.studio.planner = OfflinePlanner()
    assert "press ✉️" in (await answered(house, ana, guild, "turn on dms")).text
    assert "/server" in (await answered(house, ana, guild, "change the server settings")).text
    assert "Say which" in (await answered(house, ana, guild, "change my language to Klingon")).text
    refused = await answered(house, ana, guild, "always use the model midjourney")
    assert "bundled" in refused.text, "an unknown model is refused, with those there are"
    assert await house.studio.policy.settings("discord:" + ana.id) == MemberSettings()
    assert "nothing of your own" in (await answered(house, ana, guild, "show my settings")).text
    assert not house.painter.drawn
