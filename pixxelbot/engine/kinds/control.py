"""A new picture that follows another's edges, depth, pose or scribble (ControlNet, Zhang et al. 2023)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from typing import Any, Final

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps

from pixxelbot.engine import words
from pixxelbot.engine.easel import Easel
from pixxelbot.engine.edges import canny
from pixxelbot.engine.network import Network
from pixxelbot.errors import InvalidRequest, NoNetwork

STRENGTH: Final = 1.0
"""Weight of the control where the recipe says none."""
LINE: Final = 5
"""Pixels that a scribble's lines are wide."""
DRAWN_SHARE: Final = 0.9
"""A picture with so much of it nearly black or nearly white is a drawing already."""


def draw(easel: Easel) -> list[Image.Image]:
    """Pictures by the prompt that follow the source.

    Raises:
        NoNetwork: no ControlNet of that kind is set up.
        InvalidRequest: it was made for another family of models.
    """
    recipe = easel.recipe
    control = recipe.control or "edges"
    network = _network(easel, control)
    _check_fit(easel, network.module, network.name)
    hints = [HINTS[control](easel, source) for source in easel.all_sources()]
    weight = STRENGTH if recipe.strength is None else recipe.strength
    shown: Any = hints[0]
    features = None
    if len(hints) > 1 and recipe.count > 1:  # pipelines take as many pictures as prompts, or one
        shown = list(islice(cycle(hints), recipe.count))
        features = words.stacked([easel.read(recipe.prompt, recipe.negative_prompt)] * recipe.count)
    return easel.paint(
        "control", parts={"controlnet": network.module}, features=features, image=shown, control_image=shown,
        controlnet_conditioning_scale=float(weight), width=recipe.width, height=recipe.height,
    )  # fmt: skip


def _network(easel: Easel, control: str) -> Network:
    """The model's own, by its name or in its folder, else the first there is."""
    try:
        return easel.room.network(control, easel.model.name)
    except NoNetwork:
        return easel.room.network(control)


def _edges(easel: Easel, source: Image.Image) -> Image.Image:
    return canny(source).convert("RGB")


def _scribble(easel: Easel, source: Image.Image) -> Image.Image:
    """White lines on black: the source's own where it is a drawing, else its edges, thick and simple."""
    grey = np.asarray(source.convert("L"))
    if ((grey < 64) | (grey > 192)).mean() >= DRAWN_SHARE:
        lines = source.convert("L")
        return (ImageOps.invert(lines) if grey.mean() > 127 else lines).convert("RGB")
    return canny(source.filter(ImageFilter.GaussianBlur(2))).filter(ImageFilter.MaxFilter(LINE)).convert("RGB")


def _depth(easel: Easel, source: Image.Image) -> Image.Image:
    """Near is white, as the depth ControlNets were trained."""
    network = easel.room.network("depth-estimator")
    side = int(network.module.config.backbone_config.image_size if _nested(network.module) else 384)
    square = source.resize((side, side), Image.Resampling.BICUBIC)
    found = network.module(pixel_values=network.pixels(square)).predicted_depth.float().cpu()[0]
    spread = (found - found.min()) / (found.max() - found.min()).clamp_min(1e-6)
    levels = Image.fromarray((spread * 255).round().to(torch.uint8).numpy())
    return levels.resize(source.size, Image.Resampling.BICUBIC).convert("RGB")


def _nested(module: Any) -> bool:
    return getattr(module.config, "backbone_config", None) is not None


def _pose(easel: Easel, source: Image.Image) -> Image.Image:
    """The source has to be a picture of a pose (coloured limbs on black): nothing here finds one in a photograph."""
    if np.asarray(source.convert("L")).mean() > 64:
        raise InvalidRequest("For a pose, send a pose picture: coloured limbs on a black ground.")
    return source


HINTS: Final[Mapping[str, Callable[[Easel, Image.Image], Image.Image]]] = {
    "edges": _edges, "scribble": _scribble, "depth": _depth, "pose": _pose,
}  # fmt: skip


def _check_fit(easel: Easel, module: Any, name: str) -> None:
    """A ControlNet hands its denoiser features, which must have the sizes it works with."""
    denoiser = easel.model.denoiser
    for size in ("cross_attention_dim", "block_out_channels", "joint_attention_dim", "attention_head_dim"):
        own, other = getattr(denoiser.config, size, None), getattr(module.config, size, None)
        if own is not None and other is not None and _listed(own) != _listed(other):
            raise InvalidRequest(
                f"The ControlNet {name} was made for another family of models than {easel.model.name}. Choose a model "
                "of its family."
            )


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
