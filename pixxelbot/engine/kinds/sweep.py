"""One picture started from at several strengths, side by side, each labelled with its own."""

from __future__ import annotations

from typing import Final

from PIL import Image

from pixxelbot.engine.easel import Easel

STRENGTHS: Final = (0.2, 0.4, 0.6, 0.8)


def draw(easel: Easel) -> list[Image.Image]:
    """A picture for each strength, all from the same source and noise; a strength of 0 shows the source."""
    source, recipe = easel.all_sources()[0], easel.recipe
    strengths = recipe.strengths or STRENGTHS
    easel.whole = sum(max(1, int(recipe.steps * easel.at_least_a_step(one))) for one in strengths if one > 0)
    easel.captions = [f"strength {strength:g}" for strength in strengths]
    drawn = []
    for strength in strengths:
        if strength == 0:
            drawn.append(source)
            continue
        at_least = easel.at_least_a_step(strength)
        drawn += easel.paint(
            "img2img", seeds=[recipe.seed], image=[source], strength=at_least, width=recipe.width,
            height=recipe.height,
        )  # fmt: skip
    return drawn
