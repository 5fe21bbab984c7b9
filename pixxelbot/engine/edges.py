"""Edges of a picture, one pixel wide (Canny 1986)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter

BLUR: Final = 1.4
"""Pixels; Canny's own example."""
LOW, HIGH = 0.08, 0.2
"""Slopes, as shares of the steepest in the picture: above the high one an edge begins, above the low one it goes on."""

Array = np.ndarray[Any, Any]


def canny(image: Image.Image, low: float = LOW, high: float = HIGH) -> Image.Image:
    """White edges on black, as grey levels."""
    grey = np.asarray(image.convert("L").filter(ImageFilter.GaussianBlur(BLUR)), dtype=np.float32)
    across, down = _slopes(grey)
    steep = np.hypot(across, down)
    if steep.max() < 1:  # a plain picture has none, and noise must not become some
        return Image.new("L", image.size)
    ridges = np.where(_is_ridge(steep, across, down), steep, 0) / steep.max()
    return Image.fromarray(np.where(_connected(ridges >= low, ridges >= high), 255, 0).astype(np.uint8))


def _slopes(grey: Array) -> tuple[Array, Array]:
    """Sobel's slopes across and down."""
    padded = np.pad(grey, 1, mode="edge")
    columns = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    return columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2]


def _is_ridge(steep: Array, across: Array, down: Array) -> Array:
    """Whether a slope is the steepest among its neighbours uphill and downhill, in one of four directions."""
    direction = (np.round(np.arctan2(down, across) / (np.pi / 4)) % 4).astype(int)
    padded = np.pad(steep, 1)
    ways = ((0, 1), (1, 1), (1, 0), (1, -1))
    height, width = steep.shape
    kept = np.zeros(steep.shape, dtype=bool)
    for place, (dy, dx) in enumerate(ways):
        before = padded[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        behind = padded[1 - dy : 1 - dy + height, 1 - dx : 1 - dx + width]
        kept |= (direction == place) & (steep >= before) & (steep > behind)
    return kept


def _connected(weak: Array, strong: Array) -> Array:
    """Weak edges that touch, through others, a strong one."""
    reached = strong
    while True:
        padded = np.pad(reached, 1)
        height, width = reached.shape
        grown = weak & np.logical_or.reduce([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)])
        if (grown == reached).all():
            return reached
        reached = grown
