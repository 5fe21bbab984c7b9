"""Variations of a picture that was drawn before: its composition stays, its details change with the seed."""

from __future__ import annotations

from PIL import Image

from pixxelbot.engine.easel import Easel
from pixxelbot.engine.kinds import img2img


def draw(easel: Easel) -> list[Image.Image]:
    """Several sources give one variation of each in turn."""
    return img2img.draw(easel)
