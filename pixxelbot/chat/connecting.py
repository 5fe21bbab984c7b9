"""How the connection to Discord is tried again: one line of log a try, and never more than half a minute apart.

discord.py 2.7 logs a traceback for each lost connection, and its own pauses between tries grow to 17 minutes.
"""

from __future__ import annotations

import logging
import random
from typing import Final

import discord

from pixxelbot.chat.resending import LOST as BROKEN
from pixxelbot.chat.resending import is_closed
from pixxelbot.errors import PixxelbotError

log = logging.getLogger(__name__)

FIRST_DELAY: Final = 1.0
"""Seconds before the first try to connect again."""
LONGEST_DELAY: Final = 32.0
DOUBLINGS: Final = 5
"""After so many doublings a pause of discord.py's, between 0 and twice the last, has reached the longest."""
LOST: Final = (*BROKEN, discord.ConnectionClosed, discord.GatewayNotFound, discord.HTTPException)
"""What a lost connection looks like; whatever else is logged keeps its traceback."""
LOGGERS: Final = ("discord.client", "discord.shard", "discord.gateway")
SUGGESTIONS: Final = "discord.app_commands.tree"
"""Logger of what failed while the member was typing."""


class Delays:
    """Pauses between tries: twice as long each time up to the longest, and never quite the same for two bots."""

    def __init__(self, first: float = FIRST_DELAY, longest: float = LONGEST_DELAY) -> None:
        self._first, self._longest = first, longest
        self._next = first

    def take(self) -> float:
        """Seconds until the next try."""
        pause, self._next = self._next, min(self._next * 2, self._longest)
        return pause * random.uniform(0.5, 1.0)  # noqa: S311

    def reset(self) -> None:
        """The connection held for a while: begin anew."""
        self._next = self._first


def reason(error: BaseException | None) -> str:
    """Why a connection ended, in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()) if error else "closed"


class OneLine(logging.Filter):
    """Tells a lost connection by its name and not by its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, some made shorter."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, LOST):
            record.msg = f"{record.getMessage()} ({reason(error)})"
            record.args, record.exc_info, record.exc_text = None, None, None
        return True


class NoSuggestion(logging.Filter):
    """The next letter asks anew, so suggestions that did not come are worth one line to who debugs."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Only what is unforeseen passes."""
        error = record.exc_info[1] if record.exc_info else None
        if not (isinstance(error, (*LOST, PixxelbotError)) or is_closed(error)):
            return True
        log.debug("no suggestions (%s)", reason(error))
        return False


def quieten() -> None:
    """Have discord.py log lost connections in one line, and nothing below INFO: there it logs tokens."""
    _filter(SUGGESTIONS, NoSuggestion())
    quiet = logging.getLogger("discord")
    quiet.setLevel(max(quiet.getEffectiveLevel(), logging.INFO))
    for name in LOGGERS:
        _filter(name, OneLine())


def _filter(name: str, wanted: logging.Filter) -> None:
    logger = logging.getLogger(name)
    if not any(isinstance(one, type(wanted)) for one in logger.filters):
        logger.addFilter(wanted)


def bound(shard: discord.ShardInfo) -> None:
    """Keep the pauses between a shard's own tries below the longest; discord.py spreads them by chance."""
    shard._parent._backoff._max = DOUBLINGS
