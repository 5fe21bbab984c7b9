"""Variations of a picture that was drawn before: its composition stays, its details change with the seed.

From the picture: a part of the noise is put back into it. From its latent: its own first noise, turned towards another;
that keeps the sharpness of a picture drawn from nothing.
"""

from __future__ import annotations

from typing import Final

import torch
from PIL import Image

from pixxelbot.engine.easel import Easel
from pixxelbot.engine.kinds import img2img
from pixxelbot.engine.noise import slerp

STRENGTH: Final = 0.3
"""Share of the way from the old noise to the new where the recipe says none."""


def draw(easel: Easel) -> list[Image.Image]:
    """Several sources give one variation of each in turn."""
    if easel.recipe.from_seed is None:
        return img2img.draw(easel)
    return _from_latent(easel, easel.recipe.from_seed)


def _from_latent(easel: Easel, seed: int) -> list[Image.Image]:
    recipe = easel.recipe
    strength = STRENGTH if recipe.strength is None else recipe.strength
    old = easel.noise([seed])
    new = easel.noise([recipe.seed_of(index) for index in range(recipe.count)])
    latents = torch.cat([slerp(old, one[None], strength) for one in new])
    return easel.paint("text2img", latents=latents, width=recipe.width, height=recipe.height)
