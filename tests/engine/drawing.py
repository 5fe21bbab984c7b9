"""Drawing with an engine in the test's own process."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from pixxelbot.engine.engine import Engine, Outcome
from pixxelbot.errors import PixxelbotError
from pixxelbot.job import Progress, Rendered
from pixxelbot.recipe import Recipe
from tests import factories

Pixels = np.ndarray[Any, Any]


class Told(list[Outcome]):
    """What an engine told about one job."""

    def __init__(self, **job: Any) -> None:
        super().__init__()
        self.job = factories.job(**job)

    @property
    def rendered(self) -> Rendered:
        assert isinstance(self[-1], Rendered), self[-1]
        return self[-1]

    @property
    def error(self) -> PixxelbotError:
        assert isinstance(self[-1], PixxelbotError), self[-1]
        return self[-1]

    @property
    def steps(self) -> list[int]:
        return [one.step for one in self if isinstance(one, Progress)]

    @property
    def pixels(self) -> list[Pixels]:
        return [np.asarray(image_of(one.png), dtype=int) for one in self.rendered.pictures]


def draw(engine: Engine, *recipes: Recipe, pictures: Mapping[str, Image.Image] | None = None) -> list[Told]:
    """All at once, to their ends."""
    told = [Told(recipe=recipe) for recipe in recipes]
    for one in told:
        engine.submit(one.job, pictures or {}, one.append)
    engine.drain()
    return told


def pixels(engine: Engine, recipe: Recipe, pictures: Mapping[str, Image.Image] | None = None) -> list[Pixels]:
    """One recipe drawn alone."""
    return draw(engine, recipe, pictures=pictures)[0].pixels


def image_of(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def apart(some: Pixels, others: Pixels) -> int:
    """The largest difference of any channel of any pixel, of 255."""
    assert some.shape == others.shape
    return int(np.abs(some - others).max())
