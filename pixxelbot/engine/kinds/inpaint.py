"""A part of a picture drawn anew; the rest stays to the last bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageChops, ImageFilter

from pixxelbot.engine import answering
from pixxelbot.engine.easel import Easel
from pixxelbot.errors import InvalidRequest

STRENGTH: Final = 0.9
SURE: Final = 100
"""Level (of 255) from which a segmenter's answer counts; a little below half, since missing a part shows more."""
GROWN: Final = 5
"""Pixels across that a mask found by words grows by, because a seam inside a thing shows."""
FEATHER: Final = 3
"""Pixels over which the new part fades in, inside the mask."""


def draw(easel: Easel) -> list[Image.Image]:
    """Draw what is white in the mask, and lay it over the source; a strength of 0 keeps the source."""
    sources = easel.sources()
    mask = named(easel, sources[0]) if easel.recipe.mask is None and easel.recipe.region else easel.mask()
    if easel.recipe.strength == 0:
        return sources
    return fill(easel, sources, mask, easel.strength(STRENGTH))


def named(easel: Easel, source: Image.Image) -> Image.Image:
    """A mask of what the recipe's region says in words; `not the sky` is everything else.

    Raises:
        NoNetwork: no segmenter is set up.
        InvalidRequest: it is not in the picture.
    """
    words = easel.recipe.region.strip()
    rest = words.lower().removeprefix("not ")
    found = answering.masks(easel.room.network("segmenter"), source, [rest])[0]
    mask = found.point(lambda level: 255 if level > SURE else 0)
    if rest != words.lower():
        mask = ImageChops.invert(mask)
    if not mask.getbbox():
        raise InvalidRequest(f"I do not see “{words}” in the picture. Say it in other words, or mark it yourself.")
    return mask.filter(ImageFilter.MaxFilter(GROWN))


def fill(easel: Easel, sources: Sequence[Image.Image], mask: Image.Image, strength: float) -> list[Image.Image]:
    """The sources with what is white in the mask drawn anew."""
    drawn = easel.paint(
        "inpaint", image=list(sources), mask_image=[mask] * len(sources), strength=strength,
        width=easel.recipe.width, height=easel.recipe.height,
    )  # fmt: skip
    # the autoencoder changes every pixel a little: what was not asked for comes from the source itself
    soft = ImageChops.multiply(mask.filter(ImageFilter.GaussianBlur(FEATHER)), mask)
    return [Image.composite(new, old, soft) for new, old in zip(drawn, sources, strict=True)]
