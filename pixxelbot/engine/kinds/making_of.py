"""How a picture comes about, as an animation: its own denoising from noise, or the way back into noise."""

from __future__ import annotations

from typing import Any, Final

import torch
from PIL import Image

from pixxelbot.engine import animation, kinds, noise, preview
from pixxelbot.engine.easel import Easel, Film

FRAMES: Final = 16
HELD: Final = 6
"""Times the finished picture is shown, so that one can look at it."""


def draw(easel: Easel) -> list[Image.Image]:
    """The finished pictures; the first one's making is the animation, noise and guidance written on each frame."""
    if easel.recipe.making == "forward":
        return _into_noise(easel)
    easel.film = Film([])
    finished = kinds.KINDS[easel.recipe.of or "text2img"](easel)
    film = easel.film.frames
    places = _spread(len(film), (easel.recipe.frames or FRAMES) - 1)
    shown = [(place, *_shown(easel, film[place])) for place in places]
    # what is drawn in stages or tiles is of another size until it is finished
    same = [(place, image.resize(finished[0].size, Image.Resampling.LANCZOS), left) for place, image, left in shown]
    frames = [_labelled(easel, image, left, place + 1, len(film)) for place, image, left in same]
    last = animation.labelled(finished[0], f"step {len(film)}/{len(film)} · finished")
    easel.animation = animation.encode([*frames, *[last] * HELD], easel.recipe.motion, easel.notes)
    return finished


def _shown(easel: Easel, frame: tuple[torch.Tensor, float, Any]) -> tuple[Image.Image, float]:
    latents, left, pipeline = frame
    size = easel.recipe.width, easel.recipe.height
    return easel.decoded(preview.unscaled(latents[:1], pipeline, size))[0], left


def _labelled(easel: Easel, image: Image.Image, left: float, step: int, steps: int) -> Image.Image:
    words = f"step {step}/{steps} · noise {left:.2f} · guidance {easel.recipe.guidance_scale:g}"
    return animation.labelled(image, words)


def _into_noise(easel: Easel) -> list[Image.Image]:
    """The source, and how the noise of the model's own schedule takes it, step by step."""
    source = easel.all_sources()[0]
    latents = easel.encoded([source])
    scales = preview.scales(easel.model.base.vae, latents.ndim)
    scaled = (latents - scales.shift) * scales.factor
    draw = torch.randn(scaled.shape, generator=torch.Generator().manual_seed(easel.recipe.seed)).to(scaled)
    frames = [animation.labelled(source, "noise 0.00")]
    count = easel.recipe.frames or FRAMES
    for place in range(1, count):
        left, kept = noise.shares(easel.model.base.scheduler, place / (count - 1))
        noisy = kept * scaled + left * draw
        image = easel.decoded(noisy / scales.factor + scales.shift)[0]
        frames.append(animation.labelled(image, f"noise {left:.2f}"))
    easel.animation = animation.encode(frames, easel.recipe.motion, easel.notes)
    return [source]


def _spread(count: int, wanted: int) -> list[int]:
    """So many places of `count`, even apart, the first and the last among them."""
    if count <= wanted:
        return list(range(count))
    return sorted({round(place * (count - 1) / (wanted - 1)) for place in range(wanted)})
