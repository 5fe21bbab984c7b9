"""CLIP's second part: pictures beside words. The text tower stays as it was taught; the image tower learns to meet it.

Contrast alone taught the image tower no objects, as it had taught the text tower none: setting and colour tell most
captions of a batch apart. So the image tower also names the object and the colour in every cell, and every picture
meets a caption that is wrong in one thing only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image
from torch import nn
from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig

from pixxelbot.bundled import learning, renders
from pixxelbot.bundled.captions import caption
from pixxelbot.bundled.learning import Plan, generator, mosaic
from pixxelbot.bundled.muon import Muon
from pixxelbot.bundled.renders import CELLS, to_bytes
from pixxelbot.bundled.scenes import COLOURS, NOUNS, SETTINGS, SOMETHING, STYLES, Scene, Split, Thing, split_of
from pixxelbot.bundled.towers import WIDTH, encode, text_config, text_tower, tokenizer
from pixxelbot.bundled.truth import WHOLES, losses, truth

LAYERS: Final = {"full": 4, "tiny": 1}
PATCH: Final = 16
"""Pixels of the image tower's patches."""
NAMING: Final = 0.5
"""Weight of naming what the cells show, beside the contrast."""
CALLING: Final = 0.5
"""Weight of telling what a picture shows from everything else that there is."""
CALLED_ANEW: Final = 100
"""Steps after which everything is called by other words."""
ATTEMPTS: Final = 24
"""Tries to find a wrong scene that its split may have."""
OPPOSITE: Final = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}
_NAMES: Final = 1 + len(NOUNS) + len(COLOURS)
NAMED: Final = tuple(Thing(noun, colour) for noun in NOUNS if noun != SOMETHING for colour in (None, *COLOURS))
"""Every object, in every colour and in none that is said."""
Way = Callable[[Scene, np.random.Generator], Scene | None]
"""How a scene is made wrong; None where it cannot be."""


def vision_config(size: str) -> Any:
    """The image tower's shape: a small ViT (Dosovitskiy et al., ICLR 2021)."""
    width = WIDTH[size]
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=width * 8 // 3,
        projection_dim=width,
        num_hidden_layers=LAYERS[size],
        num_attention_heads=4,
        image_size=renders.SIDE,
        patch_size=PATCH,
    )


def wrong(scene: Scene, rng: np.random.Generator, split: Split, ways: Sequence[Way]) -> Scene | None:
    """A hard negative: a scene of the split that differs in one of some `ways`; None where none is found."""
    for _ in range(ATTEMPTS):
        found = ways[int(rng.integers(len(ways)))](scene, rng)
        if found is not None and found != scene and split_of(found) == split:
            return found
    return None


def swapped_colours(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """The first two things in each other's colours."""
    if len(scene.things) < 2:
        return None
    first, second, *rest = scene.things
    return replace(scene, things=(replace(first, colour=second.colour), replace(second, colour=first.colour), *rest))


def swapped_places(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """Related things changed for each other, or the thing at the opposite place."""
    if scene.relation is not None:
        first, second, *rest = scene.things
        return replace(scene, things=(second, first, *rest))
    if scene.place in OPPOSITE:
        return replace(scene, place=OPPOSITE[scene.place])  # type: ignore[arg-type]  # the same five words
    return None


def another_object(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """One thing is another one; a thing without a name has none to be wrong about."""
    place = int(rng.integers(len(scene.things)))
    free = sorted({*NOUNS} - {SOMETHING} - {thing.noun for thing in scene.things})
    return _with_thing(scene, place, noun=free[int(rng.integers(len(free)))])


def another_colour(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """One thing in another colour, where it has one."""
    place = int(rng.integers(len(scene.things)))
    if scene.things[place].colour is None:
        return None
    return _with_thing(scene, place, colour=COLOURS[int(rng.integers(len(COLOURS)))])


def another_setting(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """In another setting, or drawn in another style."""
    if scene.setting is None or rng.random() < 0.3:
        return replace(scene, style=STYLES[int(rng.integers(len(STYLES)))])
    return replace(scene, setting=SETTINGS[int(rng.integers(len(SETTINGS)))])


def _with_thing(scene: Scene, place: int, **changes: str) -> Scene:
    things = list(scene.things)
    things[place] = replace(things[place], **changes)  # type: ignore[arg-type]  # names of fields that are words
    return replace(scene, things=tuple(things))


SWAPS: Final[tuple[Way, ...]] = (swapped_colours, swapped_places)
"""The same words in a scene that is wrong (Yuksekgonul et al., "When and Why Vision-Language Models Behave Like
Bags-Of-Words", ICLR 2023)."""
REPLACED: Final[tuple[Way, ...]] = (another_object, another_object, another_object, another_colour, another_setting)
"""A word that is wrong; mostly the object, which contrast alone neglects."""


class Towers(nn.Module):
    """What this part trains: the image tower, both projections, and read-outs that are only for training."""

    def __init__(self, clip: Any) -> None:
        super().__init__()
        self.vision, self.see, self.read, self.scale = (
            clip.vision_model, clip.visual_projection, clip.text_projection, clip.logit_scale,
        )  # fmt: skip
        width = clip.vision_model.config.hidden_size
        self.cells = nn.Linear(width, _NAMES * (CELLS * PATCH // renders.SIDE) ** 2)
        self.whole = nn.Linear(width, sum(WHOLES.values()))

    def forward(self, pixels: torch.Tensor, texts: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Unit vectors of pictures (n, 3, 128, 128) and of pooled texts (m, width), then what the pictures show.

        That is logits of nouns (n, nouns + 1, 16, 16), colours (n, colours, 16, 16) and wholes (n, classes of all).
        """
        looked = self.vision(pixels)
        seen, read = self.see(looked.pooler_output), self.read(texts)
        side = renders.SIDE // PATCH
        named = self.cells(looked.last_hidden_state[:, 1:]).mT.unflatten(2, (side, side))
        shuffled = nn.functional.pixel_shuffle(named, CELLS // side)
        nouns, colours = torch.split(shuffled, [1 + len(NOUNS), len(COLOURS)], dim=1)
        unit = (nn.functional.normalize(vectors.float(), dim=-1) for vectors in (seen, read))
        return *unit, nouns, colours, self.whole(looked.pooler_output)


def called(scenes: Sequence[Scene]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """For each known thing its scene (n,), its place in NAMED (n,), and what is true beside it (n, things)."""
    known = [(row, thing) for row, scene in enumerate(scenes) for thing in scene.things if thing.noun != SOMETHING]
    true = torch.zeros(len(known), len(NAMED), dtype=torch.bool)
    right = torch.zeros(len(known), dtype=torch.int64)
    for n, (row, thing) in enumerate(known):
        for other in scenes[row].things:
            if other.noun != SOMETHING:
                first = NAMED.index(Thing(other.noun))
                said = first if other.colour is None else NAMED.index(Thing(other.noun, other.colour))
                true[n, first : first + 1 + (len(COLOURS) if other.colour is None else 0)] = True
                true[n, said] = True
        right[n] = NAMED.index(Thing(thing.noun, thing.colour))
        true[n, right[n]] = False
    return torch.tensor([row for row, _ in known], dtype=torch.int64), right, true


class Contrast:
    """The lesson: symmetric InfoNCE (van den Oord et al., 2018; Radford et al., 2021) beside naming the cells."""

    def optimizer(self, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        ends = [self.module.get_submodule(name) for name in ("vision.embeddings", "cells", "whole")]
        return Muon(weights, rate=0.02, other_rate=1e-3, apart=[weight for end in ends for weight in end.parameters()])

    def __init__(self, plan: Plan, rank: int) -> None:
        self.plan = plan
        torch.manual_seed(plan.seed)
        self.clip = clip_model(plan.work, plan.size)
        self.text, self.words = self.clip.text_model.to(plan.device), tokenizer(plan.work)
        self.module: nn.Module = Towers(self.clip).to(plan.device)
        self.pictures = renders.painted(plan, "train", plan.renders)
        self.held_out = renders.painted(plan, "held-out", min(256, plan.renders))
        self.rng = generator(plan, rank, 3)
        self.steps = 0

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        chosen = self.rng.choice(len(self.pictures), min(self.plan.batch, len(self.pictures)), replace=False)
        shown = [self.pictures.scene(int(index)) for index in chosen]
        lures = [wrong(scene, self.rng, "train", ways) for scene in shown for ways in (SWAPS, REPLACED)]
        texts = [caption(scene, self.rng, "train") for scene in shown]
        texts += [caption(scene, self.rng, "train") for scene in lures if scene is not None]
        pixels = self.pictures.pixels(chosen).to(self.plan.device)
        seen, read, *named = self.module(pixels, self._pool(texts))
        logits = self.module.scale.exp().clamp_max(100) * seen @ read.mT  # type: ignore[operator]
        right = torch.arange(len(chosen), device=logits.device)
        by_picture = nn.functional.cross_entropy(logits, right)
        by_text = nn.functional.cross_entropy(logits[:, : len(chosen)].mT, right)
        told = losses(named, truth(shown, self.pictures.things[chosen]))
        contrast, called = (by_picture + by_text) / 2, self._called(seen, shown)
        loss = contrast + CALLING * called + NAMING * (2 * told["noun"] + told["colour"] + 0.5 * told["whole"])
        recall = (logits.argmax(1) == right).float().mean()
        return {"loss": loss, "contrast": contrast, "called": called, "noun": told["noun"], "recall_at_1": recall}

    def _called(self, seen: torch.Tensor, shown: Sequence[Scene]) -> torch.Tensor:
        """Cross-entropy of what the pictures show among all NAMED, as words that stand alone.

        This is what describing asks of a CLIP (zero-shot classification: Radford et al., 2021), and a batch has far too
        few pictures to ask it. What is as true as the words that are right counts neither way.
        """
        if self.steps % CALLED_ANEW == 0:
            self.things = self._pool([caption(Scene((thing,)), self.rng, "train") for thing in NAMED])
        self.steps += 1
        words = nn.functional.normalize(self.module.read(self.things).float(), dim=-1)  # type: ignore[operator]
        logits = self.module.scale.exp().clamp_max(100) * seen @ words.mT  # type: ignore[operator]
        rows, right, true = called(shown)
        others = logits[rows].masked_fill(true.to(logits.device), -torch.inf)
        return nn.functional.cross_entropy(others, right.to(logits.device)) if len(rows) else logits.sum() * 0

    def _pool(self, texts: Sequence[str]) -> torch.Tensor:
        ids = encode(self.words, texts)
        ends = (ids == self.words.eos_token_id).int().argmax(1)
        with torch.no_grad():  # the tower looks back only, so what stands behind the ends changes nothing
            pooled: torch.Tensor = self.text(ids[:, : int(ends.max()) + 1].to(self.plan.device)).pooler_output
        return pooled

    def figures(self) -> dict[str, float]:
        """Recall at 1 among held-out pictures, and how often the right caption beats one that is wrong in one thing."""
        rng = np.random.default_rng(5)
        shown = [self.held_out.scene(index) for index in range(len(self.held_out))]
        pixels = self.held_out.pixels(range(len(self.held_out))).to(self.plan.device)
        seen, read, nouns, *_ = self.module(pixels, self._pool([caption(scene, rng, "held-out") for scene in shown]))
        order = torch.arange(len(shown), device=seen.device)
        cells = truth(shown, self.held_out.things[: len(shown)]).nouns
        named = (nouns.argmax(1).cpu() == cells)[cells > 0].float().mean()
        rows, right, true = called(shown)
        things = [caption(Scene((thing,)), rng, "held-out") for thing in NAMED]
        near = (seen @ self.module(pixels[:1], self._pool(things))[1].mT).cpu()[rows].masked_fill(true, -torch.inf)
        figures = {
            "held_out_called": float((near.argmax(1) == right).float().mean()),
            "held_out_recall": float(((seen @ read.mT).argmax(1) == order).float().mean()),
            "held_out_cells": float(named),
        }
        for way in (another_object, another_colour, swapped_colours, swapped_places):
            lures = {n: other for n, scene in enumerate(shown) if (other := way(scene, rng)) not in (None, scene)}
            if lures:
                places = list(lures)
                told = [caption(scene, rng, "held-out") for scene in lures.values() if scene is not None]
                lured = self.module(pixels[:1], self._pool(told))[1]
                better = (seen[places] * read[places]).sum(1) > (seen[places] * lured).sum(1)
                figures[f"held_out_not_{way.__name__}"] = float(better.float().mean())
        return figures

    def grid(self) -> Image.Image:
        """Held-out captions' best pictures: each row's first is the true one."""
        rng = np.random.default_rng(6)
        pixels = self.held_out.pixels(range(len(self.held_out))).to(self.plan.device)
        asked = [caption(self.held_out.scene(index), rng, "held-out") for index in range(8)]
        seen, read, *_ = self.module(pixels, self._pool(asked))
        best = (read @ seen.mT).topk(min(5, len(pixels)), 1).indices
        rows = [torch.cat([pixels[index : index + 1], pixels[found]]) for index, found in enumerate(best)]
        return mosaic(to_bytes(torch.cat(rows)), len(rows[0]))


def clip_model(work: Path, size: str = "full", *, trained: bool = False) -> Any:
    """A full CLIPModel around the trained text tower; its image tower new, or from the contrastive training."""
    tower, words = text_tower(work, size)
    clip = CLIPModel(
        CLIPConfig(
            text_config=text_config(words, size).to_dict(),
            vision_config=vision_config(size).to_dict(),
            projection_dim=WIDTH[size],
        )
    )
    clip.text_model.load_state_dict(_inner(tower).state_dict())
    clip.text_model.requires_grad_(False)
    if trained:
        learning.load_average(Towers(clip), work / "clip" / "checkpoint.pt")
    return clip


def _inner(tower: Any) -> Any:
    """The transformer inside a CLIPTextModel, whichever way the library nests it."""
    return getattr(tower, "text_model", tower)
