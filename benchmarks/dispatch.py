"""How soon a job starts, and how many the store takes a second, against raw SQLite commits in the same run.

python benchmarks/dispatch.py [--jobs 200] [--rounds 5]

The renderer is one that answers at once, so that only the queue is measured. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from rich.progress import track

from pixxelbot.dispatch.dispatcher import Dispatcher
from pixxelbot.intent import Intent
from pixxelbot.job import Drawn, Job, Progress, Rendered, Request, new_id
from pixxelbot.recipe import Recipe
from pixxelbot.settings import Settings
from pixxelbot.store import Store

AT_ONCE: Final = 32
"""Jobs in flight in the concurrent measurement."""
IDLE_SECONDS: Final = 0.05
"""Pause before each job of the idle measurement, so that nothing is left to do when it comes."""
PNG: Final = bytes(30_000)
"""As many bytes as a small picture; their content does not matter here."""


class Instant:
    """A renderer that answers at once and remembers when it was asked."""

    ready, loaded = True, ("bundled",)

    def __init__(self) -> None:
        self.begun: dict[str, float] = {}

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def predict(self, recipe: Recipe) -> float:
        return 1.0

    async def render(self, job: Job, sources: Mapping[str, bytes]) -> AsyncIterator[Progress | Rendered]:
        self.begun[job.id] = time.perf_counter()
        yield drawn(job)


def drawn(job: Job) -> Rendered:
    """One picture of the job."""
    picture = Drawn(id=new_id(), index=0, png=PNG, seed=job.recipe.seed, width=128, height=128, sha256="0" * 64)
    return Rendered(job_id=job.id, attempt=job.attempt, pictures=(picture,), grid=None, seconds=1.0, model_hash="0")


def wanted(number: int) -> tuple[Request, Job]:
    """A request as Discord's event makes it, and the job that is planned for it."""
    member = f"discord:{number % 20}"
    request = Request(words="a red fox", source_event_id=new_id(), member_id=member, member_name="Ana")
    recipe = Recipe(prompt="a red fox", width=128, height=128, seed=number, steps=4, model="bundled", count=1)
    return request, Job(request_id=request.id, member_id=member, recipe=recipe)


async def enqueue(store: Store, number: int) -> Job:
    request, job = wanted(number)
    await store.accept(request)
    return await store.queue_job(request.id, Intent(), job)


async def idle_start(settings: Settings, jobs: int) -> list[float]:
    """Milliseconds from a job's row being written to the renderer being handed it, with nothing else to do."""
    store = await Store.open(settings)
    await store.migrate()
    renderer = Instant()
    dispatcher = Dispatcher(store, renderer, settings)
    running = asyncio.create_task(dispatcher.run())
    waits = []
    for number in range(jobs):
        await asyncio.sleep(IDLE_SECONDS)
        request, job = wanted(number)
        await store.accept(request)
        began = time.perf_counter()
        await store.queue_job(request.id, Intent(), job)
        while job.id not in renderer.begun:  # noqa: ASYNC110  # an event would take part in what is measured
            await asyncio.sleep(0.0005)
        waits.append((renderer.begun[job.id] - began) * 1000)
    dispatcher.stop()
    await running
    await store.close()
    return waits


class Served:
    """A store with an epoch of its own, on which jobs are taken through their life."""

    def __init__(self, store: Store, epoch: int) -> None:
        self.store, self.epoch, self.number = store, epoch, 0

    async def accepts(self, jobs: int) -> float:
        """Accepted requests a second, one at a time."""
        return await self._one_by_one(jobs, lambda: self.store.accept(wanted(0)[0]))

    async def results(self, jobs: int) -> float:
        """Accepted requests with their recorded results a second, one at a time; the steps between are not timed."""
        started = [await self.store.start_job(await enqueue(self.store, number), self.epoch) for number in range(jobs)]

        async def both() -> None:
            job = started.pop()
            await self.store.accept(wanted(0)[0])
            await self.store.finish_job(job, self.epoch, drawn(job))

        return await self._one_by_one(jobs, both)

    async def lives(self, jobs: int) -> float:
        """Whole lives a second (accepted, queued, started, finished), `AT_ONCE` in flight."""
        left = iter(range(jobs))

        async def worker() -> None:
            for number in left:
                job = await self.store.start_job(await enqueue(self.store, number), self.epoch)
                await self.store.finish_job(job, self.epoch, drawn(job))

        began = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
        return jobs / (time.perf_counter() - began)

    async def _one_by_one(self, jobs: int, once: Callable[[], Awaitable[Any]]) -> float:
        began = time.perf_counter()
        for _ in range(jobs):
            await once()
        return jobs / (time.perf_counter() - began)


def raw_commits(path: Path, commits: int) -> float:
    """Commits a second of plain SQLite: WAL, `synchronous=FULL`, one row of 1,000 bytes each."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, words TEXT)")
    began = time.perf_counter()
    for _ in range(commits):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO rows (words) VALUES (?)", ("x" * 1000,))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return commits / seconds


def raw_results(folder: Path, results: int) -> float:
    """Results a second if nothing were done but two raw commits and one file, written, renamed and both synced."""
    began = time.perf_counter()
    for number in range(results):
        partial = folder / f"{number}.partial"
        with partial.open("wb") as file:
            file.write(PNG)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(folder / f"{number}.png")
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    each = (time.perf_counter() - began) / results
    return 1 / (each + 2 / raw_commits(folder / "raw.db", results))


async def throughput(settings: Settings, jobs: int, rounds: int) -> dict[str, list[float]]:
    """Jobs a second of every kind, and raw commits, in turn."""
    store = await Store.open(settings)
    await store.migrate()
    served = Served(store, await store.raise_epoch())
    (settings.home / "raw").mkdir()
    figures: dict[str, list[float]] = {"raw": [], "raw_results": [], "accepts": [], "results": [], "lives": []}
    for _ in track(range(rounds), "rounds"):
        figures["raw"].append(raw_commits(settings.home / "raw.db", jobs))
        figures["raw_results"].append(raw_results(settings.home / "raw", jobs))
        figures["accepts"].append(await served.accepts(jobs))
        figures["results"].append(await served.results(jobs))
        figures["lives"].append(await served.lives(jobs))
    await store.close()
    return figures


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--jobs", type=int, default=200)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homes = [Path(folder) / name for name in ("idle", "busy")]
        idle, busy = (Settings(_env_file=None, home=home, database_url=None) for home in homes)
        waits = asyncio.run(idle_start(idle, chosen.jobs))
        figures = asyncio.run(throughput(busy, chosen.jobs, chosen.rounds))
    half = [raw / 2 for raw in figures["raw"]]
    report = {
        "benchmark": "dispatch",
        "enqueue_to_start_ms": {
            "p50": round(statistics.median(waits), 2),
            "p99": round(sorted(waits)[-len(waits) // 100 - 1], 2),
        },
        "per_second": {name: round(statistics.median(values), 1) for name, values in figures.items()},
        "accepts_over_raw": _ratio(figures["accepts"], figures["raw"]),
        "accept_and_result_over_half_raw": _ratio(figures["results"], half),
        "accept_and_result_over_raw_with_file": _ratio(figures["results"], figures["raw_results"]),
        "lives_with_32_in_flight_over_half_raw": _ratio(figures["lives"], half),
    }
    print(json.dumps(report, indent=2))


def _ratio(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Median, lowest and highest over the rounds."""
    ratios = sorted(one / other for one, other in zip(ours, theirs, strict=True))
    return {
        "median": round(statistics.median(ratios), 3),
        "lowest": round(ratios[0], 3),
        "highest": round(ratios[-1], 3),
    }


if __name__ == "__main__":
    main()
