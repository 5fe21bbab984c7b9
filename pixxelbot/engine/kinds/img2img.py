"""A picture that starts from another (SDEdit, Meng et al. 2022)."""

from __future__ import annotations

from typing import Final

from PIL import Image

from pixxelbot.engine.easel import Easel

STRENGTH: Final = 0.6
"""Share of the noise where the recipe says none."""


def draw(easel: Easel) -> list[Image.Image]:
    """Noise each source up to `strength` and draw it anew from there; a strength of 0 keeps it."""
    sources = easel.sources()
    if easel.recipe.strength == 0:
        return sources
    strength, recipe = easel.strength(STRENGTH), easel.recipe
    return easel.paint("img2img", image=sources, strength=strength, width=recipe.width, height=recipe.height)
