"""Wildcards: `__animal__` stands for a line of `prompts/wildcards/animal.txt`.

Which line is decided by the words around it and the minute they were written, so that the planner stays deterministic
and yet the same words give something else later.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Final

from pixxelbot.planner.library import prompts_folder

WILDCARD: Final = re.compile(r"__(?P<name>[a-z][a-z0-9-]{0,30})__", re.IGNORECASE)
DEEPEST: Final = 3
"""A line may hold wildcards itself, so many levels deep."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The text with its wildcards filled in, and what was taken."""

    text: str
    chosen: tuple[str, ...] = ()


@cache
def load_wildcards() -> Mapping[str, tuple[str, ...]]:
    """Every list by name; blank lines and lines that begin with # are left out."""
    files = sorted((prompts_folder() / "wildcards").glob("*.txt"))
    lists = {file.stem: tuple(_lines(file.read_text(encoding="utf-8"))) for file in files}
    return MappingProxyType({name: lines for name, lines in lists.items() if lines})


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def filled(text: str, now: datetime | None = None) -> Filled:
    """The text with every known wildcard replaced; an unknown one is said as its bare name."""
    seed = f"{text}|{now:%Y%m%d%H%M%S}" if now else text
    chosen: list[str] = []
    for depth in range(DEEPEST):
        if not WILDCARD.search(text):
            break
        text = WILDCARD.sub(lambda match, depth=depth: _taken(match, f"{seed}|{depth}", chosen), text)  # type: ignore[misc]
    return Filled(WILDCARD.sub(lambda match: match["name"], text), tuple(chosen))


def _taken(match: re.Match[str], seed: str, chosen: list[str]) -> str:
    lines = load_wildcards().get(match["name"].lower())
    if not lines:
        return match["name"].replace("-", " ")
    line = lines[zlib.crc32(f"{seed}|{match.start()}".encode()) % len(lines)]
    chosen.append(line)
    return line
