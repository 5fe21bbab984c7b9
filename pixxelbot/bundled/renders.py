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
    """Painted scenes: `images` (n, 128, 128, 3) and `things` (n, 16, 16), 0 for none or 1 + the thing's place."""

    split: Split
    images: Bytes
    things: Bytes

    def __len__(self) -> int:
        return len(self.images)

    def scene(self, index: int) -> Scene:
        """What picture `index` shows."""
        return scene_of(index, self.split)

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


def painted(plan: Plan, split: Split, count: int) -> Renders:
    """The first `count` pictures of a split: from the cache the work folder, or painted now and kept there."""
    folder = plan.work / "renders"
    folder.mkdir(parents=True, exist_ok=True)
    images = larger(folder, split, count, f"{plan.pictures}.images.npy")
    if images is None:
        images = folder / f"{split}-{count}-{plan.pictures}.images.npy"
        _paint_all(split, count, plan.workers, images, _beside(images))
    return Renders(split, *(np.load(file, mmap_mode="r")[:count] for file in (images, _beside(images))))


def larger(folder: Path, split: Split, count: int, ending: str) -> Path | None:
    """A kept file of at least `count` pictures: the first ones are the same in each."""
    kept = ((int(file.name.split("-")[-2]), file) for file in folder.glob(f"{split}-*-{ending}"))
    return min(((size, file) for size, file in kept if size >= count), default=(0, None))[1]


def _beside(images: Path) -> Path:
    return images.with_name(images.name.replace(".images.", ".things."))


def _paint_all(split: Split, count: int, workers: int, images: Path, things: Path) -> None:
    partly = [file.with_suffix(".part.npy") for file in (images, things)]
    pictures = np.lib.format.open_memmap(partly[0], "w+", np.uint8, (count, SIDE, SIDE, 3))
    maps = np.lib.format.open_memmap(partly[1], "w+", np.uint8, (count, CELLS, CELLS))
    starts = range(0, count, CHUNK)
    with contextlib.ExitStack() as stack:
        bar = stack.enter_context(tqdm(total=count, desc=f"paint {split}"))
        paint_chunk = partial(paint_some, split, count)
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


def paint_some(split: Split, count: int, start: int) -> tuple[Bytes, Bytes]:
    """Pictures `start` and the next ones, at most up to `count`, with the owners of their cells."""
    paintings = [paint(scene_of(n, split), n, SIDE, SIDE, split) for n in range(start, min(start + CHUNK, count))]
    return (
        np.stack([painting.image for painting in paintings]),
        np.stack([owners(painting.masks, SIDE, SIDE) for painting in paintings]),
    )


def owners(masks: tuple[np.ndarray[Any, np.dtype[np.bool_]], ...], height: int, width: int) -> Bytes:
    """Which thing owns each cell (16, 16): 0 for none, else 1 + its place."""
    if not masks:
        return np.zeros((CELLS, CELLS), np.uint8)
    cells = np.stack(masks).reshape(len(masks), CELLS, height // CELLS, CELLS, width // CELLS).mean((2, 4))
    return np.where(cells.max(0) >= COVERED, cells.argmax(0) + 1, 0).astype(np.uint8)
