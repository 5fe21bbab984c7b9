"""What a command shows: its answer on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.table import Table

Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON, and nothing else, on stdout.")]


class Screen:
    """Answers for people or for scripts."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.news = Console(stderr=True)
        """Progress, plans and logs."""
        self.out = Console()

    def answer(self, value: object, *shown: RenderableType) -> None:
        """The answer: `value` as one line of JSON, or what people are shown instead."""
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
            sys.stdout.flush()
            return
        for each in shown:
            self.out.print(each, soft_wrap=isinstance(each, str), markup=False, highlight=False)


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
        made.add_column(column, overflow="fold")
    return made


def when(seconds: float | None) -> str:
    """Unix seconds as local date and time."""
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S") if seconds else ""


def short(text: str, length: int = 60) -> str:
    """The text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1] + "…"
