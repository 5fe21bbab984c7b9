"""A renderer that draws nothing: blank pictures at once, for conversations that are only talked through."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping, Sequence
from hashlib import sha256

from PIL import Image

from pixxelbot.errors import NoNetwork, Unsupported
from pixxelbot.job import Drawn, Forecast, Job, Progress, Rendered, new_id
from pixxelbot.profile import Profile
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Recipe

SIDE = 8
"""Pixels of the blank file; its row claims the size that would have been drawn."""


class BlankRenderer:
    """Answers every job with as many blank pictures as it asks for."""

    ready = True
    loaded: tuple[str, ...] = ()

    async def start(self) -> None:
        """There is nothing to start."""

    async def close(self) -> None:
        """Nor to end."""

    async def render(self, job: Job, sources: Mapping[str, bytes]) -> AsyncIterator[Progress | Rendered]:
        """One Rendered, at once."""
        held = io.BytesIO()
        Image.new("RGB", (SIDE, SIDE)).save(held, "PNG")
        png, recipe = held.getvalue(), job.recipe
        pictures = tuple(
            Drawn(
                id=new_id(), index=index, png=png, seed=recipe.seed_of(index), width=recipe.width,
                height=recipe.height, sha256=sha256(png).hexdigest(),
            )
            for index in range(recipe.count)
        )  # fmt: skip
        yield Rendered(job_id=job.id, attempt=job.attempt, pictures=pictures, seconds=0.0, model_hash="")

    async def ask(self, question: Question, pictures: Sequence[bytes] = ()) -> Answer:
        """There is no network here to ask."""
        raise NoNetwork("segmenter" if question.kind == "segment" else "clip")

    async def profile(self, recipe: Recipe) -> Profile:
        """There is nothing to measure."""
        raise Unsupported("measuring a model without drawing")

    def forecast(self, recipe: Recipe) -> Forecast:
        """No time at all, nor any memory."""
        return Forecast(seconds=0.0, bytes=0)
