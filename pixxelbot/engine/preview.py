"""Early looks at a picture: by a tiny autoencoder, or by a linear map from latents to colours, one pixel a latent."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch
from PIL import Image

from pixxelbot.engine.noise import encoded
from pixxelbot.picture import grid

SIDE: Final = 256
"""Pixels of the longer side of a preview."""
QUALITY: Final = 70
FIT_IMAGES, FIT_SIDE, FIT_PATCHES = 4, 128, 8
"""Number, side in pixels and colour patches a side of the pictures that the map is fitted on."""


@dataclass(frozen=True)
class Scales:
    """How latents that a denoiser works on come from what an autoencoder gives: (latents − shift) × factor."""

    shift: Any
    factor: Any


def scales(vae: Any, dimensions: int = 4) -> Scales:
    """Of this autoencoder; numbers, or tensors with a value for each channel."""
    config = vae.config
    if getattr(config, "latents_mean", None) and getattr(config, "latents_std", None):
        shape = 1, -1, *(1,) * (dimensions - 2)
        mean, deviation = (torch.tensor(config[name]).view(shape) for name in ("latents_mean", "latents_std"))
        return Scales(mean, getattr(config, "scaling_factor", None) or 1.0 / deviation)
    return Scales(getattr(config, "shift_factor", None) or 0.0, config.scaling_factor)


def unscaled(latents: torch.Tensor, pipeline: Any, size: tuple[int, int]) -> torch.Tensor:
    """What the autoencoder would decode: (batch, channels, [1,] height, width) in float32 on the CPU."""
    return plain(unpacked(latents, pipeline, size), pipeline.vae)


def unpacked(latents: torch.Tensor, pipeline: Any, size: tuple[int, int]) -> torch.Tensor:
    """What the denoiser works on, as (batch, channels, [1,] height, width).

    Transformers' latents come packed, two by two latents to a token; `size` in pixels says how they lie.
    """
    if latents.ndim != 3:
        return latents.detach()
    found: torch.Tensor = pipeline._unpack_latents(latents.detach(), size[1], size[0], pipeline.vae_scale_factor)
    return found


def plain(latents: torch.Tensor, vae: Any) -> torch.Tensor:
    """The autoencoder's own latents of those that the denoiser works on, in float32 on the CPU."""
    found = scales(vae, latents.ndim)
    own: torch.Tensor = latents.float().cpu() / found.factor + found.shift
    return own


def fit(vae: Any) -> torch.Tensor:
    """The map (channels + 1, 3) that best gives an autoencoder's colours back, by least squares.

    Found by encoding a few soft colour patterns, so that it serves any autoencoder.
    """
    draw = torch.Generator().manual_seed(0)
    patches = torch.rand((FIT_IMAGES, 3, FIT_PATCHES, FIT_PATCHES), generator=draw) * 2 - 1
    images = torch.nn.functional.interpolate(patches, size=(FIT_SIDE, FIT_SIDE), mode="bilinear")
    with torch.no_grad():
        latents = _flat(encoded(vae, images).float().cpu())
    colours = torch.nn.functional.adaptive_avg_pool2d(images, (latents.shape[-2], latents.shape[-1]))
    found: torch.Tensor = torch.linalg.lstsq(_with_one(latents), colours.permute(0, 2, 3, 1).reshape(-1, 3)).solution
    return found


def webp(latents: torch.Tensor, colours: torch.Tensor) -> bytes:
    """A WebP of what `unscaled` gave, several as a grid."""
    flat = _flat(latents)
    count, _, height, width = flat.shape
    return _shown((_with_one(flat) @ colours).reshape(count, height, width, 3))


def decoded(tiny: Any, latents: torch.Tensor) -> bytes:
    """The same of what a denoiser works on, by a tiny autoencoder that was trained on just that (TAESD, Bohan 2023)."""
    own = scales(tiny)
    given = (_flat(latents) / own.factor + own.shift).to(tiny.device, tiny.dtype)
    return _shown(tiny.decode(given, return_dict=False)[0].float().cpu().permute(0, 2, 3, 1))


def _shown(values: torch.Tensor) -> bytes:
    """Colours (batch, height, width, 3) in −1…1."""
    levels = ((values.nan_to_num() / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    return encode([Image.fromarray(one) for one in levels])


def encode(pictures: Sequence[Image.Image]) -> bytes:
    """A small WebP, several as a grid."""
    whole = grid(pictures)
    factor = SIDE / max(whole.size)
    size = max(1, round(whole.width * factor)), max(1, round(whole.height * factor))
    held = io.BytesIO()
    whole.resize(size, Image.Resampling.BICUBIC).save(held, "WEBP", quality=QUALITY, method=2)
    return held.getvalue()


def _flat(latents: torch.Tensor) -> torch.Tensor:
    """Without the dimension of frames that video autoencoders have."""
    return latents[:, :, 0] if latents.ndim == 5 else latents


def _with_one(latents: torch.Tensor) -> torch.Tensor:
    """(batch, channels, height, width) as rows of channels with a one behind, for the constant term."""
    rows = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    return torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
