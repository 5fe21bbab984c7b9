"""What planning adds to a language model's own time: `python benchmarks/language_model.py [--requests 100]`.

A loopback endpoint in a process of its own answers every request after the same delay and notes how long it held each
one. What the whole plan took beyond that is ours: prompt, HTTP, reading and checking the answer; for `studio` also the
conversation read from the database, pictures found, rights checked and the recipe made.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

DELAY: Final = 0.05
"""Seconds the language model takes; what is added does not depend on it."""
WARM: Final = 5
"""First requests, which also open the connection, are not counted."""


def serve(pipe: Connection) -> None:
    """The endpoint; sends its port, then, when asked, how long it held each request."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    from aiohttp import web

    from tests.openai_server.server import completion, plan

    held: list[float] = []

    async def complete(request: web.Request) -> web.Response:
        began = time.perf_counter()
        body = await request.json()
        await asyncio.sleep(DELAY)
        answer = web.json_response(completion(json.dumps(plan(prompt="red fox at night")), body["model"]))
        held.append(time.perf_counter() - began)
        return answer

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pipe.send(runner.addresses[0][1])
    await asyncio.to_thread(pipe.recv)
    pipe.send(held)
    await runner.cleanup()


async def measure(port: int, requests: int) -> dict[str, list[float]]:
    """Seconds of each plan by case, in the order they were asked."""
    from pixxelbot.app import App
    from pixxelbot.intent import Ask, Fact, Turn
    from pixxelbot.planner.offline import OfflinePlanner
    from pixxelbot.planner.openai import OpenAIPlanner
    from pixxelbot.planner.styles import load_styles
    from pixxelbot.settings import Settings
    from tests import factories
    from tests.planner.asks import GENERAL

    taken: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            _env_file=None, home=Path(folder), openai_base_url=f"http://127.0.0.1:{port}/v1", openai_api_key=None
        )
        planner, styles = OpenAIPlanner(settings, OfflinePlanner()), tuple(load_styles())
        fox = factories.recipe(prompt="red fox in the snow " * 20)
        long = Ask(
            words="the second one, but at night",
            limits=GENERAL,
            styles=styles,
            pictures=tuple((f"fox{n}", fox) for n in range(60)),
            facts={f"fox{n}": Fact(job=str(n // 4)) for n in range(60)},
            turns=tuple(Turn(words="a wish of a dozen words " * 5, action="imagine") for _ in range(40)),
        )
        first = Ask(words="a red fox in the snow", limits=GENERAL, styles=styles)
        for name, ask in (("first wish", first), ("fortieth turn", long)):
            taken[name] = await _timed(requests, lambda ask=ask: planner.plan(ask))  # type: ignore[misc]
        await planner.close()
        async with App.that_only_talks(settings, Path(folder)) as app:
            for _ in range(10):
                await app.draw(factories.request("a red fox", member_id="cli:ana", given=_nothing()))
            request = factories.request("the second one, but at night", member_id="cli:ana")
            taken["studio"] = await _timed(requests, lambda: app.studio.plan(request))
    return taken


def _nothing() -> Any:
    from pixxelbot.intent import Changes

    return Changes(verbatim=True)


async def _timed(requests: int, work: Callable[[], Awaitable[object]]) -> list[float]:
    times = []
    for _ in range(requests + WARM):
        began = time.perf_counter()
        await work()
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100, help="counted requests of each case")
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    taken = asyncio.run(measure(ours.recv(), arguments.requests))
    ours.send("how long?")
    held = iter(ours.recv())
    process.join(10)
    report: dict[str, Any] = {"language_model_ms": DELAY * 1000}
    for name, times in taken.items():
        added = sorted([(whole - next(held)) * 1000 for whole in times][WARM:])
        report[name] = {
            "median_ms": round(statistics.median(added), 2),
            "p95_ms": round(added[int(len(added) * 0.95)], 2),
            "requests": len(added),
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
