"""How the bot holds up on Discord: `python benchmarks/chat.py burst|day`, JSON on stdout.

The loopback Discord runs in a process of its own and its clock is the judge; the bot is `python bot.py` with the real
engine in its child process. `burst`: 1,000 interactions of 200 members in 10 s while pictures are drawn. `day`: a mix
of everything members do in a day pressed into minutes, with gateway drops, 429s, 500s and resets throughout. Only our
own durations are scaled, by settings. The file is not called `discord.py`, which would shadow the library.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.discord_server.scenario import Discord, Message, Person, Server, discord_server
from tests.journeys.process import BotProcess, bot_process

LATE = 3.0
"""Seconds within which Discord wants an answer."""
CALM = 30.0
"""Seconds without any change after which what is unfinished counts as lost."""
SMALL = {"count": 1, "steps": 1, "verbatim": True}
"""The cheapest picture there is: the chat is measured, not the engine."""
HEAVY = {"count": 4, "steps": 60}


@dataclass
class Tally:
    """What the members did, and what the judge saw of it."""

    drawings: dict[str, str] = field(default_factory=dict)
    """Words of a drawing → id of its interaction."""
    others: list[str] = field(default_factory=list)
    refused: int = 0
    """Steps that Discord's client would not have offered at that moment."""
    faults: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)


async def burst(
    discord: Discord, bot: BotProcess, servers: list[Server], options: argparse.Namespace
) -> dict[str, Any]:
    """Many interactions at an even pace while the engine is busy."""
    members = await _members(servers, options.members)
    busy = [await one.begin("imagine", prompt=f"a castle number {number}", **HEAVY) for number, one in
            enumerate(members[: options.busy])]  # fmt: skip
    await _until_drawing(bot, busy[0].id)
    tally = Tally(memory=[_memory(bot)])
    mix: list[Callable[[Person, int], Awaitable[None]]] = [
        lambda one, n: _draw(tally, one, n), lambda one, n: _other(tally, one, "queue"),
        lambda one, n: _suggest(tally, one), lambda one, n: _other(tally, one, "help"),
    ]  # fmt: skip
    began = time.monotonic()
    await _paced(options.interactions, options.seconds, lambda n: mix[n % len(mix)](members[n % len(members)], n))
    took = time.monotonic() - began
    await asyncio.sleep(LATE + 1)
    tally.memory.append(_memory(bot))
    busy_still = sum(one["status"] == "running" for one in (await bot.cli("queue", "list"))["jobs"])
    return {"sent_in_seconds": round(took, 2), "drawing_at_the_end": busy_still, **await _answers(discord, tally)}


async def day(discord: Discord, bot: BotProcess, servers: list[Server], options: argparse.Namespace) -> dict[str, Any]:
    """A mix of everything, with something going wrong every second or so."""
    members = await _members(servers, options.members)
    tally, dice = Tally(memory=[_memory(bot)], people=members), random.Random(options.seed)
    for number, one in enumerate(members[:8]):
        await _draw(tally, one, 1_000_000 + number)
    results = await _results(servers)

    async def act(number: int) -> None:
        nonlocal results
        one = dice.choice(members)
        if number % 500 == 0:
            results = await _results(servers) or results
            tally.memory.append(_memory(bot))
        step = dice.random()
        if step < options.draws:
            await _draw(tally, one, number)
        elif step < 0.45 or not results:
            await _other(tally, one, dice.choice(("queue", "quota", "help", "styles", "history", "settings")))
        elif step < 0.65:
            await _suggest(tally, one)
        else:
            await _press(tally, one, dice.choice(results), dice.choice(("ℹ️", "⭐", "🔍", "✏️")))

    trouble = asyncio.create_task(_trouble(discord, tally, dice))
    await _paced(options.interactions, options.seconds, act)
    trouble.cancel()
    await asyncio.gather(trouble, return_exceptions=True)
    await discord.clear_faults()
    drained = await _drained(discord, servers, tally, options.drain)
    tally.memory.append(_memory(bot))
    return {**drained, "faults": dict(tally.faults), **await _answers(discord, tally)}


async def _paced(count: int, seconds: float, act: Callable[[int], Awaitable[None]]) -> None:
    """Each step at its moment, whether or not the earlier ones are over."""
    began, under_way = time.monotonic(), set()
    for number in range(count):
        await asyncio.sleep(max(began + number * seconds / count - time.monotonic(), 0))
        task = asyncio.ensure_future(act(number))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)


async def _members(servers: list[Server], count: int) -> list[Person]:
    return [await servers[number % len(servers)].member(f"member{number}") for number in range(count)]


async def _draw(tally: Tally, one: Person, number: int) -> None:
    words = f"fox{number}x"
    tally.drawings[words] = (await one.begin("imagine", prompt=words, **SMALL)).id


async def _other(tally: Tally, one: Person, command: str) -> None:
    tally.others.append((await one.begin(command)).id)


async def _suggest(tally: Tally, one: Person) -> None:
    started = await one.discord.do(
        "autocomplete", user=one.id, channel=one.place.id, name="imagine", option="style",
        options={"prompt": "x", "style": "wa"},
    )  # fmt: skip
    tally.others.append(started["id"])


async def _press(tally: Tally, one: Person, message: Message, button: str) -> None:
    try:
        started = await one.discord.do("press", user=one.id, message=message.id, button=button)
    except AssertionError:  # not in that server, or the message has no such button
        tally.refused += 1
        return
    tally.others.append(started["id"])


async def _results(servers: list[Server]) -> list[Message]:
    return [one for server in servers for one in await server.from_bot() if _is_result(one)][-50:]


def _is_result(message: Message) -> bool:
    return bool(message.attachments) and any(one.custom_id.startswith("px1:again:") for one in message.buttons)


async def _trouble(discord: Discord, tally: Tally, dice: random.Random) -> None:
    """One fault after the other, of every kind."""
    paths = (r"/webhooks/", r"/callback", r"/channels/\d+/messages")
    while True:
        await asyncio.sleep(dice.uniform(0.4, 1.6))
        kind = dice.choice(("gateway", "429", "429 global", "500", "reset", "reset after", "token"))
        tally.faults[kind] += 1
        path, times = dice.choice(paths), dice.randint(1, 4)
        match kind:
            case "gateway":
                await discord.drop_gateway()
            case "429" | "429 global":
                await discord.rate_limit_next(path, dice.uniform(0.1, 0.6), times, everywhere=kind == "429 global")
            case "500":
                await discord.fail_next(path, dice.choice((500, 502, 503)), times)
            case "reset" | "reset after":
                await discord.reset_next(path, times, after=kind == "reset after")
            case "token":
                await discord.expire_tokens()


async def _until_drawing(bot: BotProcess, what: str) -> None:
    for _ in range(240):
        if any(one["status"] == "running" for one in (await bot.cli("queue", "list"))["jobs"]):
            return
        await asyncio.sleep(0.5)
    raise SystemExit(f"nothing is being drawn for {what}: {bot.said()}")


async def _drained(discord: Discord, servers: list[Server], tally: Tally, most: float) -> dict[str, Any]:
    """Wait until every drawing has ended, or nothing more happens; then count what each came to."""
    began, quiet, last = time.monotonic(), time.monotonic(), -1
    while time.monotonic() - began < most and time.monotonic() - quiet < CALM:
        counts = await _outcomes(discord, servers, tally)
        open_ = sum(number == 0 for number in counts.values())
        if open_ == 0:
            break
        quiet = time.monotonic() if open_ != last else quiet
        last = open_
        await asyncio.sleep(2)
    counts = await _outcomes(discord, servers, tally)
    return {
        "drawings": len(counts),
        "ended_once": sum(number == 1 for number in counts.values()),
        "lost": sorted(words for words, number in counts.items() if number == 0)[:20],
        "doubled": sorted(words for words, number in counts.items() if number > 1)[:20],
        "drained_in_seconds": round(time.monotonic() - began, 1),
    }


async def _outcomes(discord: Discord, servers: list[Server], tally: Tally) -> dict[str, int]:
    """Words of each drawing → messages that show its result, or tell of its failure."""
    ends: Counter[str] = Counter()
    cards: set[str] = set()
    for place in [*servers, *[await one.dm() for one in tally.people]]:
        for message in await place.from_bot():
            if _is_result(message):
                ends.update(part for part in message.content.replace("*", " ").split()[:1])
            elif message.embeds and not message.loading:
                cards.add(message.id)
    reports = {one["id"]: one for one in await discord.interactions()}
    for words, interaction in tally.drawings.items():
        report = reports[interaction]
        unheard = report["acknowledged_after"] is None and not ends[words]
        if report["message_id"] in cards or (unheard and "no bot" in report["failed"]):
            ends[words] += 1
    return {words: ends[words] for words in tally.drawings}


async def _answers(discord: Discord, tally: Tally) -> dict[str, Any]:
    """Acknowledgements, by the server's clock."""
    ours = {*tally.drawings.values(), *tally.others}
    reports = [one for one in await discord.interactions() if one["id"] in ours]
    delays = sorted(one["acknowledged_after"] for one in reports if one["acknowledged_after"] is not None)
    found = await discord.violations()
    violations = Counter(one["kind"] for one in found)
    return {
        "interactions": len(reports),
        "acknowledged": len(delays),
        "unanswered": len(reports) - len(delays),
        "late": sum(delay > LATE for delay in delays),
        "p50_ms": round(statistics.median(delays) * 1000, 1),
        "p99_ms": round(delays[int(len(delays) * 0.99) - 1] * 1000, 1),
        "worst_ms": round(delays[-1] * 1000, 1),
        "violations": dict(violations),
        "first_violations": [f"{one['where']}: {one['detail']}"[:300] for one in found[:5]],
        "not_offered": tally.refused,
        "memory_mib": [round(one, 1) for one in tally.memory],
        "load": [round(one, 1) for one in os.getloadavg()],
        "cores": os.cpu_count(),
    }


def _errors(bot: BotProcess) -> list[str]:
    """The first errors in the bot's log."""
    lines = bot.log.read_text(encoding="utf-8").splitlines()
    return [line[:1500] for line in lines if '"level": "error"' in line][:5]


def _memory(bot: BotProcess) -> float:
    """Resident MiB of the bot's own process, without the engine's."""
    return psutil.Process(bot.process.pid).memory_info().rss / 2**20 if bot.process else 0.0


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Start everything, measure, stop."""
    with tempfile.TemporaryDirectory() as folder:
        async with discord_server() as discord:
            await discord.do("set_checks", enabled=False)
            servers = [await discord.guild(f"Server {number}") for number in range(4)]
            settings = {"PIXXELBOT_PREVIEW_SECONDS": "2", "PIXXELBOT_LOG": "warning", "OMP_NUM_THREADS": "1"}
            async with bot_process(discord, Path(folder) / "home", **settings) as bot:
                await discord.bot_ready()
                work = burst if options.what == "burst" else day
                measured = await work(discord, bot, servers, options)
                return {"what": options.what, **measured, "errors": _errors(bot)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("burst", "day"))
    parser.add_argument("--interactions", type=int, help="1,000 for burst, 10,000 for day")
    parser.add_argument("--seconds", type=float, help="10 for burst, 300 for day")
    parser.add_argument("--members", type=int, default=200)
    parser.add_argument("--busy", type=int, default=6, help="large drawings under way during the burst")
    parser.add_argument("--draws", type=float, default=0.05, help="share of a day's interactions that draw")
    parser.add_argument("--drain", type=float, default=1800.0, help="longest time in seconds for what is left to end")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.interactions = options.interactions or (1_000 if options.what == "burst" else 10_000)
    options.seconds = options.seconds or (10.0 if options.what == "burst" else 300.0)
    json.dump(asyncio.run(measure(options)), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
