"""A part of a picture drawn anew; the rest stays to the last bit."""

from __future__ import annotations

from typing import Final

from PIL import Image, ImageChops, ImageFilter

from pixxelbot.engine.easel import Easel

STRENGTH: Final = 0.9
FEATHER: Final = 3
"""Pixels over which the new part fades in, inside the mask."""


def draw(easel: Easel) -> list[Image.Image]:
    """Draw what is white in the mask, and lay it over the source."""
    sources, mask = easel.sources(), easel.mask()
    drawn = easel.paint(
        "inpaint",
        image=sources,
        mask_image=[mask] * len(sources),
        strength=easel.strength(STRENGTH),
        width=easel.recipe.width,
        height=easel.recipe.height,
    )
    # the autoencoder changes every pixel a little: what was not asked for comes from the source itself
    soft = ImageChops.multiply(mask.filter(ImageFilter.GaussianBlur(FEATHER)), mask)
    return [Image.composite(new, old, soft) for new, old in zip(drawn, sources, strict=True)]
