"""Fixtures: settings and stores on SQLite and, where it is installed, on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from pixxelbot.intent import Intent
from pixxelbot.job import Drawn, Job, Rendered, Request, new_id
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from tests import factories, postgres


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.PostgreSQL]:
    if reason := postgres.unavailable():
        pytest.skip(reason)
    running = postgres.PostgreSQL()
    yield running
    running.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """Settings with an empty home, on either database."""
    if request.param == "sqlite":
        yield factories.settings(tmp_path)
    else:
        with request.getfixturevalue("server").database() as url:
            yield factories.settings(tmp_path, database_url=url)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """An open store with its tables."""
    opened = await Store.open(settings)
    await opened.migrate()
    yield opened
    await opened.close()


async def queued(store: Store, request: Request | None = None, **changes: Any) -> Job:
    """A job that waits."""
    accepted, _ = await store.accept(request or factories.request())
    changes = {"member_id": accepted.member_id, "request_id": accepted.id} | changes
    return await store.queue_job(accepted.id, Intent(), factories.job(**changes))


async def running(store: Store, request: Request | None = None, **changes: Any) -> tuple[Job, int]:
    """A job that is being drawn, and the epoch."""
    epoch = await store.raise_epoch()
    return await store.start_job(await queued(store, request, **changes), epoch), epoch


def rendered(job: Job, grid: bool = True, data: bytes | None = None) -> Rendered:
    """What a renderer makes of a job."""
    return Rendered(
        job_id=job.id,
        attempt=job.attempt,
        pictures=tuple(
            Drawn(
                id=new_id(), index=index, png=data or factories.png(), seed=job.recipe.seed_of(index),
                width=64, height=48, sha256="0" * 64,
            )
            for index in range(job.recipe.count)
        ),
        grid=factories.png("blue") if grid and job.recipe.count > 1 else None,
        seconds=2.5,
        model_hash="abc",
    )  # fmt: skip


async def drawn(store: Store, request: Request | None = None, **changes: Any) -> Job:
    """A job that is done."""
    job, epoch = await running(store, request, **changes)
    await store.finish_job(job, epoch, rendered(job))
    return await store.job(job.id)


def stored_files(settings: Settings) -> list[Path]:
    """Every file in the picture folder."""
    return sorted(file for file in (settings.home / "pictures").rglob("*") if file.is_file())


async def until(condition: Any, seconds: float = 20.0) -> None:
    """Wait, within bounds, until an async question is answered with yes."""
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.02)
