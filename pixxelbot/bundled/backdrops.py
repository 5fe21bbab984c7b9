"""Settings: layered backgrounds with their depth, drawn fresh for every picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Box = tuple[float, float, float, float]
Colour = tuple[int, int, int]
Point = tuple[float, float]

SCALE: Final = 2
"""Backgrounds are drawn so many times larger and then reduced, for smooth edges."""


@dataclass
class Ground:
    """A background in the making; coordinates are shares of its width and height, depth is 0 (far) to 255 (near)."""

    width: int
    height: int
    rng: np.random.Generator
    nouns: frozenset[str]
    """What will stand in front, so that nothing is shown twice."""
    boxes: tuple[Box, ...]
    """Where it will stand, in pixels: left, top, right, bottom."""
    image: Image.Image = field(init=False)
    depth: Image.Image = field(init=False)

    def __post_init__(self) -> None:
        self.image = Image.new("RGB", (self.width * SCALE, self.height * SCALE))
        self.depth = Image.new("L", (self.width, self.height))
        self._draw = ImageDraw.Draw(self.image)
        self._deep = ImageDraw.Draw(self.depth)

    @property
    def unit(self) -> float:
        """The shorter side as a share of the width, for shapes that keep their proportions."""
        return min(self.width, self.height) / self.width

    @property
    def aspect(self) -> float:
        return self.width / self.height

    def fade(self, *colours: Colour, until: float = 1.0) -> None:
        """A vertical gradient from the top down to `until`."""
        rows = max(1, math.ceil(self.height * SCALE * until))
        at, stops = np.linspace(0, 1, rows), np.linspace(0, 1, len(colours))
        tones = [np.interp(at, stops, [colour[channel] for colour in colours]) for channel in range(3)]
        strip = Image.fromarray(np.stack(tones, axis=1)[:, None].astype(np.uint8))
        self.image.paste(strip.resize((self.width * SCALE, rows)), (0, 0))

    def polygon(self, points: Sequence[Point], fill: Colour, depth: int | None) -> None:
        wide, high = self.width * SCALE, self.height * SCALE
        self._draw.polygon([(x * wide, y * high) for x, y in points], fill=fill)
        if depth is not None:
            self._deep.polygon([(x * self.width, y * self.height) for x, y in points], fill=depth)

    def box(self, left: float, top: float, right: float, bottom: float, fill: Colour, depth: int | None) -> None:
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], fill, depth)

    def disc(self, x: float, y: float, wide: float, fill: Colour, depth: int | None, squash: float = 1.0) -> None:
        """An ellipse around (x, y), `wide` as a share of the shorter side, `squash` times as high."""
        half = wide * min(self.width, self.height) / 2
        x, y = x * self.width, y * self.height
        edges = (x - half, y - half * squash, x + half, y + half * squash)
        self._draw.ellipse([edge * SCALE for edge in edges], fill=fill)
        if depth is not None:
            self._deep.ellipse(edges, fill=depth)

    def hills(self, level: float, height: float, fill: Colour, depth: int, waves: float = 1.5) -> None:
        """Rolling ground from about `level` down to the bottom, nearer towards the viewer."""
        phases = self.rng.uniform(0, 2 * math.pi, 2)
        across = [step / 24 for step in range(25)]
        crest = [
            level
            + height
            * (0.6 * math.sin(waves * math.pi * x + phases[0]) + 0.4 * math.sin(2.3 * waves * math.pi * x + phases[1]))
            for x in across
        ]
        self.polygon([*zip(across, crest, strict=True), (1, 1), (0, 1)], fill, depth)

    def slope(self, top: float, far: int, near: int) -> None:
        """Let depth run from `far` at `top` to `near` at the bottom edge."""
        first = round(self.height * top)
        rows = np.linspace(far, near, max(1, self.height - first)).astype(np.uint8)
        self.depth.paste(Image.fromarray(rows[:, None]).resize((self.width, len(rows))), (0, first))

    def overlap(self, x: float, y: float, wide: float) -> float:
        """Share of a square around (x, y) that things will cover."""
        half = wide * min(self.width, self.height) / 2
        left, top, right, bottom = (
            x * self.width - half,
            y * self.height - half,
            x * self.width + half,
            y * self.height + half,
        )
        covered = 0.0
        for box in self.boxes:
            across = min(right, box[2]) - max(left, box[0])
            down = min(bottom, box[3]) - max(top, box[1])
            covered += max(0.0, across) * max(0.0, down)
        return covered / (4 * half * half)

    def free(self, low: Point, high: Point, wide: float) -> Point:
        """The least covered of some places between two corners."""
        places = [
            (float(self.rng.uniform(low[0], high[0])), float(self.rng.uniform(low[1], high[1]))) for _ in range(8)
        ]
        return min(places, key=lambda place: round(self.overlap(place[0], place[1], wide), 2))


def _varied(ground: Ground, colour: Colour, by: int = 10) -> Colour:
    red, green, blue = (int(value) for value in np.clip(np.array(colour) + ground.rng.integers(-by, by + 1, 3), 0, 255))
    return red, green, blue


def _puff(ground: Ground, x: float, y: float, wide: float, fill: Colour) -> None:
    """A small cloud."""
    for across, up, size in ((-0.32, 0.0, 0.42), (0.0, -0.1, 0.6), (0.32, 0.0, 0.46), (0.0, 0.06, 0.62)):
        ground.disc(x + across * wide * ground.unit, y + up * wide, size * wide, fill, 12, 0.72)


def _pine(
    ground: Ground,
    x: float,
    foot: float,
    high: float,
    leaf: Colour,
    trunk: Colour,
    depth: int,
    cap: Colour | None = None,
) -> None:
    wide = high / ground.aspect * 0.52
    ground.box(x - wide * 0.09, foot - high * 0.14, x + wide * 0.09, foot, trunk, depth)
    for top, bottom, half in ((0.36, 0.1, 0.5), (0.66, 0.32, 0.4), (1.0, 0.58, 0.28)):
        tip = (x, foot - high * (top + 0.12))
        ground.polygon(
            [tip, (x + half * wide, foot - high * bottom), (x - half * wide, foot - high * bottom)], leaf, depth
        )
        if cap is not None:
            low, third = foot - high * (bottom + (top + 0.12 - bottom) * 0.55), half * wide * 0.45
            ground.polygon([tip, (x + third, low), (x, low - high * 0.04), (x - third, low)], cap, None)


def _spread(ground: Ground, count: int) -> list[float]:
    """Places across the width, evenly spread with some chance."""
    return [float((place + ground.rng.uniform(0.15, 0.85)) / count) for place in range(count)]


def _day(ground: Ground) -> None:
    ground.fade((92, 178, 246), (206, 238, 255), until=0.75)
    if "cloud" not in ground.nouns:
        for x in _spread(ground, int(ground.rng.integers(2, 4))):
            _puff(
                ground, x, float(ground.rng.uniform(0.08, 0.34)), float(ground.rng.uniform(0.2, 0.34)), (255, 255, 255)
            )
    ground.hills(0.62, 0.05, _varied(ground, (152, 206, 128)), 70)
    ground.hills(0.7, 0.03, _varied(ground, (112, 190, 88)), 110, 2.2)
    ground.slope(0.74, 110, 190)
    for x in _spread(ground, 6):
        petal = ((255, 255, 255), (255, 226, 90), (255, 160, 190))[int(ground.rng.integers(3))]
        ground.disc(x, float(ground.rng.uniform(0.82, 0.97)), 0.022, petal, None)


def _night(ground: Ground) -> None:
    ground.fade((10, 14, 48), (30, 40, 104), (66, 70, 146), until=0.85)
    for _ in range(26):
        x, y = ground.rng.uniform(0, 1), ground.rng.uniform(0, 0.62)
        ground.disc(float(x), float(y), float(ground.rng.choice((0.01, 0.014, 0.02))), (255, 250, 220), None)
    if "moon" not in ground.nouns:
        _moon(ground)
    ground.hills(0.76, 0.04, _varied(ground, (28, 36, 86), 5), 70)
    ground.hills(0.84, 0.03, _varied(ground, (16, 24, 60), 4), 110, 2.2)
    ground.slope(0.88, 110, 190)


def _moon(ground: Ground) -> None:
    """The one moon, full or a crescent, where nothing stands before it if such a place is found."""
    wide = float(ground.rng.uniform(0.15, 0.21))
    x, y = ground.free((0.13, 0.12), (0.87, 0.26), wide)
    ground.disc(x, y, wide * 1.35, (52, 62, 124), None)
    ground.disc(x, y, wide, (255, 240, 190), 14)
    if ground.rng.random() < 0.5:
        side = 1 if ground.rng.random() < 0.5 else -1
        ground.disc(x + side * wide * ground.unit * 0.26, y - wide * 0.06, wide * 0.86, (46, 56, 118), None)
        return
    for across, up, size in ((-0.2, -0.12, 0.2), (0.16, 0.18, 0.26), (0.2, -0.22, 0.13)):
        ground.disc(
            x + across * wide * ground.unit,
            y + up * wide * ground.unit * ground.aspect,
            size * wide,
            (234, 214, 156),
            None,
        )


def _sunset(ground: Ground) -> None:
    ground.fade((98, 52, 138), (226, 84, 104), (255, 150, 70), (255, 214, 110), until=0.72)
    if "sun" not in ground.nouns:
        x = float(ground.rng.uniform(0.2, 0.8))
        ground.disc(x, 0.66, 0.46, (255, 186, 84), None)
        ground.disc(x, 0.66, 0.34, (255, 236, 150), 10)
    for _ in range(3):
        x, y, long = ground.rng.uniform(0, 1), ground.rng.uniform(0.1, 0.45), ground.rng.uniform(0.12, 0.26)
        ground.disc(float(x), float(y), float(long * 2), (244, 128, 110), None, 0.09)
    ground.hills(0.69, 0.04, _varied(ground, (150, 58, 96)), 60)
    ground.hills(0.79, 0.03, _varied(ground, (92, 34, 76)), 110, 2.2)
    ground.slope(0.84, 110, 190)


def _sea(ground: Ground) -> None:
    ground.fade((140, 208, 248), (226, 244, 252), until=0.5)
    if "cloud" not in ground.nouns:
        for x in _spread(ground, 2):
            _puff(
                ground, x, float(ground.rng.uniform(0.1, 0.28)), float(ground.rng.uniform(0.18, 0.28)), (255, 255, 255)
            )
    tones = ((70, 164, 218), (46, 140, 204), (30, 116, 186), (20, 94, 164))
    for band, tone in enumerate(tones):
        _waves(ground, 0.46 + band * 0.14, _varied(ground, tone, 6), 60 + band * 40)


def _waves(ground: Ground, level: float, fill: Colour, depth: int) -> None:
    phase = float(ground.rng.uniform(0, 2 * math.pi))
    across = [step / 48 for step in range(49)]
    high = 0.0 if level < 0.5 else 0.016
    crest = [level - high * abs(math.sin(ground.aspect * 4 * math.pi * x + phase)) for x in across]
    if high:
        foam = (min(255, fill[0] + 60), min(255, fill[1] + 50), min(255, fill[2] + 36))
        ground.polygon([*zip(across, [y - 0.012 for y in crest], strict=True), (1, 1), (0, 1)], foam, None)
    ground.polygon([*zip(across, crest, strict=True), (1, 1), (0, 1)], fill, depth)


def _forest(ground: Ground) -> None:
    ground.fade((196, 230, 190), (150, 206, 156), until=0.8)
    for level, tone, depth, count in ((0.66, (128, 186, 134), 50, 7), (0.74, (74, 146, 92), 90, 6)):
        for x in _spread(ground, count):
            high = float(ground.rng.uniform(0.42, 0.6))
            _pine(ground, x, level + 0.04, high, _varied(ground, tone), (112, 84, 62), depth)
        ground.hills(level, 0.015, _varied(ground, tone, 4), depth)
    for x in (float(ground.rng.uniform(-0.02, 0.08)), float(ground.rng.uniform(0.92, 1.02))):
        _pine(ground, x, 0.92, float(ground.rng.uniform(0.75, 0.9)), _varied(ground, (32, 98, 58)), (78, 54, 40), 130)
    ground.hills(0.84, 0.02, _varied(ground, (46, 112, 60)), 130)
    ground.slope(0.87, 130, 190)


def _snow(ground: Ground) -> None:
    ground.fade((150, 188, 222), (222, 236, 246), until=0.75)
    ground.hills(0.58, 0.06, (206, 222, 238), 50)
    for x in _spread(ground, 5):
        high = float(ground.rng.uniform(0.2, 0.34))
        _pine(ground, x, 0.68, high, _varied(ground, (86, 132, 132)), (96, 76, 66), 80, (246, 250, 255))
    ground.hills(0.66, 0.03, (228, 238, 248), 100, 2.0)
    ground.hills(0.8, 0.03, (246, 250, 255), 130)
    ground.slope(0.84, 130, 190)
    for _ in range(30):
        x, y = ground.rng.uniform(0, 1, 2)
        ground.disc(float(x), float(y), float(ground.rng.choice((0.016, 0.024, 0.03))), (255, 255, 255), None)


def _city(ground: Ground) -> None:
    ground.fade((168, 200, 226), (238, 224, 206), until=0.8)
    for count, low, high, tone, depth in ((8, 0.3, 0.5, (156, 172, 196), 50), (6, 0.18, 0.44, (98, 114, 146), 90)):
        for place in range(count):
            top = 0.78 - float(ground.rng.uniform(low, high)) - (0.1 if depth == 50 else 0)
            left = (place + float(ground.rng.uniform(-0.1, 0.1))) / count
            _tower(ground, left, top, left + 0.94 / count, _varied(ground, tone, 12), depth)
    ground.box(0, 0.78, 1, 0.83, (176, 176, 180), 110)
    ground.box(0, 0.83, 1, 1, (84, 88, 98), 120)
    ground.slope(0.83, 120, 190)
    for x in (0.08, 0.33, 0.58, 0.83):
        ground.box(x, 0.905, x + 0.12, 0.925, (240, 226, 150), None)


def _tower(ground: Ground, left: float, top: float, right: float, fill: Colour, depth: int) -> None:
    ground.box(left, top, right, 0.8, fill, depth)
    if depth < 60:
        return
    lit = (255, 226, 140) if ground.rng.random() < 0.6 else (190, 216, 236)
    wide = (right - left) / 3
    for row in range(int((0.72 - top) / 0.07)):
        for column in range(2):
            x, y = left + wide * (0.4 + column * 1.3), top + 0.035 + row * 0.07
            ground.box(x, y, x + wide * 0.9, y + 0.036, lit, None)


def _desert(ground: Ground) -> None:
    ground.fade((120, 196, 232), (255, 236, 196), until=0.7)
    if "sun" not in ground.nouns:
        x, y = ground.free((0.12, 0.1), (0.88, 0.22), 0.16)
        ground.disc(x, y, 0.15, (255, 244, 190), 8)
    ground.hills(0.56, 0.05, _varied(ground, (232, 188, 128)), 50, 1.2)
    ground.hills(0.67, 0.05, _varied(ground, (240, 196, 118)), 90, 1.8)
    ground.hills(0.8, 0.04, _varied(ground, (224, 168, 88)), 130, 1.4)
    ground.slope(0.85, 130, 190)


def _indoors(ground: Ground) -> None:
    wall = ((244, 226, 196), (206, 224, 214), (236, 206, 200), (212, 214, 236))[int(ground.rng.integers(4))]
    ground.fade(wall, wall)
    stripe = (wall[0] - 12, wall[1] - 12, wall[2] - 12)
    for place in range(8):
        ground.box(place / 8, 0, place / 8 + 0.0625, 0.74, stripe, None)
    x, y = ground.free((0.2, 0.26), (0.8, 0.32), 0.34)
    _window(ground, x, y)
    ground.box(0, 0.74, 1, 1, (176, 118, 74), 60)
    ground.slope(0.74, 60, 190)
    for row, line in enumerate((0.74, 0.8, 0.88)):
        ground.box(0, line, 1, line + 0.01, (142, 92, 56), None)
        ground.box(0.2 + 0.3 * (row % 2), line, 0.21 + 0.3 * (row % 2), line + 0.1, (142, 92, 56), None)
    ground.box(0, 0.715, 1, 0.745, (252, 248, 240), None)
    rug = ((196, 70, 70), (70, 110, 170), (90, 150, 110))[int(ground.rng.integers(3))]
    ground.disc(0.5, 0.9, 0.9, rug, None, 0.16)
    ground.disc(0.5, 0.9, 0.76, (rug[0] + 40, rug[1] + 40, rug[2] + 40), None, 0.14)


def _window(ground: Ground, x: float, y: float) -> None:
    wide, high = 0.17 * ground.unit, 0.17 * ground.unit * ground.aspect
    ground.box(x - wide, y - high, x + wide, y + high, (252, 250, 244), 20)
    inner, lower = wide * 0.84, high * 0.84
    ground.box(x - inner, y - lower, x + inner, y + lower, (150, 210, 244), 4)
    ground.box(x - inner, y + lower * 0.4, x + inner, y + lower, (140, 196, 120), None)
    ground.box(x - wide * 0.06, y - high, x + wide * 0.06, y + high, (252, 250, 244), 20)
    ground.box(x - wide, y - high * 0.06, x + wide, y + high * 0.06, (252, 250, 244), 20)


PLAIN: Final[dict[str, Colour]] = {
    "white": (248, 248, 246),
    "blue": (88, 156, 232),
    "yellow": (252, 220, 96),
    "pink": (250, 176, 204),
    "green": (124, 200, 124),
    "black": (28, 28, 32),
}


def _plain(colour: Colour) -> Callable[[Ground], None]:
    def draw(ground: Ground) -> None:
        ground.fade(colour, colour)

    return draw


def _anywhere(ground: Ground) -> None:
    """A quiet background of the painter's choice: two related pastels with a large disc."""
    tones = ((250, 226, 200), (214, 232, 246), (222, 240, 214), (240, 218, 238), (252, 240, 204), (214, 238, 234))
    low, high = ground.rng.choice(len(tones), 2, replace=False)
    ground.fade(tones[int(low)], tones[int(low)])
    ground.disc(0.5, 0.52, 0.86, tones[int(high)], None)


BACKDROPS: Final[dict[str | None, Callable[[Ground], None]]] = {
    None: _anywhere,
    "day": _day,
    "night": _night,
    "sunset": _sunset,
    "sea": _sea,
    "forest": _forest,
    "snow": _snow,
    "city": _city,
    "desert": _desert,
    "indoors": _indoors,
} | {f"plain {name}": _plain(colour) for name, colour in PLAIN.items()}


def backdrop(
    setting: str | None,
    rng: np.random.Generator,
    width: int,
    height: int,
    nouns: frozenset[str],
    boxes: tuple[Box, ...],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Paint a setting as (height, width, 3) sRGB bytes with its depth, (height, width), 0 far to 255 near."""
    ground = Ground(width, height, rng, nouns, boxes)
    BACKDROPS[setting](ground)
    return np.asarray(ground.image.reduce(SCALE)), np.asarray(ground.depth)
