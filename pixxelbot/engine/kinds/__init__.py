"""Kinds of drawing: one file each, one line in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from PIL import Image

from pixxelbot.engine.easel import Easel
from pixxelbot.engine.kinds import (
    arithmetic,
    background,
    blend,
    control,
    detail,
    edit,
    img2img,
    inpaint,
    interpolate,
    making_of,
    outpaint,
    sweep,
    text2img,
    upscale,
    vary,
)

KINDS: Final[Mapping[str, Callable[[Easel], list[Image.Image]]]] = {
    "text2img": text2img.draw,
    "img2img": img2img.draw,
    "sweep": sweep.draw,
    "inpaint": inpaint.draw,
    "outpaint": outpaint.draw,
    "vary": vary.draw,
    "upscale": upscale.draw,
    "detail": detail.draw,
    "blend": blend.draw,
    "interpolate": interpolate.draw,
    "edit": edit.draw,
    "control": control.draw,
    "making_of": making_of.draw,
    "arithmetic": arithmetic.draw,
    "background": background.draw,
}
