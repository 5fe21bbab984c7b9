"""The one dispatcher: takes the lock, hands waiting jobs to the renderer in the policy's order, records every end.

stand by → take the lock → raise the epoch → recover what was running → (catch up → hand out → wait)* → put back
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, cast

from pixxelbot.dispatch.lock import lock_for
from pixxelbot.dispatch.policy import Policy, Ticket
from pixxelbot.dispatch.renderer import Renderer
from pixxelbot.errors import (
    Fenced,
    LostRace,
    PixxelbotError,
    RenderError,
    StorageFull,
    StorageUnwritable,
    StoreError,
)
from pixxelbot.job import Estimate, Job, Progress, Rendered, Status
from pixxelbot.recipe import Recipe
from pixxelbot.settings import Settings
from pixxelbot.store import Store

log = logging.getLogger(__name__)

PAUSED: Final = "queue.paused"
"""Flag of the store: while set, nothing new is handed out."""
STANDBY_SECONDS: Final = 0.5
"""Between two tries to take the lock."""
TURN_SECONDS: Final = 1.0
"""Longest time between two looks at the queue when nothing wakes us."""
STUCK_SECONDS: Final = 10.0
"""A renderer that does not let go of a cancelled job for so long is not waited for."""
RESTART_SECONDS: Final = 60.0
"""After a crash the renderer gets so long to be ready again before it is handed jobs all the same."""
NOTE_SECONDS: Final = 1.0
"""Between two notes of a job's progress in the database."""
WAITING_BOUND: Final = 300.0
"""Seconds at the head of its member's line after which a job is overdue."""
HOUSEKEEPING_SECONDS: Final = 3600.0
RETRY_SECONDS: Final = (0.1, 5.0)
"""First and longest pause between tries to write to the database."""
TRIES_WHEN_STOPPING: Final = 3
"""Tries to record an end when the process is going; the next dispatcher recovers what was not recorded."""


class _Why(Enum):
    """Why a drawing was cut off."""

    CANCELLED = "its row says so already"
    STOPPING = "the job goes back into the queue"
    FENCED = "another dispatcher has it"


@dataclass(slots=True, eq=False)
class _Active:
    """A job from being chosen until its end is recorded."""

    ticket: Ticket
    job: Job
    since: float
    why: _Why | None = None
    drawing: asyncio.Task[Rendered] | None = None
    given_up: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress | None = None
    noted: float = 0.0

    def stop(self, why: _Why) -> None:
        """Cut the drawing off; one that was cut off already keeps its first reason, but a fence beats all."""
        if self.why is None or why is _Why.FENCED:
            self.why = why
        if self.drawing:
            self.drawing.cancel()
            asyncio.get_running_loop().call_later(STUCK_SECONDS, self.given_up.set)


class Dispatcher:
    """Serves the queue of one store with one renderer; `only` restricts it to a single job."""

    def __init__(
        self,
        store: Store,
        renderer: Renderer,
        settings: Settings,
        on_progress: Callable[[Job, Progress], None] | None = None,
        only: str | None = None,
    ) -> None:
        self._store, self._renderer, self._settings, self._only = store, renderer, settings, only
        self._on_progress = on_progress
        self._lock = lock_for(store)
        self._woken = asyncio.Event()
        self._stopping = self._fenced = self._broken = self._paused = False
        self._epoch = 0
        self._mark = (0, "")
        self._policy = Policy(WAITING_BOUND)
        self._queued: dict[str, Job] = {}
        self._passed_over: set[str] = set()
        self._active: dict[str, _Active] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._starting: asyncio.Task[None] | None = None
        self._crashed_at: float | None = None
        self.obstacle: StoreError | None = None
        """Why no job can start now, where the database is why."""
        self._held_until, self._pause = 0.0, RETRY_SECONDS[0]
        self._forecast: tuple[int, float, dict[str, Estimate]] = (-1, 0.0, {})

    # --- from outside -------------------------------------------------------------------------------------------

    @property
    def active(self) -> tuple[str, ...]:
        """Ids of the jobs that are being drawn."""
        return tuple(self._active)

    @property
    def in_charge(self) -> bool:
        """Whether this dispatcher holds the lock and hands out jobs."""
        return self._epoch > 0 and not self._fenced

    async def run(self) -> None:
        """Dispatch whenever the lock is ours, stand by when it is not; returns after `stop`.

        Raises:
            StorageFull: `only` one job is to be served, and the disk has no room to start it.
        """
        while not self._stopping:
            if await self._lock.try_take():
                try:
                    await self._reign()
                except StoreError as error:
                    if error is self.obstacle:
                        raise
                    log.warning("the dispatcher lets go of the queue: %s", error)
                finally:
                    await self._lock.release()
            self._woken.clear()
            await self._sleep(STANDBY_SECONDS)

    def stop(self) -> None:
        """End `run`; what is being drawn goes back into the queue."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """Look at the queue now."""
        self._woken.set()

    async def cancel(self, job_id: str) -> None:
        """Cancel a job, and stop drawing it within one step."""
        with contextlib.suppress(LostRace):  # its row may say so already
            await self._store.cancel_job(job_id)
        self._policy.remove(job_id)
        if active := self._active.get(job_id):
            active.stop(_Why.CANCELLED)
        self.wake()

    def estimate(self, job_id: str) -> Estimate | None:
        """Place in line and seconds until it is done; None for a job that this dispatcher does not have."""
        if active := self._active.get(job_id):
            return Estimate(place=0, seconds=self._left(active))
        if job_id not in self._policy:
            return None
        version, when, places = self._forecast
        if version != self._policy.version and (time.monotonic() - when >= 1.0 or job_id not in places):
            places = self._foresee()
            self._forecast = (self._policy.version, time.monotonic(), places)
        return places.get(job_id) or self._beyond()

    # --- while in charge ----------------------------------------------------------------------------------------

    async def _reign(self) -> None:
        works = self._store.tell_changes(self.wake), self._guard(), self._keep_house()
        background = [asyncio.create_task(work) for work in works]
        try:
            await self._take_over()
            while not (self._stopping or self._fenced or self._broken):
                self._woken.clear()
                await self._turn()
                if self._only and isinstance(self.obstacle, StorageFull):  # somebody waits for this one job alone
                    raise self.obstacle
                await self._sleep(TURN_SECONDS if self._usable or not len(self._policy) else 0.1)
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await self._put_back()
            self._epoch = 0

    async def _take_over(self) -> None:
        self._fenced = self._broken = False
        self._epoch = await self._store.raise_epoch()
        recovered = await self._store.recover(self._epoch)
        log.info("dispatching as epoch %d, %d jobs recovered", self._epoch, len(recovered))
        self._policy, self._queued = Policy(WAITING_BOUND), {}
        self._passed_over.clear()
        self._mark, jobs = await self._store.open_jobs()
        for job in jobs:
            self._see(job)
        if not self._renderer.ready and self._starting is None:
            self._starting = asyncio.create_task(self._renderer.start())
            self._starting.add_done_callback(self._started_up)

    def _started_up(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) and not self._stopping:
            log.error("the renderer did not start: %s", error)
        self._starting = None
        self.wake()

    async def _turn(self) -> None:
        try:
            await self._catch_up()
        except StoreError as error:
            log.warning("the queue cannot be read now: %s", error)
        else:
            self._hand_out()

    async def _catch_up(self) -> None:
        """Take in what anybody changed since the last look."""
        self._paused = (await self._store.flag(PAUSED) or "0") not in ("", "0", "no", "false")
        while True:
            self._mark, jobs = await self._store.changed_jobs(self._mark)
            if not jobs:
                break
            for job in jobs:
                self._see(job)
        for job_id in self._passed_over - self._active.keys():
            self._passed_over.discard(job_id)
            self._see(await self._store.job(job_id))

    def _see(self, job: Job) -> None:
        """Take in one job. Rows must be seen in the order they were read, or a stale one undoes a newer one."""
        if self._only not in (None, job.id):
            return
        if active := self._active.get(job.id):
            if job.status is Status.QUEUED:  # cancelled and retried, say: to be read again when this attempt is over
                self._passed_over.add(job.id)
            elif job.status.ended and active.why is None:
                active.stop(_Why.CANCELLED)
        elif job.status is Status.QUEUED:
            self._queued[job.id] = job
            if job.id not in self._policy:
                self._policy.add(_ticket(job), time.monotonic())
        elif job.status.ended:
            self._policy.remove(job.id)
            self._queued.pop(job.id, None)

    def _hand_out(self) -> None:
        while self._has_room and (ticket := self._policy.next(time.monotonic())):
            job = self._queued.pop(ticket.job_id)
            if self._suspect(job) and self._active:
                self._back_in_line(ticket, job)
                return
            active = _Active(ticket, job, time.monotonic())
            self._active[job.id] = active
            self._spawn(self._serve(active))

    @property
    def _has_room(self) -> bool:
        """A suspect is drawn alone, so that the next crash tells whose fault it is."""
        alone = any(self._suspect(active.job) for active in self._active.values())
        free = len(self._active) < self._settings.in_flight
        held = self._paused or self._stopping or time.monotonic() < self._held_until
        return free and not alone and not held and self._usable

    def _suspect(self, job: Job) -> bool:
        return job.crashes > 0 and job.crashes >= self._settings.max_attempts - 1

    @property
    def _usable(self) -> bool:
        """Whether the renderer may be handed a job."""
        if self._starting is not None:
            return False
        if self._renderer.ready or self._crashed_at is None:
            return True
        return time.monotonic() - self._crashed_at > RESTART_SECONDS

    # --- one job ------------------------------------------------------------------------------------------------

    async def _serve(self, active: _Active) -> None:
        """One job, from being chosen to its recorded end."""
        try:
            if await self._start(active):
                await self._record(active, await self._outcome(active))
        finally:
            self._policy.settle(active.ticket.job_id, 0.0)
            del self._active[active.ticket.job_id]
            self.wake()

    async def _start(self, active: _Active) -> bool:
        try:
            active.job = await self._store.start_job(active.job, self._epoch)
        except Fenced:
            self._fence()
        except LostRace:
            log.debug("the job %s was changed before it could start", active.job.id)
        except StoreError as error:
            self._hold(error)
            self._back_in_line(active.ticket, active.job)
        else:
            self.obstacle, self._pause = None, RETRY_SECONDS[0]
            return True
        return False

    def _hold(self, error: StoreError) -> None:
        """Start nothing for a while, longer each time; say once what stands in the way."""
        if self.obstacle is None or str(self.obstacle) != str(error):
            log.warning("no job can start now: %s", error)
        self.obstacle = error
        self._held_until = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, RETRY_SECONDS[1])

    async def _outcome(self, active: _Active) -> Rendered | BaseException | _Why:
        """Draw it; what came of it, whatever that is."""
        if active.why:
            return active.why
        active.drawing = asyncio.create_task(self._draw(active))
        giving_up = asyncio.create_task(active.given_up.wait())
        await asyncio.wait({active.drawing, giving_up}, return_when=asyncio.FIRST_COMPLETED)
        giving_up.cancel()
        if not active.drawing.done():
            log.error("the renderer does not let go of the job %s", active.job.id)
        if not active.drawing.done() or active.drawing.cancelled():
            return active.why or RenderError("The drawing was cut off for an unknown reason. Please try again.")
        return active.drawing.exception() or active.drawing.result()

    async def _draw(self, active: _Active) -> Rendered:
        job = active.job.evolve(start_tag=active.ticket.start)
        sources = await self._sources(job.recipe)
        messages = cast(AsyncGenerator[Progress | Rendered, None], self._renderer.render(job, sources))
        async with contextlib.aclosing(messages):
            async for message in messages:
                if isinstance(message, Rendered):
                    return message
                self._progressed(active, message)
        raise RenderError("The renderer ended without a picture. Please try again.")

    async def _sources(self, recipe: Recipe) -> dict[str, bytes]:
        wanted = dict.fromkeys((*recipe.sources, *((recipe.mask,) if recipe.mask else ())))
        return {picture_id: await self._store.picture_bytes(picture_id) for picture_id in wanted}

    def _progressed(self, active: _Active, progress: Progress) -> None:
        active.progress = progress
        if self._on_progress:  # by the loop, so that a listener's error is not the job's
            seen = active.job.evolve(step=progress.step, total=progress.total)
            asyncio.get_running_loop().call_soon(self._on_progress, seen, progress)
        if time.monotonic() - active.noted >= NOTE_SECONDS:
            active.noted = time.monotonic()
            self._spawn(self._note(active.job, progress))

    async def _note(self, job: Job, progress: Progress) -> None:
        with contextlib.suppress(StoreError):  # the next note says more anyway
            await self._store.note_progress(job, progress.step, progress.total)

    # --- its recorded end ---------------------------------------------------------------------------------------

    async def _record(self, active: _Active, outcome: Rendered | BaseException | _Why) -> None:
        """Record an end; try again for as long as the database cannot."""
        pause, tries = RETRY_SECONDS[0], 0
        while not (self._fenced or (self._stopping and tries >= TRIES_WHEN_STOPPING)):
            try:
                await self._recorded(active, outcome)
                return
            except Fenced:
                self._fence()
            except LostRace:
                self._policy.settle(active.ticket.job_id, self._spent(active))
                return
            except StoreError as error:
                log.warning("the end of the job %s cannot be recorded now: %s", active.job.id, error)
                if isinstance(outcome, Rendered) and isinstance(error, StorageFull | StorageUnwritable):
                    outcome = error
                    continue
                tries += 1
                await asyncio.sleep(pause)
                pause = min(pause * 2, RETRY_SECONDS[1])
            except Exception as error:
                if isinstance(outcome, BaseException):
                    raise
                log.exception("the end of the job %s cannot be recorded as what it is", active.job.id)
                outcome = error

    async def _recorded(self, active: _Active, outcome: Rendered | BaseException | _Why) -> None:
        job, cost = active.job, self._spent(active)
        match outcome:
            case Rendered():
                await self._store.finish_job(job, self._epoch, outcome)
                cost = outcome.seconds
            case _Why.STOPPING:
                self._back_in_line(active.ticket, await self._store.release_job(job, self._epoch))
            case RenderError() if outcome.retryable:
                await self._after_crash(active, outcome)
            case PixxelbotError():
                await self._store.fail_job(job, self._epoch, outcome)
            case BaseException():
                log.error("the job %s failed unforeseen", job.id, exc_info=outcome)
                error = RenderError("Something unforeseen happened while drawing. The operator can see it in the log.")
                await self._store.fail_job(job, self._epoch, error)
        self._policy.settle(active.ticket.job_id, cost)

    async def _after_crash(self, active: _Active, error: RenderError) -> None:
        self._crashed_at = time.monotonic()
        job = await self._store.requeue_job(active.job, self._epoch, str(error))
        log.warning("the renderer died under the job %s (%d times): %s", job.id, job.crashes, error)
        if job.status is Status.QUEUED:
            self._back_in_line(active.ticket, job)

    def _back_in_line(self, ticket: Ticket, job: Job) -> None:
        self._queued[job.id] = job
        self._policy.put_back(ticket, time.monotonic())

    def _spent(self, active: _Active) -> float:
        """GPU-seconds to charge a job that ended early: its share of the time, at most what was predicted."""
        elapsed = time.monotonic() - active.since
        return min(elapsed / max(len(self._active), 1), active.ticket.cost)

    # --- the end of the reign -----------------------------------------------------------------------------------

    def _fence(self) -> None:
        """Another dispatcher is in charge: drop everything, record nothing."""
        if not self._fenced:
            log.warning("another dispatcher has taken over from epoch %d", self._epoch)
        self._fenced = True
        for active in self._active.values():
            active.stop(_Why.FENCED)
        self.wake()

    async def _put_back(self) -> None:
        for active in list(self._active.values()):
            active.stop(_Why.STOPPING)
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def _guard(self) -> None:
        """Fence ourselves when the lock is lost."""
        while True:
            await asyncio.sleep(1.0)
            if not await self._lock.held():
                self._fence()

    async def _keep_house(self) -> None:
        while self._only is None:
            with contextlib.suppress(PixxelbotError):
                if removed := await self._store.sweep():
                    log.info("%d files without rows removed", removed)
            await asyncio.sleep(HOUSEKEEPING_SECONDS)

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.critical("something unforeseen; the dispatcher recovers from what the database says", exc_info=error)
            self._broken = True
            self.wake()

    # --- estimates ----------------------------------------------------------------------------------------------

    def _foresee(self) -> dict[str, Estimate]:
        """Places of the first waiting jobs, by running the policy forward."""
        seconds = sum(map(self._left, self._active.values()))
        places = {}
        for place, ticket in enumerate(self._policy.forecast(time.monotonic()), start=1):
            seconds += self._renderer.forecast(self._queued[ticket.job_id].recipe).seconds  # as learnt by now
            places[ticket.job_id] = Estimate(place=place, seconds=seconds)
        return places

    def _beyond(self) -> Estimate:
        """What is told to those further back: the whole line."""
        seconds = sum(map(self._left, self._active.values())) + self._policy.cost
        return Estimate(place=len(self._policy), seconds=seconds)

    def _left(self, active: _Active) -> float:
        if active.progress and active.progress.seconds_left is not None:
            return active.progress.seconds_left
        return max(active.ticket.cost - self._spent(active), 0.0)


def _ticket(job: Job) -> Ticket:
    return Ticket(job_id=job.id, member=job.member_id, cost=job.cost, weight=job.weight)
