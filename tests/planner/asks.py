"""Asks for the planner's tests, over a conversation of a grid of four foxes and, before it, two boats."""

from __future__ import annotations

from typing import Any

from pixxelbot.intent import Ask
from pixxelbot.recipe import Limits
from tests import factories

FOXES = factories.recipe(prompt="a red fox in the snow", negative_prompt="clouds", count=4, seed=7)
BOATS = factories.recipe(prompt="a boat at sea", count=2, seed=8)
PICTURES = (*((f"fox{n}", FOXES) for n in (1, 2, 3, 4)), *((f"boat{n}", BOATS) for n in (1, 2)))
ALL = ("fox1", "fox2", "fox3", "fox4")

GENERAL = Limits(model="general", family="sdxl", native=512, minimum=256, maximum=1024, tokens=77, max_guidance=20,
                 samplers=("DDIM", "Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras"))  # fmt: skip
"""A general model that reads sentences."""


def first(words: str, limits: Limits, **changes: Any) -> Ask:
    """The first request of a conversation."""
    return Ask(words=words, limits=limits, **changes)


def later(words: str, limits: Limits, **changes: Any) -> Ask:
    """A request after pictures were drawn."""
    return Ask(words=words, limits=limits, **({"pictures": PICTURES} | changes))
