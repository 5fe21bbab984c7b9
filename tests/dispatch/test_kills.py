"""`kill -9` at random instants: nothing accepted is lost, nothing is posted twice."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pixxelbot.errors import DatabaseBusy
from pixxelbot.job import Status
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from tests import factories
from tests.databases import stored_files, until
from tests.postgres import PostgreSQL

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("KILLS", "20"))
EVENTS = 10_000
"""More than any victim lives to accept."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no signals")


class Victim:
    """The process, and everything it has said."""

    def __init__(self, settings: Settings, first: int, last: int) -> None:
        command = [sys.executable, "-m", "tests.dispatch.victim", str(settings.home), settings.database_url or ""]
        self.process = subprocess.Popen([*command, str(first), str(last)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.said: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.strip())

    @property
    def accepted(self) -> list[int]:
        return [int(line.split()[1]) for line in self.said if line.startswith("accepted")]

    async def is_leading(self) -> bool:
        assert self.process.poll() is None, "the victim died by itself"
        return "leading" in self.said

    def end(self, how: int = signal.SIGKILL) -> None:
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        self.process.wait(30)
        self._reader.join(10)


@contextlib.contextmanager
def victim(settings: Settings, first: int = 0, last: int = EVENTS) -> Iterator[Victim]:
    one = Victim(settings, first, last)
    try:
        yield one
    finally:
        one.end()


async def check(store: Store, settings: Settings, accepted: set[int], posted: list[str]) -> None:
    """Every accepted event has one request, one finished job, its pictures, and was posted once."""
    requests = await store.requests()
    assert {f"event:{number}" for number in accepted} <= {request.source_event_id for request in requests}
    assert {request.status for request in requests} == {Status.DONE}
    jobs = await store.jobs()
    assert len(jobs) == len(requests) and {job.status for job in jobs} == {Status.DONE}
    pictures = await store.pictures()
    assert len(pictures) == 2 * len(jobs)
    await store.sweep(older_than=-1)
    kept = {str(file.relative_to(settings.home / "pictures")) for file in stored_files(settings)}
    assert kept == {picture.key for picture in pictures} | {await store.grid_key(job.id) for job in jobs}
    assert len(posted) == len(set(posted)), "posted twice"
    assert {file.name for file in (settings.home / "posts").iterdir()} == {request.id for request in requests}


async def finished(store: Store) -> bool:
    open_ones = {Status.QUEUED, Status.RUNNING}
    return (
        await store.requests(statuses=(Status.PLANNING,)) == []
        and not (await store.counts()).keys() & open_ones
        and await store.next_due() is None
    )


async def test_killed_again_and_again_it_loses_nothing_and_posts_nothing_twice(
    store: Store, settings: Settings
) -> None:
    dice, accepted, posted = random.Random(), set[int](), list[str]()
    (settings.home / "posts").mkdir()
    for _ in range(KILLS):
        with victim(settings, max(accepted, default=0)) as one:
            await until(one.is_leading)
            await asyncio.sleep(dice.uniform(0.0, 0.5))
            one.end(signal.SIGKILL)
        accepted |= set(one.accepted)
        posted += [line for line in one.said if line.startswith("posted")]
    assert accepted and posted
    with victim(settings, max(accepted), max(accepted) + 1) as one:
        await until(lambda: _said(one, f"accepted {max(accepted)}"), 60)
        await until(lambda: finished(store), 60)
        one.end(signal.SIGTERM)
        assert one.process.returncode == 0
    await check(store, settings, accepted | set(one.accepted), posted + [s for s in one.said if s.startswith("posted")])


async def test_the_survivor_takes_over_from_a_killed_dispatcher(store: Store, settings: Settings) -> None:
    (settings.home / "posts").mkdir()
    with victim(settings, 0, 40) as first:
        await until(first.is_leading)
        with victim(settings, 0, 40) as second:
            await until(lambda: _said(second, "accepted"))
            assert "leading" not in second.said
            first.end(signal.SIGKILL)
            await until(second.is_leading)
            await until(lambda: _said(second, "accepted 39"), 60)
            await until(lambda: finished(store), 60)
            second.end(signal.SIGTERM)
    assert len(await store.requests()) == 40
    said = [line for line in first.said + second.said if line.startswith("posted")]
    await check(store, settings, set(first.accepted + second.accepted), said)


async def test_a_dispatcher_that_was_overtaken_while_it_was_frozen_finds_itself_fenced(
    store: Store, settings: Settings
) -> None:
    (settings.home / "posts").mkdir()

    async def overtaken() -> bool:
        """Raise the epoch while it stands still; not possible where it stands in the middle of a transaction."""
        with frozen_process(frozen), contextlib.suppress(DatabaseBusy):
            await store.recover(await store.raise_epoch())
            return True
        return False

    with victim(settings, 0, 30) as frozen:
        await until(lambda: _said(frozen, "posted"))
        await until(overtaken, 60)
        await until(lambda: _said(frozen, "accepted 29"), 60)
        await until(lambda: finished(store), 60)
        frozen.end(signal.SIGTERM)
    await check(store, settings, set(frozen.accepted), [line for line in frozen.said if line.startswith("posted")])


async def test_a_standby_takes_over_from_a_frozen_dispatcher(server: PostgreSQL, tmp_path: Path) -> None:
    """With SQLite a frozen dispatcher keeps its lock; a PostgreSQL server ends its silent session."""
    with server.database() as url:
        settings = factories.settings(tmp_path, database_url=url)
        store = await Store.open(settings)
        await store.migrate()
        (tmp_path / "posts").mkdir()
        with victim(settings, 0, 60) as frozen:
            await until(lambda: _said(frozen, "posted"))
            with victim(settings, 0, 60) as second:
                with frozen_process(frozen):
                    await until(second.is_leading, 60)
                for one in (frozen, second):
                    await until(lambda one=one: _said(one, "accepted 59"), 60)
                await until(lambda: finished(store), 60)
                second.end(signal.SIGTERM)
                frozen.end(signal.SIGTERM)
        said = [line for line in frozen.said + second.said if line.startswith("posted")]
        await check(store, settings, set(frozen.accepted + second.accepted), said)
        await store.close()


@contextlib.contextmanager
def frozen_process(one: Victim) -> Iterator[None]:
    os.kill(one.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(one.process.pid, signal.SIGCONT)


async def _said(one: Victim, word: str) -> bool:
    return any(line.startswith(word) for line in one.said)
