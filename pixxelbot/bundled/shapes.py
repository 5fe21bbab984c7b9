"""Objects drawn from simple shapes: variety beside the glyphs, and all there is where the emoji font is missing."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw

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


def slim_lighthouse() -> Image.Image:
    sheet = Sheet().polygon([(24, 98), (34, 82), (66, 82), (78, 98)], "#8a7f74").box(40, 30, 60, 84, "#3f7cc4")
    for top in (38, 60):
        sheet.box(40, top, 60, top + 11, "#f6f3ec")
    sheet.box(36, 26, 64, 31, "#2f3540").box(42, 12, 58, 26, "#ffe27a").ellipse(50, 12, 18, 14, "#2c5a94")
    return sheet.box(46, 72, 54, 84, "#2f3540", 4).done()


def star() -> Image.Image:
    outer, inner = around(50, 52, 48, 5), around(50, 52, 24, 5, 36)
    points = [point for pair in zip(outer, inner, strict=True) for point in pair]
    sheet = Sheet().polygon(points, "#ffc928")
    for place in range(0, 10, 2):
        sheet.polygon([points[place], points[place + 1], (50, 52)], "#ffdf6b")
    return sheet.done()


def heart() -> Image.Image:
    sheet = Sheet().polygon(_heart(50, 52, 46), "#d81e4a").polygon(_heart(49, 50, 41), "#f0386a")
    return sheet.ellipse(32, 34, 14, 9, "#ff9db8").done()


def _heart(x: float, y: float, size: float) -> list[Point]:
    angles = [math.radians(step * 4) for step in range(90)]
    return [
        (
            x + size * math.sin(angle) ** 3,
            y
            - size
            * (13 * math.cos(angle) - 5 * math.cos(2 * angle) - 2 * math.cos(3 * angle) - math.cos(4 * angle))
            / 16,
        )
        for angle in angles
    ]


def moon() -> Image.Image:
    sheet = Sheet().ellipse(50, 50, 92, 92, "#f4e3a1").ellipse(47, 47, 82, 82, "#fbf0c2")
    for x, y, wide in ((34, 36, 18), (62, 30, 11), (58, 62, 24), (30, 66, 11), (76, 50, 9)):
        sheet.ellipse(x, y, wide, wide, "#e2cd86").ellipse(x + 1, y + 1, wide * 0.8, wide * 0.8, "#ecdb9c")
    return sheet.done()


def sun() -> Image.Image:
    sheet = Sheet()
    for turn in range(0, 360, 30):
        tip, left, right = (
            around(50, 50, 49, 1, turn)[0],
            around(50, 50, 30, 1, turn - 14)[0],
            around(50, 50, 30, 1, turn + 14)[0],
        )
        sheet.polygon([tip, left, right], "#ffa928")
    return sheet.ellipse(50, 50, 60, 60, "#ffc933").ellipse(48, 48, 50, 50, "#ffdd5c").done()


def cloud() -> Image.Image:
    sheet = Sheet()
    for tone, shift in (("#c9d6e6", 3), ("#f2f6fb", 0)):
        sheet.box(8, 50 + shift, 92, 74 + shift, tone, 12)
        sheet.ellipse(32, 50 + shift, 38, 36, tone).ellipse(58, 42 + shift, 46, 46, tone).ellipse(
            78, 56 + shift, 28, 26, tone
        )
    return sheet.done()


def tree() -> Image.Image:
    sheet = Sheet().polygon([(44, 98), (46, 60), (54, 60), (57, 98)], "#7a4f2f")
    for x, y, wide, tone in (
        (30, 48, 42, "#3c8f3f"),
        (70, 48, 42, "#3c8f3f"),
        (50, 30, 54, "#4fab4c"),
        (50, 52, 50, "#47a045"),
    ):
        sheet.ellipse(x, y, wide, wide * 0.92, tone)
    return sheet.ellipse(42, 24, 22, 16, "#7cc66c").done()


def house() -> Image.Image:
    sheet = Sheet().box(16, 46, 84, 94, "#f3d9a4").box(16, 84, 84, 94, "#d8b97e")
    sheet.box(66, 16, 76, 40, "#8d5a44").polygon([(6, 50), (50, 10), (94, 50)], "#c8473c").polygon(
        [(50, 10), (94, 50), (80, 50)], "#a8362e"
    )
    sheet.box(42, 62, 58, 94, "#6d4630", 1).ellipse(54, 79, 3, 3, "#ffd95e")
    for x in (22, 64):
        sheet.box(x, 58, x + 14, 74, "#ffffff").box(x + 1.5, 59.5, x + 12.5, 72.5, "#8fd0f2").box(
            x + 6, 58, x + 8, 74, "#ffffff"
        )
    return sheet.done()


def fish() -> Image.Image:
    sheet = (
        Sheet()
        .polygon([(70, 50), (97, 28), (92, 50), (97, 72)], "#f07a24")
        .polygon([(36, 30), (60, 16), (66, 34)], "#f07a24")
    )
    sheet.ellipse(42, 50, 78, 48, "#ff9a3c").ellipse(40, 60, 56, 22, "#ffc27e").polygon(
        [(44, 54), (62, 46), (60, 66)], "#f07a24"
    )
    return (
        sheet.ellipse(20, 44, 13, 13, "#ffffff")
        .ellipse(19, 44, 7, 7, "#26262e")
        .line([(8, 58), (18, 60)], 2, "#a34d10")
        .done()
    )


def boat() -> Image.Image:
    sheet = (
        Sheet()
        .box(48, 8, 52, 72, "#7a5a3c")
        .polygon([(54, 12), (54, 62), (90, 62)], "#f5f1e6")
        .polygon([(46, 20), (46, 62), (16, 62)], "#e8574a")
    )
    return (
        sheet.polygon([(6, 68), (94, 68), (80, 92), (20, 92)], "#8a4b2a")
        .polygon([(6, 68), (94, 68), (90, 75), (10, 75)], "#b56a3c")
        .done()
    )


def rocket() -> Image.Image:
    sheet = (
        Sheet().polygon([(40, 82), (50, 99), (60, 82)], "#ffb02e").polygon([(45, 82), (50, 92), (55, 82)], "#ffe27a")
    )
    sheet.polygon([(34, 54), (16, 82), (36, 78)], "#c62f3a").polygon([(66, 54), (84, 82), (64, 78)], "#c62f3a")
    sheet.polygon([(50, 3), (66, 30), (68, 60), (62, 84), (38, 84), (32, 60), (34, 30)], "#e9edf3").polygon(
        [(50, 3), (66, 30), (68, 60), (62, 84), (55, 84)], "#c8d0dc"
    )
    sheet.polygon([(50, 3), (64, 27), (36, 27)], "#e0424c").ellipse(50, 46, 21, 21, "#58606e").ellipse(
        50, 46, 15, 15, "#7fd0f4"
    )
    return sheet.done()


def hot_air_balloon() -> Image.Image:
    sheet = Sheet().line([(36, 58), (43, 80)], 1.5, "#6a5242").line([(64, 58), (57, 80)], 1.5, "#6a5242")
    sheet.ellipse(50, 36, 68, 66, "#e8503f").polygon([(20, 50), (80, 50), (58, 72), (42, 72)], "#e8503f")
    sheet.ellipse(50, 36, 42, 66, "#ffcf4d").polygon([(32, 54), (68, 54), (55, 72), (45, 72)], "#ffcf4d")
    sheet.ellipse(50, 36, 18, 66, "#4aa3df").polygon([(42, 58), (58, 58), (52, 72), (48, 72)], "#4aa3df")
    return sheet.box(42, 80, 58, 95, "#9a6a3f", 3).box(42, 80, 58, 84, "#7c5230", 1).done()


def mushroom() -> Image.Image:
    sheet = Sheet().box(38, 46, 62, 96, "#f2e4c8", 10).box(54, 50, 62, 94, "#dcc9a4", 6)
    sheet.polygon([(4, 56), *around(50, 56, 46, 36, -90)[: 36 // 2 + 1]], "#c9803e").ellipse(50, 56, 92, 16, "#b06d30")
    return sheet.ellipse(34, 32, 22, 12, "#dea064").done()


def flower(petal: str, heart_of: str, count: int) -> Image.Image:
    sheet = (
        Sheet().line([(50, 50), (50, 99)], 4, "#3f9a45").polygon([(50, 88), (72, 70), (78, 76), (62, 92)], "#57b353")
    )
    for x, y in around(50, 36, 22, count):
        sheet.ellipse(x, y, 28, 28, petal)
    return sheet.ellipse(50, 36, 24, 24, heart_of).ellipse(48, 34, 14, 14, "#ffe9a0").done()


def cactus() -> Image.Image:
    sheet = Sheet().box(30, 78, 70, 98, "#c8683c", 3).box(26, 74, 74, 82, "#d97c4c", 2)
    sheet.box(38, 12, 62, 76, "#3f9c55", 12).box(12, 30, 24, 56, "#3f9c55", 6).box(12, 46, 44, 57, "#3f9c55", 5)
    sheet.box(76, 24, 88, 48, "#3f9c55", 6).box(58, 38, 88, 49, "#3f9c55", 5)
    for x in (44, 50, 56):
        sheet.line([(x, 18), (x, 72)], 1.5, "#2c7d43")
    return sheet.ellipse(50, 12, 14, 12, "#f26fa4").done()


def tent() -> Image.Image:
    sheet = Sheet().polygon([(50, 14), (97, 90), (3, 90)], "#3f8f6b").polygon([(50, 14), (97, 90), (74, 90)], "#2f7354")
    return (
        sheet.polygon([(50, 34), (68, 90), (32, 90)], "#24352c")
        .polygon([(50, 34), (50, 90), (32, 90)], "#f2d488")
        .done()
    )


def umbrella() -> Image.Image:
    sheet = Sheet().box(48.5, 10, 51.5, 84, "#6b4a34").line([(50, 84), (54, 92), (62, 90), (64, 82)], 3.4, "#6b4a34")
    half = around(50, 54, 46, 40, -90)[:21]
    sheet.polygon(half, "#e2483f").polygon([(28, 54), *around(50, 54, 46, 40, -42)[:10], (72, 54)], "#f6efe2")
    sheet.polygon([(43, 54), *around(50, 54, 46, 40, -12)[:3], (57, 54)], "#e2483f")
    return sheet.done()


def beach_ball() -> Image.Image:
    sheet = Sheet().ellipse(50, 50, 94, 94, "#f7f4ec")
    for turn, tone in ((0, "#e8483f"), (120, "#3d8fe0"), (240, "#ffc928")):
        sheet.polygon([(50, 50), *around(50, 50, 47, 36, turn)[:7]], tone)
    return sheet.ellipse(50, 50, 16, 16, "#f7f4ec").ellipse(32, 28, 12, 7, "#ffffff").done()


def tennis_ball() -> Image.Image:
    sheet = Sheet().ellipse(50, 50, 92, 92, "#c6de3c").ellipse(46, 46, 78, 78, "#d9ec5e")
    return (
        sheet.line(around(-4, 50, 40, 72, 42)[:20], 4, "#f7f9e4")
        .line(around(104, 50, 40, 72, 222)[:20], 4, "#f7f9e4")
        .done()
    )


def donut() -> Image.Image:
    sheet = (
        Sheet().ellipse(50, 52, 94, 90, "#c98b4a").ellipse(50, 48, 88, 80, "#f58bb4").ellipse(50, 50, 30, 26, "#b97a3c")
    )
    for place, (x, y) in enumerate(around(50, 48, 30, 12, 8)):
        tone = ("#ffffff", "#ffe066", "#67c8f0")[place % 3]
        sheet.line([(x - 2, y - 3), (x + 2, y + 3)], 2.4, tone)
    hole = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(hole).ellipse([SIDE * 0.4, SIDE * 0.42, SIDE * 0.6, SIDE * 0.6], fill=0)
    image = sheet.done()
    image.putalpha(ImageChops.multiply(image.getchannel("A"), hole))
    return image


def pizza() -> Image.Image:
    sheet = (
        Sheet().ellipse(50, 50, 96, 96, "#c8863c").ellipse(50, 50, 84, 84, "#e0452e").ellipse(50, 50, 79, 79, "#ffcf5e")
    )
    for x, y in (*around(50, 50, 25, 6, 15), (50, 50)):
        sheet.ellipse(x, y, 15, 15, "#b8302a").ellipse(x - 1, y - 1, 11, 11, "#d6493e")
    for x, y in around(50, 50, 33, 7):
        sheet.ellipse(x, y, 5, 3.5, "#3f8a3f")
    return sheet.done()


def crown() -> Image.Image:
    sheet = (
        Sheet()
        .polygon([(8, 30), (28, 54), (50, 16), (72, 54), (92, 30), (84, 84), (16, 84)], "#f7bf2c")
        .box(16, 74, 84, 86, "#d99a16", 2)
    )
    for x, y in ((8, 28), (50, 14), (92, 28)):
        sheet.ellipse(x, y, 11, 11, "#e8483f")
    for x, tone in ((30, "#3d8fe0"), (50, "#e8483f"), (70, "#3d8fe0")):
        sheet.ellipse(x, 80, 8, 8, tone)
    return sheet.done()


def shirt() -> Image.Image:
    sheet = Sheet().polygon(
        [(30, 14), (70, 14), (97, 36), (84, 52), (74, 44), (74, 92), (26, 92), (26, 44), (16, 52), (3, 36)], "#e8574a"
    )
    for top in (46, 60, 74):
        sheet.box(26, top, 74, top + 6, "#f7f1e6")
    return sheet.ellipse(50, 14, 24, 14, "#b83c32").done()


def robot() -> Image.Image:
    sheet = Sheet().box(48, 6, 52, 20, "#7d8896").ellipse(50, 7, 9, 9, "#ffb02e").box(22, 18, 78, 56, "#9fb4c7", 8)
    sheet.ellipse(38, 36, 15, 15, "#22303c").ellipse(62, 36, 15, 15, "#22303c").ellipse(
        38, 36, 7, 7, "#66e0ff"
    ).ellipse(62, 36, 7, 7, "#66e0ff")
    sheet.box(40, 47, 60, 51, "#22303c", 1).box(28, 60, 72, 90, "#7f97ad", 6).box(40, 66, 60, 80, "#c7d6e2", 2)
    sheet.box(12, 60, 24, 84, "#9fb4c7", 5).box(76, 60, 88, 84, "#9fb4c7", 5)
    return sheet.box(32, 90, 45, 99, "#5f7488", 2).box(55, 90, 68, 99, "#5f7488", 2).done()


def ghost() -> Image.Image:
    sheet = Sheet().box(16, 6, 84, 84, "#f4f4fa", 34)
    for x in (27.3, 50, 72.7):
        sheet.ellipse(x, 84, 22.7, 24, "#f4f4fa")
    sheet.ellipse(38, 42, 11, 16, "#2b2b38").ellipse(62, 42, 11, 16, "#2b2b38").ellipse(50, 60, 12, 14, "#2b2b38")
    return sheet.ellipse(27, 54, 11, 7, "#f7b6c8").ellipse(73, 54, 11, 7, "#f7b6c8").done()


def car() -> Image.Image:
    sheet = (
        Sheet()
        .polygon([(24, 48), (34, 28), (68, 28), (80, 48)], "#2f9e8f")
        .polygon([(29, 47), (37, 32), (49, 32), (49, 47)], "#bfe6f5")
    )
    sheet.polygon([(53, 32), (65, 32), (74, 47), (53, 47)], "#bfe6f5").box(4, 46, 96, 70, "#36b5a3", 7).box(
        4, 60, 96, 70, "#2a8f82", 4
    )
    for x in (26, 74):
        sheet.ellipse(x, 70, 22, 22, "#2b2d33").ellipse(x, 70, 10, 10, "#c9ced6")
    return sheet.box(88, 50, 96, 56, "#ffe38a", 2).box(4, 50, 10, 56, "#e8483f", 2).done()


def bus() -> Image.Image:
    sheet = Sheet().box(3, 24, 97, 76, "#e23b34", 7).box(3, 62, 97, 76, "#b92b26", 4)
    for x in (9, 27, 45, 63):
        sheet.box(x, 31, x + 14, 48, "#bfe6f5", 2)
    sheet.box(81, 31, 97, 52, "#bfe6f5", 2)
    for x in (25, 75):
        sheet.ellipse(x, 77, 20, 20, "#2b2d33").ellipse(x, 77, 9, 9, "#c9ced6")
    return sheet.done()


def ice_cream() -> Image.Image:
    sheet = Sheet().polygon([(30, 52), (70, 52), (50, 98)], "#d9a05a")
    for x in (38, 46, 54, 62):
        sheet.line([(x, 53), (50 + (x - 50) * 0.4, 84)], 1, "#b67e3c")
    sheet.ellipse(38, 42, 32, 30, "#f7a1c0").ellipse(62, 42, 32, 30, "#8bd6b4").ellipse(50, 24, 34, 32, "#fff0c9")
    return sheet.ellipse(50, 7, 9, 9, "#d8343a").done()


def apple() -> Image.Image:
    sheet = Sheet().line([(50, 28), (54, 8)], 4, "#6b4a34").polygon([(54, 16), (70, 4), (80, 10), (66, 22)], "#57b353")
    sheet.ellipse(34, 58, 54, 72, "#d5302f").ellipse(66, 58, 54, 72, "#d5302f").ellipse(33, 55, 44, 60, "#ea4a44")
    return sheet.ellipse(26, 42, 11, 17, "#f79a90").done()


def snowman() -> Image.Image:
    sheet = Sheet().line([(30, 52), (8, 38)], 2.4, "#6b4a34").line([(70, 52), (92, 38)], 2.4, "#6b4a34")
    sheet.ellipse(50, 76, 56, 46, "#dfe8f2").ellipse(50, 74, 54, 42, "#f6f9fd").ellipse(
        50, 50, 42, 38, "#f6f9fd"
    ).ellipse(50, 27, 32, 30, "#f6f9fd")
    sheet.box(30, 40, 70, 46, "#d8343a", 3).box(58, 42, 66, 60, "#d8343a", 2)
    sheet.ellipse(44, 23, 4, 5, "#26262e").ellipse(56, 23, 4, 5, "#26262e").polygon(
        [(49, 27), (49, 32), (66, 31)], "#f08a24"
    )
    return (
        sheet.box(36, 10, 64, 14, "#2f3540", 1)
        .box(41, 0, 59, 11, "#2f3540", 1)
        .ellipse(50, 56, 4, 4, "#26262e")
        .ellipse(50, 72, 4, 4, "#26262e")
        .done()
    )


def ufo() -> Image.Image:
    sheet = (
        Sheet()
        .ellipse(50, 38, 48, 46, "#8fe3c8")
        .ellipse(42, 30, 16, 14, "#d5fff0")
        .ellipse(50, 56, 96, 34, "#7f8ea0")
        .ellipse(50, 52, 92, 28, "#a9b7c6")
    )
    for x, y in ((18, 54), (34, 60), (50, 62), (66, 60), (82, 54)):
        sheet.ellipse(x, y, 8, 7, "#ffe066")
    return sheet.done()


def rainbow(clouds: bool) -> Image.Image:
    sheet = Sheet()
    for band, tone in enumerate(("#e8483f", "#ff9a2e", "#ffd93d", "#4fb95a", "#3d8fe0", "#8a4fc9")):
        sheet.polygon(_arch(48 - band * 6), tone)
        sheet.polygon(_arch(42 - band * 6), "#00000000")
    if clouds:
        for x in (14, 86):
            for across, up, wide in ((-8, 2, 18), (0, -3, 20), (8, 2, 18)):
                sheet.ellipse(x + across * 0.75, 76 + up, wide, wide * 0.8, "#f4f8fd")
    return sheet.done()


def _arch(radius: float) -> list[Point]:
    return around(50, 76, radius, 90, -90)[:46]


def _emblems(*names: str) -> tuple[Callable[[], Image.Image], ...]:
    return tuple(partial(emblem, name) for name in names)


SHAPES: Final[dict[str, tuple[Callable[[], Image.Image], ...]]] = {
    "lighthouse": (lighthouse, slim_lighthouse),
    "star": (star,),
    "heart": (heart,),
    "moon": (moon,),
    "sun": (sun,),
    "cloud": (cloud,),
    "tree": (tree,),
    "house": (house,),
    "fish": (fish,),
    "boat": (boat,),
    "rocket": (rocket,),
    "balloon": (hot_air_balloon,),
    "mushroom": (mushroom,),
    "flower": (partial(flower, "#f06ea0", "#f7b52c", 6), partial(flower, "#fbfbf4", "#f7b52c", 8)),
    "cactus": (cactus,),
    "tent": (tent,),
    "umbrella": (umbrella,),
    "ball": (beach_ball, tennis_ball),
    "donut": (donut,),
    "pizza": (pizza,),
    "crown": (crown,),
    "shirt": (shirt,),
    "robot": (robot,),
    "ghost": (ghost,),
    "car": (car,),
    "bus": (bus,),
    "ice cream": (ice_cream,),
    "apple": (apple,),
    "snowman": (snowman,),
    "ufo": (ufo,),
    "rainbow": (partial(rainbow, False), partial(rainbow, True)),
    "something": _emblems("one", "two", "three", "four", "five", "six"),
}
"""Noun → functions that draw it."""
