"""How long a recipe will take, learnt from what earlier ones took. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pixxelbot.profile import Profile
from pixxelbot.recipe import Recipe

FIRST_GUESS: Final = 6e-7
"""Seconds a pixel, row and step before anything was measured: the bundled model on two cores."""
SHARE_OF_THE_NEW: Final = 0.3
"""Weight of the latest measurement in the mean."""
STRENGTHS: Final = {"inpaint": 0.9, "upscale": 0.3, "interpolate": 0.45}
"""Share of the steps that a kind makes where the recipe says none."""
WHOLE: Final = ("text2img", "control", "outpaint", "detail")
"""Kinds that make every step; a strength means something else to them."""
FRAMES: Final = 16
"""Of an animation where the recipe says none."""
LATENT: Final = 8
"""Pixels of a latent's side."""
PACKED: Final = 4
"""Latents of a transformer's token."""
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


def needed(recipe: Recipe, profiles: Sequence[Profile]) -> int | None:
    """Bytes beyond the model's weights that a recipe takes at its peak: of its forwards, or of decoding its pictures.

    From the measured size nearest to the recipe's; memory grows with the number of latents. None where nothing was
    measured.
    """
    measured = [one for one in profiles if one.bytes]
    if not measured:
        return None
    per_pixel = {one.name: _pixels(one, recipe) for one in measured}
    nearest = min(measured, key=lambda one: abs(per_pixel[one.name] - 1))
    rows = recipe.count * (2 if recipe.guidance_scale > 1 else 1)
    forward = nearest.memory(rows) * per_pixel[nearest.name]
    return int(max(forward, nearest.decoding * recipe.width * recipe.height * recipe.count))


def _pixels(profile: Profile, recipe: Recipe) -> float:
    """How many times the measured latents a recipe has; eight pixels a latent's side, as nearly all autoencoders."""
    sides = [int(side) for side in profile.size.split("x")]
    latents = sides[-1] * sides[-2] if len(sides) == 3 else sides[0] * PACKED
    return recipe.width * recipe.height / (latents * LATENT**2)


def work(recipe: Recipe) -> float:
    """Pixels × rows × steps; a guided picture has two rows."""
    tiling = TILING if recipe.kind == "upscale" else 1.0
    guided = 2 if recipe.guidance_scale > 1 else 1
    return recipe.width * recipe.height * guided * _steps(recipe) * tiling


def _steps(recipe: Recipe) -> float:
    """Steps of all pictures together."""
    if recipe.kind == "background" or recipe.making == "forward":
        return 1.0
    if recipe.kind == "sweep":
        return max(1.0, recipe.steps * sum(recipe.strengths))
    pictures = (recipe.frames or FRAMES) if recipe.kind == "interpolate" else recipe.count
    kind = recipe.of or recipe.kind
    whole = kind in WHOLE or recipe.from_seed is not None or (kind == "arithmetic" and not recipe.sources)
    strength = 1.0 if whole else STRENGTHS.get(kind, 0.6) if recipe.strength is None else recipe.strength
    return max(1.0, recipe.steps * strength * recipe.stop / 100) * pictures
