"""A part of a picture drawn anew; the rest stays to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from pixxelbot.engine.easel import Easel

STRENGTH: Final = 0.9
FEATHER: Final = 3
"""Pixels over which the new part fades in, inside the mask."""


def draw(easel: Easel) -> list[Image.Image]:
    """Draw what is white in the mask, and lay it over the source; a strength of 0 keeps the source."""
    sources, mask = easel.sources(), easel.mask()
    if easel.recipe.strength == 0:
        return sources
    return fill(easel, sources, mask, easel.strength(STRENGTH))


def fill(easel: Easel, sources: Sequence[Image.Image], mask: Image.Image, strength: float) -> list[Image.Image]:
    """The sources with what is white in the mask drawn anew."""
    drawn = easel.paint(
        "inpaint", image=list(sources), mask_image=[mask] * len(sources), strength=strength,
        width=easel.recipe.width, height=easel.recipe.height,
    )  # fmt: skip
    # the autoencoder changes every pixel a little: what was not asked for comes from the source itself
    soft = ImageChops.multiply(mask.filter(ImageFilter.GaussianBlur(FEATHER)), mask)
    return [Image.composite(new, old, soft) for new, old in zip(drawn, sources, strict=True)]
