"""A bot without Discord and without a model, to be killed: accepts numbered events, draws, delivers.

    python -m tests.dispatch.victim HOME DATABASE_URL EVENTS

Says `accepted N` after the store has answered for event N, and `leading` when it holds the dispatcher's lock.
Delivering is idempotent by request id, as an edit of a placeholder is: the file `posts/REQUEST` is made or kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from pixxelbot.dispatch.dispatcher import Dispatcher
from pixxelbot.dispatch.outbox import Outbox
from pixxelbot.errors import DatabaseBusy, LostRace
from pixxelbot.intent import Intent
from pixxelbot.job import Delivery, Request, Status
from pixxelbot.store import Store
from tests import factories
from tests.dispatch.renderers import FakeRenderer


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def plan(store: Store, request: Request) -> None:
    recipe = factories.recipe(count=2)
    job = factories.job(request_id=request.id, member_id=request.member_id, recipe=recipe)
    with contextlib.suppress(LostRace):  # the other victim planned it
        await store.queue_job(request.id, Intent(), job)


async def feed(store: Store, first: int, last: int) -> None:
    """Replay from a little before where we were, as a gateway does, then go on."""
    for request in await store.requests(statuses=(Status.PLANNING,)):
        await plan(store, request)
    for number in range(max(first - 3, 0), last):
        event = factories.request(source_event_id=f"event:{number}", member_id=f"discord:{number % 5}")
        request, _ = await store.accept(event)
        say(f"accepted {number}")
        await plan(store, request)


async def patiently_feed(store: Store, first: int, last: int) -> None:
    while True:
        try:
            await feed(store, first, last)
        except DatabaseBusy:
            await asyncio.sleep(0.1)
        else:
            return


async def main(home: Path, url: str, first: int, last: int) -> None:
    store = await Store.open(factories.settings(home, database_url=url or None))

    async def deliver(delivery: Delivery) -> str:
        await asyncio.sleep(0.005)
        with contextlib.suppress(FileExistsError):
            (home / "posts" / delivery.request.id).touch(exist_ok=False)
            say(f"posted {delivery.request.id}")
        return delivery.request.id

    dispatcher = Dispatcher(store, FakeRenderer(seconds=0.01), store.settings)
    work = [dispatcher.run(), Outbox(store, deliver).run(), patiently_feed(store, first, last)]
    tasks = [asyncio.create_task(one) for one in work]
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, dispatcher.stop)
    leading = False
    while not tasks[0].done():
        if dispatcher.in_charge and not leading:
            leading = True
            say("leading")
        await asyncio.sleep(0.01)
    tasks[1].cancel()
    await asyncio.gather(*tasks[1:], return_exceptions=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
