"""A whole small bot for the tests of the chat: everything real but the planner, which repeats, and the renderer, which
paints plain colours."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from PIL import Image

from pixxelbot import models
from pixxelbot.chat.bot import Chat
from pixxelbot.dispatch.dispatcher import Dispatcher
from pixxelbot.dispatch.outbox import Outbox
from pixxelbot.errors import RenderError
from pixxelbot.intent import Ask, Changes, Intent
from pixxelbot.job import Drawn, Estimate, Forecast, Job, Progress, Rendered, new_id
from pixxelbot.picture import encode_grid, encode_png
from pixxelbot.recipe import Recipe
from pixxelbot.settings import BUNDLED, Settings
from pixxelbot.store import Store
from pixxelbot.studio import Studio
from pixxelbot.studio.eyes import Eyes
from tests import factories
from tests.discord_server.scenario import Discord


class Echo:
    """A planner that adds one word, and asks back where it is told to."""

    sees, name = False, "echo"

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.answer: Intent | None = None
        """What it answers instead, once."""
        self.writes: tuple[str, ...] = ()
        """What it writes bit by bit, before it answers."""
        self.thinking = asyncio.Event()
        self.thinking.set()

    async def plan(self, ask: Ask, hear: Callable[[str], None] | None = None) -> Intent:
        self.asks.append(ask)
        for said in self.writes:
            if hear:
                hear(said)
        await self.thinking.wait()
        if self.answer is not None:
            answer, self.answer = self.answer, None
            return answer
        prompt = f"{ask.words}, detailed"
        return Intent(changes=Changes(prompt=prompt).over(ask.given).model_copy(update={"prompt": prompt}))

    async def close(self) -> None:
        pass


class Painter:
    """A renderer that paints each picture in a colour of its seed."""

    ready = True
    loaded = ("bundled",)

    def __init__(self) -> None:
        self.held = asyncio.Event()
        """Rendering waits at its half until this is set; it is, unless a test clears it."""
        self.held.set()
        self.drawn: list[Job] = []
        self.steps = 4
        self.error: RenderError | None = None
        self.bytes: int | None = None
        """Of each picture; with `room`, for tests of what does not fit."""
        self.room: int | None = None
        self.noise = 0
        """Side in pixels of pictures of incompressible noise, for tests of size; 0: plain colours."""

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    def forecast(self, recipe: Recipe) -> Forecast:
        return Forecast(seconds=float(recipe.count), bytes=self.bytes and self.bytes * recipe.count, room=self.room)

    async def render(self, job: Job, sources: Mapping[str, bytes]) -> AsyncIterator[Progress | Rendered]:
        for step in range(1, self.steps + 1):
            if step == self.steps // 2:
                await self.held.wait()
                if self.error:
                    raise self.error
            image = Image.new("RGB", (32, 32), (step * 60 % 256, 0, 0))
            yield Progress(
                job_id=job.id,
                attempt=job.attempt,
                step=step,
                total=self.steps,
                seconds_left=1.0,
                preview=_encoded(image),
            )
            await asyncio.sleep(0.02)
        self.drawn.append(job)
        images = [self._image(job.recipe, index) for index in range(job.recipe.count)]
        yield Rendered(
            job_id=job.id,
            attempt=job.attempt,
            pictures=tuple(_drawn(job.recipe, index, image) for index, image in enumerate(images)),
            grid=encode_grid(images, recipe=job.recipe, model_hash="0" * 64) if len(images) > 1 else None,
            seconds=0.1,
            model_hash="0" * 64,
        )

    def _image(self, recipe: Recipe, index: int) -> Image.Image:
        if self.noise:
            return Image.effect_noise((self.noise, self.noise), 120).convert("RGB")
        seed = recipe.seed_of(index)
        return Image.new("RGB", (recipe.width, recipe.height), (seed % 256, seed // 256 % 256, 128))


def _encoded(image: Image.Image) -> bytes:
    held = io.BytesIO()
    image.save(held, "WEBP")
    return held.getvalue()


def _drawn(recipe: Recipe, index: int, image: Image.Image) -> Drawn:
    identity = new_id()
    seed = recipe.seed_of(index)
    png = encode_png(image, picture_id=identity, recipe=recipe, seed=seed, index=index, model_hash="0" * 64)
    return Drawn(
        id=identity, index=index, png=png, seed=seed, width=image.width, height=image.height,
        sha256=hashlib.sha256(png).hexdigest(),
    )  # fmt: skip


class House:
    """One bot on one data folder; `restart` is a new process as far as Discord can tell."""

    def __init__(self, settings: Settings, discord: Discord) -> None:
        self.settings, self.discord = settings, discord
        self.painter, self.planner = Painter(), Echo()
        self.eyes: Eyes | None = None
        """Who compares words with pictures, from the next start on."""
        self._running = AsyncExitStack()

    async def start(self) -> None:
        self.store = await Store.open(self.settings)
        self._running.push_async_callback(self.store.close)
        await self.store.migrate()
        limits = {"bundled": models.limits("bundled", BUNDLED)}
        self.studio = Studio(self.store, self.planner, limits, self.painter.forecast, queue=_Line(self), eyes=self.eyes)
        self._running.push_async_callback(self.studio.close)
        self.chat = Chat(self.settings, self.studio, self.store, limits)
        self.dispatcher = Dispatcher(self.store, self.painter, self.settings, on_progress=self.chat.on_progress)
        self._running.push_async_callback(self._end, asyncio.create_task(self.dispatcher.run()))
        await self.studio.resume()
        outbox = asyncio.create_task(Outbox(self.store, self.chat.deliver).run())
        self._running.push_async_callback(_cancelled, outbox)
        self._running.push_async_callback(_cancelled, asyncio.create_task(self.chat.run()))
        self._running.push_async_callback(self.chat.close)

    async def _end(self, running: asyncio.Task[None]) -> None:
        self.dispatcher.stop()
        await running

    async def stop(self) -> None:
        await self._running.aclose()

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def chat_is_back(self, identifies: int) -> None:
        """Wait until the bot has logged in so often, and is connected."""

        async def look() -> bool | None:
            state = await self.discord.state()
            return (state["identifies"] >= identifies and state["connected"] > 0) or None

        await self.discord.eventually(look, 60.0, lambda: "the bot's return")

    async def delivered(self) -> None:
        """Wait until every request has ended and the outbox is empty."""
        async with asyncio.timeout(30):
            while not all(one.status.ended for one in await self.store.requests()) or await self.store.next_due():
                await self.store.wait_for_change(0.2)


class _Line:
    def __init__(self, house: House) -> None:
        self._house = house

    def wake(self) -> None:
        self._house.dispatcher.wake()

    def estimate(self, job_id: str) -> Estimate | None:
        return self._house.dispatcher.estimate(job_id)

    async def cancel(self, job_id: str) -> None:
        await self._house.dispatcher.cancel(job_id)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def open_house(discord: Discord, home: Path, **changes: Any) -> AsyncIterator[House]:
    """A bot that is connected to this Discord and has told it its commands."""
    values: dict[str, Any] = {
        "discord_token": discord.token, "discord_api": discord.api, "discord_gateway": discord.gateway,
        "discord_cdn": discord.cdn, "preview_seconds": 0.1,
    }  # fmt: skip
    house = House(factories.settings(home, **(values | changes)), discord)
    await house.start()
    try:
        await discord.bot_ready()
        yield house
    finally:
        await house.stop()
