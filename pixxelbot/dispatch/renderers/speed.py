"""How long a recipe will take, learnt from what earlier ones took. Pure."""

from __future__ import annotations

from typing import Final

from pixxelbot.recipe import Recipe

FIRST_GUESS: Final = 6e-7
"""Seconds a pixel, row and step before anything was measured: the bundled model on two cores."""
SHARE_OF_THE_NEW: Final = 0.3
"""Weight of the latest measurement in the mean."""
STRENGTHS: Final = {"text2img": 1.0, "img2img": 0.6, "vary": 0.6, "inpaint": 0.9, "upscale": 0.3}
"""Share of the steps that a kind makes where the recipe says none."""
TILING: Final = 1.6
"""Tiles of an enlargement overlap: so many times its pixels are drawn."""


class Speed:
    """Seconds a unit of work, a moving mean by model."""

    def __init__(self) -> None:
        self._learnt: dict[str, float] = {}

    def predict(self, recipe: Recipe) -> float:
        """GPU-seconds."""
        return work(recipe) * self._learnt.get(recipe.model, FIRST_GUESS)

    def learn(self, recipe: Recipe, seconds: float) -> None:
        """It took so many GPU-seconds."""
        measured = seconds / work(recipe)
        before = self._learnt.get(recipe.model, measured)
        self._learnt[recipe.model] = before + SHARE_OF_THE_NEW * (measured - before)


def work(recipe: Recipe) -> float:
    """Pixels × rows × steps; a guided picture has two rows."""
    strength = STRENGTHS[recipe.kind] if recipe.strength is None else recipe.strength
    steps = max(1.0, recipe.steps * (1.0 if recipe.kind == "text2img" else strength))
    rows = recipe.count * (2 if recipe.guidance_scale > 1 else 1)
    tiling = TILING if recipe.kind == "upscale" else 1.0
    return recipe.width * recipe.height * rows * steps * tiling
