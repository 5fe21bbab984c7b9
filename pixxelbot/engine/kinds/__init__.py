"""Kinds of drawing: one file each, one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from pixxelbot.engine.easel import Easel
from pixxelbot.engine.kinds import img2img, inpaint, text2img, upscale, vary

KINDS: Final[Mapping[str, Callable[[Easel], list[Image.Image]]]] = {
    "text2img": text2img.draw,
    "img2img": img2img.draw,
    "inpaint": inpaint.draw,
    "vary": vary.draw,
    "upscale": upscale.draw,
}
