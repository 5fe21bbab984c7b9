"""Noise to start from, and ways between two of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch

STRAIGHT: Final = 0.9995
"""Cosine beyond which two directions are as good as one, and the way between them is straight."""


def slerp(start: torch.Tensor, end: torch.Tensor, share: float) -> torch.Tensor:
    """The way between two along the sphere they lie on (Shoemake 1985), so that noise stays noise."""
    first, last = start.double().flatten(), end.double().flatten()
    cosine = torch.dot(first, last) / (first.norm() * last.norm()).clamp_min(1e-12)
    if cosine.abs() > STRAIGHT:
        return torch.lerp(start, end, share)
    angle = torch.arccos(cosine)
    between = (torch.sin((1 - share) * angle) * first + torch.sin(share * angle) * last) / torch.sin(angle)
    return between.reshape(start.shape).to(start.dtype)


def drawn(pipeline: Any, seeds: Sequence[int], width: int, height: int) -> torch.Tensor:
    """Noise in the shape that the pipeline starts from, each row from its own seed."""
    rows = [_row(pipeline, seed, width, height) for seed in seeds]
    return torch.cat(rows)


def _row(pipeline: Any, seed: int, width: int, height: int) -> torch.Tensor:
    draw = torch.Generator().manual_seed(seed)
    if getattr(pipeline, "unet", None) is not None or not hasattr(pipeline, "_pack_latents"):
        part = getattr(pipeline, "unet", None) or pipeline.transformer
        factor = pipeline.vae_scale_factor
        shape = 1, int(part.config.in_channels), height // factor, width // factor
        return torch.randn(shape, generator=draw)
    channels = int(pipeline.transformer.config.in_channels) // 4
    down, across = (2 * (side // (pipeline.vae_scale_factor * 2)) for side in (height, width))
    packed: torch.Tensor = pipeline._pack_latents(
        torch.randn((1, channels, down, across), generator=draw), 1, channels, down, across
    )
    return packed


def shares(scheduler: Any, place: float) -> tuple[float, float]:
    """How much noise and how much picture are in a mixture so far (0…1) along a model's own schedule."""
    if not hasattr(scheduler, "alphas_cumprod"):
        return place, 1 - place  # flow matching: straight ways (Liu et al. 2022)
    kept = float(scheduler.alphas_cumprod[round(place * (len(scheduler.alphas_cumprod) - 1))])
    return (1 - kept) ** 0.5, kept**0.5


def encoded(vae: Any, pixels: torch.Tensor) -> torch.Tensor:
    """The autoencoder's middle of pixels (batch, 3, height, width) in −1…1, one at a time.

    Autoencoders for video see each as a video of one frame.
    """
    given = pixels.to(vae.device, vae.dtype)
    rows = [vae.encode(one[None, :, None] if _of_video(vae) else one[None]).latent_dist.mode() for one in given]
    return torch.cat(rows)


def decoded(vae: Any, latents: torch.Tensor) -> torch.Tensor:
    """Pixels (batch, 3, height, width) in −1…1 of what `encoded` gave, one at a time."""
    rows = [vae.decode(one[None].to(vae.device, vae.dtype), return_dict=False)[0] for one in latents]
    pixels = torch.cat(rows)
    return pixels[:, :, 0] if pixels.ndim == 5 else pixels


def _of_video(vae: Any) -> bool:
    return bool(getattr(vae.config, "temperal_downsample", None))  # spelt so in diffusers' configurations
