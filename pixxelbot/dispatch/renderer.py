"""The seam between deciding and drawing: whatever turns a job into pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from pixxelbot.job import Forecast, Job, Progress, Rendered
from pixxelbot.profile import Profile
from pixxelbot.question import Answer, Question
from pixxelbot.recipe import Recipe


class Renderer(Protocol):
    """Draws jobs, several at once."""

    async def start(self) -> None:
        """Return once it is ready to draw with the default model."""
        ...

    async def close(self) -> None:
        """End it; renders in flight raise RendererCrashed."""
        ...

    def render(self, job: Job, sources: Mapping[str, bytes]) -> AsyncIterator[Progress | Rendered]:
        """Draw one job: any number of Progress, then exactly one Rendered.

        `sources` maps the picture ids of `recipe.sources` and `recipe.mask` to PNG bytes. Raises a RenderError leaf:
        RendererCrashed when the drawing process died (retryable), any other is final. Closing the iterator, or
        cancelling the task that reads it, ends the drawing within one step.
        """
        ...

    async def ask(self, question: Question, pictures: Sequence[bytes] = ()) -> Answer:
        """Answer a question about words or pictures (PNG, JPEG or WebP bytes), between two steps of what is drawn.

        Raises:
            Unsupported: no network for this is set up (`name:clip=…` or `name:segmenter=…` in PIXXELBOT_MODELS).
            InvalidPicture: the bytes are no picture.
            RendererCrashed: the drawing process died; ask again.
        """
        ...

    @property
    def ready(self) -> bool:
        """Whether a job handed over now would be drawn at once."""
        ...

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models whose weights are in memory."""
        ...

    async def profile(self, recipe: Recipe) -> Profile:
        """Measure what the recipe's model costs here at its size; returns once it was measured.

        Raises:
            RendererCrashed: the drawing process died meanwhile.
        """
        ...

    def forecast(self, recipe: Recipe) -> Forecast:
        """GPU-seconds and memory this will take, and the memory there is: learnt or measured before, and at once."""
        ...
