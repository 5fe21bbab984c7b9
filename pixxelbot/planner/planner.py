"""The seam before the planners, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pixxelbot.intent import Ask, Intent
from pixxelbot.planner.offline import OfflinePlanner
from pixxelbot.recipe import Limits
from pixxelbot.settings import Settings

Hear = Callable[[str], None]


class Planner(Protocol):
    """Words in, an Intent out. What a planner returns is understood, not yet allowed: the studio checks."""

    name: str
    """`offline`, or the language model's name."""

    @property
    def sees(self) -> bool:
        """Whether it makes something of `ask.looks`."""

    async def plan(self, ask: Ask, hear: Hear | None = None) -> Intent:
        """The intent of a request; never raises for what the words are.

        `hear` is told a reply in words so far, while it is being written.
        """

    async def describe(self, look: bytes, limits: Limits, known: str = "") -> tuple[tuple[str, ...], tuple[int, int]]:
        """Prompts by which a small JPEG could be drawn again, and the tokens it took; PlannerError where it cannot."""

    async def close(self) -> None:
        """Close connections."""


def build_planner(settings: Settings) -> Planner:
    """The language model's planner where one is set up, else the offline planner."""
    if not settings.llm:
        return OfflinePlanner()
    from pixxelbot.planner.openai import (
        OpenAIPlanner,
    )  # takes most of a second to import, and a machine may have no use

    return OpenAIPlanner(settings, OfflinePlanner())
