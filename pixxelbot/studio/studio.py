"""What may be asked of the bot. Every way in (Discord, CLI, later the web) ends here.

accept → plan → resolve the pictures meant → check rights → clamp → Recipe → Job row → dispatcher.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final, Protocol

from pixxelbot import picture as pictures
from pixxelbot.errors import (
    EmptyPrompt,
    LostRace,
    NotFound,
    PixxelbotError,
    PromptTooLong,
    Refused,
    Unsupported,
)
from pixxelbot.intent import Action, Ask, Changes, Intent
from pixxelbot.job import Address, Estimate, Job, Request, Status
from pixxelbot.picture import Picture
from pixxelbot.planner import Planner
from pixxelbot.planner.flags import read_flags
from pixxelbot.planner.styles import load_styles
from pixxelbot.recipe import MAX_PROMPT, Limits, Recipe
from pixxelbot.rights import Verb, is_operator, may
from pixxelbot.store import Store
from pixxelbot.studio.policy import Policy
from pixxelbot.studio.recipes import FOLLOW_UPS, Recipes

log = logging.getLogger(__name__)

CONTEXT: Final = 12
"""Recent pictures a planner is shown."""
PLANS_AT_ONCE: Final = 16
"""A burst of requests must not open a hundred connections to the language model."""
WORDS_ONLY: Final = frozenset({"chat", "help", "clarify"})


class Queue(Protocol):
    """What the studio needs of the dispatcher, where one runs in this process."""

    def wake(self) -> None:
        """Look at the queue now."""

    def estimate(self, job_id: str) -> Estimate | None:
        """Place in line and seconds left."""

    async def cancel(self, job_id: str) -> None:
        """Stop a job between two of its steps."""


class Studio:
    """Accepts requests and answers questions about them; makes every Recipe and Job there is."""

    def __init__(
        self,
        store: Store,
        planner: Planner,
        limits: Mapping[str, Limits],
        predict: Callable[[Recipe], float],
        queue: Queue | None = None,
    ) -> None:
        self.store, self.planner, self.limits, self.predict, self.queue = store, planner, limits, predict, queue
        self.styles = tuple(load_styles())
        self.recipes = Recipes(limits, self.styles)
        self.policy = Policy(store)
        self._plans: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(PLANS_AT_ONCE)

    # --- asking -------------------------------------------------------------------------------------------------

    async def accept(self, request: Request) -> Request:
        """Check and store a request, and start planning it. A repeated event gives the request it first made.

        Raises:
            InvalidRequest: nothing can be drawn from this; nothing was stored.
            StorageFull: the disk could not hold the result.
        """
        request = await self.policy.applied(self.checked(request))
        stored, fresh = await self.store.accept(request)
        if fresh:
            self._start(self._plan(stored))
        return stored

    def checked(self, request: Request) -> Request:
        """The request with inline flags read out of its words and every option within its range."""
        if request.intent is not None:
            self.recipes.check(request.intent.changes)
            return request
        if len(request.words) > MAX_PROMPT:
            raise PromptTooLong(len(request.words), MAX_PROMPT)
        limits = self.recipes.limits_of(request.given.model)
        words, flags = read_flags(request.words, limits)
        if not words.strip() and not request.sources:
            raise EmptyPrompt
        given = request.given.over(flags)
        self.recipes.check(given)
        return request.evolve(words=words.strip(), given=given)

    async def follow_up(
        self, action: Action, targets: tuple[str, ...], request: Request, changes: Changes | None = None
    ) -> Request:
        """Accept a button or reaction: its intent is known, no planner is asked."""
        intent = Intent(action=action, targets=targets, changes=changes or Changes(), planner="none")
        return await self.accept(request.evolve(intent=intent))

    async def upload(self, data: bytes, member_id: str) -> Picture:
        """Validate and keep a picture that a member sent.

        Raises:
            InvalidPicture: the bytes are no picture that can be used.
        """
        png = await asyncio.to_thread(pictures.validate_upload, data)
        width, height = await asyncio.to_thread(pictures.size_of, png)
        return await self.store.keep_upload(png, member_id=member_id, width=width, height=height)

    async def plan(self, request: Request) -> tuple[Intent, Recipe | None]:
        """What would be drawn; nothing is stored."""
        request = self.checked(request)
        intent = await self._understand(request)
        drawn = intent.action not in WORDS_ONLY | {"cancel", "delete"}
        return intent, await self._recipe(request, intent) if drawn else None

    async def resume(self) -> None:
        """Take up planning that a crash cut off."""
        for request in await self.store.requests(status=Status.PLANNING):
            self._start(self._plan(request))

    async def close(self) -> None:
        """Stop planning; what is unfinished resumes at the next start."""
        for task in self._plans:
            task.cancel()
        await asyncio.gather(*self._plans, return_exceptions=True)

    # --- looking and stopping -----------------------------------------------------------------------------------

    async def finished(self, request_id: str) -> Request:
        """The request once it has ended."""
        return await self._when(request_id, lambda request: request.status.ended)

    async def planned(self, request_id: str) -> Request:
        """The request once its planning is over."""
        return await self._when(request_id, lambda request: request.status is not Status.PLANNING)

    async def _when(self, request_id: str, reached: Callable[[Request], bool]) -> Request:
        while not reached(request := await self.store.request(request_id)):
            await self.store.wait_for_change(0.5)
        return request

    async def estimate(self, request_id: str) -> Estimate | None:
        """Place in line and seconds left; None before it is queued, or where another process decides the queue."""
        job = await self.store.job_of(request_id)
        return self.queue.estimate(job.id) if job and self.queue else None

    async def cancel(self, job_id: str, member_id: str, moderator: bool = False) -> Job:
        """Cancel a waiting or running job.

        Raises:
            Refused: it is somebody else's, or it has ended.
        """
        job = await self.store.job(job_id)
        if not (job.member_id == member_id or moderator or is_operator(member_id)):
            raise Refused("Only the member who asked for it, or a moderator, can cancel this.")
        if job.status.ended:
            raise Refused(f"This job is {job.status.value} already; there is nothing to cancel.")
        cancelled = await self.store.cancel_job(job.id)
        if self.queue:
            await self.queue.cancel(job.id)
        return cancelled

    async def withdraw(self, request_id: str, member_id: str, moderator: bool = False) -> None:
        """Cancel a request, whether it is still being planned, waits or runs.

        Raises:
            Refused: it is somebody else's, or it has ended.
        """
        request = await self.store.request(request_id)
        if not (request.member_id == member_id or moderator or is_operator(member_id)):
            raise Refused("Only the member who asked for it, or a moderator, can cancel this.")
        if request.status is Status.PLANNING:
            with contextlib.suppress(LostRace):  # planned in this very moment: its job is cancelled instead
                await self.store.cancel_request(request.id)
                return
        job = await self.store.job_of(request.id)
        if job is None:
            raise Refused(f"This request is {request.status.value} already; there is nothing to cancel.")
        await self.cancel(job.id, member_id, moderator)

    async def delete(self, picture_id: str, member_id: str, moderator: bool = False) -> None:
        """Remove a picture's bytes; its place in the lineage stays, empty."""
        found = await self.store.picture(picture_id)
        if not self.may(member_id, "delete", found, moderator=moderator):
            raise Refused("Only the member who asked for this picture, or a moderator, can delete it.")
        await self.store.delete_picture(found.id)

    def may(
        self, member_id: str, verb: Verb, found: Picture, where: Address | None = None, moderator: bool = False
    ) -> bool:
        """Whether this member may do this with that picture, from this place; see `rights`."""
        return may(member_id, verb, found, where, moderator)

    # --- from words to a job ------------------------------------------------------------------------------------

    def _start(self, planning: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(planning)
        self._plans.add(task)
        task.add_done_callback(self._plans.discard)

    async def _plan(self, request: Request) -> None:
        async with self._places:
            with contextlib.suppress(LostRace):  # another process planned it, or its author cancelled it
                await self._ending_recorded(request, self._carry_out(request))

    async def _ending_recorded(self, request: Request, work: Awaitable[None]) -> None:
        """Every accepted request reaches a recorded end, whatever happens to it here."""
        try:
            await work
        except LostRace:
            raise
        except PixxelbotError as error:
            await self.store.fail_request(request.id, error)
        except Exception:
            log.exception("planning request %s failed", request.id)
            await self.store.fail_request(
                request.id,
                PixxelbotError("Something unforeseen happened while planning. The operator can see it in the log."),
            )

    async def _carry_out(self, request: Request) -> None:
        intent = await self._understand(request)
        if intent.action in WORDS_ONLY:
            await self.store.answer(request.id, intent)
        elif intent.action == "cancel":
            await self._cancel_latest(request, intent)
        elif intent.action == "delete":
            for target in intent.targets:
                await self.delete(target, request.member_id)
            await self.store.answer(request.id, intent.model_copy(update={"reply": "Deleted."}))
        else:
            recipe = await self._recipe(request, intent)
            await self._queue(request, intent, recipe)

    async def _queue(self, request: Request, intent: Intent, recipe: Recipe) -> None:
        recipe = await self.policy.settled(request, intent, recipe, self.predict(recipe))
        job = Job(
            request_id=request.id,
            member_id=request.member_id,
            recipe=recipe,
            weight=request.weight,
            cost=self.predict(recipe),
            notes=intent.notes,
        )
        await self.store.queue_job(request.id, intent, job)
        if self.queue:
            self.queue.wake()

    async def _cancel_latest(self, request: Request, intent: Intent) -> None:
        waiting = await self.store.jobs(
            statuses=(Status.RUNNING, Status.QUEUED), member=request.member_id, limit=1, newest=True
        )
        for job in waiting:
            await self.cancel(job.id, request.member_id)
        reply = "Cancelled." if waiting else "You have nothing waiting or running that could be cancelled."
        await self.store.answer(request.id, intent.model_copy(update={"reply": reply}))

    async def _understand(self, request: Request) -> Intent:
        if request.intent is not None:
            return request.intent
        return await self.planner.plan(
            Ask(
                words=request.words,
                given=request.given,
                sources=request.sources,
                limits=self.recipes.limits_of(request.given.model),
                styles=self.styles,
                pictures=tuple((found.id, found.recipe) for found in await self._recent(request)),
            )
        )

    async def _recent(self, request: Request) -> list[Picture]:
        """The member's latest pictures here, newest job first, in the order they stand in the grid."""
        found = await self.store.pictures(member=request.member_id, channel=request.address.channel_id, limit=CONTEXT)
        drawn = [one for one in found if not one.upload and not one.deleted]
        jobs = list(dict.fromkeys(one.job_id for one in drawn))
        return sorted(drawn, key=lambda one: (jobs.index(one.job_id), one.index))

    async def _recipe(self, request: Request, intent: Intent) -> Recipe:
        match intent.action:
            case "imagine":
                return await self._imagine(request, intent)
            case action if action in FOLLOW_UPS:
                parents = await self._parents(request, intent)
                return self.recipes.follow(action, parents, request.given.over(intent.changes))
            case _:
                raise Unsupported(intent.action)

    async def _parents(self, request: Request, intent: Intent) -> list[Picture]:
        """The pictures meant: those named, else the member's latest here."""
        found = [await self.store.picture(target) for target in intent.targets] or (await self._recent(request))[:1]
        if not found:
            raise NotFound("picture", "your last one")
        for one in found:
            if not self.may(request.member_id, _verb(intent.action), one, request.address):
                raise Refused("That picture was made elsewhere, where not everybody here may look; it stays there.")
            if one.deleted:
                raise NotFound("picture", one.id)
        return found

    async def _imagine(self, request: Request, intent: Intent) -> Recipe:
        starts = [await self.store.picture(source) for source in request.sources]
        for start in starts:
            if not self.may(request.member_id, "vary", start, request.address):
                raise Refused("The picture to start from is not yours.")
        return self.recipes.imagine(request.words, request.given.over(intent.changes), starts)


def _verb(action: Action) -> Verb:
    return "upscale" if action == "upscale" else "vary"
