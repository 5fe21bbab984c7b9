"""`pixxelbot evaluate`: how good a model is, measured on captions that no training saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pixxelbot.cli.screen import Json, Screen, table

Model = Annotated[
    Path | None, typer.Option("--model", help="A folder in diffusers' layout; the bundled one if unsaid.")
]
Captions = Annotated[int, typer.Option("--captions", min=8, help="Held-out captions to draw.")]
Work = Annotated[Path, typer.Option("--work", help="Where the judging classifier is kept, or trained at first.")]
Minutes = Annotated[float, typer.Option("--minutes", help="Training time of the classifier where there is none.")]
Guidance = Annotated[float | None, typer.Option("--guidance", help="The model's own if unsaid.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the report and its grids.")]
Size = Annotated[str, typer.Option("--size", hidden=True)]


def evaluate(
    model: Model = None,
    captions: Captions = 1000,
    work: Work = Path("data/training"),
    minutes: Minutes = 20.0,
    guidance: Guidance = None,
    out: Out = Path("data/evaluation"),
    size: Size = "full",
    json: Json = False,
) -> None:
    """Draw captions that no training saw, and measure what comes out. Writes a report with grids."""
    from pixxelbot.evaluation import judge, report  # torch, only now
    from pixxelbot.evaluation.evaluation import Evaluator
    from pixxelbot.evaluation.evaluation import evaluate as measure

    screen = Screen(json)
    folder = model or judge.BUNDLED
    result = measure(Evaluator(folder, judge.trained(work, minutes, size), guidance), captions)
    page = report.write(result, out)
    shown = table("Evaluation", "pictures", "attribute", "right", "lower 95 % bound")
    for group, told in result.shares.items():
        for name, share in sorted(told.items()):
            shown.add_row(group, name, f"{share.right}/{share.total}", f"{share.lower:.3f}")
    numbers = table("", "measure", "value")
    for name, value in result.numbers.items():
        numbers.add_row(name, f"{value:.3f}")
    screen.answer({**result.plain(), "report": str(page)}, shown, numbers, f"Report: {page}")
