"""Paint a scene: background, things in their places, style; with depth, edges and a mask for each thing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pixxelbot.bundled.backdrops import Box, backdrop
from pixxelbot.bundled.scenes import Scene, Split, Thing
from pixxelbot.bundled.sprites import SIDE, Sprite, ramp, sprite, variants
from pixxelbot.bundled.styles import Layers, restyle

SPLIT_KEY: Final[dict[Split, int]] = {"train": 0, "held-out": 1}
"""First word of the random seed, so that no seed of one split repeats one of the other."""

FLYING: Final = frozenset(
    (
        "butterfly",
        "rocket",
        "star",
        "heart",
        "moon",
        "ghost",
        "bee",
        "airplane",
        "balloon",
        "ufo",
        "sun",
        "cloud",
        "rainbow",
    )
)
"""Things that hover and cast no shadow on the ground."""
UPRIGHT: Final = frozenset(("house", "castle", "lighthouse", "tent", "bus", "car", "train", "cake", "boat", "bicycle"))
"""Things that are never turned by more than a few degrees."""

LINEAR: Final = frozenset(("outline", "neon"))
"""Styles of lines, in which shadows would become lines too."""

TURN: Final = 9.0
"""Largest turn of a thing in degrees."""


@dataclass(frozen=True)
class Painting:
    """A painted scene; H and W are its height and width."""

    image: NDArray[np.uint8]
    """(H, W, 3) sRGB bytes."""
    depth: NDArray[np.uint8]
    """(H, W), 0 far to 255 near."""
    edges: NDArray[np.uint8]
    """(H, W), 255 on edges of things and of the background's layers, otherwise 0."""
    masks: tuple[NDArray[np.bool_], ...]
    """(H, W) for each thing of the scene: where it is seen."""


@dataclass(frozen=True)
class _Spot:
    """Where one sprite stands: its centre and side in pixels."""

    x: float
    y: float
    side: float

    @property
    def box(self) -> Box:
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half


def paint(scene: Scene, seed: int, width: int = 128, height: int = 128, split: Split = "train") -> Painting:
    """Paint `scene` at `width` × `height` pixels; the same arguments give the same picture."""
    rng = np.random.default_rng((SPLIT_KEY[split], seed))
    spots = _spots(scene, rng, width, height)
    boxes = tuple(spot.box for group in spots for spot in group)
    nouns = frozenset(thing.noun for thing in scene.things)
    ground, depth = backdrop(scene.setting, rng, width, height, nouns, boxes)
    layers = Layers(ground.astype(np.float32), np.zeros((height, width), np.float32), np.array(depth))
    masks: list[NDArray[np.bool_]] = []
    for thing, group in zip(scene.things, spots, strict=True):
        alpha = _stand(layers, thing, group, rng, scene)
        masks = [mask & ~alpha for mask in masks]
        masks.append(alpha)
    return Painting(restyle(layers, scene, rng), layers.depth, layers.edges(), tuple(masks))


def _spots(scene: Scene, rng: np.random.Generator, width: int, height: int) -> list[list[_Spot]]:
    """For each thing the places of its sprites."""
    if len(scene.things) > 1:
        return [[spot] for spot in _several(scene, rng, width, height)]
    thing = scene.things[0]
    if thing.count > 1:
        return [_row(thing.count, rng, width, height)]
    return [[_single(scene, rng, width, height)]]


def _single(scene: Scene, rng: np.random.Generator, width: int, height: int) -> _Spot:
    short = min(width, height)
    low, high = {"small": (0.32, 0.38), "large": (0.88, 0.96), None: (0.6, 0.72)}[scene.things[0].size]
    if scene.framing is not None:
        low, high = {"close-up": (1.12, 1.28), "wide": (0.3, 0.36)}[scene.framing]
    elif scene.place not in (None, "centre"):
        low, high = 0.48, 0.56
    side = float(rng.uniform(low, high)) * short
    x, y = {"left": (0.29, 0.54), "right": (0.71, 0.54), "top": (0.5, 0.28), "bottom": (0.5, 0.72)}.get(
        scene.place or "", (0.5, 0.53)
    )
    x, y = x + float(rng.uniform(-0.02, 0.02)), y + float(rng.uniform(-0.02, 0.02))
    if scene.framing == "wide":
        y = 0.66
    return _Spot(x * width, y * height, side)


def _several(scene: Scene, rng: np.random.Generator, width: int, height: int) -> list[_Spot]:
    count = len(scene.things)
    if scene.relation == "above":
        side = float(rng.uniform(0.44, 0.48)) * min(height, 1.6 * width)
        x = float(rng.uniform(0.44, 0.56)) * width
        return [_Spot(x, 0.26 * height, side), _Spot(x, 0.74 * height, side)]
    side = float(rng.uniform(0.94, 1.0)) * min(width / count, 0.7 * height)
    order = range(count) if scene.relation != "right of" else (1, 0)
    lift = float(rng.uniform(-0.02, 0.04))
    return [_Spot((place + 0.5) / count * width, (0.56 + lift) * height, side) for place in order]


def _row(count: int, rng: np.random.Generator, width: int, height: int) -> list[_Spot]:
    """Two side by side, three in a triangle, four in a square."""
    rows = {
        2: ((0.5, (0.25, 0.75)),),
        3: ((0.28, (0.5,)), (0.72, (0.25, 0.75))),
        4: ((0.28, (0.25, 0.75)), (0.73, (0.25, 0.75))),
    }[count]
    side = float(rng.uniform(0.4, 0.44)) * min(width, height)
    if count == 2:
        side = float(rng.uniform(0.94, 1.0)) * min(width / 2, 0.7 * height)
    return [_Spot(x * width, y * height, side) for y, across in rows for x in across]


def _stand(
    layers: Layers, thing: Thing, spots: list[_Spot], rng: np.random.Generator, scene: Scene
) -> NDArray[np.bool_]:
    """Put one thing's sprites into the picture; where they are seen."""
    variant = int(rng.integers(variants(thing.noun)))
    seen = np.zeros(layers.alpha.shape, np.bool_)
    for spot in spots:
        turn = float(rng.normal(0, TURN / 2)) if thing.noun not in UPRIGHT else float(rng.normal(0, 1.5))
        placed = _placed(sprite(thing.noun, variant), spot, turn, rng.random() < 0.5, layers.size)
        colour, alpha = _coloured(placed, thing.colour)
        if thing.noun not in FLYING and scene.setting not in (None, "sea") and scene.style not in LINEAR:
            _shade(layers, alpha)
        layers.cover(colour, alpha, nearness=200 + 10 * len(spots))
        seen |= alpha > 0.5
    return seen


def _placed(
    one: Sprite, spot: _Spot, turn: float, flip: bool, size: tuple[int, int]
) -> tuple[Image.Image, Image.Image]:
    """A sprite's picture and lightness, moved, turned and scaled onto a sheet of `size`."""
    scale = SIDE / spot.side * (-1 if flip else 1)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    across, down = (scale * cosine, scale * sine), (-abs(scale) * sine, abs(scale) * cosine)
    data = (
        *across,
        SIDE / 2 - across[0] * spot.x - across[1] * spot.y,
        *down,
        SIDE / 2 - down[0] * spot.x - down[1] * spot.y,
    )
    shrunk = one.image, one.light
    moved = [layer.transform(size, Image.Transform.AFFINE, data, Image.Resampling.BICUBIC) for layer in shrunk]
    return moved[0], moved[1]


def _coloured(
    placed: tuple[Image.Image, Image.Image], colour: str | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    image, light = placed
    pixels = np.asarray(image)
    alpha = pixels[..., 3].astype(np.float32) / np.float32(255)
    if colour is None:
        return pixels[..., :3].astype(np.float32), alpha
    return ramp(colour)[np.asarray(light)].astype(np.float32), alpha


def _shade(layers: Layers, alpha: NDArray[np.float32]) -> None:
    """A soft shadow on the ground where a thing stands."""
    rows, columns = np.nonzero(alpha > 0.5)
    if not len(rows):
        return
    foot, left, right = rows.max(), columns.min(), columns.max()
    across, down = np.ogrid[: layers.size[1], : layers.size[0]][::-1]
    half = (right - left + 1) / 2
    far = ((across - (left + right) / 2) / (half * 1.02)) ** 2 + ((down - foot + 1) / (half * 0.2)) ** 2
    layers.flat *= (1 - 0.3 * np.clip(1.3 - far, 0, 1))[..., None]
