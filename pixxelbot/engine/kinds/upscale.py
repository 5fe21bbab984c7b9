"""A larger picture, tile by tile, so that its size is bounded by the disk and not by the device's memory.

Faithful: a super-resolution network adds nothing that is not there. Creative: enlarged by Lanczos, then details drawn
in by img2img, as far as the model knows them at its own size.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from pixxelbot.engine.easel import Easel
from pixxelbot.engine.network import Network
from pixxelbot.errors import NoNetwork, NotANumber

STRENGTH: Final = 0.3
TILE_SHARE: Final = 0.4
"""Tiles get so much of the strength: beyond 0.15 each drew the whole of what the prompt names (seen by eye)."""
OVERLAP: Final = 4
"""Neighbouring tiles share at least one part in so many of a tile's side."""
TILES_AT_ONCE: Final = 4
NETWORK_TILE: Final = 128
"""Side in source pixels of a tile that a network enlarges at once."""

Box = tuple[int, int, int, int]


def draw(easel: Easel) -> list[Image.Image]:
    """Each source at the recipe's size."""
    if easel.recipe.method == "faithful":
        try:
            network = easel.room.network("upscaler")
        except NoNetwork:
            easel.notes.append("No super-resolution network is set up: the model itself drew the details in.")
        else:
            return [_faithful(easel, network, image) for image in easel.originals()]
    return _creative(easel)


def _faithful(easel: Easel, network: Network, image: Image.Image) -> Image.Image:
    """Enlarged by the network as often as it takes, then brought to the size asked for."""
    wanted = easel.recipe.width, easel.recipe.height
    while image.width < wanted[0] or image.height < wanted[1]:
        image = _enlarged(easel, network, image)
    return image if image.size == wanted else image.resize(wanted, Image.Resampling.LANCZOS)


def _enlarged(easel: Easel, network: Network, image: Image.Image) -> Image.Image:
    boxes = tiles(image.size, NETWORK_TILE, 1)
    whole: Canvas | None = None
    factor = 1
    for place, box in enumerate(boxes, start=1):
        tile = _through(network, image.crop(box))
        if whole is None:
            factor = tile.width // (box[2] - box[0])
            whole = Canvas((image.width * factor, image.height * factor))
        whole.lay((box[0] * factor, box[1] * factor), tile)
        easel.tell(place, len(boxes))
    assert whole is not None
    return whole.picture()


def _through(network: Network, tile: Image.Image) -> Image.Image:
    window = getattr(getattr(network.module, "config", None), "window_size", 1)
    margins = ((0, -tile.height % window), (0, -tile.width % window), (0, 0))
    padded = np.pad(np.asarray(tile, dtype=np.float32) / 255, margins, mode="edge")
    levels = torch.from_numpy(padded).permute(2, 0, 1)[None]
    found = network.module(pixel_values=levels.to(network.module.device, network.dtype)).reconstruction
    factor = found.shape[-1] // padded.shape[1]
    found = found[..., : tile.height * factor, : tile.width * factor]
    if not found.isfinite().all():
        raise NotANumber("The super-resolution network gave values that are no numbers. Try the creative method.")
    levels = (found[0].float().clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).cpu()
    return Image.fromarray(levels.numpy())


def _creative(easel: Easel) -> list[Image.Image]:
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
    whole = Canvas(image.size)
    for group in groups:
        left, top, right, bottom = boxes[group[0]]
        drawn = easel.paint(
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
        for place, tile in zip(group, drawn, strict=True):
            whole.lay(boxes[place][:2], tile)
    return whole.picture()


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


class Canvas:
    """Tiles laid over each other, each weighing less towards its edges, so that no seam is seen."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._total = np.zeros((size[1], size[0], 3), dtype=np.float32)
        self._weight = np.zeros((size[1], size[0], 1), dtype=np.float32)

    def lay(self, corner: tuple[int, ...], tile: Image.Image) -> None:
        """A tile with its upper left corner there."""
        left, top = corner
        share = _ramp(tile.height)[:, None, None] * _ramp(tile.width)[None, :, None]
        place = slice(top, top + tile.height), slice(left, left + tile.width)
        self._total[place] += np.asarray(tile) * share
        self._weight[place] += share

    def picture(self) -> Image.Image:
        """What all of them show together."""
        self._total /= self._weight
        return Image.fromarray(self._total.round().astype(np.uint8))


def _ramp(length: int) -> np.ndarray[Any, Any]:
    """Rises from the edges over the overlap; never zero."""
    edge = np.minimum(np.arange(length) + 1, np.arange(length, 0, -1))
    return np.minimum(edge / (length / OVERLAP), 1.0).astype(np.float32)
