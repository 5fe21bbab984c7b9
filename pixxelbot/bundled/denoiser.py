"""The UNet's training: from noise and words to latents.

Latent diffusion (Rombach et al., CVPR 2022) with v-prediction (Salimans & Ho, "Progressive Distillation", ICLR 2022), a
schedule that ends in pure noise (Lin et al., "Common Diffusion Noise Schedules and Sample Steps Are Flawed", WACV 2024)
and classifier-free guidance (Ho & Salimans, 2022), for which a tenth of the captions are dropped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from PIL import Image
from torch import nn
from tqdm import tqdm

from pixxelbot.bundled import renders, towers
from pixxelbot.bundled.autoencoder import LATENTS, trained_vae
from pixxelbot.bundled.captions import caption, disturbed, nothing
from pixxelbot.bundled.learning import Plan, generator, mosaic
from pixxelbot.bundled.muon import Muon
from pixxelbot.bundled.scenes import Split

WIDTHS: Final = {"full": (64, 128, 160), "tiny": (16, 16, 16)}
GROUPS: Final = 8
HEADS: Final = 4
"""Width of an attention head is the channels over this (diffusers calls it `attention_head_dim`)."""
DROPPED: Final = 0.1
"""Share of captions that are replaced by nothing, or by words that say nothing."""
GUIDANCE: Final = 4.5
GRID_STEPS: Final = 20
GRID: Final = 24
TRAIN_STEPS: Final = 1000
ENCODED_AT_ONCE: Final = 32
NATIVE_SHARE: Final = 0.5
"""Of the batches; the others are of the other sizes, of as many pixels in all."""
PER_SIZE: Final = 0.1
"""Pictures of each other size, as a share of those of the native one."""


def scheduler() -> Any:
    """The noise schedule of training and sampling."""
    return DDIMScheduler(
        num_train_timesteps=TRAIN_STEPS,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
        clip_sample=False,
        steps_offset=1,
    )


def build(size: str = "full") -> Any:
    """A new UNet. Words reach the coarse levels by cross-attention and every block through the time embedding.

    The last layer begins at zero, so that training starts from predicting nothing.
    """
    unet = UNet2DConditionModel(
        sample_size=renders.SIDE // 8,
        in_channels=LATENTS,
        out_channels=LATENTS,
        block_out_channels=WIDTHS[size],
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=towers.WIDTH[size],
        attention_head_dim=HEADS,
        norm_num_groups=GROUPS,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        resnet_time_scale_shift="scale_shift",
    )
    nn.init.zeros_(unet.conv_out.weight)
    nn.init.zeros_(unet.conv_out.bias)
    return unet


def inherit(unet: Any, folder: Path) -> None:
    """Take every weight of an earlier UNet that has the same shape, or the part of it that fits the latents."""
    old = UNet2DConditionModel.from_pretrained(folder, dtype=torch.float32, low_cpu_mem_usage=False).state_dict()
    with torch.no_grad():
        for name, weight in unet.state_dict().items():
            if name in old and old[name].shape == weight.shape:
                weight.copy_(old[name])
            elif name in ("conv_in.weight", "conv_out.weight", "conv_out.bias"):
                weight[tuple(slice(was) for was in old[name].shape)] = old[name]


def encoded(
    plan: Plan, vae: Any, split: Split, count: int, size: renders.Size = renders.NATIVE
) -> np.ndarray[Any, np.dtype[np.float16]]:
    """Latents (n, channels, height / 8, width / 8) of a split's first `count` pictures, kept beside these."""
    stamp = int((plan.work / "vae" / "checkpoint.pt").stat().st_mtime)
    folder, ending = plan.work / "renders", f"{renders.sized(size)}{plan.pictures}.{stamp}.latents.npy"
    kept = renders.larger(folder, split, count, ending)
    if kept is None:
        kept = folder / f"{split}-{count}-{ending}"
        pictures = renders.painted(plan, split, count, size)
        part = kept.with_suffix(".part.npy")
        latents = np.lib.format.open_memmap(part, "w+", np.float16, (count, LATENTS, size[1] // 8, size[0] // 8))
        for start in tqdm(range(0, count, ENCODED_AT_ONCE), desc=f"encode {split}"):
            stop = min(start + ENCODED_AT_ONCE, count)
            latents[start:stop] = _encode(vae, pictures.pixels(range(start, stop)).to(plan.device))
        latents.flush()
        part.replace(kept)
    found: np.ndarray[Any, np.dtype[np.float16]] = np.load(kept, mmap_mode="r")[:count]
    return found


def _encode(vae: Any, pixels: torch.Tensor) -> np.ndarray[Any, np.dtype[np.float16]]:
    with torch.no_grad(), torch.autocast(pixels.device.type, torch.bfloat16):
        means: torch.Tensor = vae.encode(pixels).latent_dist.mean
    array: np.ndarray[Any, np.dtype[np.float16]] = means.float().cpu().numpy().astype(np.float16)
    return array


class Denoising:
    """The UNet's lesson. Refuses to begin with a text tower that fails its gate."""

    sizes: tuple[renders.Size, ...] = renders.SIZES[1:]
    """Learnt beside the native one."""

    def optimizer(self, weights: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
        return Muon(weights, rate=0.02, other_rate=1e-3, apart=self._ends())

    def _start(self) -> Any:
        """The UNet to begin with."""
        unet = build(self.plan.size)
        if self.plan.start is not None:
            inherit(unet, self.plan.start / "unet")
        return unet

    def _ends(self) -> list[torch.nn.Parameter]:
        return [*self.module.get_submodule("conv_in").parameters(), *self.module.get_submodule("conv_out").parameters()]

    def __init__(self, plan: Plan, rank: int) -> None:
        self.plan = plan
        towers.gate(plan.work, plan.size)
        self.tower, self.words = towers.text_tower(plan.work, plan.size)
        self.tower = self.tower.to(plan.device)
        self.vae = trained_vae(plan.work, plan.size).to(plan.device)
        torch.manual_seed(plan.seed)
        unet = self._start()
        if plan.device == "cpu":
            unet.set_attn_processor(AttnProcessor())  # the fused attention's backward takes a third longer there
        self.module: nn.Module = unet.to(plan.device)
        few = max(1, round(PER_SIZE * plan.renders))
        self.shelves = {renders.NATIVE: encoded(plan, self.vae, "train", plan.renders)}
        self.shelves |= {size: encoded(plan, self.vae, "train", few, size) for size in self.sizes}
        self.held_out = encoded(plan, self.vae, "held-out", min(256, plan.renders))
        self.scheduler = scheduler()
        self.rng = generator(plan, rank, 4)
        self._forward: Any = torch.compile(unet, dynamic=False) if plan.compile else unet

    def loss(self, progress: float) -> dict[str, torch.Tensor]:
        size = renders.NATIVE
        if self.rng.random() >= NATIVE_SHARE:
            size = self.sizes[int(self.rng.integers(len(self.sizes)))]
        batch = max(1, round(self.plan.batch * renders.SIDE**2 / (size[0] * size[1])))
        shelf = self.shelves[size]
        chosen = self.rng.integers(len(shelf), size=batch)
        latents, times = self._drawn(shelf, chosen)
        texts = [self._caption(renders.first_of(size) + int(index)) for index in chosen]
        return {"loss": self._wrong(self._forward, latents, times, texts, torch.randn_like(latents))}

    def _drawn(
        self, shelf: np.ndarray[Any, np.dtype[np.float16]], chosen: np.ndarray[Any, np.dtype[np.int64]]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents and times, one from each of as many equal parts of the schedule: less variance than independent."""
        latents = torch.from_numpy(shelf[chosen]).float().to(self.plan.device)
        parts = (torch.randperm(len(chosen)) + torch.rand(len(chosen))) / len(chosen)
        return latents, (parts * TRAIN_STEPS).long().clamp_max(TRAIN_STEPS - 1).to(self.plan.device)

    def _wrong(
        self, forward: Any, latents: torch.Tensor, times: torch.Tensor, texts: list[str], noise: torch.Tensor
    ) -> torch.Tensor:
        noisy = self.scheduler.add_noise(latents, noise, times)
        wanted = self.scheduler.get_velocity(latents, noise, times)
        told = towers.features(self.tower, self.words, texts, self.plan.device)
        found = forward(noisy, times, told, return_dict=False)[0]
        wrong: torch.Tensor = (found.float() - wanted).square().mean()
        return wrong

    def _caption(self, index: int) -> str:
        if self.rng.random() < DROPPED:
            return nothing(self.rng, "train")
        return disturbed(caption(renders.scene_of(index, "train"), self.rng, "train"), self.rng)

    def figures(self) -> dict[str, float]:
        """The loss on held-out latents, at the same times and noise each time."""
        rng, draw = np.random.default_rng(1), torch.Generator().manual_seed(1)
        latents = torch.from_numpy(np.array(self.held_out)).float()
        texts = [caption(renders.scene_of(index, "held-out"), rng, "held-out") for index in range(len(latents))]
        noise = torch.randn(latents.shape, generator=draw)
        times = torch.linspace(0, TRAIN_STEPS - 1, len(latents)).long()[torch.randperm(len(latents), generator=draw)]
        parts = []
        for start in range(0, len(latents), 32):
            part = slice(start, start + 32)
            some, when, what = (value[part].to(self.plan.device) for value in (latents, times, noise))
            parts.append(self._wrong(self.module, some, when, texts[part], what))
        return {"held_out_loss": float(torch.stack(parts).mean())}

    def grid(self) -> Image.Image:
        """Held-out captions drawn, from the same noise each time."""
        rng = np.random.default_rng(2)
        count = GRID if self.plan.size == "full" else 2
        texts = [caption(renders.scene_of(index, "held-out"), rng, "held-out") for index in range(count)]
        drawn = pipeline(self.module, self.vae, self.tower, self.words)(
            texts,
            num_inference_steps=GRID_STEPS,
            guidance_scale=GUIDANCE,
            generator=torch.Generator().manual_seed(0),
            output_type="np",
        ).images
        return mosaic((drawn * 255).round().astype(np.uint8), 6)


def pipeline(unet: Any, vae: Any, tower: Any, words: Any) -> Any:
    """The parts as a Stable Diffusion pipeline."""
    pipe = StableDiffusionPipeline(
        vae=vae, text_encoder=tower, tokenizer=words, unet=unet, scheduler=scheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.set_progress_bar_config(disable=True)
    return pipe
