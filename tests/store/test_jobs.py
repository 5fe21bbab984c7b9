"""Every change of a job is a compare-and-set on job, attempt, status and epoch."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest

from pixxelbot.errors import Fenced, LostRace, NotFound, OutOfMemory
from pixxelbot.intent import Intent
from pixxelbot.job import Status
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from tests import factories
from tests.databases import drawn, queued, rendered, running, stored_files


async def test_a_planned_request_becomes_one_queued_job(store: Store) -> None:
    job = await queued(store)
    assert await store.job(job.id) == await store.job_of(job.request_id) == job
    assert (await store.request(job.request_id)).status is Status.QUEUED
    with pytest.raises(LostRace):
        await store.queue_job(job.request_id, Intent(), factories.job())
    assert len(await store.jobs()) == 1


async def test_a_result_is_one_transaction(store: Store, settings: Settings) -> None:
    job, epoch = await running(store, recipe=factories.recipe(count=3))
    new = await store.finish_job(job, epoch, rendered(job))
    done = await store.job(job.id)
    assert (done.status, done.cost, done.attempt) == (Status.DONE, 2.5, 1)
    assert (await store.request(job.request_id)).status is Status.DONE
    assert await store.pictures(job=job.id) == new and [one.index for one in new] == [0, 1, 2]
    assert [entry.kind for entry in await store.due(time.time())] == ["result"]
    assert len(stored_files(settings)) == 4
    assert await store.picture_bytes(new[0].id) == factories.png()
    assert await store.grid_bytes(job.id) == factories.png("blue")


async def test_the_late_result_of_an_old_attempt_is_dropped_with_its_files(store: Store, settings: Settings) -> None:
    old, epoch = await running(store)
    again = await store.start_job(await store.requeue_job(old, epoch, "crash"), epoch)
    with pytest.raises(LostRace):
        await store.finish_job(old, epoch, rendered(old))
    assert stored_files(settings) == []
    assert len(await store.finish_job(again, epoch, rendered(again))) == 1
    assert len(await store.due(time.time())) == 1


async def test_a_result_recorded_twice_keeps_its_files(store: Store, settings: Settings) -> None:
    """As after a connection that broke while the commit was being confirmed."""
    job, epoch = await running(store)
    result = rendered(job)
    await store.finish_job(job, epoch, result)
    with pytest.raises(LostRace):
        await store.finish_job(job, epoch, result)
    assert len(stored_files(settings)) == 1


async def test_an_old_epoch_can_change_nothing(store: Store) -> None:
    job, old = await running(store)
    waiting = await queued(store)
    new = await store.raise_epoch()
    with pytest.raises(Fenced):
        await store.finish_job(job, old, rendered(job))
    for change in (store.start_job(waiting, old), store.release_job(job, old), store.requeue_job(job, old, "x")):
        with pytest.raises(Fenced):
            await change
    with pytest.raises(Fenced):
        await store.fail_job(job, old, OutOfMemory("no"))
    assert [one.id for one in await store.recover(new)] == [job.id]


async def test_recovery_keeps_the_attempt_raised(store: Store) -> None:
    job, _ = await running(store)
    epoch = await store.raise_epoch()
    (recovered,) = await store.recover(epoch)
    assert (recovered.status, recovered.attempt, recovered.crashes) == (Status.QUEUED, 1, 0)
    assert (await store.start_job(recovered, epoch)).attempt == 2
    with pytest.raises(LostRace):
        await store.finish_job(job, epoch, rendered(job))


async def test_a_job_that_crashes_too_often_is_poisoned_and_told(store: Store) -> None:
    job, epoch = await running(store)
    for _ in range(store.settings.max_attempts - 1):
        job = await store.start_job(await store.requeue_job(job, epoch, "signal 11"), epoch)
    poisoned = await store.requeue_job(job, epoch, "signal 11")
    assert poisoned.status is Status.POISONED and poisoned.error_message and "3 times" in poisoned.error_message
    (entry,) = await store.due(time.time())
    assert (entry.kind, entry.request.error_code, entry.request.status) == ("error", "poisoned", Status.POISONED)


async def test_cancelling_ends_what_waits_and_what_runs_but_not_what_has_ended(store: Store) -> None:
    waiting = await queued(store)
    active, epoch = await running(store)
    for job in (waiting, active):
        assert (await store.cancel_job(job.id, by="discord:1")).status is Status.CANCELLED
        with pytest.raises(LostRace):
            await store.cancel_job(job.id)
    with pytest.raises(LostRace):
        await store.finish_job(active, epoch, rendered(active))
    assert [entry.kind for entry in await store.due(time.time())] == ["cancelled"] * 2


async def test_what_failed_can_be_tried_again_and_nobody_is_told_of_an_end_that_was_none(store: Store) -> None:
    job, epoch = await running(store)
    await store.fail_job(job, epoch, OutOfMemory("no room"))
    again = await store.retry_job(job.id)
    assert (again.status, again.error_code, again.crashes) == (Status.QUEUED, None, 0)
    assert await store.due(time.time()) == []
    with pytest.raises(LostRace):
        await store.retry_job(job.id)
    again = await store.start_job(again, epoch)
    await store.finish_job(again, epoch, rendered(again))
    request = await store.request(job.request_id)
    assert request.status is Status.DONE and request.error_code is None


async def test_changes_are_read_in_order_from_a_mark(store: Store) -> None:
    first = await queued(store)
    mark, jobs = await store.open_jobs()
    assert [job.id for job in jobs] == [first.id]
    assert await store.changed_jobs(mark) == (mark, [])
    second = await queued(store)
    await store.cancel_job(first.id)
    later, changed = await store.changed_jobs(mark)
    assert [(job.id, job.status) for job in changed] == [(second.id, Status.QUEUED), (first.id, Status.CANCELLED)]
    one, page = await store.changed_jobs(mark, limit=1)
    assert len(page) == 1 and await store.changed_jobs(one) == (later, changed[1:])


async def test_jobs_are_listed_counted_and_found_by_part_of_their_id(store: Store) -> None:
    done, waiting = await drawn(store), await queued(store)
    assert await store.counts() == {Status.DONE: 1, Status.QUEUED: 1}
    assert [job.id for job in await store.jobs(statuses=(Status.QUEUED,))] == [waiting.id]
    assert [job.id for job in await store.jobs(newest=False)] == [done.id, waiting.id]
    assert (await store.job(waiting.id[-10:])).id == waiting.id
    with pytest.raises(NotFound):
        await store.job("01")


async def test_progress_of_another_attempt_is_not_noted(store: Store) -> None:
    job, _ = await running(store)
    await store.note_progress(job, 3, 10)
    await store.note_progress(replace(job, attempt=9), 8, 10)
    assert (await store.job(job.id)).step == 3


async def test_a_request_from_the_cli_leaves_nothing_in_the_outbox(store: Store) -> None:
    await drawn(store, factories.request(address=factories.Address(), member_id="cli:ana"))
    assert await store.due(time.time()) == []


async def test_a_change_beside_one_that_failed_hides_no_later_change(store: Store) -> None:
    """Who reads from a mark relies on revisions that only grow, also where a neighbour's was undone."""
    earlier, later = await queued(store), await queued(store)
    stale, epoch = await running(store)
    mark, _ = await store.open_jobs()
    changes = (store.start_job(stale, epoch), store.cancel_job(later.id))
    await asyncio.gather(*changes, return_exceptions=True)
    mark, seen = await store.changed_jobs(mark)
    assert [job.id for job in seen] == [later.id]
    await store.cancel_job(earlier.id)
    assert [job.id for job in (await store.changed_jobs(mark))[1]] == [earlier.id]
