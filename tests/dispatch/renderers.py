"""A renderer without a model, for tests of everything around it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from pixxelbot.errors import RenderError
from pixxelbot.job import Forecast, Job, Progress, Rendered
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Recipe
from tests.databases import rendered


class FakeRenderer:
    """Draws plain pictures in `steps` steps of `seconds`; `fails` may name the error that a job ends in."""

    ready = True
    loaded = ("bundled",)

    def __init__(
        self,
        seconds: float = 0.0,
        steps: int = 2,
        fails: Callable[[Job], RenderError | None] = lambda job: None,
        foreseen: float = 1.0,
    ) -> None:
        self.seconds, self.steps, self.fails, self.foreseen = seconds, steps, fails, foreseen
        self.begun: list[Job] = []
        self.at_once = self.most_at_once = 0
        self.sources: list[Mapping[str, bytes]] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def forecast(self, recipe: Recipe) -> Forecast:
        return Forecast(seconds=self.foreseen * recipe.count)

    async def ask(self, question: Question, pictures: Sequence[bytes] = ()) -> Answer:
        return Answer(model_hash="fake")

    async def render(self, job: Job, sources: Mapping[str, bytes]) -> AsyncIterator[Progress | Rendered]:
        self.begun.append(job)
        self.sources.append(sources)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            for step in range(1, self.steps + 1):
                await asyncio.sleep(self.seconds)
                yield Progress(job_id=job.id, attempt=job.attempt, step=step, total=self.steps)
            if error := self.fails(job):
                raise error
            yield rendered(job)
        finally:
            self.at_once -= 1
