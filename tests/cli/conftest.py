"""Data folders for the command line's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine


@pytest.fixture
def pixxelbot(tmp_path: Path) -> CommandLine:
    """An empty data folder."""
    return CommandLine(tmp_path / "data")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A data folder that the tests of one module share, for what takes drawing."""
    yield CommandLine(tmp_path_factory.mktemp("furnished") / "data")
