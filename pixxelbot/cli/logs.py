"""Logging: JSON lines when stderr is no terminal, coloured lines otherwise; secrets never get through."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.logging import RichHandler

if TYPE_CHECKING:
    from pixxelbot.settings import Settings

HIDDEN: Final = "…"
PATTERNS: Final = (
    (re.compile(r"(://[^/\s:@]*:)[^/\s@]+@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w-]{20,}"), rf"\1{HIDDEN}"),
    (re.compile(r"(\b(?:Bot|Bearer)\s+)[\w.~+/-]{16,}=*"), rf"\1{HIDDEN}"),
)
"""Passwords in URLs, interaction tokens in Discord's routes, and Authorization headers."""
CHATTY: Final = (
    "asyncio",
    "httpx",
    "httpcore",
    "openai",
    "PIL",
    "discord.http",
    "alembic.runtime.plugins",
)
"""Libraries whose debug lines drown everything else."""

_known: set[str] = set()


def redact(text: str) -> str:
    """The text with every known secret, and whatever looks like one, replaced by `…`."""
    for secret in _known:
        text = text.replace(secret, HIDDEN)
    for pattern, shown in PATTERNS:
        text = pattern.sub(shown, text)
    return text


def secrets_of(settings: Settings) -> set[str]:
    """Values of the settings that must never be printed."""
    keys = (settings.discord_token, settings.openai_api_key)
    found = {key.get_secret_value() for key in keys if key}
    for url in (settings.database_url, settings.storage, settings.openai_base_url):
        if url and (password := urlsplit(url).password):
            found.add(password)
    return {secret for secret in found if secret}


def configure(settings: Settings, *, quiet: bool = False, console: Console | None = None) -> None:
    """Send every log line to stderr. `quiet` keeps a command's own output free of mere information."""
    _known.update(secrets_of(settings))
    level = logging.getLevelNamesMapping()[settings.log.upper()]
    if quiet and level == logging.INFO:
        level = logging.WARNING
    logging.basicConfig(level=level, handlers=[_handler(console)], force=True)
    logging.captureWarnings(True)
    _hush(CHATTY, max(level, logging.INFO))


def _hush(names: Iterable[str], level: int) -> None:
    for name in names:
        logging.getLogger(name).setLevel(level)


def _handler(console: Console | None) -> logging.Handler:
    if not sys.stderr.isatty():
        plain = logging.StreamHandler(sys.stderr)
        plain.setFormatter(JsonLines())
        return plain
    handler = RichHandler(console=console or Console(stderr=True), show_path=False, rich_tracebacks=False)
    handler.setFormatter(Redacted("%(message)s", datefmt="%H:%M:%S"))
    return handler


class Redacted(logging.Formatter):
    """A formatter whose lines, tracebacks included, hold no secret."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, redacted."""
        return redact(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The object on one line, redacted."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)
