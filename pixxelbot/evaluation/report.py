"""The report of an evaluation: a page of Markdown, its grids, and the numbers as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from pixxelbot.evaluation.evaluation import Result

GOALS: Final[dict[tuple[str, str], float]] = {
    ("drawn", "object"): 0.92,
    ("drawn", "colour"): 0.92,
    ("drawn", "setting"): 0.97,
    ("drawn", "place left"): 0.90,
    ("drawn", "place right"): 0.90,
    ("drawn", "relation"): 0.90,
    ("drawn", "both objects"): 0.75,
    ("drawn", "style"): 0.90,
    ("real", "object"): 0.98,
    ("unknown nouns", "no confident wrong object"): 0.80,
    ("negative prompts", "removed"): 0.85,
}
"""Lower bounds that the model that ships is to reach."""


def write(result: Result, folder: Path) -> Path:
    """Write `report.md`, `report.json` and the grids; returns the page."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(result.plain(), indent=2) + "\n", encoding="utf-8")
    page = folder / "report.md"
    page.write_text("\n".join([*_head(result), *_tables(result), *_grids(result, folder)]) + "\n", encoding="utf-8")
    return page


def _head(result: Result) -> list[str]:
    settings = ", ".join(f"{name} {value}" for name, value in result.settings.items())
    lines = ["# Evaluation", "", settings, "", "| measure | value |", "|---|---|"]
    return [*lines, *(f"| {name} | {value:.3f} |" for name, value in result.numbers.items()), ""]


def _tables(result: Result) -> list[str]:
    lines = []
    for group, told in result.shares.items():
        lines += [f"## {group}", "", "| attribute | right | rate | lower 95 % bound | goal |", "|---|---|---|---|---|"]
        for name, share in sorted(told.items()):
            goal = GOALS.get((group, name))
            wanted = "" if goal is None else f"{goal:.2f} {'reached' if share.lower >= goal else 'missed'}"
            lines.append(f"| {name} | {share.right}/{share.total} | {share.rate:.3f} | {share.lower:.3f} | {wanted} |")
        lines.append("")
    return lines


def _grids(result: Result, folder: Path) -> list[str]:
    lines = []
    for number, (title, (words, image)) in enumerate(result.grids.items(), start=1):
        file = folder / f"grid-{number}.png"
        image.save(file)
        lines += [
            f"## {title}",
            "",
            f"![{title}]({file.name})",
            "",
            *(f"{n}. {text}" for n, text in enumerate(words, 1)),
            "",
        ]
    return lines
