"""Drawn small, enlarged in latent space, drawn again: large pictures whose composition holds together."""

from __future__ import annotations

from typing import Final

import torch
from PIL import Image

from pixxelbot.engine.easel import Easel

SCALE: Final = 2.0
DIVISIBLE: Final = 8
"""Pipelines draw sides of so many pixels and multiples of it."""
STRENGTH: Final = 0.5
"""Share of the noise of the second stage."""


def draw(easel: Easel) -> list[Image.Image]:
    """Pictures of the recipe's size; the first stage's is so many times smaller as the recipe's scale says."""
    recipe, limits = easel.recipe, easel.limits
    # both sides alike, or what was drawn small would be stretched
    scale = max(1.0, min(recipe.scale or SCALE, recipe.width / limits.minimum, recipe.height / limits.minimum))
    small = [limits.fit(round(side / scale / DIVISIBLE) * DIVISIBLE) for side in (recipe.width, recipe.height)]
    first = easel.paint("text2img", width=small[0], height=small[1], passes=1 + (recipe.strength or STRENGTH))
    if recipe.strength == 0:
        return [one.resize((recipe.width, recipe.height), Image.Resampling.LANCZOS) for one in first]
    return easel.paint(
        "img2img", image=_enlarged(easel, first), strength=easel.strength(STRENGTH), width=recipe.width,
        height=recipe.height,
    )  # fmt: skip


def _enlarged(easel: Easel, pictures: list[Image.Image]) -> list[Image.Image]:
    """Through latent space: what the autoencoder makes of enlarged latents is softer than of enlarged pixels."""
    size = easel.recipe.width, easel.recipe.height
    latents = easel.encoded(pictures).float()
    down, across = (
        round(have * want / had)
        for have, want, had in zip(latents.shape[-2:], reversed(size), reversed(pictures[0].size), strict=True)
    )
    flat = latents.flatten(1, -3)  # video autoencoders have one frame's dimension between
    larger = torch.nn.functional.interpolate(flat, size=(down, across), mode="bicubic")
    drawn = easel.decoded(larger.reshape(*latents.shape[:-2], down, across))
    return [one.resize(size, Image.Resampling.LANCZOS) for one in drawn]
