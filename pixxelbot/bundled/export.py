"""Trained parts to files: diffusers' layout, fp16 safetensors, within the budgets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import torch

from pixxelbot.bundled import autoencoder, contrast, denoiser, learning, towers
from pixxelbot.bundled.captions import SETTING_WORDS, STYLE_WORDS
from pixxelbot.bundled.scenes import NOUNS, SETTINGS, SOMETHING, STYLES
from pixxelbot.errors import UntrainedModel

BUDGETS: Final = {"unet": 25_000_000, "vae": 10_000_000, "clip": 10_000_000, "text_encoder": 10_000_000}
"""Bytes of weights at most."""


def export(work: Path, target: Path, size: str = "full") -> dict[str, int]:
    """Write what was trained in `work` as a model folder; returns the bytes of each part's weights.

    Raises:
        UntrainedModel: a part is not trained yet, or is larger than its budget.
    """
    tower, words = towers.text_tower(work, size)
    unet, vae = denoiser.build(size), autoencoder.trained_vae(work, size)
    stage = "negatives" if (work / "negatives" / "checkpoint.pt").is_file() else "unet"
    state = learning.load_average(unet, work / stage / "checkpoint.pt")
    parts = {"unet": unet, "vae": vae, "text_encoder": tower}
    pipe = denoiser.pipeline(unet, vae, tower, words).to(torch.float16)
    pipe.save_pretrained(target)
    if (work / "clip" / "checkpoint.pt").is_file():
        parts["clip"] = contrast.clip_model(work, size, trained=True)
        parts["clip"].half().save_pretrained(target / "clip")
        words.save_pretrained(target / "clip")
        seen_as = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}  # pictures between −1 and 1, as in training
        (target / "clip" / "preprocessor_config.json").write_text(json.dumps(seen_as) + "\n", encoding="utf-8")
    (target / "limits.json").write_text(json.dumps(limits(), indent=2) + "\n", encoding="utf-8")
    origin = {"versions": state["versions"], "progress": state["progress"], "seed": state["seed"]}
    (target / "training.json").write_text(json.dumps(origin, indent=2) + "\n", encoding="utf-8")
    return _within_budget(target, parts)


def limits() -> dict[str, Any]:
    """What planners and the studio may ask of the model."""
    return {
        "family": "bundled",
        "minimum": 96,
        "maximum": 192,
        "guidance_scale": denoiser.GUIDANCE,
        "tokens": towers.TOKENS,
        "vocabulary": [noun for noun in NOUNS if noun != SOMETHING],
        "places": [SETTING_WORDS[setting][0][0] for setting in SETTINGS],
        "looks": [STYLE_WORDS[style][0][0] for style in STYLES],
    }


def _within_budget(target: Path, parts: dict[str, Any]) -> dict[str, int]:
    sizes = {part: sum(file.stat().st_size for file in (target / part).glob("*.safetensors")) for part in parts}
    for part, found in sizes.items():
        if found > BUDGETS[part]:
            raise UntrainedModel(f"{part} has {found:,} bytes of weights, more than {BUDGETS[part]:,}: make it smaller")
    return sizes
