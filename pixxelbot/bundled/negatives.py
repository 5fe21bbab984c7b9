"""The UNet's second lesson: a negative prompt takes away what it names, and nothing else.

Guidance draws n + w · (p − n) for a prompt p and a negative prompt n (Ho & Salimans, 2022, with n in the place of
nothing). A thing that both name stays, once, since w of it less w − 1 of it is one; and n by itself wants a picture of
that thing alone, so that more of it takes away the rest of the picture, too. So the bare words of a negative prompt
learn what naming a thing changes in pictures that show more than it: the teacher's prediction for a caption that names
it less that for the same caption without it, on top of the prediction for nothing. All else stays as the teacher has
it.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from pixxelbot.bundled import renders, towers
from pixxelbot.bundled.captions import COLOUR_WORDS, FLAWS, SYNONYMS, caption, nothing, plural
from pixxelbot.bundled.denoiser import GRID, GRID_STEPS, GUIDANCE, Denoising, build, pipeline
from pixxelbot.bundled.learning import load_average, mosaic
from pixxelbot.bundled.muon import Muon
from pixxelbot.bundled.scenes import COLOURS, NOUNS, SOMETHING, Scene, Thing, compose, split_of

AWAY: Final = 2.2
"""How much of a thing is learnt, where w / (w − 1) = 1.29 would take away just what the prompt brings. More, because
the negative prompt does not know where and how the prompt wants it, nor at first whether it wants it at all."""
STAYS: Final = 4.0
"""Weight of what is to stay as it is: its error is a fiftieth of the other."""
KEPT: Final = 0.5
"""Share of a batch whose captions are learnt to stay as they are."""
TRIES: Final = 20
"""To find something that can be forbidden in a scene."""
SHARES: Final = (0.45, 0.45, 0.1)
"""Of things that are there, of things beside them, and of settings, styles and colours."""


@dataclass(frozen=True)
class Forbidden:
    """A scene, the same without something, and that, as a negative prompt has it."""

    asked: Scene
    left: Scene
    words: str
    shown: bool = True
    """Whether the picture shows it: where it does not, there is nothing to take away."""


def forbid(scene: Scene, rng: np.random.Generator) -> Forbidden:
    """Something of a painted scene, or another thing beside it, that is not to be there."""
    ways: tuple[Callable[..., Forbidden | None], ...] = (_one_of, _another, _look)
    for _ in range(TRIES):
        found = ways[int(rng.choice(len(ways), p=SHARES))](scene, rng)
        if found is not None:
            return found
    return Forbidden(scene, scene, nothing(rng, "train"))


def _one_of(scene: Scene, rng: np.random.Generator) -> Forbidden | None:
    gone = int(rng.integers(len(scene.things)))
    if len(scene.things) < 2 or scene.things[gone].noun == SOMETHING:
        return None
    things = scene.things[:gone] + scene.things[gone + 1 :]
    relation = scene.relation if gone > 1 else None
    left = dataclasses.replace(scene, things=things, relation=relation)
    return Forbidden(scene, left, negative(scene.things[gone], rng))


def _another(scene: Scene, rng: np.random.Generator) -> Forbidden | None:
    if len(scene.things) > 1 or scene.things[0].count > 1:
        return None
    colour = COLOURS[int(rng.integers(len(COLOURS)))] if rng.random() < 0.6 else None
    other = Thing(NOUNS[int(rng.integers(len(NOUNS) - 1))], colour)
    things = (*scene.things, other) if rng.random() < 0.5 else (other, *scene.things)
    asked, left = (dataclasses.replace(scene, things=shown, place=None) for shown in (things, scene.things))
    if other.noun == scene.things[0].noun or split_of(asked) != "train":
        return None
    return Forbidden(asked, left, negative(other, rng), shown=False)


def negative(thing: Thing, rng: np.random.Generator) -> str:
    """A thing as a negative prompt names it: bare, several, in its colour, with an article, among flaws."""
    noun = str(rng.choice(SYNONYMS[thing.noun])) if thing.noun in SYNONYMS and rng.random() < 0.15 else thing.noun
    colour = str(rng.choice(COLOUR_WORDS[thing.colour][0])) if thing.colour else ""
    words = str(rng.choice((noun, plural(noun), f"{colour} {noun}".strip(), f"a {noun}"), p=(0.6, 0.15, 0.15, 0.1)))
    beside = [str(flaw) for flaw in rng.choice(FLAWS, size=int(rng.integers(4)), replace=False)]
    return ", ".join(rng.permutation([words, *beside]) if rng.random() < 0.3 else [words])


def _look(scene: Scene, rng: np.random.Generator) -> Forbidden | None:
    """Its setting, its style or a colour."""
    first = scene.things[0]
    plain = dataclasses.replace(first, colour=None)
    ways = [
        (scene.setting, dataclasses.replace(scene, setting=None)),
        (scene.style if scene.style != "flat" else None, dataclasses.replace(scene, style="flat")),
        (first.colour, dataclasses.replace(scene, things=(plain, *scene.things[1:]))),
    ]
    words, left = ways[int(rng.integers(len(ways)))]
    return Forbidden(scene, left, words) if words else None


class Negatives(Denoising):
    """Bare words learn to take away; captions, and words that say nothing, stay as they are."""

    sizes = ()

    def optimizer(self, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        return Muon(weights, rate=0.004, other_rate=2e-4, apart=self._ends())

    def _start(self) -> Any:
        unet = build(self.plan.size)
        load_average(unet, self.plan.work / "unet" / "checkpoint.pt")
        self.teacher = copy.deepcopy(unet).to(self.plan.device).eval().requires_grad_(False)
        return unet

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        shelf = self.shelves[renders.NATIVE]
        chosen = self.rng.integers(len(shelf), size=self.plan.batch)
        lessons = [forbid(renders.scene_of(int(index), "train"), self.rng) for index in chosen]
        asked, left = self._worded([one.asked for one in lessons], [one.left for one in lessons])
        kept = [caption(one.asked, self.rng, "train") for one in lessons[: int(KEPT * len(lessons))]]
        few = max(len(kept) // 4, 1)
        empty = [nothing(self.rng, "train") for _ in range(few)]
        latents, times = self._drawn(shelf, chosen)
        noisy = self.scheduler.add_noise(latents, torch.randn_like(latents), times)
        told = [self._told(texts) for texts in (asked, left, [""] * len(asked))]
        taught = [self._told(texts) for texts in ([one.words for one in lessons], kept, empty)]
        with torch.no_grad():
            with_it, without_it, plain = self._forward_of(self.teacher, noisy, times, *told).chunk(3)
            shown = torch.tensor([one.shown for one in lessons], device=noisy.device)[:, None, None, None]
            wanted = plain + AWAY * shown * (with_it - without_it)
            as_it_was = self._forward_of(self.teacher, noisy[: len(kept)], times[: len(kept)], taught[1])
        every = torch.cat([noisy, noisy[: len(kept)], noisy[:few]])
        when = torch.cat([times, times[: len(kept)], times[:few]])
        found = self._forward(every, when, torch.cat(taught), return_dict=False)[0].float()
        away, stayed, nothing_said = found.split([len(noisy), len(kept), few])
        told_wrong = {
            "away": (away - wanted).square().mean(),
            "stayed": (stayed - as_it_was).square().mean(),
            "nothing": (nothing_said - plain[:few]).square().mean(),
        }
        loss = told_wrong["away"] + STAYS * (told_wrong["stayed"] + told_wrong["nothing"])
        return {"loss": loss, **told_wrong}

    def _worded(self, asked: list[Scene], left: list[Scene]) -> tuple[list[str], list[str]]:
        """Both in the same phrasing."""
        seeds = self.rng.integers(2**31, size=len(asked))
        first, second = (
            [caption(scene, np.random.default_rng(seed), "train") for scene, seed in zip(scenes, seeds, strict=True)]
            for scenes in (asked, left)
        )
        return first, second

    def _told(self, texts: list[str]) -> torch.Tensor:
        return towers.features(self.tower, self.words, texts, self.plan.device)

    def _forward_of(
        self, unet: torch.nn.Module, noisy: torch.Tensor, times: torch.Tensor, *told: torch.Tensor
    ) -> torch.Tensor:
        many = len(told)
        found: torch.Tensor = unet(noisy.repeat(many, 1, 1, 1), times.repeat(many), torch.cat(told), return_dict=False)[
            0
        ]
        return found.float()

    def grid(self) -> Image.Image:
        """Held-out pairs, each as it is and with the second thing forbidden, from the same noise."""
        rng = np.random.default_rng(2)
        count = GRID // 2 if self.plan.size == "full" else 1
        scenes = [compose(rng, "held-out", "pair") for _ in range(count)]
        texts = [caption(scene, rng, "held-out") for scene in scenes]
        shown = []
        for words in ([""] * count, [scene.things[1].noun for scene in scenes]):
            drawn = pipeline(self.module, self.vae, self.tower, self.words)(
                texts, negative_prompt=words, num_inference_steps=GRID_STEPS, guidance_scale=GUIDANCE,
                generator=torch.Generator().manual_seed(0), output_type="np",
            ).images  # fmt: skip
            shown.append((drawn * 255).round().astype(np.uint8))
        return mosaic(np.stack(shown, 1).reshape(-1, *shown[0].shape[1:]), 6)
