"""What the planner's tests share: limits of two model families, a conversation, and the loopback endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pixxelbot.models import limits
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.planner.openai import OpenAIPlanner
from pixxelbot.recipe import Limits
from pixxelbot.settings import BUNDLED
from tests import factories
from tests.openai_server.server import OpenAIServer

KEY = "sk-loopback-0123456789"


@pytest.fixture(scope="session")
def bundled() -> Limits:
    """The model that ships."""
    return limits("bundled", BUNDLED)


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    """An OpenAI-compatible endpoint on loopback."""
    async with OpenAIServer(key=KEY) as server:
        yield server


@pytest.fixture
async def planner(server: OpenAIServer, tmp_path: Path) -> AsyncIterator[Callable[..., OpenAIPlanner]]:
    """Makes planners that speak to the loopback endpoint."""
    made: list[OpenAIPlanner] = []

    def make(breaker: Any = None, **changes: Any) -> OpenAIPlanner:
        values = {"openai_api_key": SecretStr(KEY), "openai_base_url": server.base_url, "llm_timeout": 10.0} | changes
        made.append(OpenAIPlanner(factories.settings(tmp_path, **values), OfflinePlanner(), breaker))
        return made[-1]

    yield make
    for one in made:
        await one.close()
