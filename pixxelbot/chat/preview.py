"""The placeholder while its request waits and is drawn: place in line, bar, and the picture as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from pixxelbot.chat import cards, views
from pixxelbot.chat.deliver import Letter, Postman, Sheet, WayClosed
from pixxelbot.chat.records import Records
from pixxelbot.chat.words import of
from pixxelbot.errors import DeliveryError, PixxelbotError
from pixxelbot.job import Job, Progress, Request, Status
from pixxelbot.settings import Settings
from pixxelbot.studio import Studio

log = logging.getLogger(__name__)

SLOWEST: Final = 30.0
"""Seconds between two looks at the place in line, once a request has waited for long."""
SLOWING: Final = 1.5
"""Each look at an unchanged place comes so much later than the last."""
PLANNED_SOON: Final = 0.5
"""Seconds for which the first text waits for the plan."""
MOST_STREAMED: Final = 1_900
"""Characters of a reply that is being written; a message holds 2,000."""
FAREWELL_SECONDS: Final = 3.0
"""Longest time that members are told of a stop; the process is to end."""
LIVE: Final = (Status.PLANNING, Status.WAITING, Status.QUEUED, Status.RUNNING)


@dataclass
class _Followed:
    """What is shown of one request."""

    request: Request
    posting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while its placeholder is made or edited; the result waits for it, so that no edit comes after it."""
    news: asyncio.Event = field(default_factory=asyncio.Event)
    progress: Progress | None = None
    """The latest; older ones are dropped unseen."""
    reply: str = ""
    """What a language model has written so far."""
    shown: str = ""
    over: bool = False


class Previews:
    """Keeps every placeholder of an unfinished request up to date, each by one task."""

    def __init__(self, settings: Settings, studio: Studio, store: Records, postman: Postman) -> None:
        self.settings, self.studio, self.store, self.postman = settings, studio, store, postman
        self._followed: dict[str, _Followed] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    def on_progress(self, job: Job, progress: Progress) -> None:
        """A render moved on; called on the event loop, returns at once."""
        followed = self._followed.get(job.request_id)
        if followed:
            followed.progress = progress
            followed.news.set()

    def on_reply(self, request: Request, reply: str) -> None:
        """A language model wrote on; called on the event loop, returns at once."""
        followed = self._followed.get(request.id)
        if followed:
            followed.reply = reply
            followed.news.set()

    def posting(self, request: Request) -> asyncio.Lock:
        """The lock under which a request's placeholder is made; its result waits for it."""
        return self._entry(request).posting

    async def accepted(
        self, request: Request, accepting: Awaitable[Request], place: Callable[[], Awaitable[str | None]]
    ) -> None:
        """Accept a request and then make its placeholder, whose id `place` returns where Discord said it.

        Its result waits for that.
        """
        async with self.posting(request):
            try:
                known = await accepting
            except PixxelbotError:
                self.forget(request)
                raise
            if known.id != request.id:  # the gateway replayed the event
                self.forget(request)
                return
            if placeholder := await place():
                await self.store.set_placeholder(request.id, placeholder)
        self.follow(await self.store.request(request.id))

    def follow(self, request: Request) -> None:
        """Start to show how a request gets on; repeated calls change nothing."""
        if request.status not in LIVE:  # it has been delivered, or is about to be
            self.forget(request)
            return
        followed = self._entry(request)
        followed.request = request
        if not followed.over and request.id not in self._tasks:
            task = asyncio.create_task(self._show_until_over(followed), name=request.id)
            self._tasks[request.id] = task
            task.add_done_callback(self._ended)

    def forget(self, request: Request) -> None:
        """There is nothing (more) to show of it."""
        self._followed.pop(request.id, None)

    async def finish(self, request_id: str) -> None:
        """Show no more of this request; returns once no edit of its placeholder is under way."""
        followed = self._followed.pop(request_id, None)
        if followed:
            followed.over = True
            followed.news.set()
            async with followed.posting:
                return

    def of_placeholder(self, message_id: str) -> Request | None:
        """The unfinished request whose placeholder this message is."""
        for followed in self._followed.values():
            if followed.request.address.message_id == message_id:
                return followed.request
        return None

    async def resume(self) -> None:
        """Follow what an earlier run of the bot left unfinished."""
        for request in await self.store.requests(statuses=LIVE):
            if request.member_id.startswith("discord:"):
                self.follow(request)

    async def close(self) -> None:
        """Stop, and tell those who wait that it goes on after the restart."""
        self._closing = True
        unfinished = [one for one in self._followed.values() if not one.over]
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        farewells = [asyncio.create_task(self._say_farewell(one)) for one in unfinished]
        if farewells:
            _, late = await asyncio.wait(farewells, timeout=FAREWELL_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _say_farewell(self, followed: _Followed) -> None:
        say = of(followed.request.locale)
        try:
            async with followed.posting:
                request = await self.store.request(followed.request.id)
                if not (request.status.ended or followed.over):
                    letter = Letter(cards.Card(say("waiting.restart")), view=views.waiting_view(say, request.id))
                    await self.postman.edit(request.address, letter)
        except PixxelbotError as error:
            log.info("request %s was not told of the stop: %s", followed.request.id, error)

    def _entry(self, request: Request) -> _Followed:
        return self._followed.setdefault(request.id, _Followed(request))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task.get_name(), None)
        if not self._closing:  # then those who wait are still to be told
            self._followed.pop(task.get_name(), None)
        if not task.cancelled() and task.exception():
            log.error("showing request %s ended early", task.get_name(), exc_info=task.exception())

    async def _show_until_over(self, followed: _Followed) -> None:
        pause = self.settings.preview_seconds
        with contextlib.suppress(TimeoutError):  # planning is mostly quick: then the first thing shown is the place
            await asyncio.wait_for(self.studio.planned(followed.request.id), PLANNED_SOON)
        while not followed.over:
            edited = time.monotonic()
            try:
                changed = await self._show(followed)
                wait = self.settings.preview_seconds
            except WayClosed as error:
                log.info("no previews for request %s: %s", followed.request.id, error)
                return
            except DeliveryError as error:
                changed, wait = False, max(error.retry_after or 0.0, self.settings.preview_seconds)
            except PixxelbotError as error:  # the store is busy: the placeholder may stay as it is for a while
                log.warning("request %s could not be looked at: %s", followed.request.id, error)
                changed, wait = False, SLOWEST
            pause = wait if changed else min(max(pause * SLOWING, wait), SLOWEST)
            await asyncio.sleep(max(edited + wait - time.monotonic(), 0))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(followed.news.wait(), max(pause - wait, 0.01))

    async def _show(self, followed: _Followed) -> bool:
        """Bring the placeholder up to date; returns whether anything had changed."""
        followed.news.clear()
        async with followed.posting:
            if followed.over:
                return False
            letter = await self._letter(followed)
            if letter is None:
                return False
            followed.request = await self._with_placeholder(followed.request)
            if followed.over:
                return False
            await self.postman.edit(followed.request.address, letter)
            followed.shown = letter.card.content
        return True

    async def _letter(self, followed: _Followed) -> Letter | None:
        """What to show now; None where it shows already, or where the outbox has the last word."""
        followed.request = request = await self.store.request(followed.request.id)
        if request.status.ended:
            followed.over = True
            return None
        progress, followed.progress = followed.progress, None
        writing = request.status is Status.PLANNING and followed.reply
        text = cards.shortened(followed.reply, MOST_STREAMED) + " ▌" if writing else await self._text(request, progress)
        if text == followed.shown and not (progress and progress.preview):
            return None
        say = of(request.locale)
        sheets = None
        if progress and progress.preview:
            hidden = await self.postman.hides(request)
            sheets = (Sheet("preview.webp", progress.preview, say("alt.preview"), hidden),)
        return Letter(cards.Card(text), sheets, views.waiting_view(say, request.id))

    async def _text(self, request: Request, progress: Progress | None) -> str:
        say = of(request.locale)
        if progress:
            return cards.of_progress(say, progress)
        if request.status is Status.PLANNING:
            return cards.planning_text(say)
        job = await self.store.job_of(request.id)
        estimate = self.studio.estimate(job)
        if job and job.status is Status.RUNNING and job.total:
            return cards.progress_text(say, job.step, job.total, estimate.seconds if estimate else None)
        return cards.waiting_text(say, estimate)

    async def _with_placeholder(self, request: Request) -> Request:
        """The request with its placeholder's id, which Discord may not have said when acknowledging."""
        if request.address.message_id or not request.address.interaction_token:
            return request
        message_id = await self.postman.original(request.address)
        await self.store.set_placeholder(request.id, message_id)
        return await self.store.request(request.id)
