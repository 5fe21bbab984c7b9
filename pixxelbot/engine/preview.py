"""Small early looks at a picture: a linear map from latents to colours, one pixel a latent."""

from __future__ import annotations

import io
from typing import Any, Final

import torch
from PIL import Image

from pixxelbot.picture import grid

SIDE: Final = 256
"""Pixels of the longer side of a preview."""
QUALITY: Final = 70
FIT_IMAGES, FIT_SIDE, FIT_PATCHES = 4, 128, 8
"""Number, side in pixels and colour patches a side of the pictures that the map is fitted on."""


def fit(vae: Any) -> torch.Tensor | None:
    """The map (channels + 1, 3) that best gives an autoencoder's colours back, by least squares.

    Found by encoding a few soft colour patterns, so that it serves any autoencoder; None for those whose latents are
    not (batch, channels, height, width).
    """
    draw = torch.Generator().manual_seed(0)
    patches = torch.rand((FIT_IMAGES, 3, FIT_PATCHES, FIT_PATCHES), generator=draw) * 2 - 1
    images = torch.nn.functional.interpolate(patches, size=(FIT_SIDE, FIT_SIDE), mode="bilinear")
    if type(vae).__name__ != "AutoencoderKL":
        return None
    with torch.no_grad():
        latents = vae.encode(images.to(vae.device, vae.dtype)).latent_dist.mean.float().cpu()
    colours = torch.nn.functional.adaptive_avg_pool2d(images, latents.shape[-2:])
    found: torch.Tensor = torch.linalg.lstsq(_with_one(latents), colours.permute(0, 2, 3, 1).reshape(-1, 3)).solution
    return found


def webp(latents: torch.Tensor, vae: Any, colours: torch.Tensor) -> bytes:
    """A WebP of latents (batch, channels, height, width), several as a grid."""
    shift = getattr(vae.config, "shift_factor", None) or 0.0
    plain = latents.detach().float().cpu() / vae.config.scaling_factor + shift
    count, _, height, width = plain.shape
    values = (_with_one(plain) @ colours).reshape(count, height, width, 3)
    levels = ((values.nan_to_num() / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    whole = grid([Image.fromarray(one) for one in levels])
    factor = SIDE / max(whole.size)
    size = max(1, round(whole.width * factor)), max(1, round(whole.height * factor))
    encoded = io.BytesIO()
    whole.resize(size, Image.Resampling.BICUBIC).save(encoded, "WEBP", quality=QUALITY, method=2)
    return encoded.getvalue()


def _with_one(latents: torch.Tensor) -> torch.Tensor:
    """(batch, channels, height, width) as rows of channels with a one behind, for the constant term."""
    rows = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    return torch.cat([rows, torch.ones(len(rows), 1)], dim=1)
