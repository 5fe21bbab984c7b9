"""What is in front, on a transparent ground.

A segmenter finds what the words name. Without one, the ground is what is joined to the picture's edge in the edge's own
colours: good for plain grounds, and told.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter

from pixxelbot.engine import answering
from pixxelbot.engine.easel import Easel
from pixxelbot.errors import NoNetwork

COLOURS: Final = 6
"""Colours that an edge is summed up in."""
NEAR: Final = 40.0
"""Distance in RGB (of 255 a channel) within which a pixel passes for one of them."""
SOFT: Final = 0.8
"""Blur of the alpha channel in pixels, so that the outline is not jagged."""

TOLD_ON: Final = 512
"""Longest side in pixels of the copy on which the ground is told."""

GUESSED: Final = "No segmenter is set up: the ground was told from the colours at the picture's edge."

Array = np.ndarray[Any, Any]


def draw(easel: Easel) -> list[Image.Image]:
    """Each source with an alpha channel, in its own size."""
    return [_cut_out(easel, source) for source in easel.originals()]


def _cut_out(easel: Easel, source: Image.Image) -> Image.Image:
    words = easel.recipe.region or easel.recipe.prompt
    try:
        network = easel.room.network("segmenter")
        alpha = answering.masks(network, source, [words or "the main object"])[0]
    except NoNetwork:
        if GUESSED not in easel.notes:
            easel.notes.append(GUESSED)
        alpha = from_edges(source)
    cut = source.convert("RGBA")
    cut.putalpha(alpha)
    return cut


def from_edges(source: Image.Image) -> Image.Image:
    """Opaque but for what is joined to the edge in the edge's colours; told on a small copy, so that nobody waits."""
    small = source.convert("RGB")
    small.thumbnail((TOLD_ON, TOLD_ON), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float32)
    ground = _joined_to_the_edge(_like(pixels, _edge_colours(small)))
    alpha = Image.fromarray(np.where(ground, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(SOFT))
    return alpha.resize(source.size, Image.Resampling.BICUBIC)


def _edge_colours(source: Image.Image) -> Array:
    """(colours, 3) that the outermost pixels are made of."""
    pixels = np.asarray(source.convert("RGB"))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    summed = Image.fromarray(edge[None]).quantize(COLOURS, Image.Quantize.MEDIANCUT)
    used = [int(str(place)) for count, place in summed.getcolors() or () if count >= len(edge) * 0.02]
    palette = np.array(summed.getpalette(), dtype=np.float32).reshape(-1, 3)
    return palette[used] if used else palette[:1]


def _like(pixels: Array, colours: Array) -> Array:
    """Where a pixel is near one of the colours."""
    found: Array = (np.linalg.norm(pixels[:, :, None] - colours, axis=-1) < NEAR).any(axis=-1)
    return found


def _joined_to_the_edge(alike: Array) -> Array:
    """Of what is alike, that from which one comes to the edge without leaving it."""
    reached = np.zeros_like(alike)
    reached[0], reached[-1], reached[:, 0], reached[:, -1] = alike[0], alike[-1], alike[:, 0], alike[:, -1]
    while True:
        before = int(reached.sum())
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            _sweep(np.moveaxis(reached, axis, 0), np.moveaxis(alike, axis, 0), step)
        if int(reached.sum()) == before:
            return reached


def _sweep(reached: Array, alike: Array, step: int) -> None:
    """Go straight on through what is alike, along the first axis in one direction; changes `reached`."""
    places = range(1, len(reached)) if step > 0 else range(len(reached) - 2, -1, -1)
    for place in places:
        reached[place] |= reached[place - step] & alike[place]
