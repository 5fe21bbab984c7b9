"""One dispatcher decides; every started job reaches a recorded end."""

from __future__ import annotations

import asyncio
import random
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from pixxelbot.dispatch.dispatcher import Dispatcher
from pixxelbot.errors import OutOfMemory, RendererCrashed, RenderError, StorageFull
from pixxelbot.job import Job, Progress, Status
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from tests import factories, postgres
from tests.databases import queued, running, stored_files, until
from tests.dispatch.renderers import FakeRenderer


@asynccontextmanager
async def dispatching(store: Store, renderer: FakeRenderer, **options: Any) -> AsyncIterator[Dispatcher]:
    dispatcher = Dispatcher(store, renderer, options.pop("settings", store.settings), **options)
    task = asyncio.create_task(dispatcher.run())
    try:
        yield dispatcher
    finally:
        dispatcher.stop()
        await asyncio.wait_for(task, 30)


async def ended(store: Store, *jobs: Job) -> list[Job]:
    """The jobs, once all have ended."""

    async def all_ended() -> bool:
        return all([(await store.job(job.id)).status.ended for job in jobs])

    await until(all_ended, 60)
    return [await store.job(job.id) for job in jobs]


async def started(renderer: FakeRenderer, number: int = 1) -> None:
    async def enough() -> bool:
        return len(renderer.begun) >= number

    await until(enough)


async def test_a_queued_job_is_drawn_and_told(store: Store) -> None:
    seen: list[Progress] = []
    async with dispatching(store, FakeRenderer(), on_progress=lambda job, progress: seen.append(progress)):
        (job,) = await ended(store, await queued(store))
    assert (job.status, job.attempt) == (Status.DONE, 1)
    assert [one.step for one in seen] == [1, 2]
    assert [entry.kind for entry in await store.due(time.time())] == ["result"]
    assert len(await store.pictures(job=job.id)) == 1


async def test_sources_and_mask_reach_the_renderer(store: Store) -> None:
    pictures = [await store.keep_upload(factories.png(color), "discord:1", 64, 48) for color in ("red", "white")]
    recipe = factories.recipe(kind="inpaint", sources=(pictures[0].id,), mask=pictures[1].id)
    renderer = FakeRenderer()
    async with dispatching(store, renderer):
        await ended(store, await queued(store, recipe=recipe))
    assert renderer.sources == [{pictures[0].id: factories.png("red"), pictures[1].id: factories.png("white")}]


async def test_a_source_that_was_deleted_fails_the_job_with_words(store: Store) -> None:
    picture = await store.keep_upload(factories.png(), "discord:1", 64, 48)
    job = await queued(store, recipe=factories.recipe(kind="img2img", sources=(picture.id,)))
    await store.delete_picture(picture.id)
    async with dispatching(store, FakeRenderer()):
        (job,) = await ended(store, job)
    assert (job.status, job.error_code) == (Status.FAILED, "not_found")


async def test_no_more_jobs_are_in_flight_than_allowed(store: Store) -> None:
    jobs = [await queued(store) for _ in range(9)]
    renderer = FakeRenderer(seconds=0.1)
    async with dispatching(store, renderer, settings=store.settings.model_copy(update={"in_flight": 3})):
        await ended(store, *jobs)
    assert renderer.most_at_once == 3


async def test_members_take_turns(store: Store) -> None:
    flood = [await queued(store) for _ in range(5)]
    single = await queued(store, factories.request(member_id="discord:2"))
    renderer = FakeRenderer()
    async with dispatching(store, renderer, settings=store.settings.model_copy(update={"in_flight": 1})):
        await ended(store, *flood, single)
    assert single.id in [job.id for job in renderer.begun[:2]]


async def test_a_final_error_fails_the_job_and_is_told(store: Store) -> None:
    async with dispatching(store, FakeRenderer(fails=lambda job: OutOfMemory("Choose a smaller size."))):
        (job,) = await ended(store, await queued(store))
    assert (job.status, job.error_code, job.error_message) == (Status.FAILED, "out_of_memory", "Choose a smaller size.")
    assert [entry.kind for entry in await store.due(time.time())] == ["error"]


async def test_an_unforeseen_error_fails_the_job_too(store: Store) -> None:
    class Broken(FakeRenderer):
        async def render(self, job: Job, sources: Any) -> AsyncIterator[Any]:
            raise ZeroDivisionError
            yield

    async with dispatching(store, Broken()):
        (job,) = await ended(store, await queued(store))
    assert (job.status, job.error_code) == (Status.FAILED, "render")


async def test_a_result_that_cannot_be_recorded_as_what_it_is_fails_the_job(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def impossible(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(store, "finish_job", impossible)
    async with dispatching(store, FakeRenderer()):
        (job,) = await ended(store, await queued(store))
    assert (job.status, job.error_code) == (Status.FAILED, "render")


async def full(*_: Any) -> None:
    raise StorageFull("here", 0, 2**20)


async def test_a_full_disk_starts_nothing_and_is_said_once(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start = store.start_job
    monkeypatch.setattr(store, "start_job", full)
    async with dispatching(store, FakeRenderer()) as dispatcher:
        job = await queued(store)
        await until(lambda: _is_there(dispatcher))
        await asyncio.sleep(1.0)
        monkeypatch.setattr(store, "start_job", start)
        (job,) = await ended(store, job)
    assert job.status is Status.DONE
    assert sum("no job can start" in line for line in caplog.messages) == 1


async def test_who_waits_for_one_job_alone_is_told_of_a_full_disk(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "start_job", full)
    job = await queued(store)
    dispatcher = Dispatcher(store, FakeRenderer(), store.settings, only=job.id)
    with pytest.raises(StorageFull):
        await asyncio.wait_for(dispatcher.run(), 30)
    assert (await store.job(job.id)).status is Status.QUEUED


async def _is_there(dispatcher: Dispatcher) -> bool:
    return dispatcher.obstacle is not None


async def test_a_dispatcher_that_fails_unforeseen_recovers_from_what_the_database_says(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, tried = store.start_job, []

    async def at_the_second_time(job: Job, epoch: int) -> Job:
        tried.append(epoch)
        if len(tried) == 1:
            raise ZeroDivisionError
        return await start(job, epoch)

    monkeypatch.setattr(store, "start_job", at_the_second_time)
    async with dispatching(store, FakeRenderer()):
        (job,) = await ended(store, await queued(store))
    assert job.status is Status.DONE
    assert tried[1] > tried[0]


async def test_a_crash_costs_an_attempt_and_not_the_job(store: Store) -> None:
    def once(job: Job) -> RenderError | None:
        return RendererCrashed("signal 9") if job.attempt == 1 else None

    async with dispatching(store, FakeRenderer(fails=once)):
        (job,) = await ended(store, await queued(store))
    assert (job.status, job.attempt, job.crashes) == (Status.DONE, 2, 1)
    assert len(await store.due(time.time())) == 1


async def test_a_job_that_brings_the_renderer_down_is_set_aside_and_its_neighbours_are_not(store: Store) -> None:
    guilty = await queued(store, recipe=factories.recipe(prompt="bomb"))
    innocent = [await queued(store, factories.request(member_id=f"discord:{n}")) for n in range(3)]
    renderer = FakeRenderer(seconds=0.01)

    def all_die(job: Job) -> RenderError | None:
        falling = any(one.recipe.prompt == "bomb" for one in renderer.begun[-renderer.at_once :])
        return RendererCrashed("signal 11") if job.recipe.prompt == "bomb" or falling else None

    renderer.fails = all_die
    async with dispatching(store, renderer, settings=store.settings.model_copy(update={"in_flight": 4})):
        jobs = await ended(store, guilty, *innocent)
    assert [job.status for job in jobs] == [Status.POISONED] + [Status.DONE] * 3


async def test_a_running_job_is_cancelled_within_a_step(store: Store) -> None:
    renderer = FakeRenderer(seconds=0.02, steps=10_000)
    async with dispatching(store, renderer) as dispatcher:
        job = await queued(store)
        await started(renderer)
        await dispatcher.cancel(job.id)
        (job,) = await ended(store, job)

        async def let_go() -> bool:
            return renderer.at_once == 0 and not dispatcher.active

        await until(let_go, 5)
    assert job.status is Status.CANCELLED
    assert [entry.kind for entry in await store.due(time.time())] == ["cancelled"]


async def test_a_cancel_by_another_process_is_noticed(store: Store, settings: Settings) -> None:
    other = await Store.open(settings)
    renderer = FakeRenderer(seconds=0.02, steps=10_000)
    async with dispatching(store, renderer) as dispatcher:
        job = await queued(store)
        await started(renderer)
        await other.cancel_job(job.id)

        async def let_go() -> bool:
            return not dispatcher.active

        await until(let_go, 10)
    await other.close()
    assert (await store.job(job.id)).status is Status.CANCELLED and renderer.at_once == 0


async def test_a_job_cancelled_and_retried_while_it_is_drawn_is_drawn_once_more(store: Store) -> None:
    renderer = FakeRenderer(seconds=0.05, steps=4)
    async with dispatching(store, renderer):
        job = await queued(store)
        await started(renderer)
        await store.cancel_job(job.id)
        await store.retry_job(job.id)
        await started(renderer, 2)
        (job,) = await ended(store, job)
    assert job.status is Status.DONE and len(await store.pictures(job=job.id)) == 1


async def test_a_stop_puts_what_runs_back_into_the_queue(store: Store) -> None:
    renderer = FakeRenderer(seconds=0.02, steps=10_000)
    async with dispatching(store, renderer):
        jobs = [await queued(store) for _ in range(3)]
        await started(renderer, 3)
    assert [(await store.job(job.id)).status for job in jobs] == [Status.QUEUED] * 3
    assert await store.due(time.time()) == []
    async with dispatching(store, FakeRenderer()):
        assert [job.status for job in await ended(store, *jobs)] == [Status.DONE] * 3


async def test_a_paused_queue_hands_out_nothing_until_it_is_resumed(store: Store, settings: Settings) -> None:
    other = await Store.open(settings)
    await other.set_flag("queue.paused", "yes")
    renderer = FakeRenderer()
    async with dispatching(store, renderer) as dispatcher:
        job = await queued(store)

        async def is_waiting() -> bool:
            return dispatcher.estimate(job.id) is not None

        await until(is_waiting)
        assert renderer.begun == []
        await other.set_flag("queue.paused", None)
        await ended(store, job)
    await other.close()


async def test_a_dispatcher_for_one_job_serves_no_other(store: Store) -> None:
    others, own = [await queued(store) for _ in range(3)], await queued(store)
    renderer = FakeRenderer()
    async with dispatching(store, renderer, only=own.id):
        await ended(store, own)
    assert [job.id for job in renderer.begun] == [own.id]
    assert [(await store.job(job.id)).status for job in others] == [Status.QUEUED] * 3


async def test_waiting_members_are_told_their_place_and_time(store: Store) -> None:
    renderer = FakeRenderer(seconds=0.05, steps=100, foreseen=5.0)
    async with dispatching(store, renderer, settings=store.settings.model_copy(update={"in_flight": 1})) as dispatcher:
        jobs = [await queued(store, cost=5.0) for _ in range(4)]
        renderer.foreseen = 10.0  # learnt since they were accepted

        async def known() -> bool:
            return dispatcher.estimate(jobs[3].id) is not None and len(dispatcher.active) == 1

        await until(known)
        estimates = [dispatcher.estimate(job.id) for job in jobs]
        assert [one.place for one in estimates if one] == [0, 1, 2, 3]
        seconds = [one.seconds for one in estimates if one]
        assert seconds == sorted(seconds) and 30 < seconds[3] <= 35 and seconds[3] - seconds[2] == pytest.approx(10)
        assert dispatcher.estimate("unknown") is None


async def test_pictures_that_find_no_room_fail_the_job_and_it_can_be_tried_again(
    store: Store, settings: Settings
) -> None:
    in_the_way = settings.home / "pictures"
    in_the_way.write_text("a file where the folder should be")
    async with dispatching(store, FakeRenderer()):
        (job,) = await ended(store, await queued(store))
        assert (job.status, job.error_code) == (Status.FAILED, "storage_unwritable")
        in_the_way.unlink()
        await store.retry_job(job.id)
        (job,) = await ended(store, job)
    assert job.status is Status.DONE and len(stored_files(settings)) == 1


async def test_a_dispatcher_that_starts_recovers_what_a_dead_one_left(store: Store) -> None:
    job, _ = await running(store)
    async with dispatching(store, FakeRenderer()):
        (job,) = await ended(store, job)
    assert (job.status, job.attempt, job.crashes) == (Status.DONE, 2, 0)


async def test_a_fenced_dispatcher_drops_what_it_has_and_records_nothing(store: Store) -> None:
    renderer = FakeRenderer(seconds=0.05, steps=3)
    async with dispatching(store, renderer):
        job = await queued(store)
        await started(renderer)
        await store.raise_epoch()  # as another dispatcher would, that thinks this one dead
        (job,) = await ended(store, job)
    assert (job.status, job.attempt) == (Status.DONE, 2)
    assert len(await store.due(time.time())) == 1


async def test_a_standby_takes_over_when_the_first_ends(store: Store, settings: Settings) -> None:
    other = await Store.open(settings)
    first, second = FakeRenderer(seconds=0.02, steps=10_000), FakeRenderer()
    async with dispatching(other, second):
        pass  # a dispatcher that has let go leaves nothing locked
    async with dispatching(store, first) as leading:
        job = await queued(store)
        await started(first)
        async with dispatching(other, second) as standing_by:
            await asyncio.sleep(0.7)
            assert leading.in_charge and not standing_by.in_charge and second.begun == []
            leading.stop()
            (job,) = await ended(store, job)
            assert standing_by.in_charge
    await other.close()
    assert job.status is Status.DONE and [one.id for one in second.begun] == [job.id]


async def test_jobs_go_on_after_the_server_was_restarted(server: postgres.PostgreSQL, tmp_path: Any) -> None:
    with server.database() as url:
        store = await Store.open(factories.settings(tmp_path, database_url=url))
        await store.migrate()
        renderer = FakeRenderer(seconds=0.02, steps=20)
        async with dispatching(store, renderer):
            jobs = [await queued(store) for _ in range(20)]
            await started(renderer, 3)
            await asyncio.to_thread(server.restart)
            until_back = asyncio.create_task(_back(store))
            await asyncio.wait_for(until_back, 30)
            jobs = await ended(store, *jobs)
        assert {job.status for job in jobs} == {Status.DONE}
        assert len(await store.due(time.time(), limit=100)) == 20
        await store.close()


async def _back(store: Store) -> None:
    from pixxelbot.errors import DatabaseBusy

    while True:
        try:
            await store.counts()
        except DatabaseBusy:
            await asyncio.sleep(0.1)
        else:
            return


@pytest.mark.parametrize("number", [1_000])
async def test_many_jobs_with_cancels_and_retries_end_as_they_should(store: Store, number: int) -> None:
    dice = random.Random(3)

    def sometimes(job: Job) -> RenderError | None:
        return RendererCrashed("unlucky") if job.attempt == 1 and zlib.crc32(job.id.encode()) % 10 == 0 else None

    renderer = FakeRenderer(fails=sometimes)
    async with dispatching(store, renderer, settings=store.settings.model_copy(update={"in_flight": 32})):
        jobs = await asyncio.gather(
            *(queued(store, factories.request(member_id=f"discord:{n % 17}")) for n in range(number))
        )
        cancelled = [job for job in jobs if dice.random() < 0.1]
        retried = [job for job in cancelled if dice.random() < 0.5]
        outcomes = await asyncio.gather(*(store.cancel_job(job.id) for job in cancelled), return_exceptions=True)
        again = await asyncio.gather(*(store.retry_job(job.id) for job in retried), return_exceptions=True)

        async def drained() -> bool:
            return not (await store.counts()).keys() & {Status.QUEUED, Status.RUNNING}

        await until(drained, 400)
    took = sum(isinstance(one, Job) for one in outcomes) - sum(isinstance(one, Job) for one in again)
    assert await store.counts() == {Status.CANCELLED: took, Status.DONE: number - took}
    assert len(await store.pictures()) == number - took
    results = [
        entry.job.id for entry in await store.due(time.time(), limit=10_000) if entry.kind == "result" and entry.job
    ]
    assert len(results) == len(set(results)) == number - took


async def test_the_renderer_is_told_the_tags_by_which_it_may_switch(store: Store) -> None:
    """A member's second job starts where their first ends; another member's first starts with the line."""
    renderer = FakeRenderer()
    await store.set_flag("queue.paused", "yes")
    async with dispatching(store, renderer):
        first, second = [await queued(store, member_id="discord:1", cost=6.0, weight=2.0) for _ in range(2)]
        others = await queued(store, member_id="discord:2", cost=1.0)
        await store.set_flag("queue.paused", None)
        await ended(store, first, second, others)
    tags = {job.id: job.start_tag for job in renderer.begun}
    assert (tags[first.id], tags[second.id], tags[others.id]) == (0.0, 3.0, 0.0)
    assert {job.cost for job in renderer.begun} == {6.0, 1.0}
