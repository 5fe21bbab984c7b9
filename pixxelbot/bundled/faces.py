"""Heads of animals and people from a few shapes; they stand in for the glyphs where the emoji font is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from PIL import Image

from pixxelbot.bundled.shapes import Sheet


def pointed(fur: str, inner: str, muzzle: str) -> Image.Image:
    """A head with two pointed ears: cat, fox."""
    sheet = Sheet()
    for side in (-1, 1):
        sheet.polygon([(50 + side * 42, 4), (50 + side * 46, 52), (50 + side * 10, 30)], fur)
        sheet.polygon([(50 + side * 38, 14), (50 + side * 41, 42), (50 + side * 18, 30)], inner)
    return _features(sheet.ellipse(50, 58, 92, 76, fur), muzzle)


def round_eared(fur: str, ear: str, muzzle: str, eyes: str = "#26262e") -> Image.Image:
    """A head with two round ears: bear, panda, lion, pig."""
    sheet = Sheet().ellipse(18, 24, 34, 34, ear).ellipse(82, 24, 34, 34, ear)
    return _features(sheet.ellipse(50, 56, 90, 80, fur), muzzle, eyes)


def long_eared(fur: str, inner: str, muzzle: str) -> Image.Image:
    """A head with two long ears: rabbit."""
    sheet = Sheet()
    for x in (34, 66):
        sheet.ellipse(x, 24, 20, 48, fur).ellipse(x, 24, 10, 36, inner)
    return _features(sheet.ellipse(50, 64, 72, 66, fur), muzzle)


def person(skin: str, hair: str, long: bool) -> Image.Image:
    """A face with hair, long or short."""
    sheet = Sheet()
    if long:
        sheet.box(12, 10, 88, 96, hair, 34)
    sheet.ellipse(50, 54, 70, 80, skin).polygon(
        [(16, 44), (22, 14), (50, 4), (78, 14), (84, 44), (66, 28), (34, 28)], hair
    )
    sheet.ellipse(36, 52, 8, 9, "#26262e").ellipse(64, 52, 8, 9, "#26262e")
    return sheet.line([(38, 72), (50, 77), (62, 72)], 3, "#8c3a34").done()


def _features(sheet: Sheet, muzzle: str, eyes: str = "#26262e") -> Image.Image:
    sheet.ellipse(50, 74, 42, 30, muzzle).ellipse(32, 52, 11, 13, eyes).ellipse(68, 52, 11, 13, eyes)
    return sheet.ellipse(50, 67, 13, 9, "#26262e").line([(40, 79), (50, 83), (60, 79)], 2.4, "#26262e").done()


STAND_INS: Final[dict[str, tuple[Callable[[], Image.Image], ...]]] = {
    "cat": (partial(pointed, "#f7b738", "#f5a3b0", "#fce6b4"),),
    "dog": (partial(round_eared, "#e8c9a0", "#8d5a3a", "#fdf6ea"),),
    "fox": (partial(pointed, "#ef6c1f", "#3a2a26", "#fff4ea"),),
    "rabbit": (partial(long_eared, "#dfe2e8", "#f5b6c6", "#ffffff"),),
    "bear": (partial(round_eared, "#8a5a3c", "#6d452c", "#d9b48c"),),
    "panda": (partial(round_eared, "#f6f6f6", "#26262e", "#ffffff"),),
    "lion": (partial(round_eared, "#f2b544", "#8a4f2a", "#fde7b8"),),
    "pig": (partial(round_eared, "#f7b3bf", "#ee8fa2", "#f08fa4"),),
    "man": (partial(person, "#e8b98c", "#4a3324", False),),
    "woman": (partial(person, "#e8b98c", "#6b3f26", True),),
}
"""Noun → functions that draw it where no glyph can."""
