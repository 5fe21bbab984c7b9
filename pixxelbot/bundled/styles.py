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

LIGHT: Final = np.array((0.299, 0.587, 0.114), np.float32)
"""Weights of red, green and blue in lightness (Rec. 601)."""


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
        light = self.flat @ LIGHT + self.depth * np.float32(0.25)
        return _slope(light)

    def edges(self) -> NDArray[np.uint8]:
        """255 where colour or depth changes sharply, otherwise 0."""
        return np.where(self.contrast() > 60, np.uint8(255), np.uint8(0))


def _slope(light: Pixels) -> Pixels:
    """Length of the Sobel gradient, a quarter of its usual scale."""
    padded = np.pad(light, 1, mode="edge")
    rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return (np.hypot(rows[:, 2:] - rows[:, :-2], columns[2:] - columns[:-2]) / 2).astype(np.float32)


def _blend(under: Pixels, over: Pixels, share: Pixels) -> Pixels:
    """`share` (H, W) of `over` on top of `under`."""
    return np.asarray(under + (over - under) * share[..., None], np.float32)


def _sheet(pixels: Pixels) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _soft(pixels: Pixels, radius: float) -> Pixels:
    return np.asarray(_sheet(pixels).filter(ImageFilter.GaussianBlur(radius)), np.float32)


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
    washed = _blend(paper, layers.flat, 0.24 + 0.3 * layers.alpha)
    return _blend(washed, ink, np.clip((layers.contrast() - 22) / 70, 0, 1))


def _pixel_art(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Blocks of four pixels in few tones."""
    image = _sheet(layers.flat)
    small = np.asarray(image.resize((layers.size[0] // 4, layers.size[1] // 4), Image.Resampling.BOX), np.float32)
    toned = np.clip(np.round(((small - 128) * 1.1 + 128) / 17) * 17, 0, 255)
    return np.asarray(Image.fromarray(toned.astype(np.uint8)).resize(layers.size, Image.Resampling.NEAREST), np.float32)


def _watercolour(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Wobbling edges that darken as they dry, uneven pigment, paper that shines through."""
    rows, columns = np.indices(layers.alpha.shape)
    down = np.clip(rows + np.round(1.6 * _noise(rng, layers.size, 8)).astype(np.int64), 0, layers.size[1] - 1)
    across = np.clip(columns + np.round(1.6 * _noise(rng, layers.size, 8)).astype(np.int64), 0, layers.size[0] - 1)
    wet = _soft(layers.flat[down, across], 0.7)
    wet = wet.mean(axis=2, keepdims=True) * -0.25 + wet * 1.25
    rim = np.clip(_slope(wet @ LIGHT) / 90, 0, 0.5)
    pigment = 0.84 + 0.13 * _noise(rng, layers.size, 24) + 0.05 * _noise(rng, layers.size, 2)
    pigment += 0.5 * rim - 0.16 * (1 - layers.alpha)
    paper = np.array((252, 249, 240), np.float32)
    return _blend(paper, wet, np.clip(pigment, 0.2, 1.1))


def _neon(layers: Layers, rng: np.random.Generator) -> Pixels:
    """Glowing lines in the colours of what they bound, on near darkness."""
    peak = layers.flat.max(axis=2, keepdims=True)
    lowest = layers.flat.min(axis=2, keepdims=True)
    vivid = np.clip((layers.flat - 0.8 * lowest) / np.maximum(peak - 0.8 * lowest, 24) * 255, 30, 255)
    beside = np.asarray(_sheet(layers.alpha * 255).filter(ImageFilter.MaxFilter(5)), np.float32) / 255
    strength = layers.alpha + 0.6 * (1 - beside)
    lit = vivid * (np.clip((layers.contrast() - 18) / 60, 0, 1) * strength)[..., None]
    dark = np.array((12, 8, 30), np.float32) + layers.flat * (0.12 + 0.14 * layers.alpha[..., None])
    return np.asarray(dark + lit * 0.95 + _soft(lit, 3.0) * 0.9, np.float32)


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
