"""How long a recipe will take, learnt from what earlier ones took. Pure."""

from __future__ import annotations

from typing import Final

from pixxelbot.recipe import Recipe

FIRST_GUESS: Final = 6e-7
"""Seconds a pixel, row and step before anything was measured: the bundled model on two cores."""
SHARE_OF_THE_NEW: Final = 0.3
"""Weight of the latest measurement in the mean."""
STRENGTHS: Final = {
    "img2img": 0.6, "vary": 0.6, "inpaint": 0.9, "upscale": 0.3, "edit": 0.6, "blend": 0.65, "interpolate": 0.45,
    "arithmetic": 0.6, "sweep": 0.5, "background": 0.0,
}  # fmt: skip
"""Share of the steps that a kind makes where the recipe says none; the others make all."""
FRAMES: Final = 16
"""Pictures of an animation where the recipe says none."""
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
    strength = STRENGTHS.get(recipe.kind, 1.0) if recipe.strength is None else recipe.strength
    steps = max(1.0, recipe.steps * (1.0 if recipe.kind in ("text2img", "control") else strength))
    pictures = (recipe.frames or FRAMES) if recipe.kind == "interpolate" else recipe.count
    rows = pictures * (2 if recipe.guidance_scale > 1 else 1)
    tiling = TILING if recipe.kind == "upscale" else 1.0
    return recipe.width * recipe.height * rows * steps * tiling
