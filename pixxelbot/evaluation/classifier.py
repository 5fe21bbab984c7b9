"""What a picture shows, told by a model that never met the one that drew it: which object is where, in which colour.

A small convolutional network (residual blocks: He et al., CVPR 2016) names the object and its colour in each of 16 × 16
cells, as in semantic segmentation (Long et al., CVPR 2015), and setting, style, framing and number for the whole. Where
things are follows from the cells, so left and right are measured and not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from PIL import Image
from torch import nn

from pixxelbot.bundled import learning, renders
from pixxelbot.bundled.learning import Plan, generator, mosaic
from pixxelbot.bundled.muon import Muon
from pixxelbot.bundled.scenes import COLOURS, FRAMINGS, NOUNS, SETTINGS, STYLES
from pixxelbot.bundled.truth import WHOLES, losses, truth
from pixxelbot.errors import UntrainedModel

STAGE: Final = "classifier"
WIDTHS: Final = {"full": (24, 48, 96, 160), "tiny": (4, 4, 8, 8)}
GROUPS: Final = 4
FEWEST: Final = 2
"""Cells that an object must cover to be there."""
MIDDLE: Final = (0.45, 0.55)
"""Shares of the side between which a thing's middle is neither left nor right, neither top nor bottom."""
SURE: Final = 0.8
"""Mean probability over its cells from which an object is told with confidence."""
HELD_OUT: Final = 512


@dataclass(frozen=True)
class Sight:
    """One object that the classifier sees."""

    noun: str
    colour: str
    cells: int
    across: float
    """Middle of its cells as a share of the width."""
    down: float
    sure: float
    """Mean probability of the noun over its cells."""

    @property
    def place(self) -> str:
        if not MIDDLE[0] <= self.across <= MIDDLE[1]:
            return "left" if self.across < MIDDLE[0] else "right"
        if not MIDDLE[0] <= self.down <= MIDDLE[1]:
            return "top" if self.down < MIDDLE[0] else "bottom"
        return "centre"


@dataclass(frozen=True)
class Seen:
    """All that the classifier sees in one picture; objects with the most cells first."""

    sights: tuple[Sight, ...]
    setting: str
    style: str
    framing: str | None
    count: int

    def of(self, noun: str) -> Sight | None:
        """The object of that name, if it is there."""
        return next((sight for sight in self.sights if sight.noun == noun), None)


class Block(nn.Module):
    """Two convolutions beside the identity."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(GROUPS, width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False),
            nn.GroupNorm(GROUPS, width), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1, bias=False),
        )  # fmt: skip

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = values + self.body(values)
        return changed


def _down(before: int, width: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(before, width, 3, stride=2, padding=1), Block(width))


class Classifier(nn.Module):
    """Pictures (n, 3, 128, 128), −1 to 1 → logits of cells and of wholes."""

    def __init__(self, size: str = "full") -> None:
        super().__init__()
        first, second, third, last = WIDTHS[size]
        self.stem = nn.Sequential(nn.Conv2d(3, first, 5, stride=2, padding=2), _down(first, second))
        self.fine = nn.Sequential(_down(second, third), Block(third))
        self.coarse = nn.Sequential(_down(third, last), Block(last))
        self.back = nn.Conv2d(last, third, 1)
        self.read = nn.Sequential(Block(third), nn.GroupNorm(GROUPS, third), nn.ReLU())
        self.noun = nn.Conv2d(third, 1 + len(NOUNS), 1)
        self.colour = nn.Conv2d(third, len(COLOURS), 1)
        self.whole = nn.Linear(last + third, sum(WHOLES.values()))

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits of nouns (n, nouns + 1, 16, 16), colours (n, colours, 16, 16) and wholes (n, classes of all)."""
        fine = self.fine(self.stem(pixels))
        coarse = self.coarse(fine)
        cells = self.read(fine + nn.functional.interpolate(self.back(coarse), scale_factor=2.0))
        pooled = torch.cat([coarse.mean((2, 3)), cells.mean((2, 3))], 1)
        return self.noun(cells), self.colour(cells), self.whole(pooled)


class Naming:
    """The classifier's lesson."""

    def optimizer(self, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        ends = [self.module.get_submodule(name) for name in ("stem.0", "noun", "colour", "whole")]
        return Muon(weights, rate=0.02, other_rate=2e-3, apart=[weight for end in ends for weight in end.parameters()])

    def __init__(self, plan: Plan, rank: int) -> None:
        self.plan = plan
        torch.manual_seed(plan.seed)
        self.module: nn.Module = Classifier(plan.size).to(plan.device)
        self.pictures = renders.painted(plan, "train", plan.renders)
        self.held_out = renders.painted(plan, "held-out", min(HELD_OUT, plan.renders))
        self.rng = generator(plan, rank, 5)

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        self.module.train()
        chosen = self.rng.integers(len(self.pictures), size=self.plan.batch)
        scenes = [self.pictures.scene(int(index)) for index in chosen]
        pixels = _roughened(self.pictures.pixels(chosen).to(self.plan.device))
        told = losses(self.module(pixels), truth(scenes, self.pictures.things[chosen]))
        return {"loss": 2 * told["noun"] + told["colour"] + 0.5 * told["whole"], **told}

    def figures(self) -> dict[str, float]:
        """Shares of held-out pictures whose first thing, its colour, setting and style are told rightly."""
        scenes = [self.held_out.scene(index) for index in range(len(self.held_out))]
        seen = look(self.module, self.held_out.pixels(range(len(self.held_out))))
        pairs = list(zip(scenes, seen, strict=True))
        right = {
            "held_out_noun": [all(saw.of(thing.noun) for thing in scene.things) for scene, saw in pairs],
            "held_out_setting": [saw.setting == scene.setting for scene, saw in pairs if scene.setting],
            "held_out_style": [saw.style == scene.style for scene, saw in pairs],
        }
        return {name: float(np.mean(values)) for name, values in right.items()}

    def grid(self) -> Image.Image:
        """Held-out pictures, each above the cells in which it sees an object."""
        pixels = self.held_out.pixels(range(min(16, len(self.held_out))))
        self.module.eval()
        seen = self.module(pixels.to(self.plan.device))[0].argmax(1).cpu() > 0
        cells = nn.functional.interpolate(seen[:, None].float() * 2 - 1, size=pixels.shape[2:]).expand(-1, 3, -1, -1)
        return mosaic(renders.to_bytes(torch.cat([pixels, cells])), len(pixels))


def _roughened(pixels: torch.Tensor) -> torch.Tensor:
    """Some pictures softened or with noise, as what a VAE gives back is."""
    soft = nn.functional.interpolate(nn.functional.avg_pool2d(pixels, 2), scale_factor=2.0, mode="bilinear")
    chosen, share = torch.rand(2, len(pixels), 1, 1, 1, device=pixels.device)
    share = share * (chosen < 0.4)
    rough: torch.Tensor = pixels + share * (soft - pixels) + 0.05 * torch.rand_like(share) * torch.randn_like(pixels)
    return rough


def load(work: Path, size: str = "full") -> Classifier:
    """The classifier of the work folder. Raises UntrainedModel where there is none."""
    classifier = Classifier(size)
    learning.load_average(classifier, work / STAGE / "checkpoint.pt")
    return classifier.eval()


def look(classifier: nn.Module, pixels: torch.Tensor) -> list[Seen]:
    """What the classifier sees in pictures (n, 3, 128, 128), −1 to 1.

    Raises:
        UntrainedModel: the pictures have another size than those that it was trained on.
    """
    if pixels.shape[1:] != (3, renders.SIDE, renders.SIDE):
        raise UntrainedModel(f"The classifier knows pictures of {renders.SIDE}×{renders.SIDE} only.")
    classifier.eval()
    device = next(classifier.parameters()).device
    found = []
    with torch.no_grad():
        for part in torch.split(pixels, 64):
            nouns, colours, wholes = (value.float().cpu() for value in classifier(part.to(device)))
            found += [_seen(*each) for each in zip(nouns.softmax(1), colours.softmax(1), wholes, strict=True)]
    return found


def _seen(nouns: torch.Tensor, colours: torch.Tensor, whole: torch.Tensor) -> Seen:
    """From probabilities (nouns + 1, 16, 16), (colours, 16, 16) and logits of the whole."""
    best = nouns.argmax(0)
    sights = [_sight(label, best == label, nouns, colours) for label in sorted(set(best.flatten().tolist()) - {0})]
    told = [int(part.argmax()) for part in torch.split(whole, list(WHOLES.values()))]
    return Seen(
        sights=tuple(sorted((one for one in sights if one.cells >= FEWEST), key=lambda one: -one.cells)),
        setting=SETTINGS[told[0]],
        style=STYLES[told[1]],
        framing=FRAMINGS[told[2] - 1] if told[2] else None,
        count=told[3] + 1,
    )


def _sight(label: int, cells: torch.Tensor, nouns: torch.Tensor, colours: torch.Tensor) -> Sight:
    down, across = (places.float().mean() for places in cells.nonzero(as_tuple=True))
    side = cells.shape[0]
    return Sight(
        noun=NOUNS[label - 1],
        colour=COLOURS[int(colours[:, cells].sum(1).argmax())],
        cells=int(cells.sum()),
        across=float((across + 0.5) / side),
        down=float((down + 0.5) / side),
        sure=float(nouns[label][cells].mean()),
    )
