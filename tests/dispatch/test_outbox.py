"""The outbox tells every end, once where telling is idempotent, and gives up only what is impossible."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from pixxelbot.dispatch import outbox as room
from pixxelbot.dispatch.outbox import Outbox
from pixxelbot.errors import DeliveryError, DeliveryImpossible
from pixxelbot.job import Address, Delivery
from pixxelbot.store import Store
from tests import factories
from tests.databases import drawn, until


@asynccontextmanager
async def delivering(store: Store, deliver: Callable[[Delivery], Awaitable[str | None]]) -> AsyncIterator[Outbox]:
    outbox = Outbox(store, deliver)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def emptied(store: Store) -> None:
    async def empty() -> bool:
        return await store.next_due() is None

    await until(empty, 30)


async def test_a_result_is_delivered_and_its_message_known(store: Store) -> None:
    told: list[Delivery] = []

    async def deliver(delivery: Delivery) -> str:
        told.append(delivery)
        return "900"

    job = await drawn(
        store,
        factories.request(
            address=Address(channel_id="20", interaction_token="secret", token_expires_at=time.time() + 900)
        ),
    )
    async with delivering(store, deliver):
        await emptied(store)
    assert [(one.kind, one.job and one.job.id, one.request.id) for one in told] == [("result", job.id, job.request_id)]
    assert told[0].request.address.interaction_token == "secret"
    assert (await store.request(job.request_id)).address.interaction_token is None
    assert [one.job_id for one in await store.pictures_of_message("900")] == [job.id]


async def test_what_failed_is_tried_again_after_the_time_asked_for(store: Store) -> None:
    tries: list[float] = []

    async def deliver(delivery: Delivery) -> str:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise DeliveryError("slow down", retry_after=1.5)
        return "1"

    await drawn(store)
    async with delivering(store, deliver):
        await emptied(store)
    assert len(tries) == 2 and tries[1] - tries[0] >= 1.5


async def test_an_unforeseen_error_is_tried_again_too(store: Store) -> None:
    tries: list[int] = []

    async def deliver(delivery: Delivery) -> str:
        tries.append(delivery.attempts)
        if delivery.attempts == 0:
            raise ZeroDivisionError
        return "1"

    await drawn(store)
    async with delivering(store, deliver):
        await emptied(store)
    assert tries == [0, 1]


async def test_the_impossible_is_given_up_and_the_result_stays(store: Store) -> None:
    async def deliver(delivery: Delivery) -> str:
        raise DeliveryImpossible("every way is closed")

    job = await drawn(store)
    async with delivering(store, deliver):
        await emptied(store)
    assert len(await store.pictures(job=job.id)) == 1


async def test_one_channel_that_waits_does_not_hold_up_the_others(store: Store) -> None:
    told: list[str | None] = []
    release = asyncio.Event()

    async def deliver(delivery: Delivery) -> str:
        if delivery.request.address.channel_id == "slow":
            await release.wait()
        told.append(delivery.request.address.channel_id)
        return factories.new_id()

    for channel in ("slow", *["fast"] * 20):
        await drawn(store, factories.request(address=Address(channel_id=channel)))
    async with delivering(store, deliver):

        async def fast_ones_told() -> bool:
            return told == ["fast"] * 20

        await until(fast_ones_told)
        release.set()
        await emptied(store)
    assert told[-1] == "slow"


async def test_a_delivery_cut_off_by_a_stop_is_made_again(store: Store) -> None:
    posts: defaultdict[str, int] = defaultdict(int)
    begun = asyncio.Event()

    async def never(delivery: Delivery) -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    async def deliver(delivery: Delivery) -> str:
        posts[delivery.request.id] += 1
        return "1"

    job = await drawn(store)
    async with delivering(store, never):
        await begun.wait()
    async with delivering(store, deliver):
        await emptied(store)
    assert posts == {job.request_id: 1}


def test_pauses_grow_to_a_limit() -> None:
    first, longest = room.BACKOFF
    assert 0 < first < longest <= 600
