"""The local renderer: the engine in a child process, restarted when it dies.

A fault of a driver, an out-of-memory kill or a crash of native code takes the child down, never the bot. The child is
named by its module's path: nothing of the engine, and no torch, is imported here.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from pixxelbot.dispatch.renderers.speed import Speed, needed
from pixxelbot.errors import ConfigurationError, PixxelbotError, RendererCrashed, StoreError, recalled
from pixxelbot.frames import LENGTH, header_of, length_of, pack
from pixxelbot.job import Drawn, Forecast, Job, Progress, Rendered, new_id
from pixxelbot.memory import free_memory
from pixxelbot.profile import Profile
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Recipe
from pixxelbot.settings import Settings

log = logging.getLogger(__name__)
child_log = logging.getLogger("pixxelbot.engine")

CHILD: Final = "pixxelbot.engine.child"
RESTART_SECONDS: Final = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)
"""Pauses before a child that died is started again; the last one repeats. A render that succeeds starts over."""
MENDING: Final = RESTART_SECONDS.index(15.0)
"""The first pause after a child that found a model wrong: nobody copies one faster."""
CLOSE_SECONDS: Final = 5.0
"""How long a child may take to end by itself before it is killed."""
SECRETS: Final = ("TOKEN", "API_KEY", "PASSWORD", "SECRET", "DATABASE_URL")
"""Variables with these words in their names are none of the child's business."""
GPUS: Final = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
"""Device files of graphics drivers (NVIDIA, AMD, WSL): without any, it is the processor that draws."""
PREVIEWS_PER_EDIT: Final = 2
"""Previews made for each that can be shown, so that the one shown is fresh."""

Told = Progress | Rendered | PixxelbotError
Key = tuple[str, int]


class Profiles(Protocol):
    """Where measurements of models are kept."""

    async def profiles(self) -> list[Profile]:
        """All there are."""
        ...

    async def keep_profile(self, profile: Profile) -> None:
        """Keep one, in the place of an older one of its name."""
        ...


class LocalRenderer:
    """Draws in one child process; any number of renders may be in flight, the engine merges their steps."""

    def __init__(self, settings: Settings, profiles: Profiles | None = None) -> None:
        self._settings, self._profiles = settings, profiles
        self._known: dict[str, Profile] = {}
        self._room: int | None = None
        self._machine: tuple[str, str] | None = None
        """Device and libraries of the child, once it is up; what was measured with others says nothing of them."""
        self._speed = Speed()
        self._measured: list[tuple[str, asyncio.Future[Profile]]] = []
        self._keeping: set[asyncio.Task[None]] = set()
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._told: dict[Key, asyncio.Queue[Told]] = {}
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._loaded: tuple[str, ...] = ()
        self._up: asyncio.Future[None] | None = None
        self._tries = 0
        self._broken: PixxelbotError | None = None
        """What the last child found wrong with models or settings, before it was ready."""
        self._closing = False

    # --- the seam -----------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Return once the child is up and holds the default model.

        Raises:
            ModelMissing, ModelIncomplete, ModelCorrupt, ConfigurationError: what the child found wrong.
            RendererCrashed: it died before it was ready.
        """
        if self._keeper is None:
            self._closing, self._tries = False, 0
            self._up = asyncio.get_running_loop().create_future()
            self._keeper = asyncio.create_task(self._keep())
        await self._wait_until_up()

    async def close(self) -> None:
        """End the child; renders in flight raise RendererCrashed."""
        self._closing = True
        if self._keeper is None:
            return
        self._keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._keeper
        self._keeper = None
        self._await_anew()
        self._break(RendererCrashed("The drawing process was ended."))

    async def render(self, job: Job, sources: Mapping[str, bytes]) -> AsyncIterator[Progress | Rendered]:
        """Draw one job; see the seam."""
        await self._wait_until_up()
        key, told = (job.id, job.attempt), asyncio.Queue[Told]()
        self._told[key] = told
        try:
            await self._send(_order(job, sources), sources.values())
            while not isinstance(one := await told.get(), Rendered):
                if isinstance(one, PixxelbotError):
                    raise one
                yield one
            self._speed.learn(job.recipe, one.seconds)
            yield one
        finally:
            if self._told.pop(key, None) is not None and self.ready:
                self._send_now({"do": "cancel", "job": job.id, "attempt": job.attempt})

    async def ask(self, question: Question, pictures: Sequence[bytes] = ()) -> Answer:
        """Answer a question about words or pictures between two steps; see the seam."""
        await self._wait_until_up()
        name = new_id()
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[name] = answered
        try:
            await self._send({"do": "ask", "ask": name, "kind": question.kind, "words": question.words}, pictures)
            return await answered
        finally:
            del self._asked[name]

    @property
    def ready(self) -> bool:
        """Whether the child is up with its default model."""
        return self._up is not None and self._up.done() and self._up.exception() is None and not self._closing

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models in the child's memory."""
        return self._loaded

    @property
    def pid(self) -> int | None:
        """The child's process id while it lives."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def profile(self, recipe: Recipe) -> Profile:
        """Measure a model by drawing with it once: the child measures what is new to it as soon as nobody waits.

        What it knew of the model before is forgotten.
        """
        await self._wait_until_up()
        await self._send({"do": "forget", "model": recipe.model})
        measured: asyncio.Future[Profile] = asyncio.get_running_loop().create_future()
        self._measured.append((recipe.model, measured))
        async for _ in self.render(Job(request_id="", member_id="", recipe=recipe), {}):
            pass
        return await measured

    def forecast(self, recipe: Recipe) -> Forecast:
        """Seconds and bytes, from what was measured of its model."""
        known = [one for one in self._known.values() if one.model == recipe.model]
        profiles = [one for one in known if self._machine in (None, (one.device, one.versions))]
        seconds, room = self._speed.predict(recipe, profiles), self._room
        if room is None and self._machine is None:
            room = self._room_once_loaded(profiles)
        return Forecast(seconds=seconds, bytes=needed(recipe, profiles), room=room)

    def _room_once_loaded(self, profiles: Sequence[Profile]) -> int | None:
        """While there is no child to say it: the machine's free memory, where that is where it will draw."""
        free = free_memory() if self._settings.device == "cpu" or not any(map(os.path.exists, GPUS)) else None
        return None if free is None else max(free - max((one.weights for one in profiles), default=0), 0)

    async def recall(self) -> None:
        """Take over what was measured before, so that forecasts need no child."""
        if self._profiles and not self._known:
            self._known = {one.name: one for one in await self._profiles.profiles()}

    # --- keeping a child ----------------------------------------------------------------------------------------

    async def _wait_until_up(self) -> None:
        if self._up is None:
            raise RendererCrashed("The drawing process was never started.")
        await asyncio.shield(self._up)

    async def _keep(self) -> None:
        """Start a child, read it until it dies, start the next."""
        while not self._closing:
            await asyncio.sleep(RESTART_SECONDS[min(self._tries, len(RESTART_SECONDS) - 1)])
            self._tries += 1
            self._broken = None
            self._await_anew()
            try:
                async with self._child() as process:
                    await self._read_until_it_ends(process)
            except OSError as error:
                log.error("no drawing process could be started: %s", error)
                self._fail_all()
                continue
            if isinstance(self._broken, ConfigurationError):  # settings are read once
                log.error("nothing can be drawn until this is corrected and the bot started again: %s", self._broken)
                return
            if self._broken:
                self._tries = max(self._tries, MENDING)
            pause = RESTART_SECONDS[min(self._tries, len(RESTART_SECONDS) - 1)]
            ended = self._broken or f"it ended with status {process.returncode}"
            log.error("the drawing process could not go on (%s); starting another in %.0f s", ended, pause)

    @contextlib.asynccontextmanager
    async def _child(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A running child; however this is left, it is ended and whoever waits for it is told."""
        process = self._process = await _spawn()
        words = asyncio.create_task(_log_words(process))
        try:
            await self.recall()
            await self._send(_opening(self._settings, self._known.values()))
            yield process
        finally:
            self._fail_all()
            await asyncio.shield(_end(process, words))

    def _await_anew(self) -> None:
        if self._up is None or self._up.done():
            self._up = asyncio.get_running_loop().create_future()

    def _fail_all(self) -> None:
        """Tell everybody that this child is gone."""
        crashed = RendererCrashed("The drawing process died. The job is tried again.")
        for told in self._told.values():
            told.put_nowait(crashed)
        waited: list[asyncio.Future[Any]] = [*self._asked.values(), *(measured for _, measured in self._measured)]
        for answered in waited:
            if not answered.done():
                answered.set_exception(RendererCrashed("The drawing process died. Ask again."))
        self._told.clear()
        self._loaded = ()
        if self._up and not self._up.done():
            self._break(crashed)
        elif self._up and not self._closing and not self._broken:
            self._up = asyncio.get_running_loop().create_future()

    def _break(self, error: PixxelbotError) -> None:
        assert self._up is not None
        self._up.set_exception(error)
        self._up.exception()  # looked at, so that asyncio does not complain where nobody waits

    async def _read_until_it_ends(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, ValueError):
            while True:
                prefix = await process.stdout.readexactly(LENGTH.size)
                header, sizes = header_of(await process.stdout.readexactly(length_of(prefix)))
                self._hear(header, [await process.stdout.readexactly(size) for size in sizes])

    def _hear(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        if "loaded" in header:
            self._loaded = tuple(header["loaded"])
        if header["say"] == "ready":
            log.info("the drawing process is ready on %s", header["device"])
            assert self._up is not None
            self._room, self._machine = header["room"], (header["machine"], header["versions"])
            self._up.set_result(None)
        elif header["say"] == "broken":
            self._broken = _error(header)
            self._break(self._broken)
        elif header["say"] == "profiled":
            self._keep_profile(Profile.load(header["profile"]))
        elif "ask" in header:
            self._answer(header, blobs)
        else:
            self._pass_on(header, blobs)

    def _pass_on(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        """To the render in flight; what an ended one is still told is dropped."""
        key = header["job"], header["attempt"]
        told = self._told.get(key)
        if told is None:
            return
        if header["say"] == "progress":
            told.put_nowait(_progress(header, blobs))
            return
        del self._told[key]
        self._tries = 0
        told.put_nowait(_error(header) if header["say"] == "failed" else _rendered(header, blobs))

    def _keep_profile(self, profile: Profile) -> None:
        self._known[profile.name] = profile
        for model, measured in self._measured:
            if model == profile.model and not measured.done():
                measured.set_result(profile)
        if self._profiles:
            keeping = asyncio.create_task(self._kept(self._profiles, profile))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)

    async def _kept(self, profiles: Profiles, profile: Profile) -> None:
        try:
            await profiles.keep_profile(profile)
        except StoreError as error:
            log.warning("the measurement of %s could not be kept: %s", profile.model, error)

    def _answer(self, header: dict[str, Any], blobs: list[bytes]) -> None:
        """To whoever still waits for it."""
        answered = self._asked.get(header["ask"])
        if answered is None or answered.done():
            return
        if header["say"] == "failed":
            answered.set_exception(_error(header))
            return
        vectors = tuple(tuple(vector) for vector in header["vectors"])
        scores = tuple(header["scores"])
        answered.set_result(Answer(model_hash=header["model_hash"], vectors=vectors, scores=scores, masks=tuple(blobs)))

    async def _send(self, header: dict[str, Any], blobs: Any = ()) -> None:
        self._send_now(header, blobs)
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(ConnectionError):  # the reader notices, and tells everybody
            await self._process.stdin.drain()

    def _send_now(self, header: dict[str, Any], blobs: Any = ()) -> None:
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(pack(header, blobs))


async def _spawn() -> asyncio.subprocess.Process:
    code = str(Path(__file__).parents[3])
    environment = {name: value for name, value in os.environ.items() if not any(word in name for word in SECRETS)}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (code, os.environ.get("PYTHONPATH"))))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", CHILD,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment,
        creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0),
    )  # fmt: skip


async def _end(process: asyncio.subprocess.Process, words: asyncio.Task[None]) -> None:
    """Close the pipe, at which the child ends itself; kill it where it does not. Its last words are heard."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), CLOSE_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    await asyncio.wait({words}, timeout=1)
    words.cancel()


async def _log_words(process: asyncio.subprocess.Process) -> None:
    """What the child writes to standard error, a line at a time, at the level it begins with or goes on with."""
    assert process.stderr is not None
    levels, level = logging.getLevelNamesMapping() | {"Traceback": logging.ERROR}, logging.DEBUG
    with contextlib.suppress(ValueError):  # a line beyond the stream's limit ends the reading of words, nothing else
        async for line in process.stderr:
            words = line.decode(errors="replace").rstrip()
            level = levels.get(words.partition(" ")[0], level)
            child_log.log(level, "%s", words)
    while await process.stderr.read(2**16):  # or the child would stop at a full pipe
        pass


def _opening(settings: Settings, profiles: Iterable[Profile]) -> dict[str, Any]:
    return {
        "do": "open",
        "models": list(settings.checkpoints.items()),
        "networks": settings.networks,
        "profiles": [one.dump() for one in profiles],
        "unload_seconds": settings.unload_seconds,
        "device": settings.device,
        "dtype": settings.dtype,
        "options": {
            "attention": settings.attention,
            "compiled": settings.compile,
            "quantised": settings.quantisation,
            "offloaded": settings.offload,
        },
        "memory_budget": settings.memory_budget,
        "preview_seconds": settings.preview_seconds / PREVIEWS_PER_EDIT,
        "log": settings.log,
    }


def _order(job: Job, sources: Mapping[str, bytes]) -> dict[str, Any]:
    about = {"do": "draw", "job": job.id, "attempt": job.attempt}
    about |= {"cost": job.cost, "weight": job.weight, "start_tag": job.start_tag}
    return about | {"recipe": job.recipe.model_dump(mode="json"), "pictures": list(sources)}


def _progress(header: dict[str, Any], blobs: Sequence[bytes]) -> Progress:
    return Progress(
        job_id=header["job"], attempt=header["attempt"], step=header["step"], total=header["total"],
        seconds_left=header["seconds_left"], preview=blobs[0] if blobs else None,
    )  # fmt: skip


def _rendered(header: dict[str, Any], blobs: Sequence[bytes]) -> Rendered:
    facts = header["pictures"]
    return Rendered(
        job_id=header["job"],
        attempt=header["attempt"],
        pictures=tuple(Drawn(**one, png=png) for one, png in zip(facts, blobs, strict=False)),
        grid=blobs[-1] if len(blobs) > len(facts) else None,
        seconds=header["seconds"],
        model_hash=header["model_hash"],
        notes=tuple(header["notes"]),
    )


def _error(header: dict[str, Any]) -> PixxelbotError:
    """The error as the child raised it; its words were put together there."""
    return recalled(header["code"], header["message"])
