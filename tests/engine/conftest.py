"""One engine with the bundled model, shared: loading is most of these tests' time."""

from __future__ import annotations

import pytest

from pixxelbot.engine.choose import Caps
from pixxelbot.engine.engine import Engine
from pixxelbot.engine.residency import Models
from pixxelbot.settings import BUNDLED


@pytest.fixture(scope="session")
def models() -> Models:
    return Models({"bundled": str(BUNDLED)}, device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def shared_engine(models: Models) -> Engine:
    return Engine(models)


@pytest.fixture
def engine(shared_engine: Engine) -> Engine:
    shared_engine.caps = Caps()
    return shared_engine
