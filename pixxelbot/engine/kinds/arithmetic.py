"""Arithmetic with meanings: a picture, minus some words, plus others (directions as in Mikolov et al. 2013)."""

from __future__ import annotations

from typing import Final

from PIL import Image

from pixxelbot.engine import words
from pixxelbot.engine.easel import Easel
from pixxelbot.errors import InvalidRequest

STRENGTH: Final = 0.6


def draw(easel: Easel) -> list[Image.Image]:
    """From the source where there is one, else from noise, by the prompt's features moved along the direction.

    Raises:
        InvalidRequest: nothing is added and nothing taken away.
    """
    recipe = easel.recipe
    if not (recipe.plus or recipe.minus):
        raise InvalidRequest("Say what to add or to take away, for example: minus snow plus flowers.")
    features = moved(easel)
    if not recipe.sources:
        return easel.paint("text2img", features=features, width=recipe.width, height=recipe.height)
    return easel.paint(
        "img2img", features=features, image=easel.sources(), strength=easel.strength(STRENGTH), width=recipe.width,
        height=recipe.height,
    )  # fmt: skip


def moved(easel: Easel) -> words.Features:
    """The prompt's features, plus those of each added word less an empty prompt's, minus those taken away."""
    recipe = easel.recipe
    base, empty = easel.read(recipe.prompt, recipe.negative_prompt), easel.read("", recipe.negative_prompt)
    terms = [(base, 1.0)]
    for sign, phrases in ((1.0, recipe.plus), (-1.0, recipe.minus)):
        for phrase in phrases:
            terms += [(easel.read(phrase, recipe.negative_prompt), sign), (empty, -sign)]
    # what belongs to the negative prompt is the same in all terms, and their weights sum to one
    return words.mixed(terms)
