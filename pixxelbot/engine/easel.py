"""An easel: what a kind of drawing works with. Everything of one request that must not be shared stands on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import Any, Final

import numpy as np
import torch
from PIL import Image, ImageOps

from pixxelbot.engine.residency import Model, Task
from pixxelbot.engine.samplers import Glimpse
from pixxelbot.errors import InvalidRequest, NotANumber, NotFound
from pixxelbot.recipe import Limits, Recipe

OnStep = Callable[[int, int, torch.Tensor], None]
"""Told the steps done, all steps, and the latents believed to be the finished ones."""
PAPER: Final = "white"
"""What shows through where a source picture is transparent."""


class Easel:
    """One request's recipe, source pictures, and pipelines with schedulers and generators of its own."""

    def __init__(self, model: Model, recipe: Recipe, pictures: Mapping[str, Image.Image], on_step: OnStep) -> None:
        self.model, self.recipe = model, recipe
        self.notes: list[str] = []
        self._pictures, self._on_step = pictures, on_step
        self._steps_before = 0
        self._note_long_prompt()

    @property
    def limits(self) -> Limits:
        """What the model can draw."""
        return self.model.limits

    def paint(
        self, task: Task, *, seeds: Sequence[int] | None = None, passes: int = 1, **arguments: Any
    ) -> list[Image.Image]:
        """Run an unmodified pipeline; one picture a seed, each drawing its noise from its own generator.

        `passes` says how many such calls make up the whole drawing, for its progress. Arguments that the model's
        pipeline does not know are left out.

        Raises:
            NotANumber: the model's output holds values that are no numbers.
        """
        recipe = self.recipe
        seeds = [recipe.seed_of(index) for index in range(recipe.count)] if seeds is None else seeds
        pipeline = self.model.pipeline(task, recipe.sampler)
        common = {
            "prompt": recipe.prompt,
            "negative_prompt": recipe.negative_prompt or None,
            "num_images_per_prompt": len(seeds),
            "num_inference_steps": recipe.steps,
            "guidance_scale": recipe.guidance_scale,
            "generator": [torch.Generator().manual_seed(seed) for seed in seeds],
            "output_type": "np",
            "callback_on_step_end": self._step_teller(Glimpse(pipeline.scheduler), passes),
        }
        known = inspect.signature(pipeline.__call__).parameters
        drawn = pipeline(**{name: value for name, value in (common | arguments).items() if name in known}).images
        return _images(pipeline, drawn)

    def sources(self, size: tuple[int, int] | None = None) -> list[Image.Image]:
        """A source picture for each picture to draw, in turn, cut to the recipe's (or another) size."""
        if not self.recipe.sources:
            raise InvalidRequest("This needs a picture to start from. Attach one, or name one of yours.")
        wanted = size or (self.recipe.width, self.recipe.height)
        given = (_flat(self._picture(name)) for name in self.recipe.sources)
        found = [ImageOps.fit(one, wanted, Image.Resampling.LANCZOS) for one in given]
        return list(islice(cycle(found), self.recipe.count))

    def mask(self) -> Image.Image:
        """The mask as grey levels at the recipe's size: white is drawn anew."""
        if self.recipe.mask is None:
            raise InvalidRequest("This needs a mask that shows what to draw anew.")
        grey = _flat(self._picture(self.recipe.mask), "black").convert("L")
        return ImageOps.fit(grey, (self.recipe.width, self.recipe.height), Image.Resampling.BILINEAR)

    def strength(self, default: float, share: float = 1.0) -> float:
        """The recipe's strength, or a share of it, raised to what leaves at least one step."""
        wanted = share * (default if self.recipe.strength is None else self.recipe.strength)
        return min(1.0, max(wanted, (1 + 1e-6) / self.recipe.steps))

    def _picture(self, name: str) -> Image.Image:
        if name not in self._pictures:
            raise NotFound("picture", name)
        return self._pictures[name]

    def _step_teller(self, glimpse: Glimpse, passes: int) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
        before = self._steps_before

        def tell(pipeline: Any, index: int, _: Any, held: dict[str, Any]) -> dict[str, Any]:
            total = passes * pipeline.num_timesteps
            self._steps_before = before + index + 1
            self._on_step(self._steps_before, max(total, self._steps_before), _believed(glimpse, held["latents"]))
            return held

        return tell

    def _note_long_prompt(self) -> None:
        tokenizer = getattr(self.model.base, "tokenizer", None)
        window = getattr(tokenizer, "model_max_length", None)
        if tokenizer is None or window is None or getattr(self.model.base, "tokenizer_3", None):
            return
        if len(tokenizer(self.recipe.prompt).input_ids) > window:
            self.notes.append(f"The model reads {window - 2} word pieces; the end of the prompt was not seen.")


def _believed(glimpse: Glimpse, latents: torch.Tensor) -> torch.Tensor:
    return latents if glimpse.believed is None else glimpse.believed


def _images(pipeline: Any, drawn: np.ndarray[Any, Any]) -> list[Image.Image]:
    if not np.isfinite(drawn).all():
        raise NotANumber("The model's output holds values that are no numbers. Try another sampler or fewer changes.")
    return list(pipeline.numpy_to_pil(drawn))


def _flat(image: Image.Image, ground: str = PAPER) -> Image.Image:
    """RGB, transparency laid on a plain ground."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    whole = Image.new("RGBA", clear.size, ground)
    whole.alpha_composite(clear)
    return whole.convert("RGB")
