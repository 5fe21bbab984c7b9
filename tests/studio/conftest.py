"""A studio with a real store, the real offline planner, and conversations in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pixxelbot.app import model_limits
from pixxelbot.job import Forecast
from pixxelbot.planner import build_planner
from pixxelbot.recipe import Recipe
from pixxelbot.store import Store
from pixxelbot.studio import Studio
from tests import factories
from tests.studio.talk import Talk


def forecast(recipe: Recipe) -> Forecast:
    """A second a picture."""
    return Forecast(seconds=float(recipe.count))


@pytest.fixture
async def studio(tmp_path: Path) -> AsyncIterator[Studio]:
    """Everything but a renderer."""
    settings = factories.settings(tmp_path)
    store = await Store.open(settings)
    await store.migrate()
    studio = Studio(store, build_planner(settings), model_limits(settings), forecast)
    yield studio
    await studio.close()
    await store.close()


@pytest.fixture
async def adapted(tmp_path: Path) -> AsyncIterator[Studio]:
    """One with two models, each with an adapter and a learnt word of its own."""
    settings = factories.settings(tmp_path)
    store = await Store.open(settings)
    await store.migrate()
    own = model_limits(settings)["bundled"].model_copy(update={"loras": ("ink", "mist"), "embeddings": ("mojo",)})
    other = own.model_copy(update={"model": "other", "family": "sdxl", "loras": ("film",), "embeddings": ()})
    studio = Studio(store, build_planner(settings), {"bundled": own, "other": other}, forecast)
    yield studio
    await studio.close()
    await store.close()


@pytest.fixture
def talk(studio: Studio) -> Talk:
    """Ana's conversation in a server's channel."""
    return Talk(studio)
