"""Training and evaluation pictures: painted once, kept as arrays that processes share, with their scenes by number."""

from __future__ import annotations

import contextlib
import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tqdm import tqdm

from pixxelbot.bundled import scenes
from pixxelbot.bundled.learning import Plan
from pixxelbot.bundled.painter import paint
from pixxelbot.bundled.scenes import Scene, Split

SIDE: Final = 128
"""Pixels; the models' native side."""
Size = tuple[int, int]
"""Width and height in pixels."""
NATIVE: Final[Size] = (SIDE, SIDE)
SIZES: Final[tuple[Size, ...]] = (
    NATIVE, (160, 96), (96, 160), (192, 96), (96, 192), (192, 128), (128, 192), (192, 192),
)  # fmt: skip
"""What members' aspects come to. A model that has seen squares only repeats what it draws in any other."""
APART: Final = 1_000_000
"""Between the first scenes of two sizes, so that each has scenes of its own."""
CELLS: Final = 16
"""Cells a side of the map that says which thing is where."""
COVERED: Final = 0.35
"""Share of a cell that a thing must cover to own it."""
CHUNK: Final = 64
"""Pictures that one process paints at a time."""
_SALT: Final[dict[Split, int]] = {"train": 1, "held-out": 2}

Bytes = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Renders:
    """Painted scenes: `images` (n, height, width, 3) and `things` (n, 16, 16), 0 for none or 1 + the thing's place."""

    split: Split
    images: Bytes
    things: Bytes
    first: int = 0
    """Number of the first picture's scene."""

    def __len__(self) -> int:
        return len(self.images)

    def scene(self, index: int) -> Scene:
        """What picture `index` shows."""
        return scene_of(self.first + index, self.split)

    def pixels(self, indices: Iterable[int]) -> torch.Tensor:
        """Pictures as (n, 3, height, width), −1 to 1."""
        return to_tensor(self.images[np.fromiter(indices, np.int64)])


def to_tensor(images: Bytes) -> torch.Tensor:
    """(n, height, width, 3) of bytes to (n, 3, height, width), −1 to 1."""
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float() / 127.5 - 1


def to_bytes(pixels: torch.Tensor) -> Bytes:
    """(n, 3, height, width), −1 to 1, to (n, height, width, 3) of bytes."""
    levels = (pixels.detach().float().cpu().clamp(-1, 1) + 1) * 127.5
    array: Bytes = levels.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return array


def scene_of(index: int, split: Split) -> Scene:
    """Scene number `index` of a split, the same whenever it is asked for."""
    return scenes.compose(np.random.default_rng([_SALT[split], index]), split)


def painted(plan: Plan, split: Split, count: int, size: Size = NATIVE) -> Renders:
    """The first `count` pictures of a split and size: from the work folder, or painted now and kept there."""
    folder = plan.work / "renders"
    folder.mkdir(parents=True, exist_ok=True)
    ending = f"{sized(size)}{plan.pictures}.images.npy"
    images = larger(folder, split, count, ending)
    if images is None:
        images = folder / f"{split}-{count}-{ending}"
        _paint_all(split, count, plan.workers, images, _beside(images), size)
    pixels, things = (np.load(file, mmap_mode="r")[:count] for file in (images, _beside(images)))
    return Renders(split, pixels, things, first_of(size))


def sized(size: Size) -> str:
    """What a size adds to a kept file's name."""
    return "" if size == NATIVE else "{}x{}.".format(*size)


def first_of(size: Size) -> int:
    """Number of the first scene of a size."""
    return SIZES.index(size) * APART


def larger(folder: Path, split: Split, count: int, ending: str) -> Path | None:
    """A kept file of at least `count` pictures: the first ones are the same in each."""
    kept = ((int(file.name.split("-")[-2]), file) for file in folder.glob(f"{split}-*-{ending}"))
    return min(((size, file) for size, file in kept if size >= count), default=(0, None))[1]


def _beside(images: Path) -> Path:
    return images.with_name(images.name.replace(".images.", ".things."))


def _paint_all(split: Split, count: int, workers: int, images: Path, things: Path, size: Size) -> None:
    partly = [file.with_suffix(".part.npy") for file in (images, things)]
    pictures = np.lib.format.open_memmap(partly[0], "w+", np.uint8, (count, size[1], size[0], 3))
    maps = np.lib.format.open_memmap(partly[1], "w+", np.uint8, (count, CELLS, CELLS))
    starts = range(0, count, CHUNK)
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(tqdm(total=count, desc=f"paint {split} {size[0]}×{size[1]}"))
        paint_chunk = partial(paint_some, split, count, size=size)
        done: Iterable[tuple[Bytes, Bytes]] = map(paint_chunk, starts)
        if workers > 1:
            done = stack.enter_context(multiprocessing.get_context("spawn").Pool(workers)).imap(paint_chunk, starts)
        for start, (some, owners) in zip(starts, done, strict=True):
            pictures[start : start + len(some)], maps[start : start + len(some)] = some, owners
            bar.update(len(some))
    pictures.flush()
    maps.flush()
    partly[1].replace(things)  # first, since whoever sees the pictures expects both
    partly[0].replace(images)


def paint_some(split: Split, count: int, start: int, size: Size = NATIVE) -> tuple[Bytes, Bytes]:
    """Pictures `start` and the next ones, at most up to `count`, with the owners of their cells."""
    numbers = range(first_of(size) + start, first_of(size) + min(start + CHUNK, count))
    paintings = [paint(scene_of(n, split), n, *size, split) for n in numbers]
    return (
        np.stack([painting.image for painting in paintings]),
        np.stack([owners(painting.masks, size[1], size[0]) for painting in paintings]),
    )


def owners(masks: tuple[np.ndarray[Any, np.dtype[np.bool_]], ...], height: int, width: int) -> Bytes:
    """Which thing owns each cell (16, 16): 0 for none, else 1 + its place."""
    if not masks:
        return np.zeros((CELLS, CELLS), np.uint8)
    cells = np.stack(masks).reshape(len(masks), CELLS, height // CELLS, CELLS, width // CELLS).mean((2, 4))
    return np.where(cells.max(0) >= COVERED, cells.argmax(0) + 1, 0).astype(np.uint8)
