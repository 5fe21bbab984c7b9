"""The engine against plain diffusers, one at a time: `python benchmarks/engine.py [--requests 16] [--rounds 5]`.

Same process, same weights, same threads; rounds of both interleaved, so that whatever else the machine does falls on
both. Prints one JSON object to standard output.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from pixxelbot.dispatch.renderers.local import LocalRenderer
from pixxelbot.engine.choose import Caps
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.job import Job, Progress, Rendered
from pixxelbot.recipe import Recipe
from pixxelbot.settings import Settings

PROMPTS = ("a red fox under a full moon", "blue boat at sea", "castle in the snow", "a cat in a meadow")


def recipes(count: int, like: str) -> list[Recipe]:
    """Single pictures: all alike but for prompt and seed, or of mixed samplers, steps and guidance."""
    draw = random.Random(7)
    samplers = ("DDIM", "Euler", "DPM++ 2M", "UniPC", "Euler a") if like == "mixed" else ("DDIM",)
    return [
        Recipe(
            prompt=PROMPTS[place % len(PROMPTS)],
            width=128,
            height=128,
            count=1,
            seed=place,
            model="bundled",
            sampler=samplers[place % len(samplers)],
            steps=draw.randint(10, 30) if like == "mixed" else 25,
            guidance_scale=draw.uniform(3, 7.5) if like == "mixed" else 4.0,
        )
        for place in range(count)
    ]


def merged(engine: Engine, wanted: list[Recipe]) -> float:
    """Seconds for all, handed over at once."""
    ended: list[Any] = []
    began = time.perf_counter()
    for recipe in wanted:
        engine.submit(Job(request_id="", member_id="", recipe=recipe), {}, ended.append)
    engine.drain()
    seconds = time.perf_counter() - began
    assert sum(isinstance(one, Rendered) for one in ended) == len(wanted)
    return seconds


def plain(pipelines: list[Any], wanted: list[Recipe]) -> float:
    """Seconds for all, one call of diffusers after the other."""
    began = time.perf_counter()
    for pipeline, recipe in zip(pipelines, wanted, strict=True):
        pipeline(
            prompt=recipe.prompt,
            width=recipe.width,
            height=recipe.height,
            num_inference_steps=recipe.steps,
            guidance_scale=recipe.guidance_scale,
            generator=torch.Generator().manual_seed(recipe.seed),
        )
    return time.perf_counter() - began


def compare(engine: Engine, like: str, requests: int, rounds: int) -> dict[str, Any]:
    """Both ways in turn, which goes first alternating."""
    wanted = recipes(requests, like)
    model = engine.models.want("bundled").result()
    pipelines = [model.pipeline("text2img", recipe.sampler) for recipe in wanted]
    ways: list[tuple[str, Callable[[], float]]] = [
        ("merged", lambda: merged(engine, wanted)),
        ("plain", lambda: plain(pipelines, wanted)),
    ]
    seconds: dict[str, list[float]] = {"merged": [], "plain": []}
    merged(engine, wanted[:2]), plain(pipelines[:2], wanted[:2])
    for turn in range(rounds):
        for name, way in ways if turn % 2 else reversed(ways):
            seconds[name].append(way())
    ratios = sorted(slow / fast for slow, fast in zip(seconds["plain"], seconds["merged"], strict=True))
    return {
        "requests": requests,
        "merged_seconds": _rounded(seconds["merged"]),
        "plain_seconds": _rounded(seconds["plain"]),
        "median_ratio": round(statistics.median(ratios), 3),
        "lowest_ratio": round(ratios[0], 3),
        "highest_ratio": round(ratios[-1], 3),
    }


def curve(engine: Engine) -> dict[int, float]:
    """Milliseconds of one bare forward by rows, median of seven."""
    model = engine.models.want("bundled").result()
    found = {}
    with torch.no_grad():
        for rows in (1, 2, 4, 8, 16, 32):
            arguments = torch.randn(rows, 4, 16, 16), torch.full((rows,), 500.0), torch.randn(rows, 32, 128)
            times = []
            for _ in range(8):
                began = time.perf_counter()
                model.base.unet(*arguments)
                times.append((time.perf_counter() - began) * 1000)
            found[rows] = round(statistics.median(times[1:]), 2)
    return found


async def as_a_member_sees_it(rounds: int) -> dict[str, Any]:
    """Four pictures through the child process: first preview and whole, in seconds."""
    renderer = LocalRenderer(Settings(_env_file=None, home=Path("data")))
    began = time.perf_counter()
    await renderer.start()
    figures: dict[str, list[float]] = {"start": [time.perf_counter() - began], "preview": [], "four": []}
    for turn in range(rounds):
        recipe = recipes(1, "alike")[0].evolve(count=4, seed=turn)
        began, seen = time.perf_counter(), False
        async for told in renderer.render(Job(request_id="", member_id="", recipe=recipe), {}):
            if isinstance(told, Progress) and told.preview and not seen:
                figures["preview"].append(time.perf_counter() - began)
                seen = True
        figures["four"].append(time.perf_counter() - began)
    await renderer.close()
    return {
        "renderer_start_seconds": round(figures["start"][0], 2),
        "first_preview_seconds": _rounded(figures["preview"]),
        "four_pictures_seconds": _rounded(figures["four"]),
    }


def _rounded(values: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "lowest": round(min(values), 3),
        "highest": round(max(values), 3),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    options.add_argument("--requests", type=int, default=16)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--rows", type=int, default=Caps().default, help="row cap of one forward")
    chosen = options.parse_args()
    engine = Engine(Models(dict(Settings(_env_file=None).models)), Caps(default=chosen.rows))
    report = {
        "benchmark": "engine",
        "machine": {
            "platform": platform.platform(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "threads": torch.get_num_threads(),
            "device": str(engine.models.device),
            "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        },
        "row_cap": chosen.rows,
        "forward_milliseconds_by_rows": curve(engine),
        "alike": compare(engine, "alike", chosen.requests, chosen.rounds),
        "mixed": compare(engine, "mixed", chosen.requests, chosen.rounds),
        "member": asyncio.run(as_a_member_sees_it(chosen.rounds)),
    }
    json.dump(report, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
