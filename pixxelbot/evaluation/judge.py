"""The classifier that judges: trained once for each version of the painter, then kept."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from pixxelbot import bundled
from pixxelbot.bundled import learning
from pixxelbot.bundled.learning import Plan
from pixxelbot.evaluation.classifier import STAGE, Classifier, Naming, load

BUNDLED: Final = Path(bundled.__file__).parent
RENDERS: Final = {"full": Plan.renders, "tiny": 24}


def trained(work: Path, minutes: float, size: str = "full", workers: int | None = None) -> Classifier:
    """The classifier of a work folder; trained first where there is none, or where it was stopped early."""
    gpu = torch.cuda.is_available()
    plan = Plan(
        stage=STAGE,
        work=work,
        minutes=minutes,
        workers=workers or (1 if gpu else torch.get_num_threads()),
        device="cuda" if gpu else "cpu",
        renders=RENDERS[size],
        size=size,
    )
    done = learning.load(plan.checkpoint)["progress"]["seconds"] if plan.checkpoint.is_file() else 0.0
    if done < 60 * minutes:
        learning.teach(Naming, plan)
    return load(work, size)
