"""`pixxelbot server` and `pixxelbot invite`."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

from tests.cli.command_line import CommandLine
from tests.discord_server.fixtures import discord
from tests.discord_server.scenario import Discord

__all__ = ["discord"]


def test_rules_of_a_server_and_of_a_channel_are_set_and_shown(pixxelbot: CommandLine) -> None:
    assert pixxelbot("server", "set", "10", "max_count", "2", "--json").answer["max_count"] == 2
    assert pixxelbot("server", "set", "10", "blocked", '["mushroom*"]', "--json").answer["blocked"] == ["mushroom*"]
    assert pixxelbot("server", "set", "10", "nsfw", "refuse", "--channel", "20", "--json").answer["nsfw"] == "refuse"
    shown = pixxelbot("server", "show", "10", "--json").answer
    assert (shown["max_count"], shown["nsfw"], shown["blocked"]) == (2, "spoiler", ["mushroom*"])
    assert pixxelbot("server", "set", "10", "max_count", "null", "--json").answer["max_count"] is None


def test_rules_that_make_no_sense_are_named(pixxelbot: CommandLine) -> None:
    for rule, value in (("no_such_rule", "1"), ("nsfw", "maybe"), ("max_count", "99")):
        ended = pixxelbot("server", "set", "10", rule, value, "--json")
        assert ended.code == 2 and ended.error["code"] == "invalid_request", rule
    assert pixxelbot("invite", "--json").code == 78


async def test_the_invitation_asks_for_the_least(discord: Discord, pixxelbot: CommandLine) -> None:
    ended = await asyncio.to_thread(lambda: pixxelbot("invite", "--json", **discord.environment()))
    asked = parse_qs(urlsplit(ended.answer["url"]).query)
    assert asked["client_id"] == [discord.bot_id] and set(asked["scope"][0].split()) == {"bot", "applications.commands"}
    administrator, manage_server, manage_messages = 1 << 3, 1 << 5, 1 << 13
    assert not int(asked["permissions"][0]) & (administrator | manage_server | manage_messages)
    refused = await asyncio.to_thread(
        lambda: pixxelbot("invite", "--json", **(discord.environment() | {"PIXXELBOT_DISCORD_TOKEN": "wrong"}))
    )
    assert refused.code == 78
