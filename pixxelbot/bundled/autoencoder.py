"""The VAE's training: pictures to latents an eighth of their side, and back.

Kingma & Welling, "Auto-Encoding Variational Bayes", ICLR 2014, in the form of Rombach et al., "High-Resolution Image
Synthesis with Latent Diffusion Models", CVPR 2022, but with a fixed small variance instead of a learned one, since only
the decoder's tolerance of noise is wanted, and without an adversarial loss: the pictures have flat colours and crisp
edges, which a loss on image gradients (Mathieu et al., "Deep multi-scale video prediction", ICLR 2016) keeps.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers import AutoencoderKL
from PIL import Image
from torch import nn

from pixxelbot.bundled import learning, renders
from pixxelbot.bundled.learning import Plan, generator, mosaic
from pixxelbot.bundled.muon import Muon

LATENTS: Final = 8
"""Channels: four, as Stable Diffusion has, cost 2 dB on these pictures."""
NOISE: Final = 0.05
"""Standard deviation of the fixed posterior; latents have about one."""
SHRINK: Final = 1e-3
"""Weight of the mean square of the latents: the part of the KL divergence that a fixed variance leaves."""
EDGES: Final = 0.25
CROP: Final = 64
"""Pixels of training crops in the first part, whole pictures afterwards."""
WHOLE: Final = 0.5
"""Share of the time after which whole pictures are shown."""
HELD_OUT: Final = 256
"""Held-out pictures for measuring."""
STANDARDISED_ON: Final = {"full": range(0, 512, renders.CHUNK), "tiny": range(0, 1, renders.CHUNK)}
"""Pictures over which the latents' means and deviations are taken, by the chunk's first."""
WIDTHS: Final = {"full": (16, 32, 64, 128), "tiny": (8, 8, 8, 8)}


def build(size: str = "full") -> Any:
    """A new autoencoder.

    One group per normalisation (several ones take each channel's mean away, and flat colours with it), no attention,
    weights from N(0, 1/fan-in).
    """
    vae = AutoencoderKL(
        block_out_channels=WIDTHS[size],
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=LATENTS,
        layers_per_block=1,
        norm_num_groups=1,
        mid_block_add_attention=False,
        sample_size=renders.SIDE,
        scaling_factor=1.0,
    )
    for part in vae.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0.0, part.weight[0].numel() ** -0.5)
            nn.init.constant_(part.get_parameter("bias"), 0.0)
    return vae


def grow(vae: Any, folder: Path) -> None:
    """Take the weights of a smaller autoencoder; what is new begins near zero, so that it does what the old one did."""
    old = AutoencoderKL.from_pretrained(folder, dtype=torch.float32, low_cpu_mem_usage=False)
    known, before = old.state_dict(), old.config.latent_channels
    with torch.no_grad():
        for name, weight in vae.state_dict().items():
            if weight.shape != known[name].shape and name.startswith(("decoder", "post_quant_conv")):
                weight.mul_(0.1)
            part = tuple(slice(was) for was in known[name].shape)
            weight[part] = known[name]
        added = LATENTS - before
        vae.quant_conv.weight[before:] = 0
        vae.quant_conv.bias[before:] = 0
        vae.quant_conv.weight[before:LATENTS, 2 * before : 2 * before + added, 0, 0] = torch.eye(added)


class Codec(nn.Module):
    """The two halves of an autoencoder as one forward: decoded picture and latents' means."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.vae = vae

    def forward(self, images: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        means = self.vae.quant_conv(self.vae.encoder(images))[:, :LATENTS]
        return self.vae.decoder(self.vae.post_quant_conv(means + noise)), means


class Pictures:
    """The VAE's lesson."""

    optimizer = staticmethod(partial(Muon, rate=0.02, other_rate=1e-3))

    def __init__(self, plan: Plan, rank: int) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.module = self._start().to(plan.device)
        self.module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # faster by a fifth
        self.images = renders.painted(plan, "train", plan.renders)
        self.held_out = renders.painted(plan, "held-out", min(HELD_OUT, plan.renders))
        self.rng = generator(plan, rank, 1)
        self._forward: Any = torch.compile(self.module, dynamic=False) if plan.compile else self.module

    def _start(self) -> nn.Module:
        """The weights to begin with."""
        vae = build(self.plan.size)
        if self.plan.start is not None:
            grow(vae, self.plan.start / "vae")
        return Codec(vae)

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        images = self._batch(CROP if progress < WHOLE else renders.SIDE)
        noise = NOISE * torch.randn(len(images), LATENTS, images.shape[2] // 8, images.shape[3] // 8)
        forward = self._forward if progress < WHOLE else self.module  # not compiled a second time
        seen, means = forward(images, noise.to(images.device))
        wrong = seen.float() - images
        told = {
            "l1": wrong.abs().mean(),
            "mse": wrong.square().mean(),
            "edges": edges(wrong) + edges(nn.functional.avg_pool2d(wrong, 2)),
            "size": means.float().square().mean(),
        }
        return {"loss": told["l1"] + told["mse"] + EDGES * told["edges"] + SHRINK * told["size"], **told}

    def _batch(self, side: int) -> torch.Tensor:
        count = max(1, self.plan.batch * CROP**2 // side**2)
        chosen = self.rng.integers(len(self.images), size=count)
        tops, lefts = self.rng.integers(renders.SIDE - side + 1, size=(2, count))
        crops = [
            self.images.images[one, top : top + side, left : left + side]
            for one, top, left in zip(chosen, tops, lefts, strict=True)
        ]
        return renders.to_tensor(np.stack(crops)).to(self.plan.device, memory_format=torch.channels_last)

    def figures(self) -> dict[str, float]:
        pixels = self.held_out.pixels(range(len(self.held_out))).to(self.plan.device)
        return {
            "held_out_psnr": float(
                np.mean([psnr(part, self._round_trip(part)).mean() for part in torch.split(pixels, 32)])
            )
        }

    def grid(self) -> Image.Image:
        shown = self.held_out.pixels(range(min(24, len(self.held_out))))
        pairs = torch.stack([shown, self._round_trip(shown.to(self.plan.device)).cpu()], 1).flatten(0, 1)
        return mosaic(renders.to_bytes(pairs), 8)

    def _round_trip(self, pixels: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.module(pixels, torch.zeros(()))[0]
        return seen.float().clamp(-1, 1)


class Tail(nn.Module):
    """The half of an autoencoder behind the latents."""

    def __init__(self, vae: Any) -> None:
        super().__init__()
        self.behind, self.decoder = vae.post_quant_conv, vae.decoder

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.decoder(self.behind(latents))
        return seen


class Decoding(Pictures):
    """A second lesson for the decoder alone: the error itself, on whole pictures. No latent changes by it.

    Stability AI tuned the decoder of Stable Diffusion's VAE for the mean square in the same way (`sd-vae-ft-mse`).
    """

    optimizer = staticmethod(partial(Muon, rate=0.005, other_rate=2e-4))

    def _start(self) -> nn.Module:
        self.vae = standardised_vae(self.plan.work, self.plan.size).to(
            self.plan.device, memory_format=torch.channels_last
        )
        return Tail(self.vae).requires_grad_(True)

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        images = self._batch(renders.SIDE)
        latents = self._latents(images)
        seen = self.module(latents + NOISE * torch.randn_like(latents)).float()
        ratio, edge = psnr(seen, images).mean(), edges(seen - images)
        return {"loss": EDGES * edge - ratio / 20, "psnr": ratio, "edges": edge}

    def _latents(self, images: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            means: torch.Tensor = self.vae.encode(images).latent_dist.mean
        return means

    def _round_trip(self, pixels: torch.Tensor) -> torch.Tensor:
        seen: torch.Tensor = self.module(self._latents(pixels))
        return seen.float().clamp(-1, 1)


def standardised_vae(work: Path, size: str = "full") -> Any:
    """The VAE of the first lesson, its latents of mean 0 and deviation 1. Raises UntrainedModel where there is none."""
    codec = Codec(build(size))
    learning.load_average(codec, work / "vae" / "checkpoint.pt")
    paintings = [renders.paint_some("train", start + renders.CHUNK, start)[0] for start in STANDARDISED_ON[size]]
    standardise(codec.vae, renders.to_tensor(np.concatenate(paintings)))
    return codec.vae.eval().requires_grad_(False)


def trained_vae(work: Path, size: str = "full") -> Any:
    """The VAE of the work folder, with its tuned decoder where there is one. Raises UntrainedModel without a VAE."""
    vae = standardised_vae(work, size)
    tuned = work / "decoder" / "checkpoint.pt"
    if tuned.is_file():
        learning.load_average(Tail(vae), tuned)
    return vae


def edges(wrong: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference of neighbours in an error (n, channels, height, width)."""
    return wrong.diff(dim=2).abs().mean() + wrong.diff(dim=3).abs().mean()


def psnr(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Peak signal-to-noise ratio in dB for each pair of pictures (n, 3, height, width) between −1 and 1."""
    return -10 * torch.log10(((one - other) / 2).square().mean((1, 2, 3)).clamp_min(1e-10))


def standardise(vae: Any, pixels: torch.Tensor) -> None:
    """Make each channel's latents have mean 0 and deviation 1 over `pixels`, without changing any decoded picture.

    The affine map goes into the two 1×1 convolutions beside the latents, so the scaling factor is one, as pipelines
    that know a single number for all channels need it.
    """
    with torch.no_grad():
        means = torch.cat([vae.encode(part).latent_dist.mean for part in torch.split(pixels, 32)]).float()
        middle, spread = means.mean((0, 2, 3)), means.std((0, 2, 3)).clamp_min(1e-4)
        vae.post_quant_conv.bias += vae.post_quant_conv.weight[:, :, 0, 0] @ middle
        vae.post_quant_conv.weight *= spread[None, :, None, None]
        vae.quant_conv.weight[:LATENTS] /= spread[:, None, None, None]
        vae.quant_conv.bias[:LATENTS] = (vae.quant_conv.bias[:LATENTS] - middle) / spread
        vae.quant_conv.weight[LATENTS:] = 0
        vae.quant_conv.bias[LATENTS:] = 2 * torch.log(NOISE / spread)
