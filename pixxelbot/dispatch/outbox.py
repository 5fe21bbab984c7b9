"""Tells members what became of their requests, until they are told or never can be."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from pixxelbot.errors import DeliveryError, DeliveryImpossible, StoreError
from pixxelbot.job import Delivery
from pixxelbot.store import Store

log = logging.getLogger(__name__)

AT_ONCE: Final = 8
"""Deliveries under way together; a channel that makes one wait must not hold up the others."""
BACKOFF: Final = (1.0, 300.0)
"""First and longest pause before another try, in seconds; doubled each time."""
GIVE_UP_SECONDS: Final = 24 * 3600.0
"""A delivery that fails for a whole day is given up; the result stays in the history."""
LOOK_SECONDS: Final = 5.0
"""Longest time between two looks at the outbox when nothing wakes us."""
TOKENS_SECONDS: Final = 30.0
"""Between two erasures of lapsed interaction tokens."""


class Outbox:
    """Hands due entries to `deliver`, which posts (idempotently, by request id) and returns the message's id."""

    def __init__(self, store: Store, deliver: Callable[[Delivery], Awaitable[str | None]]) -> None:
        self._store, self._deliver = store, deliver
        self._woken = asyncio.Event()
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """Look at the outbox now."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is delivered again by the next start."""
        works = self._store.tell_changes(self.wake), self._erase_tokens()
        helpers = [asyncio.create_task(work) for work in works]
        try:
            while True:
                self._woken.clear()
                await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(await self._until_next()):
                        await self._woken.wait()
        finally:
            tasks = [*helpers, *self._under_way.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _look(self) -> None:
        """Begin what is due. What ends while we read may look due, so it counts as under way until the next look."""
        self._under_way = {name: task for name, task in self._under_way.items() if not task.done()}
        free = AT_ONCE - len(self._under_way)
        if free <= 0:
            return
        try:
            entries = await self._store.due(self._store.clock(), AT_ONCE + free)
        except StoreError as error:
            log.warning("the outbox cannot be read now: %s", error)
            return
        fresh = [entry for entry in entries if entry.id not in self._under_way]
        for delivery in fresh[:free]:
            task = asyncio.create_task(self._see_through(delivery))
            task.add_done_callback(lambda _: self.wake())
            self._under_way[delivery.id] = task

    async def _see_through(self, delivery: Delivery) -> None:
        """One delivery, to a recorded outcome."""
        try:
            await self._record(delivery, asyncio.ensure_future(self._deliver(delivery)))
        except StoreError as error:
            log.warning("the delivery %s will be tried again, its outcome cannot be recorded: %s", delivery.id, error)
            await asyncio.sleep(BACKOFF[0])

    async def _record(self, delivery: Delivery, posting: asyncio.Future[str | None]) -> None:
        try:
            await asyncio.wait({posting})
        finally:
            posting.cancel()
        error = posting.exception()
        if error is None:
            await self._store.delivered(delivery, posting.result())
        elif isinstance(error, DeliveryImpossible):
            log.warning("the delivery %s is impossible: %s", delivery.id, error)
            await self._store.dead(delivery, str(error))
        else:
            await self._postpone(delivery, error)

    async def _postpone(self, delivery: Delivery, error: BaseException) -> None:
        known = isinstance(error, DeliveryError)
        log.log(
            logging.WARNING if known else logging.ERROR,
            "the delivery %s failed (%d before): %s", delivery.id, delivery.attempts, error,
            exc_info=None if known else error,
        )  # fmt: skip
        now = self._store.clock()
        if now - delivery.created_at > GIVE_UP_SECONDS:
            await self._store.dead(delivery, str(error))
            return
        pause = min(BACKOFF[0] * 2**delivery.attempts, BACKOFF[1])
        asked = error.retry_after if isinstance(error, DeliveryError) else None
        await self._store.postpone(delivery, now + max(pause, asked or 0.0), str(error))

    async def _until_next(self) -> float:
        with contextlib.suppress(StoreError):
            when = await self._store.next_due()
            if when is not None and when > self._store.clock():
                return min(when - self._store.clock(), LOOK_SECONDS)
        return LOOK_SECONDS

    async def _erase_tokens(self) -> None:
        while True:
            with contextlib.suppress(StoreError):
                await self._store.erase_tokens()
            await asyncio.sleep(TOKENS_SECONDS)
