"""`pixxelbot members`: what requests cost."""

from __future__ import annotations

import asyncio

from pixxelbot.store import Store
from tests import factories
from tests.cli.command_line import CommandLine


async def spend(pixxelbot: CommandLine) -> None:
    store = await Store.open(factories.settings(pixxelbot.home))
    await store.migrate()
    await store.spend("discord:1", "llama3", 800, 90)
    await store.spend("discord:1", "llama3", 200, 10)
    await store.spend("discord:2", "llama3", 5, 5)
    await store.close()


def test_tokens_are_shown_by_member_and_day(pixxelbot: CommandLine) -> None:
    asyncio.run(spend(pixxelbot))
    (one,) = pixxelbot("members", "tokens", "--member", "discord:1", "--json").answer["spent"]
    assert (one["model"], one["requests"], one["tokens_in"], one["tokens_out"]) == ("llama3", 2, 1000, 100)
    shown = pixxelbot("members", "tokens").out
    assert "discord:2" in shown and "1,000" in shown
