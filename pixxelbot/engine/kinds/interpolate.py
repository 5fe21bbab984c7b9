"""The way from one picture or prompt to another, as an animation, through noise, latents and meanings."""

from __future__ import annotations

from typing import Final

import torch
from PIL import Image

from pixxelbot.engine import animation, words
from pixxelbot.engine.easel import Easel
from pixxelbot.engine.noise import slerp
from pixxelbot.errors import InvalidRequest

FRAMES: Final = 16
STRENGTH: Final = 0.45
"""Share of the noise put into mixtures of two pictures, so that they become one."""
AT_ONCE: Final = 4
"""Frames of one pipeline call; more would keep others waiting for long steps."""


def draw(easel: Easel) -> list[Image.Image]:
    """As many frames as pictures as the recipe counts, ends included; all of them in the easel's animation."""
    count = easel.recipe.frames or FRAMES
    shares = [place / (count - 1) for place in range(count)]
    groups = [shares[start : start + AT_ONCE] for start in range(0, count, AT_ONCE)]
    way = _Pictures(easel) if easel.recipe.sources else _Words(easel)
    frames = [frame for group in groups for frame in way.frames(group, passes=count / len(group))]
    easel.animation = animation.encode(frames, easel.recipe.motion, easel.notes)
    shown = max(easel.recipe.count, 2)
    places = sorted({round(place * (count - 1) / (shown - 1)) for place in range(shown)})
    return [frames[place] for place in places]


class _Words:
    """From the prompt to the other prompt, and from the noise of one seed to that of the next."""

    def __init__(self, easel: Easel) -> None:
        recipe = easel.recipe
        if not recipe.prompts:
            raise InvalidRequest("This needs something to go to: a second prompt, or two pictures.")
        self.easel = easel
        self.ends = [easel.read(prompt, recipe.negative_prompt) for prompt in (recipe.prompt, recipe.prompts[-1])]
        self.noise = easel.noise([recipe.seed, recipe.seed_of(1)])

    def frames(self, shares: list[float], passes: float) -> list[Image.Image]:
        recipe, (start, end) = self.easel.recipe, self.ends
        features = words.stacked([words.mixed([(start, 1 - share), (end, share)]) for share in shares])
        latents = torch.cat([slerp(self.noise[:1], self.noise[1:], share) for share in shares])
        return self.easel.paint(
            "text2img", seeds=[recipe.seed] * len(shares), passes=passes, features=features, latents=latents,
            width=recipe.width, height=recipe.height,
        )  # fmt: skip


class _Pictures:
    """From the first picture to the second, both drawn a little anew with one noise, so that the way is smooth."""

    def __init__(self, easel: Easel) -> None:
        self.easel, self.sources = easel, easel.all_sources()
        if len(self.sources) != 2:
            raise InvalidRequest(f"This goes from one picture to another; there are {len(self.sources)}.")
        self.latents = easel.encoded(self.sources)
        prompts = easel.recipe.prompts if len(easel.recipe.prompts) == 2 else (easel.recipe.prompt,) * 2
        self.ends = [easel.read(prompt, easel.recipe.negative_prompt) for prompt in prompts]

    def frames(self, shares: list[float], passes: float) -> list[Image.Image]:
        easel, recipe = self.easel, self.easel.recipe
        latents = torch.cat([slerp(self.latents[:1], self.latents[1:], share) for share in shares])
        between = easel.decoded(latents)
        if recipe.strength == 0:
            return between
        features = words.stacked([words.mixed([(self.ends[0], 1 - share), (self.ends[1], share)]) for share in shares])
        drawn = easel.paint(
            "img2img", seeds=[recipe.seed] * len(shares), passes=passes, features=features, image=between,
            strength=easel.strength(STRENGTH), width=recipe.width, height=recipe.height,
        )  # fmt: skip
        ends = {0.0: self.sources[0], 1.0: self.sources[1]}
        return [ends.get(share, frame) for share, frame in zip(shares, drawn, strict=True)]
