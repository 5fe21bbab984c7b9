"""What a model's folder says about itself, read without loading a weight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from pixxelbot.errors import ModelIncomplete, ModelMissing
from pixxelbot.recipe import Limits

FAMILIES: Final = {
    "StableDiffusionPipeline": "sd1",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusion3Pipeline": "sd3",
    "FluxPipeline": "flux",
    "QwenImagePipeline": "qwen-image",
}
WEIGHTS: Final = {
    "unet": "diffusion_pytorch_model",
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
    "text_encoder_2": "model",
    "text_encoder_3": "model",
}
SAMPLERS: Final = ("DDIM", "DDPM", "Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras", "UniPC")
FLOW_SAMPLERS: Final = ("FlowMatch Euler",)


def check(folder: Path) -> None:
    """Raise ModelMissing or ModelIncomplete, naming the first folder or file that is not there."""
    if not folder.is_dir():
        raise ModelMissing(f"The model folder {folder} does not exist. Correct PIXXELBOT_MODELS or put it there.")
    for file in _needed(folder):
        if not any(folder.glob(file)):
            raise ModelIncomplete(f"The model folder {folder} lacks {file}. Copy the model again, with all its files.")


def _needed(folder: Path) -> list[str]:
    files = ["model_index.json"]
    if not (folder / "model_index.json").is_file():
        return files
    for part, loader in _read(folder / "model_index.json").items():
        if part.startswith("_") or not isinstance(loader, list) or loader[0] is None:
            continue
        if part in WEIGHTS:
            files += [f"{part}/config.json", f"{part}/{WEIGHTS[part]}*.safetensors"]
        elif part == "scheduler":
            files.append("scheduler/scheduler_config.json")
        elif part.startswith("tokenizer"):
            files.append(f"{part}/tokenizer_config.json")
    return files


def limits(name: str, folder: Path) -> Limits:
    """The limits of a model in diffusers' layout, from its configuration files and an optional `limits.json`."""
    check(folder)
    index = _read(folder / "model_index.json")
    denoiser = "unet" if "unet" in index else "transformer"
    config, vae = _read(folder / denoiser / "config.json"), _read(folder / "vae" / "config.json")
    factor = 2 ** (len(vae.get("block_out_channels", (0,) * 4)) - 1)
    native = int(config.get("sample_size", 64)) * factor
    patch = 1 if denoiser == "unet" else int(config.get("patch_size", 2))
    family = FAMILIES.get(index["_class_name"], "sd1")
    known = Limits(
        model=name,
        family=family,
        native=native,
        minimum=max(native // 2, 64),
        maximum=native * 2,
        multiple=factor * patch,
        samplers=FLOW_SAMPLERS if family in ("sd3", "flux", "qwen-image") else SAMPLERS,
    )
    own = folder / "limits.json"
    return Limits.model_validate(known.model_dump() | _read(own)) if own.is_file() else known


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ModelIncomplete(f"The model folder {file.parent} lacks {file.name}. Copy it again, with all its files.")
    content = json.loads(file.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise ModelIncomplete(f"{file} is not a JSON object. Copy the model again, with all its files.")
    return content
