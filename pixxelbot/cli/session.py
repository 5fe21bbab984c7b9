"""One command's stay in the house: the settings read, the parts built, and closed again."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

if TYPE_CHECKING:
    from pixxelbot.app import App
    from pixxelbot.settings import Settings

Answer = TypeVar("Answer")


def wait_for(work: Coroutine[Any, Any, Answer]) -> Answer:
    """Carry out a command's asynchronous part."""
    return asyncio.run(work)


def settings(*, quiet: bool = True, console: Console | None = None) -> Settings:
    """The settings, with logging set up as they say.

    Raises:
        ConfigurationError: a variable has a value that cannot be used.
    """
    from pixxelbot.cli import logs
    from pixxelbot.settings import Settings

    read = Settings.read()
    logs.configure(read, quiet=quiet, console=console)
    return read


@contextlib.asynccontextmanager
async def opened(*, quiet: bool = True, console: Console | None = None, draws: bool = True) -> AsyncIterator[App]:
    """The whole application for one command; with `draws=False` without looking at its models."""
    read = settings(quiet=quiet, console=console)
    from pixxelbot.app import App  # costs half a second; `--help` must not pay it

    async with App(read, draws=draws) as app:
        yield app


def operator() -> str:
    """Member id of whoever sits at this machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (ImportError, KeyError, OSError):  # no such user in a bare container, no pwd module on Windows
        return "cli:operator"
