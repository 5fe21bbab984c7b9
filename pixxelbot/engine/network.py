"""Networks that serve beside the models: CLIP, segmenter, upscaler, ControlNets, depth estimator, preview decoder."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from PIL import Image

from pixxelbot import models
from pixxelbot.engine import weights
from pixxelbot.engine.merge import Call, intercept
from pixxelbot.engine.options import attend
from pixxelbot.errors import ModelCorrupt, ModelIncomplete, Refused

CLIP_MEAN: Final = (0.48145466, 0.4578275, 0.40821073)
CLIP_DEVIATION: Final = (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's training pictures (Radford et al. 2021), where a folder says nothing else."""
CONTROLS: Final = ("edges", "depth", "pose", "scribble")
BESIDE_DENOISER: Final = (*CONTROLS, "preview", "lora", "embedding")
"""Roles whose networks give to the denoiser or take from it."""


@dataclass(eq=False)
class Network:
    """One loaded network."""

    name: str
    role: str
    module: Any
    hash: str
    """Over the sha256 of every weight file."""
    dtype: torch.dtype
    tokenizer: Any = None
    mean: Sequence[float] = CLIP_MEAN
    deviation: Sequence[float] = CLIP_DEVIATION
    users: set[tuple[str, int]] = field(default_factory=set)
    """Jobs and attempts that draw with it now."""
    intercepted: bool = False

    def intercept(self, park: Callable[[Call], Any]) -> None:
        """From now on, every call of its forward goes to `park`, whose answer is the forward's."""
        if not self.intercepted:
            self.intercepted = True
            intercept(self.module, park)

    @property
    def bytes(self) -> int:
        """Memory of its weights."""
        return weights.size_of(self.module)

    def pixels(self, image: Image.Image) -> torch.Tensor:
        """(1, 3, height, width), normalised as the network was trained."""
        levels = torch.from_numpy(np.asarray(image.convert("RGB"), dtype=np.float32) / 255)
        normal = (levels - torch.tensor(self.mean)) / torch.tensor(self.deviation)
        return normal.permute(2, 0, 1)[None].to(self.module.device, self.dtype)


def load(
    name: str, role: str, where: str, device: torch.device, dtype: torch.dtype, attention: str = "auto"
) -> Network:
    """Read a network from a folder (an upscaler: also a single file), or a hub id, into memory.

    Raises:
        ConfigurationError: a ControlNet cannot be given the attention that the operator chose.
        ModelMissing, ModelIncomplete: a folder or file is not there.
        ModelCorrupt: a weight file cannot be read.
    """
    place = weights.placed(where)
    files = sorted(place.glob("*.safetensors")) if place.is_dir() else [place]
    if not files:
        raise ModelIncomplete(f"The folder {place} of {name}:{role} has no .safetensors file. Copy it again.")
    for file in files:
        models.check_weights(file)
    try:
        module, tokenizer = LOADERS[role](place, dtype)
    except weights.LOADING_ERRORS as error:
        raise ModelCorrupt(f"The network {name}:{role} in {place} cannot be loaded: {error}. Copy it again.") from error
    module.to(device).requires_grad_(False).eval()
    if attention != "auto" and role in CONTROLS:
        attend(module, attention, device)
    hashed = weights.hash_of(place if place.is_dir() else place.parent, files)
    return Network(name, role, module, hashed, dtype, tokenizer, *_normal(place, role))


def _normal(place: Path, role: str) -> tuple[Sequence[float], Sequence[float]]:
    """Mean and deviation that the folder's preprocessor asks for."""
    file = place / "preprocessor_config.json"
    said: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return said.get("image_mean", CLIP_MEAN), said.get("image_std", CLIP_DEVIATION)


def _clip(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoTokenizer, CLIPModel

    return _whole(CLIPModel, place, dtype), AutoTokenizer.from_pretrained(place)


def _segmenter(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoTokenizer, CLIPSegForImageSegmentation

    return _whole(CLIPSegForImageSegmentation, place, dtype), AutoTokenizer.from_pretrained(place)


def _upscaler(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    if place.is_file():
        return _esrgan(place, dtype), None
    from transformers import Swin2SRForImageSuperResolution

    return _whole(Swin2SRForImageSuperResolution, place, dtype), None


def _esrgan(file: Path, dtype: torch.dtype) -> Any:
    """An ESRGAN-class file, by spandrel."""
    try:
        from spandrel import ModelLoader
    except ImportError as error:
        raise Refused(
            "Single-file upscalers need spandrel: pip install 'pixxelbot[upscalers]', or use a Swin2SR folder."
        ) from error
    return Spandrel(ModelLoader().load_from_file(file).model.to(dtype))


class Enlarged:
    """What an upscaler gives back."""

    def __init__(self, reconstruction: torch.Tensor) -> None:
        self.reconstruction = reconstruction


class Spandrel(torch.nn.Module):
    """A network of spandrel's, called as Swin2SR is."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.inner.parameters()).device

    def forward(self, pixel_values: torch.Tensor) -> Enlarged:
        """(batch, 3, height, width) in 0…1, enlarged."""
        return Enlarged(self.inner(pixel_values))


def _depth_estimator(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    from transformers import AutoModelForDepthEstimation

    return _whole(AutoModelForDepthEstimation, place, dtype), None


def _controlnet(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    import diffusers

    kind = json.loads((place / "config.json").read_text(encoding="utf-8"))["_class_name"]
    module = getattr(diffusers, kind).from_pretrained(
        place, dtype=dtype, use_safetensors=True, low_cpu_mem_usage=False, local_files_only=True
    )
    return weights.in_dtype(module, dtype), None


def _preview(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    import diffusers

    return diffusers.AutoencoderTiny.from_pretrained(
        place, dtype=dtype, use_safetensors=True, low_cpu_mem_usage=False, local_files_only=True
    ), None


class Tensors(torch.nn.Module):
    """Tensors by name that are no module of their own: an adapter's, or a learnt word's."""

    def __init__(self, tensors: Mapping[str, torch.Tensor]) -> None:
        super().__init__()
        self._names = list(tensors)
        for place, tensor in enumerate(tensors.values()):
            self.register_buffer(str(place), tensor)

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """Where they are now."""
        return {name: getattr(self, str(place)) for place, name in enumerate(self._names)}


def _lora(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    from diffusers import StableDiffusionXLPipeline

    tensors = _read_tensors(place)
    if any(key.startswith("lora_") for key in tensors):  # kohya's names
        tensors, alphas = StableDiffusionXLPipeline.lora_state_dict(dict(tensors))
        tensors |= {name: torch.tensor(float(alpha)) for name, alpha in (alphas or {}).items()}
    return Tensors(tensors), None


def _embedding(place: Path, dtype: torch.dtype) -> tuple[Any, Any]:
    return Tensors(_read_tensors(place)), None


def _read_tensors(place: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    files = sorted(place.glob("*.safetensors")) if place.is_dir() else [place]
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


def _whole(kind: Any, place: Path, dtype: torch.dtype) -> Any:
    """A transformers model of which every weight came from its file: missing ones would be drawn at random."""
    module, report = kind.from_pretrained(place, dtype=dtype, use_safetensors=True, output_loading_info=True)
    if missing := sorted(report["missing_keys"]):
        raise ModelCorrupt(f"The weights in {place} lack {len(missing)} tensors, first {missing[0]}. Copy them again.")
    return module


LOADERS: Final[Mapping[str, Callable[[Path, torch.dtype], tuple[Any, Any]]]] = {
    "clip": _clip,
    "segmenter": _segmenter,
    "upscaler": _upscaler,
    "depth-estimator": _depth_estimator,
    **dict.fromkeys(CONTROLS, _controlnet),
    "preview": _preview,
    "lora": _lora,
    "embedding": _embedding,
}
"""Role → what reads its module and, where it reads words, its tokenizer."""
