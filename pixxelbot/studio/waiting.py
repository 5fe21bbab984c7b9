"""Waiting for requests to get on: however many wait, a change costs one question to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from pixxelbot.job import Request, Status
from pixxelbot.store import Store

Reached = Callable[[Status], bool]

GLANCE: Final = 0.5
"""Longest time in seconds between two looks, should a change go unnoticed."""
GATHERING: Final = 0.05
"""Seconds after a look during which changes are gathered for the next: in a burst there are hundreds a second."""


class Waiting:
    """Those who wait for requests to reach some state, and the one task that looks for them all."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: dict[asyncio.Future[None], tuple[str, Reached]] = {}
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    async def until(self, request_id: str, reached: Reached) -> Request:
        """The request once its state is one of these; an error of the store reaches everybody who waits."""
        request = await self._store.request(request_id)
        while not reached(request.status):
            if self._closed:  # while the store was asked
                raise asyncio.CancelledError
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting[arrived] = (request.id, reached)
            try:
                self._keep_looking()
                await arrived
            finally:
                del self._waiting[arrived]
            request = await self._store.request(request.id)
        return request

    async def close(self) -> None:
        """Look no more; whoever still waits is cancelled."""
        self._closed = True
        for arrived in self._waiting:
            arrived.cancel()
        if self._looking:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    def _keep_looking(self) -> None:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="waiting for requests")
            self._looking.add_done_callback(self._ended)

    async def _look(self) -> None:
        while self._waiting:
            seen = self._store.changes
            self._tell(await self._store.statuses({request_id for request_id, _ in self._waiting.values()}))
            await asyncio.sleep(GATHERING)
            await self._store.wait_for_change(GLANCE, seen)

    def _tell(self, statuses: dict[str, Status]) -> None:
        for arrived, (request_id, reached) in self._waiting.items():
            if not arrived.done() and request_id in statuses and reached(statuses[request_id]):
                arrived.set_result(None)

    def _ended(self, looking: asyncio.Task[None]) -> None:
        error = None if looking.cancelled() else looking.exception()
        for arrived in self._waiting if error else ():
            if error and not arrived.done():
                arrived.set_exception(error)
