"""Builds every part once, from Settings; starts and stops them. The only place that knows all."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, get_args

from pixxelbot import models
from pixxelbot.dispatch.dispatcher import Dispatcher
from pixxelbot.dispatch.outbox import Outbox
from pixxelbot.dispatch.renderer import Renderer
from pixxelbot.dispatch.renderers.blank import BlankRenderer
from pixxelbot.dispatch.renderers.local import LocalRenderer
from pixxelbot.errors import ConfigurationError, ModelCorrupt, PixxelbotError
from pixxelbot.job import Estimate, Job, Progress, Request
from pixxelbot.planner import build_planner
from pixxelbot.profile import Profile
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Kind, Limits, Recipe
from pixxelbot.settings import Settings
from pixxelbot.store import Store
from pixxelbot.studio import Studio
from pixxelbot.studio.eyes import Eyes

log = logging.getLogger(__name__)

PACKAGE: Final = Path(__file__).parent
HUB_ID: Final = re.compile(r"[\w-]+/[\w.-]+")


class App:
    """Every part, wired. `async with App(settings) as app:` opens the store and the studio; nothing is drawn yet.

    Then either `await app.run_bot()` serves Discord until it is told to stop, or `await app.draw(request)` carries
    out one request: by the running bot where there is one, else by a dispatcher of its own that serves nothing else.
    """

    def __init__(self, settings: Settings, renderer: Renderer | None = None, *, draws: bool = True) -> None:
        """`draws=False` looks at no model, so that an operator can see to the queue while one is broken."""
        self.settings, self.limits = settings, model_limits(settings) if draws else {}
        self.renderer = renderer or LocalRenderer(settings, _Measured(self))
        self.kinds = frozenset(get_args(Kind)) if renderer else kinds_drawn()
        self.progress_listeners: list[Callable[[Job, Progress], None]] = []
        self.dispatcher: Dispatcher | None = None
        self._closing = AsyncExitStack()

    @classmethod
    def that_only_talks(cls, settings: Settings, home: Path) -> Self:
        """One that keeps its rows in another folder, and for which every picture counts as drawn at once."""
        elsewhere = {"home": home, "database_url": None, "storage": None}
        return cls(settings.model_copy(update=elsewhere), BlankRenderer())

    async def __aenter__(self) -> Self:
        self.store = await Store.open(self.settings)
        self._closing.push_async_callback(self.store.close)
        await self.store.migrate()
        self.planner = build_planner(self.settings)
        self._closing.push_async_callback(self.planner.close)
        self._closing.push_async_callback(self.renderer.close)
        draws = isinstance(self.renderer, LocalRenderer)
        eyes = Eyes(self._ask, {role for _, role, _ in self.settings.networks}) if draws else Eyes()
        self.studio = Studio(
            self.store, self.planner, self.limits, self.renderer.forecast, _Line(self), self.kinds, eyes
        )
        if isinstance(self.renderer, LocalRenderer):
            await self.renderer.recall()
        else:
            self.studio.draws = False  # a blank picture costs nobody anything
        self._closing.push_async_callback(self.studio.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def draw(self, request: Request) -> Request:
        """Accept a request, see it through, and return it ended."""
        accepted = await self.studio.accept(request)
        planned = await self.studio.planned(accepted.id)
        job = await self.store.job_of(planned.id)
        return planned if job is None else await self.serve(job)

    async def serve(self, job: Job) -> Request:
        """See one queued job through: as a stand-by while a bot holds the queue, else by drawing it here."""
        async with self._dispatching(only=job.id):
            return await self.studio.finished(job.request_id)

    async def _ask(self, question: Question, pictures: Sequence[bytes]) -> Answer:
        """Ask the renderer's networks, starting it where nothing was drawn yet."""
        await self.renderer.start()
        return await self.renderer.ask(question, pictures)

    async def measured(self, model: str) -> Profile:
        """What a model costs on this machine, measured now."""
        await self.renderer.start()
        limits = self.limits[model]
        recipe = Recipe(
            prompt="", width=limits.native, height=limits.native, count=1, seed=0, steps=1, model=model,
            sampler=limits.samplers[0], guidance_scale=1.0,
        )  # fmt: skip
        return await self.renderer.profile(recipe)

    async def run_bot(self) -> None:
        """Serve Discord until SIGINT or SIGTERM."""
        if self.settings.discord_token is None:
            raise ConfigurationError(
                "PIXXELBOT_DISCORD_TOKEN",
                "",
                "set it to your bot's token (Discord developer portal → your application → Bot → Reset Token)",
            )
        from pixxelbot.chat.bot import Chat  # discord.py takes a while to import, and the CLI has no use for it

        chat = Chat(self.settings, self.studio, self.store, self.limits)
        self.progress_listeners.append(chat.on_progress)
        outbox = Outbox(self.store, chat.deliver)
        async with self._dispatching():
            await self.studio.resume()
            work = self._guarded("chat", chat.run()), self._guarded("outbox", outbox.run())
            await _until_told(chat.close, *work)

    def _dispatching(self, only: str | None = None) -> _Background:
        self.dispatcher = Dispatcher(self.store, self.renderer, self.settings, on_progress=self._on_progress, only=only)
        return _Background(self._guarded("dispatcher", self.dispatcher.run()), self.dispatcher.stop)

    def _on_progress(self, job: Job, progress: Progress) -> None:
        for listener in self.progress_listeners:
            listener(job, progress)

    async def _guarded(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except PixxelbotError as error:
            log.error("%s stopped: %s", name, error)
            raise


class _Measured:
    """Measurements of models, kept in the store once it is open."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def profiles(self) -> list[Profile]:
        return await self._app.store.profiles()

    async def keep_profile(self, profile: Profile) -> None:
        await self._app.store.keep_profile(profile)


class _Line:
    """The queue as the studio sees it: the dispatcher of the moment, or nobody."""

    def __init__(self, app: App) -> None:
        self._app = app

    def wake(self) -> None:
        if self._app.dispatcher:
            self._app.dispatcher.wake()

    def estimate(self, job_id: str) -> Estimate | None:
        return self._app.dispatcher.estimate(job_id) if self._app.dispatcher else None

    async def cancel(self, job_id: str) -> None:
        if self._app.dispatcher:
            await self._app.dispatcher.cancel(job_id)


class _Background:
    """Work that runs beside the body of an `async with`, whose failure ends the body."""

    def __init__(self, work: Coroutine[Any, Any, None], stop: Callable[[], None]) -> None:
        self._work, self._stop = work, stop

    async def __aenter__(self) -> None:
        self._body = asyncio.current_task()
        self._leaving = False
        self._task = asyncio.create_task(self._work)
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not self._leaving and self._body and not task.cancelled() and task.exception():
            self._body.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        failed = self._task.done()
        self._stop()
        await self._task
        if failed and self._body:
            self._body.uncancel()


async def invite_url(settings: Settings) -> str:
    """The address that brings the bot to a server; see `chat.invite`."""
    from pixxelbot.chat import invite  # discord.py takes a while to import, and the other commands have no use for it

    return await invite.invite_url(settings)


def model_limits(settings: Settings) -> dict[str, Limits]:
    """Limits of every configured model by name; a missing folder or file is named.

    Raises:
        ModelMissing: a configured model's folder, or a file in it, is not there.
    """
    found = {}
    for name, where in settings.checkpoints.items():
        folder = Path(where)
        if not folder.exists() and HUB_ID.fullmatch(where) and not Path(where.split("/")[0]).exists():
            found[name] = Limits(model=name, samplers=models.SAMPLERS)
        elif folder.is_file():
            found[name] = models.limits_of_file(name, folder)
        else:
            found[name] = models.limits(name, folder)
    return {name: _with_networks(limits, settings) for name, limits in found.items()}


def _with_networks(limits: Limits, settings: Settings) -> Limits:
    """With the names of the adapters and learnt words for the model's family; the engine tells where nothing says."""
    names: dict[str, list[str]] = {"lora": [], "embedding": []}
    misfits: list[tuple[str, str]] = []
    for name, role, where in settings.networks:
        if role not in names:
            continue
        try:
            family = models.family_of_adapter(Path(where))
        except ModelCorrupt as error:  # one damaged adapter must not keep the bot from its start
            log.warning("%s is not offered: %s", name, error)
            continue
        if family is None or family == limits.family:
            names[role].append(name)
        else:
            misfits.append((name, family))
    found = {"loras": tuple(names["lora"]), "embeddings": tuple(names["embedding"]), "misfits": tuple(misfits)}
    return limits.model_copy(update=found)


def kinds_drawn() -> frozenset[str]:
    """The kinds of drawing that the engine has: a file each. Their names suffice; importing them would load torch."""
    return frozenset(file.stem for file in (PACKAGE / "engine" / "kinds").glob("[a-z]*.py"))


async def _until_told(close: Callable[[], Coroutine[Any, Any, None]], *work: Coroutine[Any, Any, None]) -> None:
    """Run all until one ends or the process is asked to stop; then `close`, while the others still run, and stop."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(name, told.set)
        except NotImplementedError:  # Windows' event loops take no handlers
            signal.signal(name, lambda *_: loop.call_soon_threadsafe(told.set))
    tasks = [asyncio.create_task(one) for one in (*work, _wait(told))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await close()
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()
