"""What a model's folder says about itself, read without loading a weight."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import safetensors
from pydantic import ValidationError

from pixxelbot.errors import ModelCorrupt, ModelIncomplete, ModelMissing
from pixxelbot.recipe import Limits

FAMILIES: Final = {
    "StableDiffusionPipeline": "sd1",
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusion3Pipeline": "sd3",
    "FluxPipeline": "flux",
    "QwenImagePipeline": "qwen-image",
}
MAX_HEADER: Final = 100_000_000
"""Bytes of a safetensors header; the format allows no more."""
PICKLES: Final = (b"PK\x03\x04", b"\x80")
"""How files begin that torch saved, as archives since 2020 and bare before. Read as the length of a safetensors header,
either is longer than the format allows.
"""
WEIGHTS: Final = {
    "unet": "diffusion_pytorch_model",
    "transformer": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
    "text_encoder_2": "model",
    "text_encoder_3": "model",
}
SAMPLERS: Final = ("DDIM", "DDPM", "Euler", "Euler a", "DPM++ 2M", "DPM++ 2M Karras", "UniPC", "LCM")
FLOW_SAMPLERS: Final = ("FlowMatch Euler",)
FLOW_FAMILIES: Final = ("sd3", "flux", "qwen-image")
"""Trained by flow matching (Esser et al. 2024): they take no other samplers."""
NATIVE: Final = {"sd1": 512, "sd2": 768, "sdxl": 1024, "sd3": 1024, "flux": 1024, "qwen-image": 1024}
"""Side in pixels that a family was trained at, where a model's configuration does not say it."""
TOKENS: Final = {"sd3": 256, "flux": 512, "qwen-image": 512}
"""Length of the text window where it is not CLIP's 77."""
SD2_WIDTH: Final = 1024
"""Width of the text features of Stable Diffusion 2.x; 1.x has 768."""
SIGNS: Final = (
    ("double_blocks.0.", "flux"),
    ("joint_blocks.0.", "sd3"),
    (".img_mod.", "qwen-image"),
    ("conditioner.embedders.1.", "sdxl"),
    ("cond_stage_model.model.", "sd2"),
    ("cond_stage_model.transformer.", "sd1"),
)
"""Parts of tensors' names that tell single-file models apart."""


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
    return _limits(name, folder)


def limits_of_file(name: str, file: Path) -> Limits:
    """The limits of a single-file model, from the configuration beside it or else from its family.

    Raises:
        ModelIncomplete: there is no configuration, and the tensors are of no family that is known.
    """
    beside = file.with_suffix("")
    if (beside / "model_index.json").is_file():
        return _limits(name, beside)
    family = family_of_file(file)
    if family is None:
        raise ModelIncomplete(f"The family of the model file {file} is not known. Put its configuration in {beside}.")
    return of_family(name, family)


def of_family(name: str, family: str) -> Limits:
    """What can be said of a model of which only the family is known."""
    native = NATIVE[family]
    return Limits(
        model=name, family=family, native=native, minimum=native // 2, maximum=native * 2,
        multiple=16 if family in FLOW_FAMILIES else 8, samplers=_samplers(family), tokens=TOKENS.get(family, 77),
    )  # fmt: skip


def check_weights(file: Path) -> None:
    """The header says how long the file must be: a truncated copy is found before anything is loaded.

    Raises:
        ModelCorrupt: it cannot be read, or is a pickle.
    """
    refuse_pickle(file)
    try:
        with safetensors.safe_open(file, framework="np"):
            return
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelCorrupt(f"The weight file {file} cannot be read ({error}). Copy it again.") from error


def refuse_pickle(file: Path) -> None:
    """Raise ModelCorrupt for what torch once saved, whatever its name is: reading it could run any code."""
    try:
        with file.open("rb") as stream:
            start = stream.read(8)
    except OSError as error:
        raise ModelCorrupt(f"The weight file {file} cannot be read ({error}). Copy it again.") from error
    if start.startswith(PICKLES) and int.from_bytes(start, "little") > MAX_HEADER:
        raise ModelCorrupt(
            f"The weight file {file} is a pickle, which could run any code when it is read. Only .safetensors files "
            "are read: take the model in that format."
        )


def family_of_file(file: Path) -> str | None:
    """The family that the names of a safetensors file's tensors tell; None where they tell none."""
    names = " ".join(_header(file))
    return next((family for sign, family in SIGNS if sign in names), None)


def _limits(name: str, folder: Path) -> Limits:
    index = _read(folder / "model_index.json")
    denoiser = "unet" if "unet" in index else "transformer"
    config, vae = _read(folder / denoiser / "config.json"), _read(folder / "vae" / "config.json")
    if "_class_name" not in index:
        raise ModelCorrupt(f"{folder / 'model_index.json'} names no pipeline (_class_name). Copy the model again.")
    family = FAMILIES.get(index["_class_name"], "sd1")
    if family == "sd1" and config.get("cross_attention_dim") == SD2_WIDTH:
        family = "sd2"
    factor = 2 ** (len(vae.get("block_out_channels", (0,) * 4)) - 1)
    native = int(config["sample_size"]) * factor if config.get("sample_size") else NATIVE[family]
    known = Limits(
        model=name,
        family=family,
        native=native,
        minimum=max(native // 2, min(native, 64)),
        maximum=native * 2,
        multiple=factor * (2 if family in FLOW_FAMILIES else 1),  # transformers see patches of 2 × 2 latents
        samplers=_samplers(family),
        tokens=TOKENS.get(family, 77),
    )
    own = folder / "limits.json"
    if not own.is_file():
        return known
    try:
        return Limits.model_validate(known.model_dump() | _read(own))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ModelCorrupt(f"{own} is wrong at {place}: {first['msg']}. Correct it.") from None


def _samplers(family: str) -> tuple[str, ...]:
    return FLOW_SAMPLERS if family in FLOW_FAMILIES else SAMPLERS


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ModelIncomplete(f"The model folder {file.parent} lacks {file.name}. Copy it again, with all its files.")
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelCorrupt(f"{file} cannot be read as JSON ({error}). Copy the model again.") from error
    if not isinstance(content, dict):
        raise ModelCorrupt(f"{file} is not a JSON object. Copy the model again, with all its files.")
    return content


# --- what is used beside a model ------------------------------------------------------------------------------------


CROSS: Final = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""Width of the text features that a denoiser reads → family."""
TOLD: Final = (
    ("sdxl", "sdxl"), ("stable-diffusion-xl", "sdxl"), ("sd_v1", "sd1"), ("stable-diffusion-v1", "sd1"),
    ("sd_v2", "sd2"), ("stable-diffusion-v2", "sd2"), ("sd3", "sd3"), ("stable-diffusion-3", "sd3"), ("flux", "flux"),
    ("qwen", "qwen-image"),
)  # fmt: skip
"""Beginnings of what trainers write into a file about the model that they began with."""
TRAINED_ON: Final = ("ss_base_model_version", "modelspec.architecture")
"""Where they write it (kohya's sd-scripts; Stability AI's ModelSpec 1.0)."""
NAMED: Final = (
    ("double_blocks", "flux"),
    ("single_transformer_blocks", "flux"),
    ("joint_blocks", "sd3"),
    (".img_mod.", "qwen-image"),
    ("lora_te2_", "sdxl"),
    ("text_encoder_2.", "sdxl"),
    ("clip_g", "sdxl"),
)
"""Parts of the names of an adapter's tensors that one family alone has."""


def family_of_adapter(place: Path) -> str | None:
    """The family that a LoRA or learnt word was made for, from the header of its file; None where nothing tells.

    Raises:
        ModelCorrupt: it cannot be read.
    """
    files = sorted(place.glob("*.safetensors")) if place.is_dir() else [place]
    header = {name: about for file in files if file.is_file() for name, about in _header(file).items()}
    about, names = header.pop("__metadata__", {}), " ".join(header)
    told = next((str(about[key]).lower() for key in TRAINED_ON if key in about), "")
    if family := next((family for sign, family in TOLD if told.startswith(sign)), None):
        return family
    if family := next((family for sign, family in NAMED if sign in names), None):
        return family
    widths = {
        int(tensor["shape"][-1])
        for name, tensor in header.items()
        if tensor["shape"] and "attn2" in name and "to_k" in name and ("down" in name or "lora_A" in name)
    }
    if len(header) == 1:  # a learnt word is one tensor of its vectors
        widths = {int(tensor["shape"][-1]) for tensor in header.values() if tensor["shape"]}
    return next((CROSS[width] for width in widths if width in CROSS), None)


def _header(file: Path) -> dict[str, Any]:
    """Names, shapes and metadata of a safetensors file."""
    refuse_pickle(file)
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(min(length, MAX_HEADER)))
    except (OSError, ValueError) as error:
        raise ModelCorrupt(f"The weight file {file} cannot be read ({error}). Copy it again.") from error
    if not isinstance(header, dict) or not all(isinstance(about, dict) for about in header.values()):
        raise ModelCorrupt(f"The weight file {file} has no safetensors header. Copy it again.")
    return header
