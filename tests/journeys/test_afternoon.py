"""A member's afternoon with the whole bot: real process, real engine, real database, Discord on loopback."""

from __future__ import annotations

import asyncio
import io
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests.discord_server.scenario import Discord, File, Message, Person, Server
from tests.factories import png
from tests.journeys.process import ROOT, BotProcess, bot_process

PATIENCE = 120.0
FOX = "a red fox under a full moon, and no clouds"


def drawn(message: Message) -> bool:
    return bool(message.attachments) and any(button.custom_id.startswith("px1:again:") for button in message.buttons)


@pytest.fixture
async def bot(discord: Discord, guild: Server, tmp_path: Path) -> AsyncIterator[BotProcess]:
    async with bot_process(discord, tmp_path / "home") as running:
        yield running


async def test_imagine_preview_grid_variations_by_button_and_reaction_and_the_operators_view(
    bot: BotProcess, guild: Server, tmp_path: Path
) -> None:
    ana, ben = await guild.member("ana"), await guild.member("ben")
    result = await ana.slash("imagine", prompt=FOX)
    assert result.acknowledged_after is not None and not result.failed
    message = await result.until(drawn, PATIENCE)
    assert any("preview" in name for shown in message.history for name in shown["attachments"]), "no live preview"
    [grid] = await message.files()
    image = Image.open(io.BytesIO(grid))
    assert image.size == (256, 256)
    assert len(image.convert("RGB").getcolors(2**16) or range(2**16)) > 1000, "a drawing has many colours"
    assert message.alt_texts[0] is not None and "fox" in message.alt_texts[0]

    varied = await (await ben.click(message, "V2")).until(drawn, PATIENCE)
    await ana.react(message, "🔁")
    again = await guild.until(lambda found: drawn(found) and found.id not in (message.id, varied.id), PATIENCE)
    assert len({message.id, varied.id, again.id}) == 3

    listed = await bot.cli("queue", "list", "--all")
    assert sorted(job["status"] for job in listed["jobs"]) == ["done"] * 3
    history = await bot.cli("history")
    assert len(history["pictures"]) == 12
    newest = history["pictures"][0]["id"]
    shown = await bot.cli("show", newest, "--out", str(tmp_path / "newest.png"))
    assert shown["picture"]["parents"], "a variation knows its parent"
    with Image.open(tmp_path / "newest.png") as picture:
        assert "Steps: " in picture.info["parameters"] and "pixxelbot" in picture.info


async def test_kill_9_of_the_bot_in_the_middle_of_a_render_loses_nothing_and_doubles_nothing(
    bot: BotProcess, discord: Discord, guild: Server
) -> None:
    members = [await guild.member(name) for name in ("ana", "ben", "cleo")]
    results = [await one.slash("imagine", prompt="a fox in the snow", steps=40) for one in members]
    await results[0].until(lambda message: message.attachments, PATIENCE)
    await bot.kill()
    await bot.start()
    messages = [await result.until(drawn, PATIENCE) for result in results]
    assert len({message.id for message in messages}) == 3
    await (await members[1].click(messages[0], "V4")).until(drawn, PATIENCE)
    posted = [message for message in await guild.from_bot() if message.attachments]
    assert len(posted) == 4
    jobs = (await bot.cli("queue", "list", "--all"))["jobs"]
    assert [job["status"] for job in jobs] == ["done"] * 4


async def test_a_request_that_was_acknowledged_outlives_a_kill_in_the_same_moment(
    bot: BotProcess, guild: Server
) -> None:
    ana = await guild.member("ana")
    results = []
    for _ in range(3):
        results.append(await ana.slash("imagine", prompt="a fox in the snow", count=1, steps=4))
        await bot.kill()
        await bot.start()
    assert len({(await result.until(drawn, PATIENCE)).id for result in results}) == 3


async def test_a_request_whose_picture_is_being_fetched_outlives_a_kill(
    bot: BotProcess, discord: Discord, guild: Server
) -> None:
    ana = await guild.member("ana")
    await discord.set_limits(cdn_seconds=8.0)
    picture = File("red.png", png("red"))
    named = await ana.slash("imagine", prompt="a fox in the snow", image=picture, count=1, steps=4)
    followed = await ana.slash("edit", instruction="make it winter", image=picture)
    await bot.kill()
    await discord.set_limits(cdn_seconds=0.0)
    await bot.start()
    messages = [await result.until(drawn, PATIENCE) for result in (named, followed)]
    assert len({message.id for message in messages}) == 2
    jobs = (await bot.cli("queue", "list", "--all"))["jobs"]
    assert [job["status"] for job in jobs] == ["done", "done"]


async def test_several_requests_of_one_press_outlive_a_kill_in_the_same_moment(bot: BotProcess, guild: Server) -> None:
    ana = await guild.member("ana")
    message = await (await ana.slash("imagine", prompt="a fox in the snow", steps=4)).until(drawn, PATIENCE)
    await ana.react(message, "⬆️")
    offer = await guild.until(lambda one: one.reply_to == message.id and one.buttons)
    await ana.click(offer, "Upscale all")
    await bot.kill()
    await bot.start()

    async def enlarged() -> list[Message] | None:
        shown = [one for one in await guild.from_bot() if drawn(one) and one.id != message.id]
        return shown if len(shown) >= 4 else None

    messages = await bot.discord.eventually(enlarged, PATIENCE, bot.said)
    jobs = (await bot.cli("queue", "list", "--all"))["jobs"]
    assert [job["status"] for job in jobs] == ["done"] * 5 and len(messages) == 4


async def test_a_remix_of_somebody_elses_picture_outlives_a_kill_while_it_is_fetched(
    bot: BotProcess, discord: Discord, guild: Server
) -> None:
    ana, ben = await guild.member("ana"), await guild.member("ben")
    said = await ben.say("look", File("cat.png", png("green")))
    form = await ana.context(said, "Remix")
    await discord.set_limits(cdn_seconds=8.0)
    sent = await ana.submit(form, prompt="a dog instead", count="1", parameters="--steps 4")
    await bot.kill()
    await discord.set_limits(cdn_seconds=0.0)
    await bot.start()
    await sent.until(drawn, PATIENCE)
    [job] = (await bot.cli("queue", "list", "--all"))["jobs"]
    assert job["status"] == "done"


async def test_kill_9_of_the_drawing_process_costs_only_that_attempt(bot: BotProcess, guild: Server) -> None:
    ana = await guild.member("ana")
    result = await ana.slash("imagine", prompt="a castle at night", steps=60)
    await result.until(lambda message: message.attachments, PATIENCE)
    await bot.kill_renderer()
    await result.until(drawn, PATIENCE)
    [job] = (await bot.cli("queue", "list", "--all"))["jobs"]
    assert job["status"] == "done" and job["attempt"] == 2


async def test_the_operator_pauses_cancels_and_resumes_on_the_live_database(bot: BotProcess, guild: Server) -> None:
    ana, ben = await guild.member("ana"), await guild.member("ben")
    await bot.cli("queue", "pause")
    first, second = await ana.slash("imagine", prompt="a fox"), await ben.slash("imagine", prompt="a cat")
    waiting = await _queued(bot, 2)
    mine = next(job for job in waiting if job["member"] == f"discord:{ana.id}")
    await bot.cli("queue", "cancel", mine["id"])
    card = await first.until(lambda message: message.embeds, PATIENCE)
    assert "ancelled" in card.text
    await bot.cli("queue", "resume")
    await second.until(drawn, PATIENCE)


async def _queued(bot: BotProcess, count: int) -> list[dict[str, str]]:
    async def look() -> list[dict[str, str]] | None:
        jobs: list[dict[str, str]] = (await bot.cli("queue", "list"))["jobs"]
        return jobs if len(jobs) >= count else None

    found: list[dict[str, str]] = await bot.discord.eventually(look, PATIENCE, lambda: "the queue")
    return found


async def test_the_cli_draws_through_the_running_bot(bot: BotProcess, tmp_path: Path) -> None:
    answer = await bot.cli("imagine", "a blue fish", "--count", "1", "--steps", "4", "--out", str(tmp_path / "out"))
    assert answer["status"] == "done"
    [picture] = answer["pictures"]
    assert Image.open(picture["path"]).size == (picture["width"], picture["height"])


async def test_a_storm_of_faults_ends_each_request_in_exactly_one_result(
    bot: BotProcess, discord: Discord, guild: Server
) -> None:
    await discord.rate_limit_next(r"/webhooks/", seconds=0.3, times=3)
    await discord.fail_next(r"/webhooks/", 500, times=2)
    await discord.reset_next(r"/webhooks/", times=2)
    members: list[Person] = [await guild.member(name) for name in ("ana", "ben", "cleo", "dan")]
    results = [await one.slash("imagine", prompt="a star", count=1, steps=6) for one in members]
    await discord.drop_gateway(resume=True)
    await discord.expire_tokens(results[0])
    for result in results:
        await result.until(drawn, PATIENCE)
    posted = [message for message in await guild.from_bot() if message.attachments]
    assert len(posted) == 4


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("PIXXELBOT_DISCORD_TOKEN", "", "PIXXELBOT_DISCORD_TOKEN"),
        ("PIXXELBOT_IN_FLIGHT", "many", "PIXXELBOT_IN_FLIGHT"),
        ("PIXXELBOT_MODELS", "mine=/nowhere/at/all", "/nowhere/at/all"),
    ],
)
async def test_a_wrong_setting_ends_the_start_with_one_line(
    variable: str, value: str, named: str, tmp_path: Path
) -> None:
    clean = {name: held for name, held in os.environ.items() if not name.startswith(("PIXXELBOT", "DISCORD"))}
    given = {"PIXXELBOT_HOME": str(tmp_path), "PIXXELBOT_DISCORD_TOKEN": "x.y.z", variable: value}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "bot.py", cwd=ROOT, env=clean | given, stderr=asyncio.subprocess.PIPE
    )
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 78
    assert named in said.decode() and len(said.decode().strip().splitlines()) == 1
