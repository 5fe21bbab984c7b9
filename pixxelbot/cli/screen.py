"""What a command shows: its answer on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated, Final

import typer
from rich.console import Console, RenderableType
from rich.table import Table

from pixxelbot.errors import OutputLost

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else, on stdout.")]


WHOLE: Final = frozenset({"job", "picture", "request"})
"""Columns that are copied from, and so never broken."""


class Screen:
    """Answers for people or for scripts."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.news = Console(stderr=True)
        """Progress, plans and logs."""
        self.out = Console()

    def answer(self, value: object, *shown: RenderableType) -> None:
        """The answer: `value` as one line of JSON, or what people are shown instead.

        Raises:
            OutputLost: standard output takes no more.
        """
        try:
            if self.as_json:
                sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
            else:
                for each in shown:
                    self.out.print(each, soft_wrap=isinstance(each, str), markup=False, highlight=False)
            sys.stdout.flush()
        except OSError as error:
            raise OutputLost(f"The answer could not be written ({error.strerror or error}).") from error


def table(title: str, *columns: str) -> Table:
    """An empty table in the house's looks."""
    made = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        caption_justify="left",
        header_style="dim",
        box=None,
        pad_edge=False,
    )
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in WHOLE)
    return made


def when(seconds: float | None) -> str:
    """Unix seconds as local date and time."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S") if seconds else ""


def short(text: str, length: int = 60) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
