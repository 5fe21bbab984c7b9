"""A larger picture: enlarged by Lanczos, then details drawn in by img2img, tile by tile where the model is too small.

A first form: it adds the detail that the model knows at its own size, and no more than that.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np
from PIL import Image

from pixxelbot.engine.easel import Easel

STRENGTH: Final = 0.3
TILE_SHARE: Final = 0.4
"""Tiles get so much of the strength: beyond 0.15 each drew the whole of what the prompt names (seen by eye)."""
OVERLAP: Final = 4
"""Neighbouring tiles share at least one part in so many of a tile's side."""
TILES_AT_ONCE: Final = 4

Box = tuple[int, int, int, int]


def draw(easel: Easel) -> list[Image.Image]:
    """Each source at the recipe's size."""
    wanted = easel.recipe.width, easel.recipe.height
    step = easel.limits.multiple
    work = tuple(-(-side // step) * step for side in wanted)
    enlarged = easel.sources((work[0], work[1]))
    if easel.recipe.strength == 0:
        return [image.resize(wanted, Image.Resampling.LANCZOS) for image in enlarged]
    if max(work) <= easel.limits.native:  # beyond it, models tear things apart or double them
        strength = easel.strength(STRENGTH)
        drawn = easel.paint("img2img", image=enlarged, strength=strength, width=work[0], height=work[1])
    else:
        drawn = [_in_tiles(easel, image, index) for index, image in enumerate(enlarged)]
    return [image if image.size == wanted else image.resize(wanted, Image.Resampling.LANCZOS) for image in drawn]


def _in_tiles(easel: Easel, image: Image.Image, index: int) -> Image.Image:
    """One picture, tile by tile; each tile draws its noise from its own generator.

    Without words: a tile shows a part, and would be turned into the whole that the prompt describes.
    """
    boxes = tiles(image.size, easel.limits.native, easel.limits.multiple)
    groups = [range(start, min(start + TILES_AT_ONCE, len(boxes))) for start in range(0, len(boxes), TILES_AT_ONCE)]
    drawn: list[Image.Image] = []
    for group in groups:
        left, top, right, bottom = boxes[group[0]]
        drawn += easel.paint(
            "img2img",
            seeds=[easel.recipe.seed_of(index) + (place << 32) for place in group],
            passes=len(groups) * easel.recipe.count,
            image=[image.crop(boxes[place]) for place in group],
            strength=easel.strength(STRENGTH, share=TILE_SHARE),
            prompt="",
            negative_prompt=None,
            guidance_scale=1.0,
            width=right - left,
            height=bottom - top,
        )
    return _blended(image.size, boxes, drawn)


def tiles(size: tuple[int, int], side: int, multiple: int) -> list[Box]:
    """Boxes of one size, at most `side` pixels a side, that cover a picture with overlaps."""
    starts = [_starts(length, min(side, length), multiple) for length in size]
    width, height = min(side, size[0]), min(side, size[1])
    return [(left, top, left + width, top + height) for top, left in product(starts[1], starts[0])]


def _starts(length: int, side: int, multiple: int) -> list[int]:
    if length <= side:
        return [0]
    count = -(-(length - side // OVERLAP) // (side - side // OVERLAP))
    return [round((length - side) * place / (count - 1) / multiple) * multiple for place in range(count)]


def _blended(size: tuple[int, int], boxes: list[Box], drawn: list[Image.Image]) -> Image.Image:
    """Tiles laid over each other, each weighing less towards its edges."""
    total = np.zeros((size[1], size[0], 3))
    weight = np.zeros((size[1], size[0], 1))
    for (left, top, right, bottom), tile in zip(boxes, drawn, strict=True):
        share = _ramp(bottom - top)[:, None, None] * _ramp(right - left)[None, :, None]
        total[top:bottom, left:right] += np.asarray(tile) * share
        weight[top:bottom, left:right] += share
    return Image.fromarray((total / weight).round().astype(np.uint8))


def _ramp(length: int) -> np.ndarray[Any, Any]:
    """Rises from the edges over the overlap; never zero."""
    edge = np.minimum(np.arange(length) + 1, np.arange(length, 0, -1))
    return np.minimum(edge / (length / OVERLAP), 1.0)
