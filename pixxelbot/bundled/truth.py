"""What painted pictures truly show, as the classes that models learn: of each cell, and of the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from pixxelbot.bundled.captions import THINGS
from pixxelbot.bundled.renders import Bytes
from pixxelbot.bundled.scenes import COLOURS, FRAMINGS, MOST, NOUNS, SETTINGS, STYLES, Scene

WHOLES: Final = {"setting": len(SETTINGS), "style": len(STYLES), "framing": 1 + len(FRAMINGS), "count": MOST}
"""What is told of a whole picture, with the number of classes; a framing of 0 is none."""
IGNORED: Final = -100
"""A class that nobody said."""


@dataclass(frozen=True)
class Truth:
    """Classes of cells, nouns (0 for none) and colours, (n, 16, 16) each, and of wholes (n, 4)."""

    nouns: torch.Tensor
    colours: torch.Tensor
    wholes: torch.Tensor


def truth(scenes: Sequence[Scene], owners: Bytes) -> Truth:
    """The classes for painted scenes and the owners of their cells; unsaid colours and settings are ignored."""
    nouns = np.zeros((len(scenes), 1 + THINGS), np.int64)
    colours = np.full((len(scenes), 1 + THINGS), IGNORED, np.int64)
    for row, scene in enumerate(scenes):
        for place, thing in enumerate(scene.things, start=1):
            nouns[row, place] = 1 + NOUNS.index(thing.noun)
            if thing.colour is not None:
                colours[row, place] = COLOURS.index(thing.colour)
    rows = np.arange(len(scenes))[:, None, None]
    wholes = [_whole(scene) for scene in scenes]
    return Truth(torch.from_numpy(nouns[rows, owners]), torch.from_numpy(colours[rows, owners]), torch.tensor(wholes))


def losses(told: Sequence[torch.Tensor], true: Truth) -> dict[str, torch.Tensor]:
    """Cross-entropies of `noun`, `colour` and `whole`.

    `told` are the logits of nouns (n, nouns + 1, 16, 16), colours (n, colours, 16, 16) and wholes (n, classes of all).
    """
    nouns, colours, wholes = told
    parts = torch.split(wholes.float(), list(WHOLES.values()), dim=1)
    whole = torch.stack([_wrong(part, true.wholes[:, place]) for place, part in enumerate(parts)]).sum()
    return {"noun": _wrong(nouns.float(), true.nouns), "colour": _wrong(colours.float(), true.colours), "whole": whole}


def _whole(scene: Scene) -> tuple[int, ...]:
    return (
        IGNORED if scene.setting is None else SETTINGS.index(scene.setting),
        STYLES.index(scene.style),
        0 if scene.framing is None else 1 + FRAMINGS.index(scene.framing),
        scene.things[0].count - 1 if len(scene.things) == 1 else IGNORED,
    )


def _wrong(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    classes = classes.to(logits.device)
    if bool((classes == IGNORED).all()):
        return logits.sum() * 0
    return nn.functional.cross_entropy(logits, classes, ignore_index=IGNORED)
