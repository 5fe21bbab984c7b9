"""Two to five pictures in one: their latents mixed by weight, their prompts' meanings too, then drawn anew."""

from __future__ import annotations

from functools import reduce
from typing import Final

import torch
from PIL import Image

from pixxelbot.engine import words
from pixxelbot.engine.easel import Easel
from pixxelbot.engine.noise import slerp
from pixxelbot.errors import InvalidRequest
from pixxelbot.recipe import MAX_BLENDED

STRENGTH: Final = 0.65


def draw(easel: Easel) -> list[Image.Image]:
    """Pictures of the mixture, one a seed.

    Raises:
        InvalidRequest: not two to five pictures, or weights that do not fit them.
    """
    recipe, sources = easel.recipe, easel.all_sources()
    if not 2 <= len(sources) <= MAX_BLENDED:
        raise InvalidRequest(f"A blend takes 2 to {MAX_BLENDED} pictures; there are {len(sources)}.")
    shares = _shares(recipe.weights, len(sources))
    middle = easel.decoded(mixed(easel.encoded(sources), shares))[0]
    if recipe.strength == 0:
        return [middle] * recipe.count
    features = None
    if not recipe.prompt and len(recipe.prompts) == len(sources):
        read = [easel.read(prompt, recipe.negative_prompt) for prompt in recipe.prompts]
        features = words.mixed(list(zip(read, shares, strict=True)))
    return easel.paint(
        "img2img", features=features, image=[middle] * recipe.count, strength=easel.strength(STRENGTH),
        width=recipe.width, height=recipe.height,
    )  # fmt: skip


def _shares(weights: tuple[float, ...], count: int) -> list[float]:
    if not weights:
        return [1 / count] * count
    if len(weights) != count or min(weights) < 0 or sum(weights) <= 0:
        raise InvalidRequest(f"A blend of {count} pictures takes {count} weights of 0 or more, not all 0.")
    return [weight / sum(weights) for weight in weights]


def mixed(latents: torch.Tensor, shares: list[float]) -> torch.Tensor:
    """(1, …) of (pictures, …): each taken in along the sphere, so that the mixture is no paler than its parts."""
    taken = shares[0]

    def take(mixture: torch.Tensor, place: int) -> torch.Tensor:
        nonlocal taken
        taken += shares[place]
        return mixture if taken == 0 else slerp(mixture, latents[place], shares[place] / taken)

    return reduce(take, range(1, len(shares)), latents[0])[None]
