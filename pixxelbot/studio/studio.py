"""What may be asked of the bot. Every way in (Discord, CLI, later the web) ends here.

accept → plan → resolve the pictures meant → check rights → clamp → Recipe → Job row → dispatcher.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from functools import partial
from typing import Any, Final, Protocol, get_args

from pixxelbot import picture as pictures
from pixxelbot.errors import (
    EmptyPrompt,
    LostRace,
    NotFound,
    PixxelbotError,
    PromptTooLong,
    Refused,
    TooDemanding,
    Unsupported,
)
from pixxelbot.fetch import fetch_picture
from pixxelbot.intent import Action, Ask, Changes, Intent
from pixxelbot.job import Address, Estimate, Forecast, Job, Link, Request, Status
from pixxelbot.picture import Picture
from pixxelbot.planner import Planner, locking, own
from pixxelbot.planner.flags import read_flags
from pixxelbot.planner.styles import load_styles
from pixxelbot.planner.wording import means_all, points_by_looks, takes_back
from pixxelbot.recipe import MAX_PROMPT, Kind, Limits, Recipe
from pixxelbot.rights import Verb, is_operator, may
from pixxelbot.rules import MemberSettings, checked
from pixxelbot.store import Store
from pixxelbot.studio import answers, preflight, several
from pixxelbot.studio.conversation import Conversation, conversation_name, conversation_of
from pixxelbot.studio.eyes import Eyes
from pixxelbot.studio.finding import Finder
from pixxelbot.studio.looking import Looking
from pixxelbot.studio.policy import Policy
from pixxelbot.studio.recipes import Recipes
from pixxelbot.studio.settling import Decision, Settling
from pixxelbot.studio.waiting import Waiting

log = logging.getLogger(__name__)

PLANS_AT_ONCE: Final = 16
"""A burst of requests must not open a hundred connections to the language model."""
COMPANIONS: Final = 3 * several.MOST_JOBS
"""Latest requests of a member among which those of one permutation are looked for."""
NO_SEGMENTER: Final = "Nobody here finds parts of a picture (no segmenter is set up), so I changed the whole of it."
EDITED: Final = 0.6
"""Share of the noise where a whole picture is changed for one part of it."""
MOST_LOOKS: Final = 4
"""Pictures shown to a language model with one request; each costs it as much as a page of text."""


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
        forecast: Callable[[Recipe], Forecast],
        queue: Queue | None = None,
        kinds: Collection[str] = get_args(Kind),
        eyes: Eyes | None = None,
    ) -> None:
        self.store, self.planner, self.limits, self.forecast, self.queue = store, planner, limits, forecast, queue
        self.kinds = frozenset(kinds)
        self.draws = True
        """Whether pictures cost anything; else nothing is confirmed first."""
        self.styles = tuple(load_styles())
        self.recipes = Recipes(limits, self.styles)
        self.policy = Policy(store)
        self.eyes = eyes or Eyes()
        self.finder = Finder(store, self._may_see, self.eyes)
        looking = Looking(store, planner, self.eyes)
        self._settling = Settling(store, self.recipes, self.finder, looking, self._may_use)
        self.reply_listeners: list[Callable[[Request, str], None]] = []
        """Told a request and its reply in words so far, while a language model is writing it."""
        self.fetch: Callable[[Link], Awaitable[bytes]] = _from_the_web
        """How pictures sent along are fetched; the chat knows where its attachments may lie."""
        self._plans: set[asyncio.Task[None]] = set()
        self._counts: set[asyncio.Task[None]] = set()
        self._places = asyncio.Semaphore(PLANS_AT_ONCE)
        self._waiting = Waiting(store)

    # --- asking -------------------------------------------------------------------------------------------------

    async def accept(self, request: Request) -> Request:
        """Check and store a request, and start planning it. A repeated event gives the request it first made.

        Raises:
            InvalidRequest: nothing can be drawn from this; nothing was stored.
            StorageFull: the disk could not hold the result.
        """
        request = self.checked(request)
        await self.policy.check(request)
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
        changes_the_last = bool(flags.said()) and not flags.verbatim
        if not words.strip() and not request.sources and not request.links and not changes_the_last:
            raise EmptyPrompt
        given = request.given.over(flags)
        self.recipes.check(given)
        return request.evolve(words=words.strip(), given=given)

    def flags(self, text: str, model: str | None) -> Changes:
        """What inline flags such as `--steps 30` fix.

        Raises:
            InvalidRequest: an unknown flag, or a value out of its range.
        """
        return read_flags(text, self.recipes.limits_of(model))[1]

    async def follow_up(
        self,
        action: Action,
        targets: tuple[str, ...],
        request: Request,
        changes: Changes | None = None,
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
        written = await asyncio.to_thread(pictures.written_in, data)
        return await self.store.keep_upload(png, member_id=member_id, width=width, height=height, written=written)

    async def plan(self, request: Request) -> tuple[Intent, Recipe | None]:
        """What would be drawn; nothing is stored."""
        request = self.checked(request)
        conversation = await conversation_of(self.store, request)
        intent = await self._understood(request, conversation)
        try:
            decision = await self._settled(request, intent, conversation)
        except Unsupported as error:  # what was understood is the answer here
            return intent.model_copy(update={"notes": (*intent.notes, str(error))}), None
        return decision.intent, decision.recipe

    async def resume(self) -> None:
        """Take up planning that a crash cut off."""
        for request in await self.store.requests(statuses=(Status.PLANNING,)):
            self._start(self._plan(request))

    async def close(self) -> None:
        """Stop planning; what is unfinished resumes at the next start."""
        for task in self._plans:
            task.cancel()
        await asyncio.gather(*self._plans, *self._counts, return_exceptions=True)
        await self._waiting.close()

    # --- looking and stopping -----------------------------------------------------------------------------------

    async def finished(self, request_id: str) -> Request:
        """The request once it has ended."""
        return await self._waiting.until(request_id, lambda status: status.ended)

    async def planned(self, request_id: str) -> Request:
        """The request once its planning is over."""
        return await self._waiting.until(request_id, lambda status: status is not Status.PLANNING)

    def estimate(self, job: Job | None) -> Estimate | None:
        """Place in line and seconds left; None before it is queued, or where another process decides the queue."""
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

    def _may_see(self, request: Request, one: Picture) -> bool:
        return self.may(request.member_id, "see", one, request.address)

    def _may_use(self, request: Request, action: Action, one: Picture) -> bool:
        return self.may(request.member_id, _verb(action), one, request.address)

    # --- from words to a job ------------------------------------------------------------------------------------

    def _start(self, planning: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(planning)
        self._plans.add(task)
        task.add_done_callback(self._plans.discard)

    async def _plan(self, request: Request) -> None:
        with contextlib.suppress(LostRace):  # another process planned it, or its author cancelled it
            await self._ending_recorded(request, self._fetched_and_carried_out(request))

    async def _fetched_and_carried_out(self, request: Request) -> None:
        request = await self._fetched(request)
        async with self._places:
            await self._carry_out(request)

    async def _fetched(self, request: Request) -> Request:
        """With the pictures sent along; they are noted, so that a restart need not fetch them again."""
        if not request.links:
            return request
        found = tuple([(await self.upload(await self.fetch(one), request.member_id)).id for one in request.links])
        if request.intent is None:
            request = request.evolve(sources=(*request.sources, *found), links=())
        else:
            intent = request.intent.model_copy(update={"targets": (*request.intent.targets, *found)})
            request = request.evolve(intent=intent, links=())
        await self.store.keep_fetched(request)
        return request

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
        conversation = await conversation_of(self.store, request)
        intent = await self._understood(request, conversation)
        decision: Decision | None = None
        try:
            decision = await self._settled(request, intent, conversation)
            intent = decision.intent
            if decision.recipe is not None:
                await self._draw(request, intent, decision.recipe)
                return
            act = ACTS.get(intent.action)
            answer = await act(self, request, intent, conversation) if act else intent
        except PixxelbotError as error:
            if not isinstance(error, LostRace):  # what was understood is worth knowing all the same
                offered = preflight.offering(request, intent, decision.recipe if decision else None, error)
                await self.store.keep_intent(request.id, offered)
            raise
        await self.store.answer(request.id, answer)

    async def _settled(self, request: Request, intent: Intent, conversation: Conversation) -> Decision:
        defaults = await self.policy.defaults(request) if intent.action == "imagine" else Changes()
        decision = await self._settling.settle(request, intent, conversation, defaults)
        before, after = intent.tokens, decision.intent.tokens
        if after != before:  # a language model described a picture
            self._count(request.member_id, (after[0] - before[0], after[1] - before[1]))
        return decision

    async def _understood(self, request: Request, conversation: Conversation) -> Intent:
        if request.intent is not None:
            return request.intent
        if choice := conversation.chosen(request.words):
            if choice.intent:
                return choice.intent
            request = request.evolve(words=choice.words or choice.label)
        defaults = await self.policy.defaults(request)
        given = request.given.over(conversation.locks)
        if defaults.verbatim and not conversation.exchanges:
            given = given.over(Changes(verbatim=True))
        if locking.speaks_of_locks(request.words) or own.surely(
            request.words
        ):  # else verbatim mode could never be left in words
            given = given.model_copy(update={"verbatim": None})
        request = request.evolve(given=given)
        limits = self.recipes.limits_of(given.model or defaults.model)
        ask = conversation.ask(request, limits, self.styles)
        if self.planner.sees:
            ask = ask.model_copy(update={"looks": await self._looks(request, ask)})
        hear = partial(self._hear, request) if self.reply_listeners else None
        intent = await self.planner.plan(ask, hear)
        if sum(intent.tokens):
            self._count(request.member_id, intent.tokens)
        return intent

    def _count(self, member_id: str, tokens: tuple[int, int]) -> None:
        """Note what a plan cost; nobody waits for that."""
        counting = asyncio.create_task(self.store.spend(member_id, self.planner.name, *tokens))
        self._counts.add(counting)
        counting.add_done_callback(self._counted)

    def _counted(self, counting: asyncio.Task[None]) -> None:
        self._counts.discard(counting)
        if not counting.cancelled() and (error := counting.exception()):
            log.warning("the tokens of a plan could not be counted: %s", error)

    async def _looks(self, request: Request, ask: Ask) -> dict[str, bytes]:
        """What a planner that sees is shown: pictures sent along, and those spoken of by what they show."""
        names = list(ask.sources)
        if ask.pictures and points_by_looks(ask.words):
            names += ask.focus or [name for name, _ in ask.pictures]
        looks = {}
        for name in names[:MOST_LOOKS]:
            with contextlib.suppress(NotFound):  # deleted meanwhile
                if self.may(request.member_id, "see", await self.store.picture(name), request.address):
                    looks[name] = await asyncio.to_thread(pictures.look_at, await self.store.picture_bytes(name))
        return looks

    def _hear(self, request: Request, reply: str) -> None:
        for listener in self.reply_listeners:
            listener(request, reply)

    async def _draw(self, request: Request, intent: Intent, recipe: Recipe) -> None:
        """One job; several only once the member has seen how many pictures that makes."""
        if not self.draws or several.jobs_made(intent, recipe) == 1:
            await self._queue(request, intent, recipe)
        elif not intent.confirmed:
            await self.store.answer(request.id, several.question(request, intent, recipe))
        else:
            (_, own), *others = several.parts(request, intent, recipe)
            for beside, part in others:
                await self.accept(beside.evolve(intent=part))
            await self._carry_out(request.evolve(intent=own))

    async def companions(self, request: Request) -> list[Request]:
        """The requests that stand beside one that made several jobs."""
        return several.companions(request, await self.store.requests(member=request.member_id, limit=COMPANIONS))

    async def _queue(self, request: Request, intent: Intent, recipe: Recipe) -> None:
        if recipe.kind not in self.kinds:
            raise Unsupported(intent.action)
        intent, recipe = self._possible(intent, recipe)
        recipe = await self.policy.settled(request, intent, recipe)
        forecast = await self._preflight(request, recipe)
        job = Job(
            request_id=request.id,
            member_id=request.member_id,
            recipe=recipe,
            weight=request.weight,
            cost=forecast.seconds,
            notes=intent.notes,
            planner=intent.planner,
            template=intent.template,
        )
        await self.store.queue_job(request.id, intent, job)
        if self.queue:
            self.queue.wake()

    async def _preflight(self, request: Request, recipe: Recipe) -> Forecast:
        """What a recipe will take; what is not known of its memory is found out by drawing it.

        Raises:
            TooDemanding: more than there is; with what would do instead.
        """
        forecast, left = self.forecast(recipe), await self.policy.time_left(request)
        if forecast.bytes is None or forecast.room is None:
            log.info("request %s is accepted without knowing whether it fits the memory", request.id)
        try:
            preflight.check_memory(forecast)
            preflight.check_time(forecast, left)
        except TooDemanding as error:
            error.instead = self.lesser(recipe, left.seconds if left else None)
            raise
        return forecast

    def lesser(self, recipe: Recipe, seconds: float | None = None) -> Changes | None:
        """What to change so that a recipe fits the memory and these seconds; None where nothing does."""
        return preflight.lesser(recipe, self.limits[recipe.model], self.forecast, seconds)

    def _possible(self, intent: Intent, recipe: Recipe) -> tuple[Intent, Recipe]:
        """A part that is only named needs somebody who finds it; else the whole picture is changed, which is told."""
        if recipe.kind != "inpaint" or recipe.mask or self.eyes.finds_parts or not self.draws:
            return intent, recipe
        told = f"{recipe.region}: {recipe.wish or recipe.prompt}"
        changed = recipe.evolve(kind="edit", instruction=told[:MAX_PROMPT], strength=EDITED)
        return intent.model_copy(update={"notes": (*intent.notes, NO_SEGMENTER)}), changed

    # --- what is done without drawing ---------------------------------------------------------------------------

    async def _cancel_latest(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        """The latest of what waits or runs here; everything where the words say so."""
        open_ones = [one.request for one in reversed(conversation.exchanges) if one.underway]
        cancelled = 0
        for one in open_ones if means_all(request.words) else open_ones[:1]:
            with contextlib.suppress(LostRace, Refused):  # it has ended in this moment
                await self.withdraw(one.id, request.member_id)
                cancelled += 1
        reply = "You have nothing waiting or running here that could be cancelled."
        if cancelled:
            reply = "Cancelled." if cancelled == 1 else f"Cancelled all {cancelled}."
        return _saying(intent, reply)

    async def _delete_targets(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        for target in intent.targets:
            await self.delete(target, request.member_id)
        return _saying(intent, "Deleted." if intent.targets else "Say which picture to delete.")

    async def _favour(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        taken_back = takes_back(request.words)
        for target in intent.targets:
            if taken_back:
                await self.store.remove_favourite(target, request.member_id)
            else:
                await self.store.add_favourite(target, request.member_id, request.address.guild_id)
        return _saying(intent, "No favourite any more." if taken_back else "Added to your favourites.")

    async def _step_back(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        """What is still being drawn is not wanted any more."""
        if conversation.last and conversation.last.underway:
            with contextlib.suppress(LostRace, Refused):  # it has ended in this moment
                await self.withdraw(conversation.last.request.id, request.member_id)
        return intent

    async def _keep(self, request: Request, intent: Intent, conversation: Conversation) -> Intent:
        """For this conversation what is locked; for good what are the member's own settings."""
        if intent.changes != conversation.locks:
            await self.store.lock(request.member_id, conversation_name(request), intent.changes)
        if intent.own is None or (intent.reply and not intent.own):
            return intent
        kept = await self.set_own(request.member_id, intent.own)
        return _saying(intent, answers.own_in_words(intent.own, kept, intent.reply))

    async def set_own(self, member_id: str, changes: Mapping[str, Any]) -> MemberSettings:
        """Change a member's own settings, None forgetting one; all of them as they are then.

        Raises:
            InvalidRequest: a value makes no sense, or no model can do it.
        """
        self.recipes.check(checked(MemberSettings, changes).changes())
        if changes:
            await self.store.change_preferences(member_id, dict(changes))
        return await self.policy.settings(member_id)


Act = Callable[[Studio, Request, Intent, Conversation], Awaitable[Intent]]
ACTS: Final[Mapping[str, Act]] = {
    "cancel": Studio._cancel_latest,
    "delete": Studio._delete_targets,
    "undo": Studio._step_back,
    "settings": Studio._keep,
    "favourite": Studio._favour,
}
"""What is done for actions that change something without drawing; the intent comes back with its reply."""


async def _from_the_web(link: Link) -> bytes:
    return await fetch_picture(link.url)


def _saying(intent: Intent, reply: str) -> Intent:
    return intent.model_copy(update={"reply": reply})


def _verb(action: Action) -> Verb:
    if action in ("recipe", "show", "describe"):
        return "see"
    if action == "favourite":
        return "favourite"
    return "upscale" if action == "upscale" else "vary"
