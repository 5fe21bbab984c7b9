"""A Recipe: the frozen, validated, complete description of one render."""

from __future__ import annotations

import re
from math import gcd
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from pixxelbot.errors import InvalidRequest, OutOfRange

SCHEMA_VERSION: Final = 1

Kind = Literal[
    "text2img", "img2img", "inpaint", "outpaint", "vary", "upscale", "blend", "interpolate", "edit", "control",
    "making_of", "arithmetic", "sweep", "detail", "background",
]  # fmt: skip
"""Each kind is one file in `engine/kinds/`."""

Direction = Literal["left", "right", "up", "down", "out"]
"""Where an outpaint adds; `out` is every side."""
Control = Literal["edges", "depth", "pose", "scribble"]
"""What of a source picture is followed."""
Method = Literal["faithful", "creative"]
Making = Literal["reverse", "forward"]
"""A picture's own denoising (noise → picture), or how noise takes it (picture → noise)."""
Motion = Literal["webp", "gif", "mp4"]
"""File format of an animation."""

MAX_PROMPT: Final = 4_000
"""Characters of one prompt; a Discord text input holds no more."""
MAX_SEED: Final = 2**32 - 1
MAX_COUNT: Final = 10
"""Pictures of one job: a Discord message holds ten attachments."""
MAX_BLENDED: Final = 5
"""Pictures of one blend."""


MAX_STRESS: Final = 3.0
"""How much a single stressed word may count; at 2 it mostly hides the rest already."""
LEAST_LEFT: Final = 0.2
"""Share of the positive parts' weights that negative ones must leave: near nothing left, all becomes noise."""
PART: Final = re.compile(r"::(-?\d+(?:\.\d+)?)?")
"""`space::2 ship::-0.5`: prompts whose meanings are mixed (as Midjourney writes it)."""
STRESSED: Final = re.compile(r"\(([^():]+):(\d(?:\.\d+)?)\)")
"""`a (red:1.3) fox`: a stressed word (as AUTOMATIC1111 writes it); "(at 7:30)" is text."""


def check_stresses(prompt: str) -> None:
    """Raise OutOfRange or InvalidRequest for weights in a prompt of which only noise would come."""
    for _, stress in STRESSED.findall(prompt):
        if float(stress) > MAX_STRESS:
            raise OutOfRange("The weight of a word", float(stress), 0, MAX_STRESS)
    if not (matches := list(PART.finditer(prompt))):
        return
    said = [float(match[1] or 1) for match in matches] + ([1.0] if prompt[matches[-1].end() :].strip(" ,") else [])
    if sum(said) < LEAST_LEFT * sum(weight for weight in said if weight > 0) or sum(said) <= 0:
        raise InvalidRequest(
            "The negative weights of this prompt's parts outweigh the positive ones, or nearly. Make them smaller, for "
            "example: fox::1 snow::-0.5."
        )


class Limits(BaseModel):
    """What one model can do; the studio clamps to it, the planners are told of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    family: str = "sd1"
    """`bundled`, `sd1`, `sd2`, `sdxl`, `sd3`, `flux`, `qwen-image`: decides how prompts are phrased."""
    native: int = 512
    """Side in pixels the model was trained at."""
    minimum: int = 256
    maximum: int = 1024
    """Longest side in pixels."""
    multiple: int = 8
    """Both sides are multiples of this (VAE factor times the denoiser's own downsampling)."""
    steps: int = 25
    max_steps: int = 100
    guidance_scale: float = 7.0
    max_guidance: float = 20.0
    samplers: tuple[str, ...] = ("DDIM",)
    """The first is the default."""
    turbo_steps: int = 8
    """Steps of the few-step mode."""
    tokens: int = 77
    """Length of the text encoder's window."""
    loras: tuple[str, ...] = ()
    """Names of the low-rank adapters that are installed for it."""
    embeddings: tuple[str, ...] = ()
    """Names of the learnt words that are installed for it."""
    misfits: tuple[tuple[str, str], ...] = ()
    """Adapters and learnt words that are installed, but made for another family: name and family."""
    vocabulary: tuple[str, ...] = ()
    """Nouns the model is known to draw; empty where it is general."""
    places: tuple[str, ...] = ()
    """Phrases for the settings it is known to draw ("in the snow"); empty where it is general."""
    looks: tuple[str, ...] = ()
    """Phrases for the styles it is known to draw, its usual one first; empty where it is general."""

    def size(self, aspect: str) -> tuple[int, int]:
        """Width and height in pixels near native² area for an aspect such as `16:9`, within the limits."""
        across, down = (float(part) for part in aspect.split(":"))
        ratio = across / down
        width, height = self.native * ratio**0.5, self.native / ratio**0.5
        return self.fit(width), self.fit(height)

    def fit(self, side: float) -> int:
        """The nearest allowed side in pixels."""
        rounded = round(side / self.multiple) * self.multiple
        low = -(-self.minimum // self.multiple) * self.multiple
        return int(min(max(rounded, low), self.maximum // self.multiple * self.multiple))


class Recipe(BaseModel):
    """One render, complete: the same recipe and seed give the same pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA_VERSION
    kind: Kind = "text2img"
    prompt: str = Field(max_length=MAX_PROMPT)
    wish: str = Field(default="", max_length=MAX_PROMPT)
    """What the picture shows in plain words, before they were phrased for the model; follow-ups change these.

    Empty where the prompt was written by somebody else."""
    negative_prompt: str = Field(default="", max_length=MAX_PROMPT)
    width: int = Field(gt=0)
    """Pixels."""
    height: int = Field(gt=0)
    aspect: str = "1:1"
    count: int = Field(default=4, ge=1, le=MAX_COUNT)
    seed: int = Field(ge=0, le=MAX_SEED)
    """Seed of the first picture; picture *n* (from 0) draws its noise from `seed + n`."""
    steps: int = Field(default=25, ge=1, le=150)
    guidance_scale: float = Field(default=4.0, ge=0, le=50)
    """Ho & Salimans 2022, in diffusers' convention: 1 is no guidance."""
    sampler: str = "DDIM"
    model: str
    styles: tuple[tuple[str, float], ...] = ()
    strength: float | None = Field(default=None, ge=0, le=1)
    """How much of a source picture is noised away: 0 keeps it, 1 ignores it."""
    scale: float | None = Field(default=None, gt=0, le=8)
    """Enlargement of an upscale."""
    region: str = ""
    mode: Literal["fast", "relaxed", "turbo"] = "fast"
    tile: bool = False
    verbatim: bool = False
    permutations: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    """Ids of the pictures this one starts from."""
    mask: str | None = None
    """Id of the mask picture of an inpaint; white is drawn anew."""
    instruction: str = Field(default="", max_length=MAX_PROMPT)
    """What an edit is told, in the member's words ("make it winter"); `prompt` describes the whole result."""
    chaos: int = Field(default=0, ge=0, le=100)
    """How far apart the pictures of one grid are, in percent."""
    stop: int = Field(default=100, ge=10, le=100)
    """Percent of the steps after which drawing ends."""
    directions: tuple[Direction, ...] = ()
    """Sides that an outpaint adds to; `scale` is how far."""
    weights: tuple[float, ...] = ()
    """Of the sources of a blend, in their order."""
    strengths: tuple[float, ...] = ()
    """Of a sweep: one picture for each."""
    frames: int | None = Field(default=None, ge=2, le=240)
    control: Control | None = None
    method: Method = "faithful"
    """How an upscale fills in detail."""
    plus: tuple[str, ...] = ()
    """Words added to a picture's direction in arithmetic."""
    minus: tuple[str, ...] = ()
    prompts: tuple[Annotated[str, Field(max_length=MAX_PROMPT)], ...] = ()
    """Further prompts: those of the blended pictures, or where an interpolation goes."""
    box: tuple[float, float, float, float] | None = None
    """Where the source lies on an outpainted canvas: left, top, right, bottom as shares of its width and height."""
    of: Kind | None = None
    """The kind whose making a making_of shows."""
    making: Making = "reverse"
    motion: Motion = "webp"
    from_seed: int | None = Field(default=None, ge=0, le=MAX_SEED)
    """Seed of a picture drawn from words that is varied from its own noise, not from its pixels."""
    loras: tuple[tuple[str, float], ...] = ()
    """Names of low-rank adapters, and how strongly each acts."""
    embeddings: tuple[str, ...] = ()
    """Names of learnt words (textual inversion) that the prompt uses."""
    exact: bool = False
    """Never share a forward: the same picture to the last bit, at the price of speed."""

    def evolve(self, **changes: Any) -> Self:
        """A validated copy with these fields changed."""
        return self.model_validate(self.model_dump() | changes)

    def seed_of(self, index: int) -> int:
        """Seed of the picture at `index` (from 0), wrapped into 32 bits; a sweep has one noise for all."""
        if self.kind == "sweep":
            return self.seed
        return (self.seed + index) % (MAX_SEED + 1)

    @classmethod
    def load(cls, stored: dict[str, Any]) -> Self:
        """Read a stored recipe of this or any earlier version."""
        return cls.model_validate(stored)


def aspect_of(width: int, height: int) -> str:
    """The ratio in lowest terms, `1920, 1080` → `16:9`."""
    shared = gcd(width, height)
    return f"{width // shared}:{height // shared}"
