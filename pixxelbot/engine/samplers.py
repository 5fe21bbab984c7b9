"""Samplers by the names members know."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import diffusers
import torch

from pixxelbot.errors import UnknownChoice

SAMPLERS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "DDIM": ("DDIMScheduler", {}),  # Song, Meng, Ermon 2021
    "DDPM": ("DDPMScheduler", {}),  # Ho, Jain, Abbeel 2020
    "Euler": ("EulerDiscreteScheduler", {}),  # Karras et al. 2022, algorithm 2 without churn
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++"}),  # Lu et al. 2022
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "use_karras_sigmas": True}),
    "UniPC": ("UniPCMultistepScheduler", {}),  # Zhao et al. 2023
    "LCM": ("LCMScheduler", {}),  # Luo et al. 2023
    "FlowMatch Euler": ("FlowMatchEulerDiscreteScheduler", {}),  # Esser et al. 2024
}
"""Name → diffusers' scheduler class and what it is told beside the model's own scheduler configuration."""
KARRAS_SIGMA_MAX: Final = 20.0
"""Where a model's own largest sigma is infinite (zero terminal SNR), Karras' steps need a finite one."""


def build(name: str, model_scheduler: Any) -> Any:
    """A fresh scheduler of that name that fits the model: its betas, spacing and kind of prediction are kept.

    Raises:
        UnknownChoice: there is no such sampler.
    """
    if name not in SAMPLERS:
        raise UnknownChoice("sampler", name, SAMPLERS)
    kind, changes = SAMPLERS[name]
    scheduler = getattr(diffusers, kind).from_config(model_scheduler.config, **changes)
    if changes.get("use_karras_sigmas") and scheduler.config.get("rescale_betas_zero_snr"):
        scheduler.register_to_config(sigma_max=KARRAS_SIGMA_MAX)
    if hasattr(scheduler, "set_begin_index"):
        _begin_at_the_first(scheduler)
    return scheduler


def _begin_at_the_first(scheduler: Any) -> None:
    """Where rounding made the first two timesteps equal, schedulers would skip one and run out of sigmas at the end."""
    set_timesteps = scheduler.set_timesteps

    @functools.wraps(set_timesteps)
    def and_begin(*args: Any, **kwargs: Any) -> None:
        steps = args[0] if args else kwargs.get("num_inference_steps")
        if steps and steps > scheduler.config.get("original_inference_steps", steps):  # LCM chooses among so many
            scheduler.register_to_config(original_inference_steps=steps)
        set_timesteps(*args, **kwargs)
        scheduler.set_begin_index(0)  # img2img and inpaint set a later one afterwards

    scheduler.set_timesteps = and_begin


class Glimpse:
    """What a scheduler believes the finished latents to be, kept at each step for previews.

    The latents themselves are mostly noise for half of the steps; every sampler computes this belief anyway.
    """

    def __init__(self, scheduler: Any) -> None:
        self.believed: torch.Tensor | None = None
        self.noisy: torch.Tensor | None = None
        """The latents before the last step as the denoiser saw them: of a variance that the autoencoder can show."""
        self.noise_left = 1.0
        """Share of noise in them."""
        step = scheduler.step
        scaled = getattr(scheduler, "scale_model_input", lambda sample, time: sample)

        @functools.wraps(step)  # pipelines look at its parameters to see whether it takes a generator
        def watched(output: Any, time: Any, sample: Any, *args: Any, return_dict: bool = True, **kwargs: Any) -> Any:
            level, self.noisy = _noise_level(scheduler, time), scaled(sample, time)
            result = step(output, time, sample, *args, return_dict=True, **kwargs)
            held = getattr(scheduler, "model_outputs", None)
            self.believed = getattr(result, "pred_original_sample", held[-1] if held else None)
            if self.believed is None and not hasattr(scheduler, "alphas_cumprod"):
                self.believed = sample - level * output  # a straight way's end (Liu et al. 2022)
            self.noise_left = level
            return result if return_dict else (result.prev_sample,)

        scheduler.step = watched


def _noise_level(scheduler: Any, time: Any) -> float:
    """Share of noise in latents at a time of a schedule."""
    if hasattr(scheduler, "alphas_cumprod"):
        place = min(max(round(float(time)), 0), len(scheduler.alphas_cumprod) - 1)
        return float((1 - scheduler.alphas_cumprod[place]) ** 0.5)
    index = scheduler.step_index
    return float(scheduler.sigmas[scheduler.begin_index or 0 if index is None else index])
