"""A picture from words alone."""

from __future__ import annotations

from PIL import Image

from pixxelbot.engine.easel import Easel


def draw(easel: Easel) -> list[Image.Image]:
    """Pictures from pure noise."""
    return easel.paint("text2img", width=easel.recipe.width, height=easel.recipe.height)
