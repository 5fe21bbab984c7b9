"""The engine against plain diffusers, one at a time.

    python benchmarks/engine.py [--shape bundled|sd15|sdxl] [--device cuda] [--rounds 5] [--chart engine.svg]
    python benchmarks/engine.py --only arrivals|overhead|asking|memory

Same process, same weights, same threads; rounds of both interleaved, so that whatever else the machine does falls on
both. Prints one JSON object to standard output, and says on standard error how far it is.

Every phase is bounded: where a picture takes long, there are fewer requests and rounds than asked for (and the report
says how many), so that none takes much longer than `--seconds`. One that does not end ends the program, and shows where
it was.
"""

from __future__ import annotations

import argparse
import faulthandler
import functools
import itertools
import json
import os
import platform
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import memory
import shapes
import torch
from PIL import Image

from pixxelbot.engine import preview, profiling
from pixxelbot.engine.checkpoint import Model
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.merge import Call, repeated
from pixxelbot.engine.residency import Models
from pixxelbot.job import Job, Rendered
from pixxelbot.profile import Profile
from pixxelbot.question import Question
from pixxelbot.recipe import Recipe
from pixxelbot.settings import Settings

PROMPTS = ("a red fox under a full moon", "blue boat at sea", "castle in the snow", "a cat in a meadow")
RESAMPLES = 2000
"""Bootstrap resamples of an interval."""
OVERHEAD_STEPS = (20, 150)
OVERHEAD_REQUESTS = 8
IN_FLIGHT = 8
"""Requests that a dispatcher hands out at once unless told otherwise."""
BARE = 12
"""Forwards by themselves after each round: what the limit is made of."""
PATIENCE = 60.0
"""Seconds after which a question counts as lost."""
STUCK = 5
"""A phase that takes so many times its seconds does not end."""


class Bench:
    """One model, measured in turns."""

    def __init__(
        self, shape: str, device: str | None, dtype: str, side: int | None, steps: int, seconds: float
    ) -> None:
        self.seconds, self.alone = seconds, 0.0
        models = Models(dict(Settings(_env_file=None).checkpoints), device, dtype)
        if shape != "bundled":
            models.adopt(shapes.build(shape, models.device, models.dtype))
        self.engine, self.shape, self.steps = Engine(models), shape, steps
        self.dtype = str(models.dtype).removeprefix("torch.")
        self.model = models.want(shape).result()
        self.side = side or self.model.limits.native
        self.forwards: list[tuple[int, int, float]] = []
        self.engine.observe = lambda rows, ready, seconds: self.forwards.append((rows, ready, seconds))

    def recipes(self, count: int, like: str) -> list[Recipe]:
        """Pictures alike but for prompt and seed; of mixed samplers, steps and guidance; or in grids of four."""
        draw = random.Random(7)
        samplers = ("DDIM", "Euler", "DPM++ 2M", "UniPC", "Euler a") if like == "mixed" else ("DDIM",)
        return [
            Recipe(
                prompt=PROMPTS[place % len(PROMPTS)], width=self.side, height=self.side, seed=10 * place,
                count=4 if like == "grids" else 1, model=self.shape, sampler=samplers[place % len(samplers)],
                steps=draw.randint(max(self.steps * 2 // 5, 1), self.steps * 6 // 5) if like == "mixed" else self.steps,
                guidance_scale=draw.uniform(3, 7.5) if like == "mixed" else 4.0,
            )
            for place in range(count)
        ]  # fmt: skip

    def settle(self) -> None:
        """Wait for the device."""
        if self.model.device.type == "cuda":
            torch.cuda.synchronize()

    # --- two ways of drawing ------------------------------------------------------------------------------------

    def merged(self, wanted: Sequence[Recipe], gaps: Sequence[float] = ()) -> tuple[float, list[float]]:
        """Seconds for all, and from each one's coming to its end. With gaps, each comes so long after the last."""
        came: dict[str, float] = {}
        ended: dict[str, float] = {}
        failed: list[Exception] = []

        def tell(outcome: Any) -> None:
            if isinstance(outcome, Rendered):
                ended[outcome.job_id] = time.perf_counter()
            elif isinstance(outcome, Exception):
                failed.append(outcome)

        def come() -> None:
            for place, recipe in enumerate(wanted):
                if gaps:
                    time.sleep(gaps[place])
                job = Job(request_id="", member_id="", recipe=recipe)
                came[job.id] = time.perf_counter()
                self.engine.submit(job, {}, tell)

        began = time.perf_counter()
        if gaps:
            threading.Thread(target=come, daemon=True).start()
            while len(ended) + len(failed) < len(wanted):
                self.engine.run(until=lambda: not self.engine.busy)
                time.sleep(0.0005)
        else:
            come()
            self.engine.drain()
        for error in failed:
            raise error
        return time.perf_counter() - began, [ended[name] - came[name] for name in came]

    def plain(self, wanted: Sequence[Recipe], gaps: Sequence[float] = ()) -> tuple[float, list[float]]:
        """The same by diffusers, one call after the other."""
        began = time.perf_counter()
        comes, waits = began, []
        for place, recipe in enumerate(wanted):
            comes = comes + gaps[place] if gaps else began
            time.sleep(max(0.0, comes - time.perf_counter()))
            self._plainly(recipe)
            waits.append(time.perf_counter() - comes)
        return time.perf_counter() - began, waits

    def _plainly(self, recipe: Recipe) -> None:
        with unparked(self.model.denoiser):
            self._draw_plainly(recipe)

    def _draw_plainly(self, recipe: Recipe) -> None:
        pipeline = self.model.pipeline("text2img", recipe.sampler)
        seeds = [torch.Generator().manual_seed(recipe.seed_of(index)) for index in range(recipe.count)]
        with torch.no_grad():
            pipeline(
                prompt=recipe.prompt, width=recipe.width, height=recipe.height, num_inference_steps=recipe.steps,
                guidance_scale=recipe.guidance_scale, generator=seeds, num_images_per_prompt=recipe.count,
            )  # fmt: skip
        self.settle()

    # --- figures ------------------------------------------------------------------------------------------------

    def profile(self) -> tuple[Profile, Call]:
        """The curve, and the call it was measured with."""
        self.engine.profiling = True
        self.merged(self.recipes(1, "alike"))
        model, call = self.engine.unmeasured[-1]
        with torch.no_grad():
            *_, found = profiling.measure(model, call)
        assert found is not None
        self.engine.know(found)
        return found, call

    def compare(self, like: str, count: int, rounds: int, profile: Profile, call: Call) -> dict[str, Any]:
        """Both ways in turn, which goes first alternating; ratios are plain over merged, paired by round."""
        wanted = self.recipes(self.fitting(count, 2 * self.alone * (4 if like == "grids" else 1)), like)
        self.merged(wanted[:1]), self.plain(wanted[:1])
        self.forwards.clear()
        seconds: dict[str, list[float]] = {"merged": [], "plain": []}
        waits: dict[str, list[float]] = {"merged": [], "plain": []}
        first: list[float] = []
        bare: list[float] = []
        cheapest = min(profile.seconds, key=lambda one: one[1] / one[0])[0]
        for turn in self.rounds(f"{like} {len(wanted)}", rounds):
            for name in ("merged", "plain") if turn % 2 else ("plain", "merged"):
                took, each = getattr(self, name)(wanted)
                seconds[name].append(took)
                waits[name].append(statistics.mean(each))
                if name == "merged":
                    first.append(min(each))
                    bare += self.bare(repeated(call, cheapest))
        if not self.alone:
            self.alone = statistics.median(seconds["plain"]) / len(wanted)
        return {
            "requests": len(wanted),
            "rounds": len(first),
            "merged_seconds": spread(seconds["merged"]),
            "plain_seconds": spread(seconds["plain"]),
            "throughput_ratio": paired(seconds["plain"], seconds["merged"]),
            "mean_wait_ratio": paired(waits["merged"], waits["plain"]),
            "first_done_seconds": spread(first),
            **self.efficiency(profile.cap, statistics.median(bare) / cheapest),
        }

    def fitting(self, count: int, seconds: float) -> int:
        """As many of so many requests, each of which takes so many seconds in a round, as leave time for two rounds."""
        return count if not seconds else max(1, min(count, int(self.seconds / 2 / seconds)))

    def rounds(self, name: str, count: int) -> Iterator[int]:
        """Numbers of rounds while there is time; the first always."""
        began = time.perf_counter()
        faulthandler.dump_traceback_later(STUCK * self.seconds, exit=True)
        for turn in range(count):
            if turn and (time.perf_counter() - began) * (turn + 1) / turn > self.seconds:
                say(f"{name}: there is no time for more rounds")
                break
            say(f"{name}: round {turn + 1} of {count}")
            yield turn
        faulthandler.cancel_dump_traceback_later()

    def bare(self, call: Call) -> list[float]:
        """Seconds of some forwards by themselves: between rounds, so that the machine is as fast as in them."""
        took = []
        with torch.no_grad():
            for _ in range(BARE):
                began = time.perf_counter()
                call()
                self.settle()
                took.append(time.perf_counter() - began)
        return took

    def efficiency(self, cap: int, best: float) -> dict[str, Any]:
        """The limit (`best` seconds a row) over the time that forwards took: where rows sufficed, and in all."""
        enough = [one for one in self.forwards if one[1] >= cap]
        return {
            "rows_a_forward": round(statistics.mean(rows for rows, _, _ in self.forwards), 2),
            "efficiency_where_rows_sufficed": _share(best, enough),
            "efficiency_of_all_forwards": _share(best, self.forwards),
        }

    def arrivals(self, load: float, count: int, rounds: int) -> dict[str, Any]:
        """Requests that come by chance, so many that diffusers alone would be busy for that share of the time.

        However fast they are drawn, a round lasts until the last one came: twice a picture's time over the load, each.
        """
        waits: dict[str, list[float]] = {"merged": [], "plain": []}
        count = self.fitting(count, 2 * self.alone / load)
        for turn in self.rounds(f"load {load}, {count} requests", rounds):
            draw = random.Random(turn)
            gaps = [draw.expovariate(load / self.alone) for _ in range(count)]
            wanted = self.recipes(count, "alike")
            for name in ("merged", "plain") if turn % 2 else ("plain", "merged"):
                waits[name].append(statistics.mean(getattr(self, name)(wanted, gaps)[1]))
        return {
            "load": load,
            "requests": count,
            "rounds": len(waits["merged"]),
            "merged_mean_wait_seconds": spread(waits["merged"]),
            "plain_mean_wait_seconds": spread(waits["plain"]),
            "mean_wait_ratio": paired(waits["merged"], waits["plain"]),
        }

    def memory(self, profile: Profile, call: Call, rows: int = 12) -> dict[str, Any]:
        """Peak of a forward of rows that were not measured, against the prediction."""
        with torch.no_grad():
            repeated(call, rows)()  # the first makes what stays
            peak = sorted(profiling.peak(self.model, repeated(call, rows)) for _ in range(3))[1]
        return {
            "rows": rows,
            "predicted_mib": round(profile.memory(rows) / 2**20, 1),
            "measured_mib": round(peak / 2**20, 1),
            "off_by": round(profile.memory(rows) / peak - 1, 3) if peak else None,
        }

    def overhead(self, rounds: int = 15) -> dict[str, Any]:
        """Milliseconds a request-step beyond plain diffusers', with a denoiser that does nothing.

        Slopes between a short and a long drawing, so that reading, decoding and encoding fall out; both ways in turn.
        Seconds of the processor, so that whatever else the machine does falls out too.
        """
        beyond: dict[int, list[float]] = {1: [], OVERHEAD_REQUESTS: []}
        own = []
        short, long = OVERHEAD_STEPS
        recipes = self.recipes(OVERHEAD_REQUESTS, "alike")
        with idle_denoiser(self.engine, self.model):
            for turn in self.rounds("overhead", rounds):
                for count in beyond:
                    took: dict[tuple[str, int], float] = {}
                    ways = [(name, steps) for name in ("merged", "plain") for steps in OVERHEAD_STEPS]
                    for name, steps in ways if turn % 2 else ways[::-1]:
                        wanted = [recipe.evolve(steps=steps) for recipe in recipes[:count]]
                        began = time.process_time()
                        getattr(self, name)(wanted)
                        took[name, steps] = time.process_time() - began
                    each = {name: (took[name, long] - took[name, short]) / (long - short) / count for name, _ in ways}
                    beyond[count].append(1000 * (each["merged"] - each["plain"]))
                    own.append(1000 * each["plain"])
        return {
            "one_request": middle(beyond[1]),
            "requests_merged": OVERHEAD_REQUESTS,
            "merged_requests": middle(beyond[OVERHEAD_REQUESTS]),
            "of_diffusers_itself": round(statistics.median(own), 4),
        }

    def asking(self, seconds: float = 30.0) -> dict[str, Any]:
        """Milliseconds from a question to its answer, while as many requests are drawn as are handed out at once."""
        clip = shapes.clip(self.engine.models.device)
        self.engine.models.adopt(clip)
        waited: dict[str, list[float]] = {kind: [] for kind in ("embed_text", "embed_picture")}
        ended = threading.Event()

        def ask() -> None:
            for place in itertools.count():
                kind: Any = ("embed_text", "embed_picture")[place % 2]
                words = (PROMPTS[place % len(PROMPTS)],) if kind == "embed_text" else ()
                pictures = [] if words else [Image.new("RGB", (self.side,) * 2, "teal")]
                answered: Future[Any] = Future()
                began = time.perf_counter()
                self.engine.ask(Question(kind=kind, words=words), pictures, answered.set_result)
                found = answered.result(PATIENCE)
                if isinstance(found, Exception):
                    raise found
                waited[kind].append(1000 * (time.perf_counter() - began))
                if ended.wait(0.05):
                    return

        asking = threading.Thread(target=ask, daemon=True)
        began, drawn = time.perf_counter(), 0
        asking.start()
        while time.perf_counter() - began < seconds:
            self.merged(self.recipes(IN_FLIGHT, "mixed"))
            drawn += IN_FLIGHT
        ended.set()
        while asking.is_alive():  # the last question is answered by this thread
            self.engine.run(until=lambda: not self.engine.busy)
            asking.join(0.01)
        return {"seconds": round(time.perf_counter() - began, 1), "requests_drawn": drawn, "in_flight": IN_FLIGHT} | {
            kind: {"questions": len(times), "p50": _rank(times, 0.5), "p95": _rank(times, 0.95), "worst": max(times)}
            for kind, times in waited.items()
        }

    def previews(self, render_seconds: float, rounds: int = 20) -> dict[str, Any]:
        """What one preview costs, and what one a second is of a render."""
        pipeline = self.model.pipeline("text2img", "DDIM")
        side = self.side // pipeline.vae_scale_factor
        latents = torch.randn(1, pipeline.vae.config.latent_channels, side, side)
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            preview.webp(
                preview.unscaled(latents.to(self.model.device), pipeline, (self.side,) * 2), self.model.colours
            )
            times.append(time.perf_counter() - began)
        one = statistics.median(times)
        shown = 1 + int(render_seconds)
        return {"milliseconds": round(one * 1000, 2), "share_of_a_render": round(one * shown / render_seconds, 4)}


def _rank(times: Sequence[float], share: float) -> float:
    return round(sorted(times)[min(int(share * len(times)), len(times) - 1)], 2)


@contextmanager
def unparked(denoiser: Any) -> Iterator[None]:
    """The denoiser as diffusers made it, so that plain drawing pays for nothing of the engine's."""
    parked = denoiser.forward
    denoiser.forward = getattr(parked, "forward", parked)
    try:
        yield
    finally:
        denoiser.forward = parked


@contextmanager
def idle_denoiser(engine: Engine, model: Model) -> Iterator[None]:
    """A denoiser that gives back what it is given, as fast as it can."""
    parked = model.denoiser.forward
    own = getattr(parked, "forward", parked)

    @functools.wraps(own)
    def idle(*args: Any, **kwargs: Any) -> tuple[torch.Tensor]:
        return (args[0] if args else next(iter(kwargs.values())),)

    model.denoiser.forward, model.intercepted = idle, False
    model.intercept(functools.partial(engine._park_denoiser, model))
    try:
        yield
    finally:
        model.denoiser.forward = parked


def _share(best: float, forwards: Sequence[tuple[int, int, float]]) -> float | None:
    took = sum(seconds for _, _, seconds in forwards)
    return round(sum(rows for rows, _, _ in forwards) * best / took, 3) if took else None


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and extremes."""
    named = {"median": statistics.median(values), "lowest": min(values), "highest": max(values)}
    return {name: round(value, 4) for name, value in named.items()}


def middle(values: Sequence[float]) -> dict[str, float]:
    """Median and its 95 % interval by bootstrap (Efron 1979)."""
    draw = random.Random(0)
    medians = sorted(statistics.median(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    named = {"median": statistics.median(values), "low": medians[int(0.025 * RESAMPLES)]}
    named["high"] = medians[int(0.975 * RESAMPLES)]
    return {name: round(value, 4) for name, value in named.items()}


def paired(above: Sequence[float], below: Sequence[float]) -> dict[str, float]:
    """Median of the ratios round by round, and its 95 % interval by bootstrap (Efron 1979)."""
    return middle([one / other for one, other in zip(above, below, strict=True)])


def say(words: str) -> None:
    """How far it is."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


def chart(report: dict[str, Any]) -> str:
    """An SVG: rows a second by rows on the left, ratios with their intervals on the right."""
    curve = [(int(rows), rows / seconds) for rows, seconds in report["profile"]["seconds"]]
    most = max(speed for _, speed in curve)
    parts = [_text(20, 24, f"{report['shape']} · {report['machine']['device']}", 15)]
    for place, (rows, speed) in enumerate(curve):
        top = 48 + 26 * place
        parts += [
            _text(20, top + 13, f"{rows} rows"),
            f'<rect x="80" y="{top}" width="{220 * speed / most:.0f}" height="18" fill="#5865f2"/>',
            _text(310, top + 13, f"{speed:.1f} rows/s"),
        ]
    ratios = [(name, one["throughput_ratio"]) for name, one in report["scenarios"].items()]
    scale = 200 / max(2.0, *(one["high"] for _, one in ratios))
    parts.append(f'<line x1="{520 + scale:.0f}" y1="40" x2="{520 + scale:.0f}" y2="220" stroke="#999"/>')
    for place, (name, one) in enumerate(ratios):
        top = 48 + 26 * place
        parts += [
            _text(420, top + 13, name),
            f'<rect x="520" y="{top}" width="{scale * one["median"]:.0f}" height="18" fill="#3ba55d"/>',
            f'<line x1="{520 + scale * one["low"]:.0f}" x2="{520 + scale * one["high"]:.0f}" y1="{top + 9}" '
            f'y2="{top + 9}" stroke="black"/>',
            _text(735, top + 13, f"×{one['median']:.2f}"),
        ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="240" font-family="sans-serif">\n{body}\n</svg>\n'
    )


def _text(x: int, y: int, words: str, size: int = 12) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}">{words}</text>'


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="The engine against plain diffusers.")
    options.add_argument("--shape", choices=("bundled", "sd15", "sdxl"), default="bundled")
    options.add_argument("--device")
    options.add_argument("--dtype", choices=("auto", "float32", "float16", "bfloat16"), default="auto")
    options.add_argument("--side", type=int, help="pixels; the model's own where unset")
    options.add_argument("--steps", type=int, default=25)
    options.add_argument("--requests", type=int, default=16)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=float, default=60, help="that one phase may take, about")
    options.add_argument("--only", choices=("arrivals", "overhead", "asking", "memory"), help="one part alone")
    options.add_argument("--chart", type=Path, help="write an SVG there")
    chosen = options.parse_args()
    bench = Bench(chosen.shape, chosen.device, chosen.dtype, chosen.side, chosen.steps, chosen.seconds)
    profile, call = bench.profile()
    likes: list[tuple[str, str, int]] = [
        ("single", "alike", 1), ("waiting", "alike", chosen.requests), ("mixed", "mixed", chosen.requests),
        ("grids", "grids", max(chosen.requests // 4, 1)),
    ]  # fmt: skip
    parts: dict[str, Callable[[], Any]] = {
        "arrivals": lambda: [bench.arrivals(load, chosen.requests, max(chosen.rounds // 2, 1)) for load in (0.5, 0.9)],
        "overhead_milliseconds_a_request_step": bench.overhead,
        "asking_milliseconds": bench.asking,
        "memory": lambda: bench.memory(profile, call) | memory.measured(bench.dtype),
    }
    if chosen.only:
        likes = likes[:1] if chosen.only == "arrivals" else []
        parts = {name: part for name, part in parts.items() if name.startswith(chosen.only)}
    scenarios = {name: bench.compare(like, count, chosen.rounds, profile, call) for name, like, count in likes}
    report: dict[str, Any] = {
        "benchmark": "engine",
        "shape": chosen.shape,
        "machine": machine(bench),
        "profile": profile.dump() | {"cap": profile.cap, "gain": round(profile.gain, 3)},
        "scenarios": scenarios,
    }
    try:
        if scenarios:
            report["preview"] = bench.previews(scenarios["single"]["plain_seconds"]["median"])
        for name, part in parts.items():
            report[name] = part()
    finally:  # what was measured before a part that failed took minutes
        json.dump(report, sys.stdout, indent=2)
        print()
    if chosen.chart and scenarios:
        chosen.chart.write_text(chart(report), encoding="utf-8")


def machine(bench: Bench) -> dict[str, Any]:
    """What it was measured on."""
    return {
        "platform": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "device": profiling.device_name(bench.model.device),
        "dtype": str(bench.model.dtype),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }


if __name__ == "__main__":
    main()
