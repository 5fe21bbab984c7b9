"""Conversations in tests: say something, and what it asks to be drawn counts as drawn at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pixxelbot.app import model_limits
from pixxelbot.intent import Intent
from pixxelbot.job import Address, Forecast, Request, Status
from pixxelbot.picture import Picture
from pixxelbot.planner import build_planner
from pixxelbot.recipe import Limits, Recipe
from pixxelbot.store import Store
from pixxelbot.studio import Studio
from tests import factories
from tests.databases import rendered


@asynccontextmanager
async def opened(
    home: Path, forecast: Callable[[Recipe], Forecast], limits: Mapping[str, Limits] | None = None
) -> AsyncIterator[Studio]:
    """A studio with a store of its own and everything but a renderer; the bundled model unless others are given."""
    settings = factories.settings(home)
    store = await Store.open(settings)
    await store.migrate()
    studio = Studio(store, build_planner(settings), limits or model_limits(settings), forecast)
    yield studio
    await studio.close()
    await store.close()


@dataclass
class Talk:
    """One member's conversation in one place."""

    studio: Studio
    member: str = "discord:1"
    address: Address = field(default_factory=lambda: Address(guild_id="10", channel_id="20"))
    draws: bool = True
    """Whether jobs are drawn; else they wait."""
    request: Request | None = None
    """The latest, ended or waiting."""
    recipe: Recipe | None = None
    pictures: tuple[Picture, ...] = ()

    async def say(self, words: str, **changes: Any) -> Intent:
        """Say it and see it through; what was understood comes back."""
        values: dict[str, Any] = {"member_id": self.member, "address": self.address} | changes
        accepted = await self.studio.accept(factories.request(words, **values))
        self.request = await self.studio.planned(accepted.id)
        job = await self.studio.store.job_of(accepted.id)
        self.recipe, self.pictures = job.recipe if job else None, ()
        if job and self.draws and job.status is Status.QUEUED:
            epoch = await self.studio.store.raise_epoch()
            started = await self.studio.store.start_job(job, epoch)
            self.pictures = tuple(await self.studio.store.finish_job(started, epoch, rendered(started, grid=False)))
        return self.request.intent or Intent(action="chat", reply=self.request.error_message or "")

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the pictures drawn last."""
        return tuple(one.id for one in self.pictures)
