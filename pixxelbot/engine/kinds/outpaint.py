"""More of a picture around its edges: zoom out, pan, make square, change the aspect."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from pixxelbot.engine.easel import Easel
from pixxelbot.engine.kinds.inpaint import fill
from pixxelbot.recipe import Direction

SCALE: Final = 1.5
"""How much larger the canvas is than the source where the recipe does not say."""
OVERLAP: Final = 0.04
"""Share of the source's sides, towards the new parts, that is drawn again so that they join."""
BLUR: Final = 0.05
"""Softness of the colours laid under the new parts, as a share of the canvas."""

ROUNDED: Final = 0.04
"""Share of a side that may be cut off, so that sides which a model can draw need no new strip beside the source."""

Box = tuple[int, int, int, int]


def draw(easel: Easel) -> list[Image.Image]:
    """Each source on a canvas of the recipe's size, what is around it drawn anew."""
    recipe, size = easel.recipe, (easel.recipe.width, easel.recipe.height)
    originals = list(islice(cycle(easel.originals()), recipe.count))
    boxes = [placed(size, one.size, recipe.box, recipe.directions, recipe.scale) for one in originals]
    canvases = [canvas(one, size, box) for one, box in zip(originals, boxes, strict=True)]
    mask = around(size, boxes[0])
    if mask.getextrema() == (0, 0):
        easel.notes.append("The picture fills the whole canvas already: there was nothing to add.")
        return canvases
    return fill(easel, canvases, mask, easel.strength(1.0))


def placed(
    size: tuple[int, int],
    source: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
    directions: Sequence[Direction] = (),
    scale: float | None = None,
) -> Box:
    """Where on a canvas of `size` pixels the source lies: left, top, right, bottom.

    An explicit box wins; else directions are the sides that are added to; else the source is as large as fits.
    """
    width, height = size
    if box is not None:
        return round(box[0] * width), round(box[1] * height), round(box[2] * width), round(box[3] * height)
    if not directions and scale is None:
        return _contained((0, 0, width, height), source)
    wanted = scale or SCALE
    left, right = _ends(wanted, "left" in directions, "right" in directions, _all_sides(directions))
    top, bottom = _ends(wanted, "up" in directions, "down" in directions, _all_sides(directions))
    room = round(left * width), round(top * height), round(right * width), round(bottom * height)
    return _inside(room, source, directions)


def _inside(room: Box, source: tuple[int, int], directions: Sequence[Direction]) -> Box:
    """Where in that room the whole source lies: towards the sides that nothing is added to, else in the middle."""
    across = 0.5 + 0.5 * (("left" in directions) - ("right" in directions))
    down = 0.5 + 0.5 * (("up" in directions) - ("down" in directions))
    found = _contained(room, source, across, down)
    spare = [1 - (found[end] - found[end - 2]) / (room[end] - room[end - 2]) for end in (2, 3)]
    return room if max(spare) <= ROUNDED else found


def _all_sides(directions: Sequence[Direction]) -> bool:
    return "out" in directions or not directions


def _ends(scale: float, before: bool, behind: bool, all_sides: bool) -> tuple[float, float]:
    """Begin and end of the source along one axis, as shares of the canvas."""
    if all_sides or (before and behind):
        return (1 - 1 / scale) / 2, (1 + 1 / scale) / 2
    if before:
        return 1 - 1 / scale, 1.0
    return 0.0, 1 / scale if behind else 1.0


def _contained(room: Box, source: tuple[int, int], across: float = 0.5, down: float = 0.5) -> Box:
    """The source as large as fits into a room; the shares of what is spare that lie left of it and above it."""
    left, top, right, bottom = room
    factor = min((right - left) / source[0], (bottom - top) / source[1])
    width, height = round(source[0] * factor), round(source[1] * factor)
    left, top = left + int((right - left - width) * across), top + int((bottom - top - height) * down)
    return left, top, left + width, top + height


def canvas(source: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """The source in its place, its edges' colours spread softly over the rest."""
    left, top, right, bottom = box
    inner = ImageOps.fit(source, (max(right - left, 1), max(bottom - top, 1)), Image.Resampling.LANCZOS)
    margins = (top, size[1] - bottom), (left, size[0] - right), (0, 0)
    whole = Image.fromarray(np.pad(np.asarray(inner), margins, mode="edge"))
    whole = whole.filter(ImageFilter.GaussianBlur(BLUR * max(size)))
    whole.paste(inner, (left, top))
    return whole


def around(size: tuple[int, int], box: Box) -> Image.Image:
    """A mask: white where something is drawn, a little over the source's edges towards it."""
    left, top, right, bottom = box
    mask = Image.new("L", size, 255)
    across, down = round(OVERLAP * (right - left)), round(OVERLAP * (bottom - top))
    kept = (
        left + (across if left > 0 else 0),
        top + (down if top > 0 else 0),
        right - (across if right < size[0] else 0),
        bottom - (down if bottom < size[1] else 0),
    )
    mask.paste(0, kept)
    return mask
