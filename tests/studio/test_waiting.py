"""However many wait for requests, they wait together, and none waits for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any

import pytest

from pixxelbot.errors import DatabaseBusy, NotFound
from pixxelbot.job import Request, Status
from pixxelbot.store import Store
from pixxelbot.studio.waiting import Waiting
from tests import factories


class Counting(Store):
    """A store that counts what is asked of it, and may be locked."""

    looks = questions = 0
    locked = False
    held: asyncio.Event | None = None
    """Nothing is answered before this is set."""

    def __init__(self, *parts: Any, **more: Any) -> None:
        super().__init__(*parts, **more)
        self.looked, self.asked = asyncio.Event(), asyncio.Event()

    async def statuses(self, request_ids: Collection[str]) -> dict[str, Status]:
        self.looks += 1
        self.looked.set()
        if self.locked:
            raise DatabaseBusy
        return await super().statuses(request_ids)

    async def request(self, request_id: str) -> Request:
        self.questions += 1
        self.asked.set()
        if self.held:
            await self.held.wait()
        return await super().request(request_id)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Counting]:
    store = await Counting.open(factories.settings(tmp_path))
    await store.migrate()
    yield store
    await store.close()


@pytest.fixture
async def waiting(store: Counting) -> AsyncIterator[Waiting]:
    waiting = Waiting(store)
    yield waiting
    await waiting.close()


def ended(status: Status) -> bool:
    return status.ended


async def test_a_hundred_wait_with_one_look_a_change_and_two_questions_each(store: Counting, waiting: Waiting) -> None:
    accepted = [(await store.accept(factories.request()))[0] for _ in range(100)]
    async with asyncio.timeout(60):
        tasks = [asyncio.create_task(waiting.until(one.id, ended)) for one in accepted]
        await store.looked.wait()
        for one in accepted:  # one change after the other, each of which rings the bell
            await store.cancel_request(one.id)
        assert [one.status for one in await asyncio.gather(*tasks)] == [Status.CANCELLED] * 100
    assert store.looks <= 101 + 2 and store.questions <= 200


async def test_what_has_ended_already_is_told_at_once_by_any_part_of_its_id(store: Counting, waiting: Waiting) -> None:
    accepted, _ = await store.accept(factories.request())
    await store.cancel_request(accepted.id)
    assert (await waiting.until(accepted.id[-8:], ended)).id == accepted.id
    assert store.looks == 0
    with pytest.raises(NotFound):
        await waiting.until("nothing-like-it", ended)


async def test_a_change_by_another_process_ends_the_waiting(store: Counting, waiting: Waiting, tmp_path: Path) -> None:
    accepted, _ = await store.accept(factories.request())
    other = await Store.open(factories.settings(tmp_path))
    async with asyncio.timeout(60):
        task = asyncio.create_task(waiting.until(accepted.id, ended))
        await asyncio.sleep(0)
        await other.cancel_request(accepted.id)
        assert (await task).status is Status.CANCELLED
    await other.close()


async def test_a_locked_database_is_told_to_all_who_wait_and_the_next_may_wait_again(
    store: Counting, waiting: Waiting
) -> None:
    accepted, _ = await store.accept(factories.request())
    store.locked = True
    async with asyncio.timeout(60):
        tasks = [waiting.until(accepted.id, ended) for _ in range(3)]
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in told] == [DatabaseBusy] * 3
        store.locked = False
        store.looked.clear()
        again = asyncio.create_task(waiting.until(accepted.id, ended))
        await store.looked.wait()
        await store.cancel_request(accepted.id)
        assert (await again).status is Status.CANCELLED


async def test_who_gives_up_is_forgotten_and_closing_cancels_the_rest(store: Counting, waiting: Waiting) -> None:
    accepted, _ = await store.accept(factories.request())
    impatient = asyncio.create_task(waiting.until(accepted.id, ended))
    patient = asyncio.create_task(waiting.until(accepted.id, ended))
    async with asyncio.timeout(60):
        await store.looked.wait()
        impatient.cancel()
        await asyncio.gather(impatient, return_exceptions=True)
        assert not patient.done()
        await waiting.close()
        await asyncio.gather(patient, return_exceptions=True)
    assert impatient.cancelled() and patient.cancelled()


async def test_who_was_about_to_wait_when_it_closed_is_cancelled_too(store: Counting, waiting: Waiting) -> None:
    accepted, _ = await store.accept(factories.request())
    store.held = asyncio.Event()
    late = asyncio.create_task(waiting.until(accepted.id, ended))
    async with asyncio.timeout(60):
        await store.asked.wait()
        await waiting.close()
        store.held.set()
        await asyncio.gather(late, return_exceptions=True)
    assert late.cancelled()
