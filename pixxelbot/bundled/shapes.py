"""Objects drawn from simple shapes: variety beside the glyphs, and all there is where the emoji font is missing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

SCALE: Final = 4
"""Shapes are drawn so many times larger and then reduced, for smooth edges."""
SIDE: Final = 136
"""Side of a finished shape in pixels."""

Point = tuple[float, float]
Colour = str | tuple[int, int, int]


class Sheet:
    """A transparent sheet on which shapes are drawn in percent of its side."""

    def __init__(self) -> None:
        self._image = Image.new("RGBA", (SIDE * SCALE, SIDE * SCALE))
        self._draw = ImageDraw.Draw(self._image)

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(x * SIDE * SCALE / 100, y * SIDE * SCALE / 100) for x, y in points]

    def polygon(self, points: Sequence[Point], fill: Colour) -> Sheet:
        self._draw.polygon(self._at(points), fill=fill)
        return self

    def ellipse(self, x: float, y: float, wide: float, high: float, fill: Colour) -> Sheet:
        """An ellipse around (x, y)."""
        self._draw.ellipse(self._at([(x - wide / 2, y - high / 2), (x + wide / 2, y + high / 2)]), fill=fill)
        return self

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0) -> Sheet:
        corners = self._at([(left, top), (right, bottom)])
        self._draw.rounded_rectangle(corners, radius * SIDE * SCALE / 100, fill=fill)
        return self

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> Sheet:
        self._draw.line(self._at(points), fill=fill, width=round(width * SIDE * SCALE / 100), joint="curve")
        return self

    def done(self) -> Image.Image:
        return self._image.reduce(SCALE)


def around(x: float, y: float, radius: float, corners: int, turn: float = 0.0) -> list[Point]:
    """Corners of a regular polygon; the first points up, turned clockwise by `turn` degrees."""
    angles = [math.radians(turn - 90 + 360 * corner / corners) for corner in range(corners)]
    return [(x + radius * math.cos(angle), y + radius * math.sin(angle)) for angle in angles]


def emblem(name: str) -> Image.Image:
    """An abstract mark, always the same for one name: a soft blob of two tones with rings."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    hue = tuple(int(value) for value in rng.integers(90, 220, 3))
    dark = (hue[0] // 2, hue[1] // 2, hue[2] // 2)
    pale = (hue[0] // 2 + 127, hue[1] // 2 + 127, hue[2] // 2 + 127)
    phases, heights = rng.uniform(0, 2 * math.pi, 3).tolist(), rng.uniform(0.04, 0.14, 3).tolist()
    sheet = Sheet()
    for size, tone in (
        (46, dark),
        (42, (hue[0], hue[1], hue[2])),
        (28, pale),
        (18, (hue[0], hue[1], hue[2])),
        (8, dark),
    ):
        sheet.polygon(_blob(size, phases, heights), tone)
    return sheet.done()


def _blob(size: float, phases: Sequence[float], heights: Sequence[float]) -> list[Point]:
    points = []
    for step in range(72):
        angle = math.radians(step * 5)
        radius = size * (
            0.86 + sum(h * math.sin((k + 2) * angle + p) for k, (p, h) in enumerate(zip(phases, heights, strict=True)))
        )
        points.append((50 + radius * math.cos(angle), 50 + radius * math.sin(angle)))
    return points


def lighthouse() -> Image.Image:
    sheet = Sheet().polygon([(36, 92), (42, 34), (58, 34), (64, 92)], "#f4f1ea")
    for top, bottom in ((44, 56), (68, 80)):
        edges = [36 + (92 - y) * 6 / 58 for y in (top, bottom)]
        sheet.polygon([(edges[0], top), (100 - edges[0], top), (100 - edges[1], bottom), (edges[1], bottom)], "#d9302c")
    sheet.box(38, 30, 62, 35, "#3a3f4a").box(43, 17, 57, 30, "#ffd94a").polygon(
        [(40, 18), (50, 6), (60, 18)], "#b3241f"
    )
    return sheet.box(28, 91, 72, 97, "#7d8590", 2).box(46, 82, 54, 92, "#4b3a30", 2).done()


def _emblems(*names: str) -> tuple[Callable[[], Image.Image], ...]:
    return tuple((lambda name=name: emblem(name)) for name in names)


SHAPES: Final[dict[str, tuple[Callable[[], Image.Image], ...]]] = {
    "lighthouse": (lighthouse,),
    "something": _emblems("one", "two", "three", "four", "five", "six"),
}
"""Noun → functions that draw it."""
