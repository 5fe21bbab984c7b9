"""A studio with a real store, the real offline planner, and conversations in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pixxelbot.app import model_limits
from pixxelbot.job import Forecast
from pixxelbot.recipe import Recipe
from pixxelbot.studio import Studio
from tests import factories
from tests.studio.talk import Talk, opened


def forecast(recipe: Recipe) -> Forecast:
    """A second a picture."""
    return Forecast(seconds=float(recipe.count))


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Everything but a renderer."""
    async with opened(tmp_path, forecast) as studio:
        yield studio


@pytest.fixture
async def adapted(tmp_path: Path) -> AsyncIterator[Studio]:
    """One with two models, each with an adapter and a learnt word of its own."""
    own = model_limits(factories.settings(tmp_path))["bundled"].model_copy(
        update={"loras": ("ink", "mist"), "embeddings": ("mojo",)}
    )
    other = own.model_copy(update={"model": "other", "family": "sdxl", "loras": ("film",), "embeddings": ()})
    async with opened(tmp_path, forecast, {"bundled": own, "other": other}) as studio:
        yield studio


@pytest.fixture
def talk(studio: Studio) -> Talk:
    """Ana's conversation in a server's channel."""
    return Talk(studio)
