"""Ways of drawing: flat, outline, pixel art, watercolour and neon, each made from the same flat layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pixxelbot.bundled.scenes import Scene

Pixels = NDArray[np.float32]


@dataclass
class Layers:
    """A picture in the making: `flat` (H, W, 3) in 0–255, `alpha` (H, W) in 0–1 where things stand, `depth` (H, W)."""

    flat: Pixels
    alpha: Pixels
    depth: NDArray[np.uint8]

    @property
    def size(self) -> tuple[int, int]:
        return self.flat.shape[1], self.flat.shape[0]

    def cover(self, colour: Pixels, alpha: Pixels, nearness: int) -> None:
        """Put a thing in front, with a thin dark rim that parts it from what is behind."""
        rim = (
            np.asarray(Image.fromarray((alpha * 255).astype(np.uint8)).filter(ImageFilter.MaxFilter(3)), np.float32)
            / 255
        )
        self.flat *= (1 - 0.55 * rim)[..., None]
        self.flat += (colour - self.flat) * alpha[..., None]
        self.alpha = np.maximum(self.alpha, alpha)
        self.depth[alpha > 0.5] = nearness

    def contrast(self) -> Pixels:
        """How sharply colour and depth change at each place: (H, W), about 0–255."""
        light = self.flat @ np.array((0.299, 0.587, 0.114), np.float32) + self.depth * np.float32(0.25)
        return _slope(light)

    def edges(self) -> NDArray[np.uint8]:
        """255 where colour or depth changes sharply, otherwise 0."""
        return np.where(self.contrast() > 60, np.uint8(255), np.uint8(0))


def _slope(light: Pixels) -> Pixels:
    """Length of the Sobel gradient, a quarter of its usual scale."""
    padded = np.pad(light, 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]) / 2


def _soft(pixels: Pixels, radius: float) -> Pixels:
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(radius)), np.float32)


@cache
def _grain(cell: int, number: int) -> Pixels:
    """Smooth noise of -1 to 1 on 256² pixels, with bumps of about `cell` pixels."""
    rng = np.random.default_rng((cell, number))
    coarse = Image.fromarray(rng.integers(0, 256, (256 // cell + 2, 256 // cell + 2), dtype=np.uint8))
    return np.asarray(coarse.resize((256, 256), Image.Resampling.BICUBIC), np.float32) / 127.5 - 1


def _noise(rng: np.random.Generator, size: tuple[int, int], cell: int) -> Pixels:
    x, y = (int(value) for value in rng.integers(0, 64, 2))
    return _grain(cell, int(rng.integers(6)))[y : y + size[1], x : x + size[0]]


def _flat(layers: Layers, rng: np.random.Generator) -> Pixels:
    return layers.flat


def _outline(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Dark lines on paper with a pale wash of the colours."""
    paper, ink = np.array((252, 250, 244), np.float32), np.array((34, 34, 48), np.float32)
    line = np.clip((layers.contrast() - 22) / 70, 0, 1)[..., None]
    keep = 0.16 + 0.2 * layers.alpha[..., None]
    washed = paper + (layers.flat - paper) * keep
    return washed + (ink - washed) * line


def _pixel_art(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Blocks of four pixels in few tones."""
    image = Image.fromarray(np.clip(layers.flat, 0, 255).astype(np.uint8))
    small = np.asarray(image.resize((layers.size[0] // 4, layers.size[1] // 4), Image.Resampling.BOX), np.float32)
    toned = np.clip(np.round((small - 128) * 1.15 / 32) * 32 + 128, 0, 255)
    return np.asarray(Image.fromarray(toned.astype(np.uint8)).resize(layers.size, Image.Resampling.NEAREST), np.float32)


def _watercolour(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Wobbling edges that darken as they dry, uneven pigment, paper that shines through."""
    rows, columns = np.indices(layers.alpha.shape)
    down = np.clip(rows + np.round(1.6 * _noise(rng, layers.size, 8)).astype(np.int64), 0, layers.size[1] - 1)
    across = np.clip(columns + np.round(1.6 * _noise(rng, layers.size, 8)).astype(np.int64), 0, layers.size[0] - 1)
    wet = _soft(layers.flat[down, across], 1.1)
    rim = np.clip(_slope(wet @ np.array((0.299, 0.587, 0.114), np.float32)) / 90, 0, 0.5)
    pigment = (
        0.72
        + 0.16 * _noise(rng, layers.size, 24)
        - 0.2 * (1 - layers.alpha)
        + 0.5 * rim
        + 0.05 * _noise(rng, layers.size, 2)
    )
    paper = np.array((252, 249, 240), np.float32)
    return paper + (wet - paper) * np.clip(pigment, 0.2, 1.1)[..., None]


def _neon(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Glowing lines in the colours of what they bound, on near darkness."""
    peak = layers.flat.max(axis=2, keepdims=True)
    lowest = layers.flat.min(axis=2, keepdims=True)
    vivid = np.clip((layers.flat - 0.8 * lowest) / np.maximum(peak - 0.8 * lowest, 24) * 255, 30, 255)
    line = np.clip((layers.contrast() - 18) / 60, 0, 1)[..., None] * (0.45 + 0.55 * layers.alpha[..., None])
    lit = vivid * line
    dark = np.array((12, 8, 30), np.float32) + layers.flat * (0.12 + 0.14 * layers.alpha[..., None])
    return dark + lit * 0.95 + _soft(lit, 3.0) * 0.9


STYLES: Final[dict[str, Callable[[Layers, np.random.Generator], Pixels]]] = {
    "flat": _flat,
    "outline": _outline,
    "pixel art": _pixel_art,
    "watercolour": _watercolour,
    "neon": _neon,
}


def restyle(layers: Layers, scene: Scene, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The picture in its scene's style as (H, W, 3) sRGB bytes."""
    return np.clip(STYLES[scene.style](layers, rng), 0, 255).astype(np.uint8)
